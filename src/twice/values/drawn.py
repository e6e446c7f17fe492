"""Two values as pictures for people: how far numbers are apart, two images, two texts side by side.

Like every comparison this looks at terms; nothing is constructed but arrays of plain data, and nothing is executed.
"""

from __future__ import annotations

import itertools
import math
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from twice.values import terms
from twice.values.kinds.arrays import array_of
from twice.values.kinds.tables import TABLES, columns_of
from twice.values.terms import Term

BINS = 41
MOST = 6
"""So many drawings of one value are made; what follows is left to its words."""

_TEXT_UP_TO = 200_000
_PIXELS_UP_TO = 4_000_000
_NUMBERS = {int, float}
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Histogram:
    """How far the numbers of two arrays are apart.

    Attributes:
        path: Where they are, as an expression.
        least: The left edge of the first bin.
        most: The right edge of the last.
        counts: How many differences lie in each bin; those that are zero are left out.
        same: How many numbers are the same.
        skipped: How many differences are no finite number.
    """

    path: str
    least: float
    most: float
    counts: tuple[int, ...]
    same: int
    skipped: int


@dataclass(frozen=True)
class Pictures:
    """Two images, as PNG files.

    Attributes:
        path: Where they are.
        before: One.
        after: The other.
    """

    path: str
    before: bytes
    after: bytes


@dataclass(frozen=True)
class Texts:
    """Two texts.

    Attributes:
        path: Where they are.
        before: One.
        after: The other.
    """

    path: str
    before: str
    after: str


Drawn = Histogram | Pictures | Texts


def drawn(left: Term, right: Term) -> tuple[Drawn, ...]:
    """The drawings of two values that differ.

    Args:
        left: The recorded one.
        right: The other.
    """
    found: list[Drawn] = []
    for one in _all(left, right, "", 0):
        found.append(one)
        if len(found) == MOST:
            break
    return tuple(found)


def _all(left: Term, right: Term, path: str, depth: int) -> Iterator[Drawn]:
    if depth > 12 or type(left) is not type(right):
        return
    if isinstance(left, str) and isinstance(right, str):
        if left != right and ("\n" in left or "\n" in right) and max(len(left), len(right)) <= _TEXT_UP_TO:
            yield Texts(path, left, right)
    elif isinstance(left, terms.Mapping) and isinstance(right, terms.Mapping):
        others = {_name(key): part for key, part in right.items()}
        for key, part in left.items():
            if _name(key) in others:
                yield from _all(part, others[_name(key)], f"{path}[{_name(key)}]", depth + 1)
    elif isinstance(left, terms.Container) and isinstance(right, terms.Container):
        yield from _numbers_of(left, right, path)
        for index, (one, other) in enumerate(zip(left.items[:50], right.items[:50], strict=False)):
            yield from _all(one, other, f"{path}[{index}]", depth + 1)
    elif isinstance(left, terms.Record) and isinstance(right, terms.Record):
        others = right.fields()
        for name, part in left.fields().items():
            if name in others:
                yield from _all(part, others[name], f"{path}.{name}" if path else name, depth + 1)
    elif isinstance(left, terms.Tagged) and isinstance(right, terms.Tagged) and left.kind == right.kind:
        made = list(_tagged(left, right, path))
        yield from made
        if not made:
            yield from _all(left.state, right.state, path, depth + 1)


def _name(key: Term) -> str:
    return repr(key) if isinstance(key, str | int | float | bool | bytes | type(None)) else type(key).__name__


def _tagged(left: terms.Tagged, right: terms.Tagged, path: str) -> Iterator[Drawn]:
    if left.kind == "numpy.ndarray":
        before, after = array_of(left), array_of(right)
        if before is None or after is None or before.shape != after.shape or before.dtype.kind not in "biufc":
            return
        pictures = _picture_of(before), _picture_of(after)
        if pictures[0] and pictures[1] and pictures[0] != pictures[1]:
            yield Pictures(path, pictures[0], pictures[1])
        yield from _apart(before, after, path)
    elif left.kind in TABLES:
        columns = columns_of(left), columns_of(right)
        for name, cells in columns[0].items():
            yield from _cells_apart(cells, columns[1].get(name), f"{path}[{name}]")
    elif left.kind in ("matplotlib.Figure", "PIL.Image"):
        images = _image(left), _image(right)
        if images[0] and images[1] and images[0] != images[1]:
            yield Pictures(path, images[0], images[1])
    elif left.kind == "file":
        data = [part.view().tobytes() for side in (left, right) if isinstance(part := side.part("data"), terms.Bytes)]
        if len(data) == 2 and data[0] != data[1]:
            yield from _files(path or str(left.part("name")), data[0], data[1])


