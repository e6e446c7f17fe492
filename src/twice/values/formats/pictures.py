"""Pictures: pixels of raster files; drawings without the dates and random names that their writers put in."""

# ruff: noqa: ARG001 - readers and sniffs of all formats are called alike
from __future__ import annotations

import io
import re
import zlib
from typing import Any

from twice.values.formats.reading import Reading
from twice.values.kind import library

_PNG_KEPT = (b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP")


def raster(name: str, data: memoryview, reading: Reading) -> Any:
    """The picture; without Pillow, the unfiltered data of a PNG."""
    try:
        pillow = library("PIL.Image")
    except ImportError:
        if bytes(data[:4]) != b"\x89PNG":
            raise
        return _png(data, reading)
    with pillow.open(io.BytesIO(data)) as picture:
        reading.unpacks(4 * picture.width * picture.height)
        picture.load()
        shown = picture.convert("RGBA") if picture.mode == "P" else picture.copy()
    shown.info = {}
    return shown


def _png(data: memoryview, reading: Reading) -> Any:
    found: dict[str, bytes] = {}
    packed, at = bytearray(), 8
    while at + 8 <= len(data):
        size, what = int.from_bytes(data[at : at + 4], "big"), bytes(data[at + 4 : at + 8])
        inside = bytes(data[at + 8 : at + 8 + size])
        if what == b"IDAT":
            packed += inside
        elif what in _PNG_KEPT:
            found[what.decode()] = inside
        at += size + 12
    reading.unpacks(len(packed) * 2)
    return {**found, "data": zlib.decompressobj().decompress(bytes(packed), reading.left)}


_SVG_DATE = re.compile(r"<dc:date>.*?</dc:date>", re.DOTALL)
_SVG_ID = re.compile(r'\bid="([^"]+)"')


def svg(name: str, data: memoryview, reading: Reading) -> Any:
    """The text of an SVG without its date, its identifiers numbered in the order in which they are given."""
    text = _SVG_DATE.sub("<dc:date/>", str(data, "utf-8"))
    numbers = {found: f"id-{number}" for number, found in enumerate(dict.fromkeys(_SVG_ID.findall(text)))}
    if not numbers:
        return text
    names = "|".join(re.escape(name) for name in sorted(numbers, key=len, reverse=True))
    referred = re.compile(rf'(id="|href="#|url\(#)({names})(?=["\)])')
    return referred.sub(lambda match: match[1] + numbers[match[2]], text)


_PDF_NOISE = re.compile(rb"/(CreationDate|ModDate)\s*(\(.*?\)|<[0-9A-Fa-f]*>)|/ID\s*\[.*?\]", re.DOTALL)
_PDF_OBJECT = re.compile(rb"(\d+ \d+) obj\b(.*?)\bendobj", re.DOTALL)
_XMP_DATE = re.compile(rb"<(xmp:\w+Date|pdf:\w+Date)>.*?</\1>|<xmpMM:\w+ID>.*?</xmpMM:\w+ID>", re.DOTALL)


def pdf(name: str, data: memoryview, reading: Reading) -> Any:
    """The objects of a PDF by number, without dates, random names, and where in the file each one lies."""
    found = {}
    for match in _PDF_OBJECT.finditer(data):
        inside = _XMP_DATE.sub(b"", _PDF_NOISE.sub(b"", match[2]))
        if b"/XRef" in inside:  # a table of places, as a stream
            continue
        found[match[1].decode()] = inside
    return found
