"""Many things of one form, written column by column: a thousand records are a few long runs and not a thousand trees.

Which bodies are written so, and how, ``twice.values.format`` says. What they hold that is met again elsewhere is
written there in full, as everywhere.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from twice.errors import ValueNotStorable
from twice.values.format import RUN, heading, varint
from twice.values.kind import Aside, Buffer, Kind, Often

if TYPE_CHECKING:
    from twice.values.writer import Writer

_BOOLS = bytes.maketrans(b"\x00\x01", b"FT")


class Body:
    """The items of a column: a body inside a body."""

    __slots__ = ("items",)

    def __init__(self, items: Sequence[Any]) -> None:
        self.items = items


class NeedsRows(Exception):  # noqa: N818 - a signal, not an error
    """Rows refer to each other, or one cannot be stored; the value is to be written again without columns."""


class Column:
    """Whether the rows that were given their numbers together are still being written."""

    __slots__ = ("open",)

    def __init__(self) -> None:
        self.open = True


def body(writer: Writer, items: Sequence[Any], cls: type) -> Iterable[object]:
    """Write a body whose items are all of one class: by columns if that is possible.

    Args:
        writer: Writes the value.
        items: At least as many as are written the short way.
        cls: The class of all of them.

    Returns:
        What is yet to be written.
    """
    parts: Iterator[object] | None = None
    if cls is tuple or cls is list:
        parts = _rows(writer, items)
    elif cls is dict:
        parts = _mappings(writer, items)
    elif not (cls in writer.leaf or cls in writer.container or issubclass(cls, type) or writer.is_hooked(items[0])):
        parts = _objects(writer, items, cls)
    if parts is not None:
        return parts
    writer.out += b"m" + varint(len(items))
    return _one_by_one(writer, items, cls)


def _one_by_one(writer: Writer, items: Sequence[Any], cls: type) -> Iterable[object]:
    """Write what is left item by item, at once where that needs no look at each."""
    if cls is bool:
        writer.out += bytes(items).translate(_BOOLS)
    elif cls is type(None):
        writer.out += b"N" * len(items)
    elif cls is Buffer:
        writer.buffers_of(items)
    elif cls is Aside:
        for item in items:
            writer.beside.write(item)
    elif cls is tuple and not any(items):
        writer.out += b"(m\x00" * len(items)
    elif cls is Often or issubclass(cls, type):
        return _repeated(writer, items, cls)
    else:
        return items
    return ()


def _repeated(writer: Writer, items: Sequence[Any], cls: type) -> Iterator[object]:
    yield items[0]
    values = [item.value for item in items] if cls is Often else items
    piece = writer.pieces.get(values[0])
    if piece is not None and all(value is values[0] for value in values):
        writer.out += piece * (len(items) - 1)
    else:
        yield from items[1:]


def _rows(writer: Writer, items: Sequence[Any]) -> Iterator[object] | None:
    """Tuples or lists of one length, which is not 0 and not large: long rows are better written row by row."""
    length = len(items[0])
    if not 0 < length < RUN or set(map(len, items)) != {length}:
        return None
    form = b"p" if type(items[0]) is tuple else b"l"
    head = form + varint(len(items)) + varint(length)
    return _written(writer, items, head, zip(*items, strict=True), numbered=form == b"l")


def _mappings(writer: Writer, items: Sequence[Any]) -> Iterator[object] | None:
    """Dicts with the same keys in the same order, all of them texts."""
    keys = tuple(items[0])
    if not keys or set(map(type, itertools.chain.from_iterable(items))) != {str}:
        return None
    if any(tuple(item) != keys for item in items):
        return None
    columns = itertools.chain([keys], zip(*(item.values() for item in items), strict=True))
    return _written(writer, items, b"D" + varint(len(items)), columns, numbered=True)


def _objects(writer: Writer, items: Sequence[Any], cls: type) -> Iterator[object] | None:
    """Values of one kind whose states have the same named parts."""
    for kind in writer.finder.kinds_of(cls):
        first = _state(kind, items[0])
        if first is not NotImplemented:
            break
    else:
        return None
    if type(first) is not dict or not first:
        return None
    states = _states(writer, kind, items, first)
    names = tuple(first)
    if any(type(state) is not dict or tuple(state) != names for state in states):
        return None
    writer.notes.executes |= kind.executes
    # States are made for the occasion; while they live, no other object can have their parts' addresses.
    writer.alive.append(states)
    head = b"O" + varint(len(items)) + heading(kind.name, names, kind.identity)
    columns = zip(*(state.values() for state in states), strict=True)
    return _written(writer, items, head, columns, numbered=kind.identity)


def _state(kind: Kind, item: object) -> object:
    try:
        return kind.take_apart(item)
    except ValueNotStorable as problem:
        raise NeedsRows from problem  # which will say where it is


def _states(writer: Writer, kind: Kind, items: Sequence[Any], first: dict[str, Any]) -> list[Any]:
    """The items' states. One that was met before has nothing to put aside any more: its original has done so."""
    if not kind.identity:
        return [first, *(_state(kind, item) for item in items[1:])]
    states: list[Any] = []
    known: dict[int, Any] = {}
    for item in items:
        state = known.get(id(item))
        again = state is not None or id(item) in writer.memo
        if state is None:
            state = known[id(item)] = _state(kind, item) if states else first
        if again and type(state) is dict:
            state = {name: Aside() if type(part) is Aside else part for name, part in state.items()}
        states.append(state)
    return states


def _written(
    writer: Writer, items: Sequence[Any], head: bytes, columns: Iterable[Sequence[Any]], *, numbered: bool
) -> Iterator[object]:
    writer.out += head
    column, start = Column(), len(writer.out)
    repeated = writer.meet_all(items, column) if numbered else 0
    for part in columns:
        yield Body(part)
    column.open = False
    if repeated:
        writer.repeats((len(writer.out) - start) * repeated // len(items))
