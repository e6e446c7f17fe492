"""Reads terms: the machinery under ``twice.values.terms``."""

from __future__ import annotations

import itertools
import struct
import sys
from array import array
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from twice.errors import Damaged
from twice.values.format import LONG
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

_Steps = Generator["_Steps", None, None]
"""Reads one thing; yields what has to be read before it goes on, so that nesting may be deep."""

_FORMS = {"[": "list", "(": "tuple", "s": "set", "z": "frozenset"}
_COLUMNS = {"p": "tuple", "l": "list", "D": "dict", "O": "object"}
_CONSTANTS = {"N": None, "T": True, "F": False}


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
        self.long: list[Container | Tagged] = []

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

    def _body(self, target: list[Term]) -> _Steps:
        """Read the items of a body."""
        code = self.data[self.at]
        self.at += 1
        count = self.varint()
        if code == 0x6D:  # m
            yield from self._terms(target, count)
        elif code == 0x66:  # f
            target.extend(_unpacked("d", self.blob(), count))
        elif code == 0x71:  # q
            target.extend(_unpacked("q", self.blob(), count))
        elif code == 0x74:  # t
            target.extend(self._texts(count))
        elif code == 0x6E:  # n
            missing = bytes(view_of(self.blob()))
            texts = self._texts(count)
            target.extend(None if gone else text for gone, text in zip(missing, texts, strict=True))
        elif chr(code) in _COLUMNS:
            yield from self._columns(target, chr(code), count)
        else:
            self._damaged(f"unknown body {code:#x}")

    def _columns(self, target: list[Term], code: str, count: int) -> _Steps:
        """Read rows that are written by columns. Each has one at least, so a few bytes cannot stand for many rows."""
        names: list[Term] = []
        kind, numbered = "", code != "p"
        if code == "D":
            yield self._body(names)
        elif code == "O":
            numbered = chr(self.take(1)[0]) == "K"
            kind = self.text()
            if chr(self.take(1)[0]) != "R":
                self._damaged("objects without named parts are written by columns")
            names.extend(self.text() for _ in range(self.varint()))
        places = len(names) if names else self.varint() if code in "pl" else 0
        if not places:
            self._damaged("there are rows without columns")
        first, columns = self.numbers, []
        self.numbers += count if numbered else 0
        for _ in range(places):
            column: list[Term] = []
            yield self._body(column)
            if len(column) != count:
                self._damaged(f"a column of {count} rows has {len(column)}")
            columns.append(column)
        numbers: Iterable[int] = range(first, first + count) if numbered else itertools.repeat(-1, count)
        for number, *parts in zip(numbers, *columns, strict=True):
            target.append(_row(code, kind, number, names, parts))

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
        found: list[Term] = []
        stack = [self._terms(found, 1)]
        while stack:
            inner = next(stack[-1], None)
            if inner is None:
                stack.pop()
            else:
                stack.append(inner)
        return found[0]

    def _terms(self, target: list[Term], count: int) -> _Steps:
        """Read so many terms."""
        for _ in range(count):
            code = chr(self.data[self.at])
            self.at += 1
            if code == "u":
                target.append(self.text())
            elif code == "i":
                target.append(int.from_bytes(self.take(self.varint()), "little", signed=True))
            elif code == "d":
                target.append(struct.unpack("<d", self.take(8))[0])
            elif code in "NTF":
                target.append(_CONSTANTS[code])
            elif code in _FORMS:
                start = self.at - 1
                container = Container(_FORMS[code], self.number() if code in "[s" else -1)
                container.leaves = chr(self.data[self.at]) in "fqtn"
                target.append(container)
                yield self._body(container.items)
                if code in "(z" and self.at - start >= LONG:
                    self.long.append(container)
            elif code == "{":
                mapping = Mapping(self.number())
                target.append(mapping)
                yield self._body(mapping.keys)
                yield self._body(mapping.values)
                if len(mapping.keys) != len(mapping.values):
                    self._damaged("a dict has more keys than values, or fewer")
            elif code == "R":
                record = Record([self.text() for _ in range(self.varint())])
                target.append(record)
                if record.names:
                    yield self._terms(record.parts, len(record.names))
            elif code in "kK":
                start = self.at - 1
                tagged = Tagged(self.text(), self.number() if code == "K" else -1)
                target.append(tagged)
                state: list[Term] = []
                yield self._terms(state, 1)
                tagged.state = state[0]
                if code == "k" and self.at - start >= LONG:
                    self.long.append(tagged)
            else:
                target.append(self._rare(code))

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
        if code == "v":
            number = self.varint()
            again = self.long[number]
            again.number = -2 - number
            return Reference(again.number, target=again)
        if code != "a":
            self._damaged(f"unknown type {code!r}")
        self.asides += 1
        return AsidePart(self.asides - 1)


def _row(code: str, kind: str, number: int, names: list[Any], parts: list[Term]) -> Term:
    """One row of what was written by columns."""
    if code == "D":
        mapping = Mapping(number)
        mapping.keys, mapping.values = names, parts
        return mapping
    if code == "O":
        record = Record(names)
        record.parts = parts
        tagged = Tagged(kind, number)
        tagged.state = record
        return tagged
    container = Container(_COLUMNS[code], number)
    container.items = parts
    return container


def _unpacked(code: str, blob: memoryview | Path, count: int) -> list[Any]:
    """The items of a blob of equal-sized numbers."""
    numbers = array(code)
    numbers.frombytes(view_of(blob))
    if sys.byteorder == "big":
        numbers.byteswap()
    if len(numbers) != count:
        raise ValueError(f"{count} items were announced and {len(numbers)} found")
    return numbers.tolist()
