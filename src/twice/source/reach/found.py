"""What a walk puts down: nodes under construction."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import FunctionType
from typing import Final

from twice.records.digest import Digest, digest_texts

Edge = tuple[str, str]
"""How something is reached, and the id of its node."""

NOTHING: Final = digest_texts("nothing")
"""Stands for the digests of a node whose code has yet to be looked at."""


@dataclass(slots=True)
class Found:
    """A node under construction.

    The first attributes are those of ``records.code.Node`` and ``records.code.Place``; the others say what a worker
    has to have ready before the code of this node runs.

    Attributes:
        id: Its name.
        kind: What it is.
        own: The digest of what it says itself.
        text: The digest of its source as it is.
        module: The source that holds it.
        line: Its first line.
        end_line: Its last line.
        edges: What it reaches.
        note: What a person should know.
        names: The script's names that it looks up.
        submodules: Modules that it takes as attributes of their packages.
        packages: The script's names for packages that it uses in ways that do not tell which submodules it needs.
        mentions: Nodes that count for nothing here, but have to be there, as what stands in an annotation.
    """

    id: str
    kind: str
    own: Digest
    text: Digest
    module: str = ""
    line: int = 0
    end_line: int = 0
    edges: list[Edge] = field(default_factory=list)
    note: str = ""
    names: dict[str, None] = field(default_factory=dict)
    submodules: dict[str, None] = field(default_factory=dict)
    packages: dict[str, None] = field(default_factory=dict)
    mentions: dict[str, None] = field(default_factory=dict)


class Graph:
    """The nodes found so far, and the live objects that they stand for.

    Objects are known by identity, so every one that has a node is kept alive.

    Attributes:
        nodes: Id → node.
        objects: Id → the object.
    """

    def __init__(self) -> None:
        self.nodes: dict[str, Found] = {}
        self.objects: dict[str, object] = {}
        self._ids: dict[int, str] = {}

    def known(self, code: FunctionType | type) -> str | None:
        """The id that a function or class has, if it was met before."""
        return self._ids.get(id(code))

    def register(self, id_: str, code: FunctionType | type) -> str:
        """Give a function or class its id: the one asked for, or with a number if that belongs to another object."""
        self._ids[id(code)] = found = self.fresh(id_, code)
        return found

    def provisional(self, code: FunctionType, id_: str) -> None:
        """Give a function an id while it is unclear whether it gets a node; without one, :meth:`forget` it."""
        self._ids[id(code)] = self.fresh(id_, code)

    def forget(self, code: FunctionType) -> None:
        """Take a provisional id back."""
        del self.objects[self._ids.pop(id(code))]

    def fresh(self, id_: str, value: object) -> str:
        """An id that no other object has: two closures of one text are two nodes."""
        base, count = id_, 1
        while id_ in self.objects and self.objects[id_] is not value:
            count += 1
            id_ = f"{base}#{count}"
        self.objects[id_] = value
        return id_
