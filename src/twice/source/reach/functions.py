"""Functions: their code, their cells, their defaults, and what was put onto them."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING

import msgspec

from twice.errors import CaptureError
from twice.records.digest import digest_texts
from twice.source.modules import MAIN, Source, is_local_file
from twice.source.pieces import Piece
from twice.source.reach.found import NOTHING, Edge, Found
from twice.source.reach.live import (
    MISSING,
    cells_of,
    codes_in,
    empty_around,
    is_local_owner,
    module_of,
    name_of_owner,
    owner_of,
)
from twice.source.reach.sources import source_key
from twice.source.typed import why_not
from twice.source.uses import Normal

if TYPE_CHECKING:
    from twice.source.reach.walk import Reach

Defaults = tuple[list[str], dict[str, str]]
"""The defaults of a function as they are shown: the positional ones, and those given by keyword only."""

_PLAIN = frozenset({int, float, complex, bool, str, bytes, type(None)})


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
        code, owner = function.__code__, owner_of(function)
        module = name_of_owner(function, owner)
        if not is_local_owner(owner):
            if made_apart(function, module):
                raise self.no_source(function, module, None)
            return self._foreign(function, module)
        source = walk.library.of_code(code, module)
        definition = source.function(code) if source is not None else None
        if source is None or definition is None:
            if walk.made_on_import(module, function):
                return self._without_text(function, module)
            raise self.no_source(function, module, source)
        id_ = walk.graph.register(f"{module}:{function.__qualname__}", function)
        lines = (definition.first, definition.last)
        node = walk.graph.nodes[id_] = Found(id_, "function", NOTHING, NOTHING, source_key(source), *lines)
        walk.sources.use(source)

        def scan() -> None:
            normal = walk.normalise(definition)
            defaults = defaults_now(function)
            node.own = digest_texts("function", normal.data, repr(defaults))
            node.text = definition.text
            cells: dict[str, object] = cells_of(function)
            if empty := empty_around(function):
                node.own = digest_texts(node.own, "empty", *empty)
                cells |= dict.fromkeys(empty, MISSING)
            node.edges += walk.names.uses(
                node,
                _body_of(function, normal),
                module,
                source,
                cells,
                lambda name: self._cell(id_, function, name),
            )
            node.edges += self._defaults(id_, function, definition)
            node.edges += self.set_later(id_, (), id_, function, definition, defaults)
            node.edges += self.attributes(id_, vars(function))
            node.edges += walk.effects.edges(module)
            walk.wholes.widen(node, normal, module, cells)

        walk.later(scan)
        return id_

    def _without_text(self, function: FunctionType, module: str) -> str:
        """A function that ``exec`` made while its module was imported: whatever made it stands in that module."""
        walk = self._walk
        id_ = walk.graph.register(f"{module}:{function.__qualname__}", function)
        own = digest_texts("made on import", code_said(function.__code__), repr(defaults_now(function)))
        node = walk.graph.nodes[id_] = Found(id_, "function", own, own, module)
        node.note = "its text is not known: the whole module counts"
        node.edges += [*walk.effects.edges(module), ("is made on import", walk.wholes.node(module))]
        return id_

    def attributes(self, id_: str, namespace: Mapping[str, object]) -> list[Edge]:
        """What was put onto a function or class counts by value, whoever put it there."""
        walk = self._walk
        edges: list[Edge] = []
        for name, value in list(namespace.items()):
            if (
                not isinstance(name, str)
                or name[:2] == "__"
                or isinstance(value, FunctionType | type)
                or hasattr(type(value), "__get__")
            ):
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
            if isinstance(value, FunctionType | type) and value is not function  # as NumPy's were until 1.24
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

    def no_source(self, function: FunctionType, module: str, source: Source | None) -> CaptureError:
        """The error to raise where a function's source is not to be had."""
        what = f"{module}.{function.__qualname__}"
        if source is not None:
            return CaptureError(
                f"{what} is no longer where it was: the file was changed after it was imported.",
                hint="restart Python, so that what is captured is what you see",
            )
        if is_local_file(function.__code__.co_filename):
            file = Path(function.__code__.co_filename).name
            return CaptureError(
                f"step {self._walk.at_work!r} reaches {what}, which was defined in {file} while that was no module "
                "that can be imported: it was loaded by its path, or by runpy or exec.",
                hint=f"import {file} by its name, or put the module into sys.modules before it is executed",
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
                stream = _stream(value)
                if stream and "<locals>" not in function.__qualname__ and function.__name__ != "<lambda>":
                    # The definition is carried out again, and finds the stream of that process.
                    edges.append((f"default {name}", self._walk.distributions.outside(f"sys.{stream}", [])))
                    continue
                where = f"the default of {name!r} in {id_.partition(':')[2]} ({_place_of(function)})"
                edges.append((f"default {name}", self._walk.values.node(f"{id_} default {name}", value, place=where)))
        return edges

    def set_later(
        self, holder: str, path: tuple[str, ...], id_: str, function: FunctionType, made: Piece, plain: Defaults
    ) -> list[Edge]:
        """What somebody may have set of a function after its definition: its defaults and its code, as they are now.

        Args:
            holder: The node of the function itself, or of the class that has it.
            path: Where the class has it.
            id_: What to call the function.
            function: The function.
            made: Its definition.
            plain: Its defaults, by :func:`defaults_now`.

        Raises:
            CaptureError: What was set cannot be kept.
        """
        walk, edges = self._walk, list[Edge]()
        attributes: dict[str, object] = {}
        otherwise = _set_otherwise(plain, made)
        computed = "..." in made.written[0] or "..." in made.written[1].values()
        for name, now in (("__defaults__", function.__defaults__), ("__kwdefaults__", function.__kwdefaults__)):
            if not otherwise and not (computed and now):
                continue
            try:
                found = walk.values.node(f"{id_}.{name}", now, place=f"{id_}.{name}", plain=not otherwise)
            except CaptureError:
                if otherwise:
                    raise
                continue  # carrying out the definition makes them again
            edges.append((name, found))
            attributes[name] = now
        if _has_other_code(function):
            code = FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__)
            code.__kwdefaults__ = function.__kwdefaults__
            code.__qualname__ = function.__code__.co_qualname
            attributes["__code__"] = code
            edges += [("__code__", found) for found in walk.visit(code)]
        for name, value in attributes.items():
            walk.attributes.setdefault(holder, {})["\n".join((*path, name))] = value
        return edges

    def _cell(self, id_: str, function: FunctionType, name: str) -> list[str]:
        value = cells_of(function).get(name, MISSING)
        if value is MISSING:
            return []
        if isinstance(value, FunctionType | type | ModuleType):
            return self._walk.visit(value)
        place = f"the closure variable {name!r} of {id_.partition(':')[2]} ({_place_of(function)})"
        return [self._walk.values.node(f"{id_} cell {name}", value, place=place)]


