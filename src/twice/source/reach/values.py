"""Values that code refers to: constants, variables, defaults, cells. They count by their content."""

from __future__ import annotations

import sys
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING

from twice.errors import CaptureError, ValueNotStorable
from twice.records.digest import Digest, digest_texts
from twice.source.installed import CACHED
from twice.source.modules import MAIN, is_local
from twice.source.reach.found import Edge, Found
from twice.source.reach.live import name_of, namespace_of
from twice.source.reach.places import Place, placed
from twice.source.reach.refused import refused
from twice.values.encode import encode
from twice.values.fingerprint import content_of

if TYPE_CHECKING:
    from twice.source.reach.walk import Reach

CODE_TAG = "twice.code"
MODULE_TAG = "twice.module"
PLACE_TAG = "twice.place"

_OWN: dict[str, Digest] = {}
"""What plain constants count as, by how they are written: most code holds the same few."""

_SHORT = 200


class Values:
    """The nodes of values.

    Args:
        walk: The walk that they are part of.
    """

    def __init__(self, walk: Reach) -> None:
        self._walk = walk

    def node(self, id_: str, value: object, *, place: str, plain: bool = False) -> str:
        """The node of a value that code refers to; functions, classes and modules inside it are followed.

        Args:
            id_: The node's id.
            value: The value.
            place: Where it is, for an error.
            plain: Refuse values that only their own code could bring back.

        Raises:
            CaptureError: No kind of value can hold it.
        """
        walk = self._walk
        id_ = walk.graph.fresh(id_, value)  # a class or a function may have had the name before
        if id_ in walk.graph.nodes:
            return id_
        held = placed(value, walk.roots)
        written = _written(held)
        if written is not None:
            return self._put(id_, _own_of(written, held), [])
        edges: list[Edge] = []
        packages: dict[str, None] = {}
        names: dict[str, None] = {}

        def hook(part: object) -> tuple[str, object] | None:
            found = self.hook(part)
            if found is not None and found[0] == CODE_TAG:
                edges.append(("holds", str(found[1])))
            elif isinstance(part, ModuleType):
                edges.extend(walk.imports.as_a_whole(part, "holds"))
                packages.setdefault(name_of(part))
            elif isinstance(part, type | FunctionType):
                edges.extend(walk.distributions.edges(str(part.__module__ or "")))
            elif found is None and type(part) is CACHED:  # it is written down by its name, so what it wraps counts
                edges.extend(("holds", wrapped) for wrapped in walk.visit(part))
                name = str(getattr(part, "__qualname__", ""))
                if namespace_of(MAIN).get(name) is part:  # the script is not run again: its definition is carried out
                    walk.main_names.setdefault(name)
                    names.setdefault(name)
                    made = walk.names.node(MAIN, name, place)
                    edges.extend([("holds", made)] if made is not None else [])
            return found

        try:
            encoded = encode(held, hook=hook, describe="it")
        except ValueNotStorable as problem:
            raise refused(walk.at_work, place, value, problem) from None
        if plain and encoded.executes:
            raise CaptureError(f"step {walk.at_work!r} reaches {place}, which only code can bring back.")
        self._put(id_, digest_texts("value", content_of(encoded)), list(dict.fromkeys(edges)))
        walk.graph.nodes[id_].packages, walk.graph.nodes[id_].names = packages, names
        return id_

    def _put(self, id_: str, own: Digest, edges: list[Edge]) -> str:
        walk = self._walk
        module = id_.partition(":")[0]
        node = walk.graph.nodes[id_] = Found(id_, "value", own, own, module, edges=edges)
        if module in sys.modules and walk.library.module(module) is not None:
            statements = walk.sources.survey(module).bindings.get(id_.partition(":")[2].partition("#")[0], [])
            if statements:
                node.line, node.end_line = statements[-1].first, statements[-1].last
        return id_

    def hook(self, part: object) -> tuple[str, object] | None:
        """How code inside a value is written down: local functions and classes by their node, modules by name."""
        walk = self._walk
        if isinstance(part, FunctionType):
            found = walk.functions.node(part)
            return (CODE_TAG, found) if found is not None and walk.graph.nodes[found].kind != "builtin" else None
        if isinstance(part, type):
            found = walk.classes.node(part)
            return (CODE_TAG, found) if found is not None else None
        if isinstance(part, ModuleType):
            if is_local(part):
                walk.imports.as_a_whole(part, name_of(part))
            return (MODULE_TAG, name_of(part))
        if isinstance(part, Place):
            return (PLACE_TAG, (part.root, part.path, part.text))
        return None


def _written(value: object) -> str | None:
    """How a plain constant is written, where nothing else of any type is written like it."""
    if type(value) is tuple and len(value) < 20:
        parts = [_written(part) for part in value]
        return None if None in parts else repr(value)
    if type(value) is float:
        return repr(value) if value == value else None  # there are many different ``nan``
    if type(value) is int:
        return repr(value) if value.bit_length() < _SHORT else None
    if type(value) in (str, bytes):
        return repr(value) if len(value) < _SHORT else None  # type: ignore[arg-type]
    return repr(value) if value is None or type(value) is bool else None


def _own_of(written: str, value: object) -> Digest:
    own = _OWN.get(written)
    if own is None:
        if len(_OWN) > 10_000:
            _OWN.clear()
        own = _OWN[written] = digest_texts("value", content_of(encode(value)))
    return own
