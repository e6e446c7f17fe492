"""What does not belong to the meaning of a value, put aside while it is written: in a stream of its own."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from twice.errors import ValueNotStorable
from twice.values.format import MAGIC_ASIDE, varint
from twice.values.kind import Aside, BufferSource
from twice.values.memory import Memory, Place, Reserved, Window, sharing

if TYPE_CHECKING:
    from twice.values.writer import Writer

_Steps = Generator[object, None, None]


class Asides:
    """What one writer puts aside.

    Args:
        main: The writer.

    Attributes:
        writer: Writes what is put aside; None as long as nothing is.
        entries: Which part it is, and its term.
        windows: Arrays that may turn out to share memory, and which part each is.
        bytearrays: Memory that arrays may turn out to lie in.
    """

    def __init__(self, main: Writer) -> None:
        self.main = main
        self.writer: Writer | None = None
        self.entries: list[tuple[int, bytes]] = []
        self.windows: list[tuple[int, Window]] = []
        self.bytearrays: list[bytearray] = []
        self.reserved: Reserved | None = None
        self.reserved_at = 0

    def aside(self, value: Aside) -> _Steps:
        """The parts of something that does not belong to the meaning."""
        if self.main.outer is not None:
            yield value.value
            return
        self.write(value)

    def write(self, value: Aside) -> None:
        """Write that something is put aside, and put it there."""
        self.main.out += b"a"
        self.main.asides += 1
        if value.value is None or self.main.again or self.main.content_only:
            return
        if type(value.value) is Window:
            self._look_through(value.value)
        else:
            self._put_aside(self.main.asides - 1, value.value)

    def _put_aside(self, number: int, value: object) -> None:
        if self.writer is None:
            self.writer = self.main.inner()
        start = len(self.writer.out)
        self.writer.stack = [*self.main.stack]
        self.writer.write(value)
        self.entries.append((number, bytes(self.writer.out[start:])))

    def window(self, _: Window) -> _Steps:
        """The parts of a window inside of what is put aside: none, since that has memory of its own."""
        self.main.out += b"N"
        yield from ()

    def held(self, value: Reserved) -> _Steps:
        """The parts of a value that its arrays are reserved for."""
        before = self.reserved, self.reserved_at
        self.reserved, self.reserved_at = value, len(self.main.stack)
        yield value.value
        self.reserved, self.reserved_at = before

    def _look_through(self, window: Window) -> None:
        # An array in a cell of a table is not the table's to copy.
        if self.reserved is not None and not any(
            type(above) is tuple for above, _ in self.main.stack[self.reserved_at :]
        ):
            if self.reserved.owner is None:
                return
            window.owner = id(self.reserved.owner)
        self.windows.append((self.main.asides - 1, window))

    def _put_windows_aside(self) -> None:
        """Note which arrays share memory; only known at the end, since a view that is alone is an array like any."""
        if not any(window.borrowed for _, window in self.windows):
            return
        numbers = {id(window): number for number, window in self.windows}
        windows = [window for _, window in self.windows]
        windows += [Window(part, _bytearray_place, borrowed=False) for part in self.bytearrays if part]
        for group in sharing(windows):
            low = min(place.bounds[0] for _, place in group)
            memory = Memory(max(place.bounds[1] for _, place in group) - low, group[0][1].form)
            self.main.alive.append(memory)
            for window, place in group:
                self._put_aside(numbers[id(window)], (memory, place.address - low, place.strides))

    def stream(self) -> tuple[bytes, list[BufferSource]]:
        """All that is kept aside; empty if there is nothing."""
        try:
            self._put_windows_aside()
        except ValueNotStorable as problem:
            raise ValueNotStorable(
                f"{self.main.describe}: {problem.message}", path=self.main.describe, hint=problem.hint
            ) from problem
        if not self.entries and not self.main.sharing:
            return b"", []
        out = bytearray(MAGIC_ASIDE)
        out += varint(len(self.main.sharing))
        for repetition, original in self.main.sharing:
            out += varint(repetition) + varint(original)
        out += varint(len(self.entries))
        for number, data in self.entries:
            out += varint(number) + data
        return bytes(out), [] if self.writer is None else self.writer.buffers


def _bytearray_place(value: bytearray) -> Place:
    import ctypes

    return Place(ctypes.addressof(ctypes.c_char.from_buffer(value)), (len(value),), (1,), 1, form="fixed")
