"""Which stretches of a file are bytes that the store has already.

Chunks cut by content would have to be hashed a second time beside the whole, which alone costs more than the hash of
the whole. Comparing with what is there costs an eighth of that, since memory is faster than any hash, and what was
compared byte by byte needs no trust in a table of chunks. So a large file is laid beside the object that it is most
like, and followed: where it differs, on the spot or by something put in or left out, it is followed again from where
they agree.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from typing import BinaryIO, NamedTuple

from twice.records.digest import Digest
from twice.store.recipes import Stretch

LARGE = 16 << 20
"""Bytes from which on it is looked whether an object shares stretches with others."""

BLOCK = 4 << 20
GRAIN = 4096
"""Bytes by which it is looked, after a place that differs, where the two agree again on the spot."""

_NEEDLE = 64
_AHEAD = (64 << 10, 1 << 20)
_LATER = (0, 256 << 10, 1 << 20, 4 << 20)
_NEAR = 1 << 20
_FAR = 16 << 20
_MOST_SEARCHED = 256 << 20
_MOST_FRESH = 0.7
"""The share of new bytes above which the file is filed as it is."""


class Piece(NamedTuple):
    """A stretch of the known object, and its bytes."""

    digest: Digest
    offset: int
    view: memoryview


class Known:
    """An object that a file is laid beside: one whole view, or the stretches of a recipe.

    Args:
        pieces: Its bytes, in their order.
    """

    def __init__(self, pieces: Iterable[Piece]) -> None:
        self.pieces = [piece for piece in pieces if len(piece.view)]
        self.starts: list[int] = []
        self.size = 0
        for piece in self.pieces:
            self.starts.append(self.size)
            self.size += len(piece.view)

    def same(self, block: bytes | bytearray, at: int, end: int, place: int) -> int:
        """How many bytes of a block, from ``at`` to ``end``, are those of this object from ``place`` on."""
        begun = at
        while at < end and 0 <= place < self.size:
            number = bisect_right(self.starts, place) - 1
            inside = place - self.starts[number]
            view = self.pieces[number].view[inside : inside + end - at]
            count = _common_start(block, at, view)
            at += count
            place += count
            if count < len(view):
                break
        return at - begun

    def equal(self, block: bytes | bytearray, at: int, count: int, place: int) -> bool:
        """Whether some bytes of a block are those of this object from ``place`` on; as :meth:`same`, and less work."""
        if place < 0 or place + count > self.size:
            return False
        number = bisect_right(self.starts, place) - 1
        inside = place - self.starts[number]
        view = self.pieces[number].view[inside : inside + count]
        return block.startswith(view, at) and (len(view) == count or self.same(block, at, at + count, place) == count)

    def same_before(self, block: bytearray, start: int, at: int, place: int) -> int:
        """How many bytes of a block, from ``at`` back to ``start``, are those of this object before ``place``."""
        begun = at
        while at > start and 0 < place <= self.size:
            number = bisect_right(self.starts, place - 1) - 1
            inside = place - self.starts[number]
            view = self.pieces[number].view[max(0, inside - (at - start)) : inside]
            count = _common_end(block, at, view)
            at -= count
            place -= count
            if count < len(view):
                break
        return begun - at

    def find(self, needle: bytes, start: int, end: int) -> int:
        """Where some bytes begin between two places, or -1; looked for within pieces only."""
        for first, piece in zip(self.starts, self.pieces, strict=True):
            low, high = max(start, first), min(end, first + len(piece.view))
            if high - low < len(needle):
                continue
            look: Callable[[bytes, int, int], int] | None = getattr(piece.view.obj, "find", None)
            if look is None or memoryview(piece.view.obj).nbytes < piece.offset + len(piece.view):
                continue
            shift = piece.offset - first
            if (found := look(needle, low + shift, high + shift)) >= 0:
                return found - shift
        return -1

    def stretches(self, place: int, length: int) -> Iterable[Stretch]:
        """Some bytes of this object, as stretches of the objects that it is made of."""
        while length:
            number = bisect_right(self.starts, place) - 1
            piece, inside = self.pieces[number], place - self.starts[number]
            count = min(length, len(piece.view) - inside)
            yield Stretch(piece.digest, piece.offset + inside, count)
            place += count
            length -= count


class Follower:
    """Follows a file along a known object.

    Args:
        known: The object.
        fresh: Gets the bytes that are not in it.
        peek: Some bytes of the file from a place on, of what comes later; they may be others by then.
    """

    def __init__(self, known: Known, fresh: BinaryIO, peek: Callable[[int, int], bytes]) -> None:
        self.known = known
        self.fresh = fresh
        self._peek = peek
        self.parts: list[tuple[bool, int, int]] = []
        """(whether the bytes are known, where they are, how many), where *where* is in the object or in ``fresh``."""
        self.fresh_size = 0
        self.size = 0
        self._shift = 0
        self._searched = 0

    @property
    def worthless(self) -> bool:
        """Whether there is so little in common that the file is better filed as it is."""
        return self.size >= LARGE and self.fresh_size > _MOST_FRESH * self.size

    def block(self, block: bytearray, count: int) -> None:
        """Take the next bytes of the file."""
        at = 0
        while at < count:
            same = self.known.same(block, at, count, self._place(at))
            if same >= GRAIN or (same and at + same == count):
                self._add(True, self._place(at), same)
                at += same
                continue
            again = self._again_on_the_spot(block, at + same, count)
            elsewhere = at if again < count or self._agrees_later(count) else self._again_elsewhere(block, at, count)
            if elsewhere == at:
                self._new(block, at, again)
                at = again
            else:
                at = elsewhere
        self.size += count

    def stretches(self, fresh: Digest) -> list[Stretch]:
        """The file, as stretches of the known object and of the object that holds the new bytes."""
        result: list[Stretch] = []
        for known, place, length in self.parts:
            result += self.known.stretches(place, length) if known else [Stretch(fresh, place, length)]
        return result

    def _place(self, at: int) -> int:
        return self.size + at + self._shift

    def _again_on_the_spot(self, block: bytearray, at: int, count: int) -> int:
        """Where the two agree again without anything being put in or left out, or the block's end."""
        at = at + GRAIN - (self.size + at) % GRAIN
        while at + GRAIN <= count:
            if self.known.equal(block, at, GRAIN, self._place(at)):
                return at
            at += GRAIN
        return count

    def _agrees_later(self, count: int) -> bool:
        """Whether the two agree again on the spot behind this block, so that there is nothing to look for elsewhere."""
        for ahead in _LATER:
            some = self._peek(self.size + count + ahead, GRAIN)
            if len(some) < GRAIN:
                return False
            if some.count(some[0]) < GRAIN and self.known.equal(some, 0, GRAIN, self._place(count + ahead)):
                return True
        return False

    def _again_elsewhere(self, block: bytearray, at: int, count: int) -> int:
        """Look a little further on for bytes that the known object has at another place, and follow it from there.

        Returns:
            Up to where the block is taken then; ``at`` if nothing was found.
        """
        ends = [at + ahead for ahead in _AHEAD if at + ahead < count]
        if count - at >= GRAIN:
            ends.append(count)
        for window in (_NEAR, _FAR, self.known.size):
            for end in ends:
                needle = bytes(block[end - _NEEDLE : end])
                if needle.count(needle[0]) == _NEEDLE:
                    continue  # nothing but zeros is everywhere
                expected = self._place(end - _NEEDLE)
                low, high = max(0, expected - window), min(self.known.size, expected + window)
                if high <= low or self._searched + high - low > _MOST_SEARCHED + self.size // 4:
                    continue  # so that looking stays a small part of the whole
                self._searched += high - low
                if (found := self.known.find(needle, low, high)) >= 0:
                    place = found + _NEEDLE
                    same = self.known.same_before(block, at, end, place)
                    self._new(block, at, end - same)
                    self._shift = place - end - self.size
                    self._add(True, place - same, same)
                    return end
        return at

    def _new(self, block: bytearray, start: int, end: int) -> None:
        if end > start:
            self.fresh.write(memoryview(block)[start:end])
            self._add(False, self.fresh_size, end - start)
            self.fresh_size += end - start

    def _add(self, known: bool, place: int, length: int) -> None:
        if self.parts:
            last, where, count = self.parts[-1]
            if last == known and where + count == place:
                self.parts[-1] = (known, where, count + length)
                return
        self.parts.append((known, place, length))


def _common_start(block: bytes | bytearray, at: int, view: memoryview) -> int:
    """How many bytes of a block from a place on are the first of a view."""
    if block.startswith(view, at):
        return len(view)
    low, high = 0, len(view)
    while high - low > 1:
        middle = (low + high) // 2
        if block.startswith(view[low:middle], at + low):
            low = middle
        else:
            high = middle
    return low


def _common_end(block: bytearray, at: int, view: memoryview) -> int:
    """How many bytes of a block before a place are the last of a view."""
    size = len(view)
    if block.endswith(view, 0, at):
        return size
    low, high = 0, size
    while high - low > 1:
        middle = (low + high) // 2
        if block.endswith(view[size - middle : size - low], 0, at - low):
            low = middle
        else:
            high = middle
    return low
