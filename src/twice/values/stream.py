"""The stream as far as it is written: what has no parts, large bytes outside of it, and where in the value that is."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from twice.errors import ValueNotStorable
from twice.values.format import OUTSIDE, varint
from twice.values.kind import Buffer, BufferSource, FileSource, size_of
from twice.values.way import way

_SMALL = 1 << 10
_SMALL_INTS = {
    value: b"i"
    + bytes((value.bit_length() // 8 + 1,))
    + value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    for value in range(-_SMALL, _SMALL)
}

_SHORT = 64
_SHORT_TEXTS = [b"u" + varint(2 * size) for size in range(_SHORT)]
_SHORT_BUFFERS = [b"b" + varint(2 * size) for size in range(_SHORT)]


class Piece:
    """A term that is already written."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data


class Stream:
    """Bytes that are added to at the end.

    Attributes:
        out: The bytes.
        buffers: Those outside of it.
        stack: The containers that are being written, and what is left of each.
        describe: How errors call the value.
        leaf: What writes a value without parts, by its type.
    """

    def __init__(self, describe: str) -> None:
        self.out = bytearray()
        self.buffers: list[BufferSource] = []
        self.stack: list[tuple[object, Iterator[object]]] = []
        self.describe = describe
        self.leaf: dict[type, Callable[[Any], None]] = {
            type(None): self._none,
            bool: self._bool,
            int: self._int,
            float: self._float,
            complex: self._complex,
            str: self._str,
            bytes: self._bytes,
            Piece: self._piece,
        }

    # Leaves.

    def _none(self, _: None) -> None:
        self.out += b"N"

    def _bool(self, value: bool) -> None:
        self.out += b"T" if value else b"F"

    def _int(self, value: int) -> None:
        if -_SMALL <= value < _SMALL:
            self.out += _SMALL_INTS[value]
            return
        data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
        self.out += b"i" + varint(len(data)) + data

    def _float(self, value: float) -> None:
        self.out += struct.pack("<cd", b"d", value)

    def _complex(self, value: complex) -> None:
        self.out += struct.pack("<cdd", b"c", value.real, value.imag)

    def _str(self, value: str) -> None:
        data = value.encode("utf-8", "surrogatepass")
        if len(data) < _SHORT:
            self.out += _SHORT_TEXTS[len(data)] + data
        else:
            self.out += b"u"
            self.blob(data)

    def _bytes(self, value: bytes) -> None:
        self.out += b"y"
        self.blob(value)

    def _piece(self, value: Piece) -> None:
        self.out += value.data

    def blob(self, source: BufferSource) -> None:
        """Write bytes, here if they are few and outside if they are many."""
        size = len(source) if type(source) is bytes else size_of(source)
        if size >= OUTSIDE:
            self.out += varint(2 * size + 1)
            self.buffers.append(source)
        else:
            self.out += varint(2 * size)
            if isinstance(source, FileSource):
                data = source.path.read_bytes()
                if len(data) != size:
                    self.refuse(f"the file {source.path.name!r} changed while it was read")
                source = data
            self.out += source

    def buffers_of(self, items: Iterable[Buffer]) -> None:
        """Write buffers one after the other."""
        for item in items:
            source = item.source
            if type(source) is memoryview and source.nbytes < _SHORT:
                self.out += _SHORT_BUFFERS[source.nbytes] + source
            else:
                self.out += b"b"
                self.blob(source)

    # Errors.

    def refuse(self, why: str, *, hint: str = "") -> None:
        """Say that the value cannot be stored, and where in it the trouble is."""
        path = self.path()
        raise ValueNotStorable(f"{path}: {why}.", path=path, hint=hint)

    def path(self) -> str:
        """Where in the value the writer is, as an expression."""
        return way(self.describe, self.stack)
