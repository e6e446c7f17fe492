"""Compressed files and archives: their members by name, without dates, owners and the order of writing."""

# ruff: noqa: ARG001 - readers and sniffs of all formats are called alike
from __future__ import annotations

import bz2
import io
import lzma
import re
import tarfile
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import Any

from twice.values.formats.reading import Reading

_STEP = 1 << 20
_OFFICE_DATES = re.compile(rb"<(dcterms:created|dcterms:modified)\b.*?</\1>", re.DOTALL)


def _inner(name: str, *endings: str) -> str:
    """The name of what is inside: ``table.csv.gz`` holds ``table.csv``."""
    for ending in endings:
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return name


def _content(name: str, data: bytes, reading: Reading) -> Any:
    from twice.values.formats import content

    return content(name, memoryview(data), reading)


def _expanded(machine: Any, data: memoryview, reading: Reading) -> bytes:
    """All that a decompressor makes of some bytes; more than the reading allows is never made."""
    out = bytearray()
    pending: Any = data
    while True:
        made = machine.decompress(pending, _STEP)
        reading.unpacks(len(made))
        out += made
        if machine.eof:
            return bytes(out)
        pending = getattr(machine, "unconsumed_tail", b"")
        if not made and not pending:
            raise EOFError("it ends in the midst of what is compressed")


def unzipped(name: str, data: memoryview, reading: Reading) -> Any:
    """What a gzip file holds; its name and time are no content."""
    out, rest = bytearray(), data
    while len(rest) and bytes(rest[:2]) == b"\x1f\x8b":
        machine = zlib.decompressobj(31)
        out += _expanded(machine, rest, reading)
        rest = memoryview(machine.unused_data)
    return _content(_inner(name, ".gz", ".gzip"), bytes(out), reading)


def inflated(name: str, data: memoryview, reading: Reading) -> Any:
    """What a zlib stream holds."""
    return _content(name, _expanded(zlib.decompressobj(), data, reading), reading)


def unbzipped(name: str, data: memoryview, reading: Reading) -> Any:
    """What a bzip2 file holds."""
    return _content(_inner(name, ".bz2"), _expanded(bz2.BZ2Decompressor(), data, reading), reading)


def unxzed(name: str, data: memoryview, reading: Reading) -> Any:
    """What an xz file holds."""
    return _content(_inner(name, ".xz"), _expanded(lzma.LZMADecompressor(), data, reading), reading)


def members(name: str, data: memoryview, reading: Reading) -> Any:
    """The members of a zip file, or of a format that is one."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        found: dict[str, bytes] = {}
        for entry in archive.infolist():
            if entry.is_dir():
                found.setdefault(entry.filename, b"")
                continue
            reading.unpacks(entry.file_size)
            with archive.open(entry) as opened:
                # What the directory says of the size need not be true.
                found[entry.filename] = opened.read(entry.file_size + 1)[: entry.file_size]
    if any(PurePosixPath(path).name == "data.pkl" for path in found):
        from twice.values.formats.models import torch_members

        return torch_members(found, reading)
    if "schema.json" in found:
        from twice.values.formats.models import skops_members

        return skops_members(found, reading)
    if "docProps/core.xml" in found:
        found["docProps/core.xml"] = _OFFICE_DATES.sub(b"", found["docProps/core.xml"])
    return {path: _content(PurePosixPath(path).name, found[path], reading) for path in sorted(found)}


def tarred(name: str, data: memoryview, reading: Reading) -> Any:
    """The members of a tar file: their kind, whether they may be executed, where they lead, what they hold."""
    found: dict[str, Any] = {}
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for entry in archive:
            opened = archive.extractfile(entry) if entry.isreg() else None
            inside: Any = None
            if opened is not None:
                reading.unpacks(entry.size)
                inside = _content(PurePosixPath(entry.name).name, opened.read(), reading)
            found[entry.name] = {
                "type": entry.type.decode("latin-1"),
                "executable": entry.isreg() and bool(entry.mode & 0o100),
                "target": entry.linkname,
                "content": inside,
            }
    return {path: found[path] for path in sorted(found)}
