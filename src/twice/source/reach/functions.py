"""Functions: their code, their cells, their defaults, and what was put onto them."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping, Sequence
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING

from twice.errors import CaptureError
from twice.records.digest import digest_texts
from twice.source.modules import Source
from twice.source.pieces import Piece
from twice.source.reach.found import NOTHING, Edge, Found
from twice.source.reach.live import MISSING, cells_of, is_local_function
from twice.source.reach.sources import source_key
from twice.source.typed import why_not

if TYPE_CHECKING:
    from twice.source.reach.walk import Reach


class Functions:
    """The nodes of functions.

    Args:
        walk: The walk that they are part of.
    """

    def __init__(self, walk: Reach) -> None:
        self._walk = walk

    def node(self, function: FunctionType) -> str | None:
        """The node of a function; None if it is not local and holds nothing local.

        Raises:
            CaptureError: Its source cannot be found.
        """
        walk = self._walk
        known = walk.graph.known(function)
        if known is not None:
            return known
        code = function.__code__
        module = str(function.__globals__.get("__name__", function.__module__))
        if not is_local_function(function):
            if _made_apart(function, module):
                raise self._no_source(function, module, None)
            return self._foreign(function, module)
        source = walk.library.of_code(code, module)
        definition = source.function(code) if source is not None else None
        if source is None or definition is None:
            raise self._no_source(function, module, source)
        id_ = walk.graph.register(f"{module}:{function.__qualname__}", function)
        lines = (definition.first, definition.last)
        node = walk.graph.nodes[id_] = Found(id_, "function", NOTHING, NOTHING, source_key(source), *lines)
        walk.sources.use(source)

        def scan() -> None:
            normal = walk.normalise(definition)
            node.own = digest_texts("function", normal.data, _plain_defaults(function))
            node.text = definition.text
            cells = cells_of(function)
            node.edges += walk.names.uses(
                node,
                normal,
                module,
                source,
                lambda name: cells.get(name, MISSING),
                lambda name: self._cell(id_, function, name),
            )
            node.edges += self._defaults(id_, function, definition)
            node.edges += self.attributes(id_, vars(function))
            node.edges += walk.effects.edges(module)
            walk.wholes.widen(node, normal, module, cells)

        walk.later(scan)
        return id_

    def attributes(self, id_: str, namespace: Mapping[str, object]) -> list[Edge]:
        """What was put onto a function or class counts by value, whoever put it there."""
        walk = self._walk
        edges: list[Edge] = []
        for name, value in list(namespace.items()):
            if name.startswith("__") or isinstance(value, FunctionType | type) or hasattr(type(value), "__get__"):
                continue
            try:
                found = walk.values.node(f"{id_}.{name}", value, place=f"{id_}.{name}", plain=True)
            except CaptureError:
                continue  # carrying out the definition makes it again
            edges.append((f"attribute {name}", found))
            walk.attributes.setdefault(id_, {})[name] = value
        return edges

    def _foreign(self, function: FunctionType, module: str) -> str | None:
        """An installed function counts with its distribution, and with what of ours it holds in its cells."""
        walk = self._walk
        walk.graph.provisional(function, f"{module}:{function.__qualname__}")
        held: list[tuple[str, object]] = []
        for value in cells_of(function).values():
            if isinstance(value, dict):  # as the table of a single dispatch
                held += [(f"holds {getattr(key, '__qualname__', key)!s}", part) for key, part in value.items()]
            else:
                held.append(("holds", value))
        held.append(("holds", vars(function).get("__wrapped__")))
        edges = [
            (how, found)
            for how, value in held
            if isinstance(value, FunctionType | type)
            for found in [self.node(value) if isinstance(value, FunctionType) else walk.classes.node(value)]
            if found is not None
        ]
        if not edges:
            walk.graph.forget(function)
            return None
        id_ = walk.graph.register(f"{module}:{function.__qualname__}", function)
        own = digest_texts("foreign", f"{module}:{function.__qualname__}")
        walk.graph.nodes[id_] = Found(id_, "builtin", own, own, edges=[*edges, *walk.distributions.edges(module)])
        return id_

    def _no_source(self, function: FunctionType, module: str, source: Source | None) -> CaptureError:
        what = f"{module}.{function.__qualname__}"
        if source is not None:
            return CaptureError(
                f"{what} is no longer where it was: the file was changed after it was imported.",
                hint="restart Python, so that what is captured is what you see",
            )
        why, instead = why_not(function.__code__.co_filename)
        return CaptureError(
            f"step {self._walk.at_work!r} reaches {what}, whose source cannot be found: {why}.", hint=instead
        )

    def _defaults(self, id_: str, function: FunctionType, definition: Piece) -> list[Edge]:
        """Default arguments that are not written as plain constants count by value."""
        edges: list[Edge] = []
        positional, named = function.__defaults__ or (), function.__kwdefaults__ or {}
        for name, place in definition.defaults:
            held: Sequence[object]
            if place:
                held = positional[-place:][:1] if len(positional) >= place else ()
            else:  # a private name begins with that of its class
                held = [v for key, v in named.items() if key == name or (name[:2] == "__" and key.endswith(name))]
            for value in held:
                where = f"the default of {name!r} in {id_.partition(':')[2]}"
                edges.append((f"default {name}", self._walk.values.node(f"{id_} default {name}", value, place=where)))
        # Whoever set them otherwise later: what counts is what they are now.
        for name, now in (("__defaults__", function.__defaults__), ("__kwdefaults__", function.__kwdefaults__)):
            if now:
                with contextlib.suppress(CaptureError):
                    found = self._walk.values.node(f"{id_}.{name}", now, place=f"{id_}.{name}", plain=True)
                    edges.append((name, found))
                    self._walk.attributes.setdefault(id_, {})[name] = now
        return edges

    def _cell(self, id_: str, function: FunctionType, name: str) -> list[str]:
        value = cells_of(function)[name]
        if isinstance(value, FunctionType | type | ModuleType):
            return self._walk.visit(value)
        place = f"the closure variable {name!r} of {id_.partition(':')[2]}"
        return [self._walk.values.node(f"{id_} cell {name}", value, place=place)]


def _plain_defaults(function: FunctionType) -> str:
    """The defaults that are plain constants, as they are now: somebody may have changed them after the definition."""
    held = [*(function.__defaults__ or ()), *sorted((function.__kwdefaults__ or {}).items())]
    return repr([value if _is_plain(value) else ... for value in held])


def _is_plain(value: object) -> bool:
    if type(value) is tuple:
        return all(_is_plain(part) for part in value)
    return type(value) in (int, float, complex, bool, str, bytes, type(None))


def _made_apart(function: FunctionType, module: str) -> bool:
    """Whether a function was made by ``exec`` with variables of its own, so that no module leads to it."""
    made = function.__code__.co_filename in ("<string>", "<stdin>") and not module.startswith("namedtuple_")
    return made and module not in sys.modules
