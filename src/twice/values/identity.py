"""What is met again while a value is written: by its number, or in full once more; and what cannot be either."""

from __future__ import annotations

from collections.abc import Sequence

from twice.values.columns import Column, NeedsRows
from twice.values.format import REPEATED, varint
from twice.values.stream import Stream


class NeedsReferences(Exception):  # noqa: N818 - a signal, not an error
    """The value contains itself, or repeats too much; it is to be written again with references."""


_Seen = tuple[int, int, int, int, int, int, int, int, bool] | tuple[int, Column]
"""Where an object with an identity was written: its number, then offsets in the stream, the buffers and the parts
aside where it begins, the same where it ends (-1 while it is open) with the numbers given until then, and whether it
can contain itself. A plain tuple, since there may be millions. For a row its number, and whether its column is open."""


_Long = tuple[object, int, int, int, bool]
"""A long immutable object, its number, where in the stream it begins and ends, and whether nothing in it has an
identity, is a buffer or is put aside."""


class Identities(Stream):
    """A stream that knows where in it each object was written.

    Attributes:
        graph: Whether what is met again is written as a reference.
        outer: The main stream, if this is the one in which things are put aside; else None.
        numbers: How many numbers were given.
        asides: How many parts were put aside.
        sharing: Number of a repetition, and of what it repeats.
        memo: Where objects with an identity were written, by their addresses.
        again: Rows that are being written again, elsewhere: the address, where that begins, and the memo until then.
        long: Where long immutable objects were written, by their addresses.
        repeated: How many bytes say again what was said.
    """

    def __init__(self, describe: str, *, graph: bool, outer: Identities | None) -> None:
        super().__init__(describe)
        self.graph = graph
        self.outer = outer
        self.numbers = 0
        self.asides = 0
        self.sharing: list[tuple[int, int]] = []
        self.memo: dict[int, _Seen] = {}
        self.again: list[tuple[int, int, dict[int, _Seen]]] = []
        self.long: dict[int, _Long] = {}
        self.repeated = 0

    # What is immutable.

    def _begin(self) -> tuple[int, int, int, int]:
        return len(self.out), self.numbers, len(self.buffers), self.asides

    def _note_long(self, value: object, begin: tuple[int, int, int, int]) -> None:
        """Note where a long immutable object was written."""
        start, *given = begin
        pure = given == [self.numbers, len(self.buffers), self.asides]
        self.long[id(value)] = (value, len(self.long), start, len(self.out), pure)

    def _long_again(self, value: object) -> bool:
        """Whether a long immutable object was met before, and is now done with."""
        found = self.long.get(id(value))
        if found is None:
            return False
        _, number, start, end, pure = found
        if self.graph:
            self.out += b"v" + varint(number)
            return True
        self.repeats(end - start)
        if pure:
            self.out += self.out[start:end]
        return pure

    # What has an identity.

    def _met(self, value: object, *, staged: bool = True) -> bool:
        """Whether the object was met before and is now done with; if not, it is given a number."""
        seen = self.memo.get(id(value))
        if seen is None:
            if self.outer is not None and self._met_outside(value):
                return True
            self.memo[id(value)] = (self.numbers, len(self.out), len(self.buffers), self.asides, -1, -1, -1, -1, staged)
            self.numbers += 1
            return False
        if len(seen) == 2:
            self._write_again(value, *seen)
            return False
        number, end, staged = seen[0], seen[4], seen[8]
        if self.graph:
            if end < 0 and not staged:
                self._refuse_cycle(value)
            self.out += b"r" + varint(number)
            return True
        if end < 0:
            raise NeedsReferences
        self._repeat(seen)
        return True

    def meet_all(self, items: Sequence[object], column: Column) -> int:
        """Give rows their numbers; says how many were met before."""
        memo, repeated = self.memo, 0
        for number, item in enumerate(items, self.numbers):
            seen = memo.get(id(item))
            if seen is None:
                memo[id(item)] = (number, column)
                continue
            if len(seen) == 2:
                if seen[1].open and seen[1] is not column:
                    raise NeedsRows
            elif seen[4] < 0:
                raise NeedsReferences
            repeated += 1
            self._share(number, seen[0])
        self.numbers += len(items)
        return repeated

    def repeats(self, size: int) -> None:
        """Take into account that bytes say again what was said."""
        self.repeated += size
        if self.repeated > REPEATED:
            raise NeedsReferences

    def _share(self, repetition: int, number: int) -> None:
        if not self.again:
            self.sharing.append((repetition, number))

    def _write_again(self, value: object, number: int, column: Column) -> None:
        """Begin to write a row of a column again, elsewhere: in full, and with nothing that was written remembered."""
        if column.open:
            raise NeedsRows
        self._share(self.numbers, number)
        self.again.append((id(value), len(self.out), self.memo))
        self.memo = {id(value): (self.numbers, len(self.out), len(self.buffers), self.asides, -1, -1, -1, -1, True)}
        self.numbers += 1

    def _repeat(self, seen: tuple[int, int, int, int, int, int, int, int, bool]) -> None:
        """Write an object again, in full: a copy of what was written for it."""
        number, start, buffers, asides, end, buffers_end, asides_end, numbers_end, _ = seen
        self.repeats(end - start)
        self._share(self.numbers, number)
        self.numbers += numbers_end - number
        self.asides += asides_end - asides
        self.out += self.out[start:end]
        self.buffers += self.buffers[buffers:buffers_end]

    def _met_outside(self, value: object) -> bool:
        assert self.outer is not None
        seen = self.outer.memo.get(id(value))
        if seen is None:
            return False
        if len(seen) == 2:
            if seen[1].open:
                raise NeedsRows
        elif seen[4] < 0 and not seen[8]:
            self._refuse_cycle(value)
        self.out += b"o" + varint(seen[0])
        return True

    def _refuse_cycle(self, value: object) -> None:
        self.refuse(
            f"a {type(value).__qualname__} contains itself, in a way that cannot be brought back",
            hint="break the cycle before returning it",
        )

    def _close(self, value: object) -> None:
        """Note where an object ends, so that it can be repeated."""
        seen = self.memo[id(value)]
        assert len(seen) == 9
        end = (len(self.out), len(self.buffers), self.asides, self.numbers, True)
        self.memo[id(value)] = (*seen[:4], *end)
        if self.again and self.again[-1][0] == id(value):
            _, start, self.memo = self.again.pop()
            self.repeats(len(self.out) - start)
