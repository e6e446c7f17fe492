"""Reads terms: the machinery under ``twice.values.terms``."""

from __future__ import annotations

import itertools
import struct
import sys
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from twice.errors import Damaged
from twice.values.terms import (
    AsidePart,
    Bytes,
    Container,
    Mapping,
    Record,
    Reference,
    Tagged,
    Term,
    view_of,
)


class _Frame:
    """A term that is not complete: where its next parts go, and how many there are to be."""

    __slots__ = ("need", "node", "part", "target")

    def __init__(self, node: Any, target: list[Term], need: int, part: str) -> None:
        self.node = node
        self.target = target
        self.need = need
        self.part = part


_FORMS = {"[": "list", "(": "tuple", "s": "set", "z": "frozenset"}


class Reader:
    """Reads terms one after the other, without recursion, since nesting may be deep."""

    def __init__(self, data: bytes | memoryview, buffers: Sequence[memoryview | Path], magic: bytes) -> None:
        self.data = memoryview(data).cast("B") if not isinstance(data, bytes) else memoryview(data)
        if bytes(self.data[: len(magic)]) != magic:
            raise Damaged(
                "these bytes are not a value's stream, or one of a newer format.", hint="a newer Twice may read it"
            )
        self.at = len(magic)
        self.buffers = buffers
        self.used = 0
        self.numbers = 0
        self.asides = 0

    def finish(self) -> None:
        """Check that all was read."""
        if self.at != len(self.data) or self.used != len(self.buffers):
            self._damaged("there is more than one value in the stream")

    def guarded_term(self) -> Term:
        """The next term, any trouble with the bytes told as such."""
        try:
            return self.term()
        except (IndexError, struct.error, UnicodeDecodeError, ValueError, OverflowError) as problem:
            self._damaged(str(problem))

    def _damaged(self, why: str) -> NoReturn:
        raise Damaged(f"a value's stream cannot be read at byte {self.at}: {why}.")

    def varint(self) -> int:
        """The next unsigned integer."""
        shift = result = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            result |= (byte & 0x7F) << shift
            if byte < 0x80:
                return result
            shift += 7
            if shift > 63:
                self._damaged("a length is too large")

    def take(self, size: int) -> memoryview:
        """The next bytes."""
        end = self.at + size
        if end > len(self.data):
            self._damaged("it ends too early")
        piece = self.data[self.at : end]
        self.at = end
        return piece

    def blob(self) -> memoryview | Path:
        """The next bytes, wherever they are."""
        coded = self.varint()
        if not coded & 1:
            return self.take(coded >> 1)
        if self.used >= len(self.buffers):
            self._damaged("a buffer is missing")
        source = self.buffers[self.used]
        self.used += 1
        size = source.stat().st_size if isinstance(source, Path) else source.nbytes
        if size != coded >> 1:
            self._damaged(f"a buffer of {coded >> 1} bytes has {size}")
        return source if isinstance(source, Path) else source.cast("B")

    def text(self) -> str:
        """The next text."""
        return str(view_of(self.blob()), "utf-8", "surrogatepass")

    def number(self) -> int:
        """A number for a term with an identity."""
        self.numbers += 1
        return self.numbers - 1

    def body(self, target: list[Term]) -> int:
        """Read a body's head; fill ``target`` if it is written the short way, and say how many terms are to follow."""
        code = self.data[self.at]
        self.at += 1
        count = self.varint()
        if code == 0x6D:  # m
            return count
        if code == 0x66:  # f
            target.extend(_unpacked("d", self.blob(), count))
        elif code == 0x71:  # q
            target.extend(_unpacked("q", self.blob(), count))
        elif code == 0x74:  # t
            target.extend(self._texts(count))
        elif code == 0x6E:  # n
            missing = bytes(view_of(self.blob()))
            texts = self._texts(count)
            target.extend(None if gone else text for gone, text in zip(missing, texts, strict=True))
        else:
            self._damaged(f"unknown body {code:#x}")
        return 0

    def _texts(self, count: int) -> list[str]:
        lengths = _unpacked("I", self.blob(), count)
        data = bytes(view_of(self.blob()))
        ends = list(itertools.accumulate(lengths))
        if (ends[-1] if ends else 0) != len(data):
            self._damaged("lengths and texts do not match")
        if data.isascii():
            joined = data.decode("ascii")
            return [joined[end - size : end] for end, size in zip(ends, lengths, strict=True)]
        return [str(data[end - size : end], "utf-8", "surrogatepass") for end, size in zip(ends, lengths, strict=True)]

    def term(self) -> Term:
        """The next term."""
        stack: list[_Frame] = []
        term: Term
        while True:
            code = chr(self.data[self.at])
            self.at += 1
            if code == "u":
                term = self.text()
            elif code == "i":
                term = int.from_bytes(self.take(self.varint()), "little", signed=True)
            elif code == "d":
                term = struct.unpack("<d", self.take(8))[0]
            elif code == "N":
                term = None
            elif code == "T":
                term = True
            elif code == "F":
                term = False
            elif code in _FORMS:
                container = Container(_FORMS[code], self.number() if code in "[s" else -1)
                count = self.body(container.items)
                if count:
                    stack.append(_Frame(container, container.items, count, ""))
                    continue
                container.leaves = True
                term = container
            elif code == "{":
                mapping = Mapping(self.number())
                count = self.body(mapping.keys)
                if count:
                    stack.append(_Frame(mapping, mapping.keys, count, "keys"))
                    continue
                count = self.body(mapping.values)
                if count:
                    stack.append(_Frame(mapping, mapping.values, count, ""))
                    continue
                term = mapping
            elif code == "R":
                record = Record([self.text() for _ in range(self.varint())])
                if record.names:
                    stack.append(_Frame(record, record.parts, len(record.names), ""))
                    continue
                term = record
            elif code in "kK":
                tagged = Tagged(self.text(), self.number() if code == "K" else -1)
                stack.append(_Frame(tagged, [], 1, "state"))
                continue
            else:
                term = self._rare(code)
            while stack:
                frame = stack[-1]
                frame.target.append(term)
                if len(frame.target) < frame.need:
                    break
                stack.pop()
                term = frame.node
                if frame.part == "state":
                    frame.node.state = frame.target[0]
                elif frame.part == "keys":
                    count = self.body(frame.node.values)
                    if count:
                        stack.append(_Frame(frame.node, frame.node.values, count, ""))
                        break
            else:
                return term

    def _rare(self, code: str) -> Term:
        if code == "b":
            return Bytes(self.blob())
        if code == "y":
            return bytes(view_of(self.blob()))
        if code == "c":
            real, imaginary = struct.unpack("<dd", self.take(16))
            return complex(real, imaginary)
        if code == "Y":
            return Bytes(self.blob(), "bytearray", self.number())
        if code == "r":
            return Reference(self.varint())
        if code == "o":
            return Reference(self.varint(), outer=True)
        if code != "a":
            self._damaged(f"unknown type {code!r}")
        self.asides += 1
        return AsidePart(self.asides - 1)


def _unpacked(code: str, blob: memoryview | Path, count: int) -> list[Any]:
    """The items of a blob of equal-sized numbers."""
    numbers = array(code)
    numbers.frombytes(view_of(blob))
    if sys.byteorder == "big":
        numbers.byteswap()
    if len(numbers) != count:
        raise ValueError(f"{count} items were announced and {len(numbers)} found")
    return numbers.tolist()
