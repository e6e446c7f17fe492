"""The structure of a value, read from its stream without constructing or importing anything.

None, bool, int, float, complex, str and bytes stand for themselves; everything else is one of the classes here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from twice.values.format import MAGIC, MAGIC_ASIDE


class Container:
    """Items in order: a tuple, list, set or frozenset.

    Attributes:
        form: ``tuple``, ``list``, ``set`` or ``frozenset``.
        items: The items.
        number: Its number, if it has an identity; otherwise -1, or less if it is referred to all the same.
        leaves: Whether all items are known to stand for themselves.
    """

    __slots__ = ("form", "items", "key", "leaves", "number")
    key: bytes  # of what it holds, once it is known

    def __init__(self, form: str, number: int = -1) -> None:
        self.form = form
        self.number = number
        self.items: list[Term] = []
        self.leaves = False


class Mapping:
    """A dict: keys and values in its order."""

    __slots__ = ("keys", "number", "values")

    def __init__(self, number: int) -> None:
        self.number = number
        self.keys: list[Term] = []
        self.values: list[Term] = []

    def items(self) -> Iterator[tuple[Term, Term]]:
        """The pairs of key and value."""
        return zip(self.keys, self.values, strict=True)


class Record:
    """The named parts of a tagged value's state."""

    __slots__ = ("names", "parts")

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self.parts: list[Term] = []

    def get(self, name: str) -> Term:
        """The part of that name, or None."""
        return self.parts[self.names.index(name)] if name in self.names else None

    def fields(self) -> dict[str, Term]:
        """All parts by name."""
        return dict(zip(self.names, self.parts, strict=True))


class Tagged:
    """A value of a kind, with its state."""

    __slots__ = ("kind", "number", "state")

    def __init__(self, kind: str, number: int = -1) -> None:
        self.kind = kind
        self.number = number
        self.state: Term = None

    def part(self, name: str) -> Term:
        """The part of that name of a state with named parts, or None."""
        return self.state.get(name) if isinstance(self.state, Record) else None


class Bytes:
    """Bytes that do not stand for themselves: a buffer, or a ``bytearray``.

    Attributes:
        data: The bytes, or the file that holds them.
        form: ``buffer`` or ``bytearray``.
        number: Its number, if it has an identity; otherwise -1.
    """

    __slots__ = ("data", "form", "number")

    def __init__(self, data: memoryview | Path, form: str = "buffer", number: int = -1) -> None:
        self.data = data
        self.form = form
        self.number = number

    def view(self) -> memoryview:
        """The bytes in memory."""
        return memoryview(self.data.read_bytes()) if isinstance(self.data, Path) else self.data


class Reference:
    """The same object as the one with that number; ``outer`` if it is in the main stream, seen from the aside one.

    What is immutable is its content, so of that the term itself is known: ``target``.
    """

    __slots__ = ("number", "outer", "target")

    def __init__(self, number: int, *, outer: bool = False, target: Container | Tagged | None = None) -> None:
        self.number = number
        self.outer = outer
        self.target = target


class AsidePart:
    """Where something was put aside; ``number`` says which of the aside stream's entries it is."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number


Term = (
    None
    | bool
    | int
    | float
    | complex
    | str
    | bytes
    | Container
    | Mapping
    | Record
    | Tagged
    | Bytes
    | Reference
    | AsidePart
)


def referred(term: Term) -> Term:
    """The term that is meant, where that is known."""
    return term.target if isinstance(term, Reference) and term.target is not None else term


def plain(term: Term) -> Any:
    """A term as plain Python data: records as dicts, buffers as views; what is more than that stays a term."""
    if isinstance(term, Container) and term.number < -1:
        return term  # it is met again and again
    if isinstance(term, Container):
        items = [plain(item) for item in term.items]
        return tuple(items) if term.form == "tuple" else items
    if isinstance(term, Record):
        return {name: plain(part) for name, part in term.fields().items()}
    if isinstance(term, Bytes):
        return term.view()
    return None if isinstance(term, AsidePart) else term


LEAVES: frozenset[type] = frozenset({type(None), bool, int, float, complex, str, bytes})


def parse(skeleton: bytes | memoryview, buffers: Sequence[memoryview | Path] = ()) -> Term:
    """The term that a skeleton and its buffers stand for.

    Args:
        skeleton: The stream, as ``twice.values.format`` describes it.
        buffers: What lies outside of it, in order.

    Raises:
        Damaged: The bytes are not such a stream.
    """
    from twice.values.reader import Reader

    reader = Reader(skeleton, buffers, MAGIC)
    term = reader.guarded_term()
    reader.finish()
    return term


def parse_aside(
    aside: bytes | memoryview, buffers: Sequence[memoryview | Path] = ()
) -> tuple[dict[int, int], dict[int, Term]]:
    """What was put aside: number of a repetition → number of the object; number of an aside part → term.

    Raises:
        Damaged: The bytes are not such a stream.
    """
    if not len(aside):
        return {}, {}
    from twice.values.reader import Reader

    reader = Reader(aside, buffers, MAGIC_ASIDE)
    shared = {reader.varint(): reader.varint() for _ in range(reader.varint())}
    entries = {reader.varint(): reader.guarded_term() for _ in range(reader.varint())}
    reader.finish()
    return shared, entries


def view_of(source: memoryview | Path) -> memoryview:
    """A buffer's bytes in memory."""
    return memoryview(source.read_bytes()) if isinstance(source, Path) else source
