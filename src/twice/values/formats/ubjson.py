"""UBJSON, the binary JSON that XGBoost keeps its models in (ubjson.org, draft 12)."""

from __future__ import annotations

import struct
from typing import Any

_NUMBERS = {
    b"i": ">b",
    b"U": ">B",
    b"I": ">h",
    b"u": ">H",
    b"l": ">i",
    b"m": ">I",
    b"L": ">q",
    b"M": ">Q",
    b"d": ">f",
    b"D": ">d",
}
_DEEPEST = 64


def ubjson(data: memoryview) -> Any:
    """What some UBJSON says, as plain values.

    Raises:
        ValueError: It is none.
    """
    reader = _Reader(data)
    return reader.value(reader.take(1), 0)


class _Reader:
    def __init__(self, data: memoryview) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        found = bytes(self.data[self.at : self.at + size])
        if size < 0 or len(found) < size:
            raise ValueError("it ends too early")
        self.at += size
        return found

    def next(self) -> bytes:
        return bytes(self.data[self.at : self.at + 1])

    def number(self, mark: bytes) -> Any:
        code = _NUMBERS.get(mark)
        if code is None:
            raise ValueError(f"no number has the mark {mark!r}")
        return struct.unpack(code, self.take(struct.calcsize(code)))[0]

    def size(self) -> int:
        return int(self.number(self.take(1)))

    def text(self) -> str:
        return self.take(self.size()).decode()

    def value(self, mark: bytes, depth: int) -> Any:
        if depth > _DEEPEST:
            raise ValueError("it is nested too deeply")
        if mark in _NUMBERS:
            return self.number(mark)
        if mark in (b"Z", b"T", b"F"):
            return {b"Z": None, b"T": True, b"F": False}[mark]
        if mark == b"S":
            return self.text()
        if mark == b"C":
            return self.take(1).decode("latin-1")
        if mark == b"[":
            return self.items(depth)
        if mark == b"{":
            return self.pairs(depth)
        raise ValueError(f"unknown mark {mark!r}")

    def header(self) -> tuple[bytes, int]:
        """The type that all items have, and how many there are; empty and -1 where that is not said."""
        kind, count = b"", -1
        if self.next() == b"$":
            self.at += 1
            kind = self.take(1)
        if self.next() == b"#":
            self.at += 1
            count = self.size()
        return kind, count

    def items(self, depth: int) -> list[Any]:
        kind, count = self.header()
        if kind in _NUMBERS and count >= 0:
            code = _NUMBERS[kind]
            return list(struct.unpack(f">{count}{code[1]}", self.take(count * struct.calcsize(code))))
        found: list[Any] = []
        while len(found) != count:
            mark = kind or self.take(1)
            if count < 0 and mark == b"]":
                break
            found.append(self.value(mark, depth + 1))
        return found

    def pairs(self, depth: int) -> dict[str, Any]:
        kind, count = self.header()
        found: dict[str, Any] = {}
        while len(found) != count:
            if count < 0 and self.next() == b"}":
                self.at += 1
                break
            name = self.text()
            found[name] = self.value(kind or self.take(1), depth + 1)
        return found