def _files(path: str, before: bytes, after: bytes) -> Iterator[Drawn]:
    if before.startswith(_PNG) and after.startswith(_PNG):
        yield Pictures(path, before, after)
        return
    if max(len(before), len(after)) > _TEXT_UP_TO or b"\0" in before or b"\0" in after:
        return
    try:
        yield Texts(path, before.decode(), after.decode())
    except UnicodeDecodeError:
        return


def _numbers_of(left: terms.Container, right: terms.Container, path: str) -> Iterator[Histogram]:
    """The numbers of two long lists."""
    if len(left.items) != len(right.items) or len(left.items) < 10:
        return
    before, after = ([item for item in side.items if isinstance(item, int | float)] for side in (left, right))
    if len(before) == len(after) == len(left.items):
        yield from _histogram([other - one for one, other in zip(before, after, strict=True)], path)


def _apart(before: Any, after: Any, path: str) -> Iterator[Histogram]:
    if before.size < 2:
        return
    if before.dtype.kind == "c" or after.dtype.kind == "c":
        before, after = abs(before), abs(after)
    differences = (after.astype("f8") - before.astype("f8")).ravel().tolist()
    yield from _histogram(differences, path)


def _cells_apart(before: Sequence[Any] | None, after: Sequence[Any] | None, path: str) -> Iterator[Histogram]:
    """The numbers of a column; cells in which one of both is missing are left to words."""
    if before is None or after is None or len(before) != len(after):
        return
    numbers = [{type(one), type(other)} <= _NUMBERS for one, other in zip(before, after, strict=True)]
    pairs = zip(itertools.compress(before, numbers), itertools.compress(after, numbers), strict=True)
    yield from _histogram([float(other) - float(one) for one, other in pairs], path)


def _histogram(differences: list[float], path: str) -> Iterator[Histogram]:
    finite = [float(one) for one in differences if math.isfinite(one)]
    apart = [one for one in finite if one]
    if not apart:
        return
    least, most = min(*apart, 0.0), max(*apart, 0.0)
    width = (most - least) / BINS
    if not width or not math.isfinite(width):
        return
    counts = [0] * BINS
    for one in apart:
        counts[min(int((one - least) / width), BINS - 1)] += 1
    yield Histogram(path, least, most, tuple(counts), len(finite) - len(apart), len(differences) - len(finite))


def _picture_of(array: Any) -> bytes:
    """A PNG of an array that is an image: bytes, grey or of three or four colours; empty if it is none."""
    shape = array.shape
    if array.dtype != "uint8" or array.ndim not in (2, 3) or min(shape[:2]) < 8 or shape[0] * shape[1] > _PIXELS_UP_TO:
        return b""
    bands = 1 if array.ndim == 2 else shape[2]
    return _png(bytes(array.tobytes()), shape[1], shape[0], bands) if bands in _COLOURS else b""


def _image(value: terms.Tagged) -> bytes:
    width, height, pixels = value.part("width"), value.part("height"), value.part("pixels")
    bands = {"L": 1, "RGB": 3, "RGBA": 4}.get(str(value.part("mode")), 0) if value.kind == "PIL.Image" else 4
    data = pixels.view().tobytes() if isinstance(pixels, terms.Bytes) else pixels if isinstance(pixels, bytes) else b""
    if not isinstance(width, int) or not isinstance(height, int) or width * height > _PIXELS_UP_TO or not bands:
        return b""
    return _png(data, width, height, bands) if len(data) == width * height * bands else b""


_COLOURS = {1: 0, 3: 2, 4: 6}
"""Bytes of a pixel → what PNG calls that."""


def _png(pixels: bytes, width: int, height: int, bands: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    line = width * bands
    rows = b"".join(b"\0" + pixels[row * line : (row + 1) * line] for row in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOURS[bands], 0, 0, 0)
    return _PNG + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 6)) + chunk(b"IEND", b"")
