"""A set's items in their canonical order: each is written, to see by which bytes, and that is taken back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from twice.values.format import RUN
from twice.values.packing import fit
from twice.values.stream import Piece

if TYPE_CHECKING:
    from twice.values.writer import Writer


def in_order(writer: Writer, items: Iterable[Any]) -> Sequence[Any]:
    """A set's items in their canonical order."""
    members = list(items)
    types = set(map(type, members))
    if len(members) >= RUN and (types == {str} or (types == {int} and fit(members))):
        return sorted(members)
    pieces: list[tuple[bytes, object]] = []
    for item in members:
        mark = _mark(writer)
        writer.write(item)
        piece = bytes(writer.out[mark.out :])
        pure = (writer.numbers, len(writer.buffers), writer.asides, len(writer.long)) == mark.given
        _rewind(writer, mark)
        # What has numbers, buffers, parts aside or long terms is written again in its place; the rest is done.
        pieces.append((piece, Piece(piece) if pure else item))
    pieces.sort(key=lambda pair: pair[0])
    return [item for _, item in pieces]


class _Mark(NamedTuple):
    out: int
    given: tuple[int, int, int, int]
    memo: int
    repeated: int
    sharing: int
    entries: int
    windows: int
    bytearrays: int
    aside: _Mark | None


def _mark(writer: Writer) -> _Mark:
    aside = None if writer.beside.writer is None else _mark(writer.beside.writer)
    given = (writer.numbers, len(writer.buffers), writer.asides, len(writer.long))
    lengths = (
        len(writer.sharing),
        len(writer.beside.entries),
        len(writer.beside.windows),
        len(writer.beside.bytearrays),
    )
    return _Mark(len(writer.out), given, len(writer.memo), writer.repeated, *lengths, aside)


def _rewind(writer: Writer, mark: _Mark) -> None:
    del writer.out[mark.out :]
    writer.numbers, buffers, writer.asides, long = mark.given
    del writer.buffers[buffers:]
    while len(writer.memo) > mark.memo:
        writer.memo.popitem()
    while len(writer.long) > long:
        writer.long.popitem()
    writer.repeated = mark.repeated
    del writer.sharing[mark.sharing :]
    del writer.beside.entries[mark.entries :]
    del writer.beside.windows[mark.windows :]
    del writer.beside.bytearrays[mark.bytearrays :]
    if mark.aside is None:
        writer.beside.writer = None
    elif writer.beside.writer is not None:
        _rewind(writer.beside.writer, mark.aside)