def _body_of(function: FunctionType, normal: Normal) -> Normal:
    """What a function takes from outside; one made inside another has its defaults, and they are not computed again."""
    if "<locals>" not in function.__qualname__:
        return normal
    names = {name for code in codes_in(function.__code__) for name in (*code.co_names, *code.co_freevars)}
    own = [use for use in normal.uses if not isinstance(use.name, str) or use.name in names]
    return normal if len(own) == len(normal.uses) else msgspec.structs.replace(normal, uses=own)


def code_said(code: CodeType) -> str:
    """What a code object does, wherever it was compiled."""
    constants = [code_said(part) if isinstance(part, CodeType) else repr(part) for part in code.co_consts]
    arguments = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    return repr((code.co_name, code.co_code, constants, names, arguments))


def _stream(value: object) -> str:
    """Which of the interpreter's streams something is; empty if it is none."""
    names = ("stdin", "stdout", "stderr") if value is not None else ()
    held = {name: (getattr(sys, name), getattr(sys, f"__{name}__")) for name in names}
    return next((name for name, streams in held.items() if any(value is stream for stream in streams)), "")


def defaults_now(function: FunctionType) -> Defaults:
    """The defaults that are plain constants, as they are now: somebody may have changed them after the definition.

    Returns:
        The positional ones and those given by keyword only, as ``repr`` shows them; ``...`` for what is no constant.
    """
    positional, named = function.__defaults__ or (), function.__kwdefaults__
    return [_shown(value) for value in positional], {
        name: _shown(value) for name, value in (sorted(named.items()) if named else ())
    }


def _shown(value: object) -> str:
    return repr(value) if _is_plain(value) else "..."


def _set_otherwise(now: Defaults, made: Piece) -> bool:
    """Whether somebody set a function's defaults to something else than its definition says."""
    if now == made.written:
        return False
    (positional, named), (written, by_name) = now, made.written
    if len(positional) != len(written) or len(named) != len(by_name):
        return True
    pairs = [
        *zip(positional, written, strict=True),
        *zip(named.values(), dict(sorted(by_name.items())).values(), strict=True),
    ]
    return any(then not in ("...", now) for now, then in pairs)


def _has_other_code(function: FunctionType) -> bool:
    """Whether a function was given the code of another one, as far as their names tell."""
    qualname = function.__code__.co_qualname
    made = qualname == function.__qualname__ or "__wrapped__" in vars(function) or "<locals>" in qualname
    return not made and not function.__closure__ and module_of(function) != MAIN


def _is_plain(value: object) -> bool:
    if type(value) is tuple:
        return all(_is_plain(part) for part in value)
    return type(value) in _PLAIN


def made_apart(function: FunctionType, module: str) -> bool:
    """Whether a function was made with variables of its own, as by ``exec`` or ``runpy``: no module leads to it."""
    file = function.__code__.co_filename
    if owner_of(function) is None and is_local_file(file):
        return True
    return file in ("<string>", "<stdin>") and not module.startswith("namedtuple_") and module not in sys.modules


def _place_of(function: FunctionType) -> str:
    """Where a function stands, for an error."""
    return f"{function.__code__.co_filename.rpartition('/')[2]}:{function.__code__.co_firstlineno}"
