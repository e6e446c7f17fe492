"""What a file holds, whichever way its writer wrote it: read by format, so that containers' noise is no difference.

A format turns bytes into a plain value that means the same whenever the content is the same: without time stamps,
addresses, random names, the order of members, and what the writer says of itself. Nothing that the bytes name is called
or imported. A library such as pyarrow is used where it is installed; where it is not, that is said.
"""

# ruff: noqa: ARG005 - readers and sniffs of all formats are called alike
from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from twice.values.formats.reading import Reading, Unread

_Sniff = Callable[[str, bytes], bool]


def _begins(*magic: bytes) -> _Sniff:
    return lambda _, head: head.startswith(magic)


def _ends(*suffixes: str) -> _Sniff:
    return lambda name, _: name.lower().endswith(suffixes)


def _at(offset: int, magic: bytes) -> _Sniff:
    return lambda _, head: head[offset : offset + len(magic)] == magic


_FORMATS: tuple[tuple[str, _Sniff, str], ...] = (
    # What it is called, how it is recognised, and the function that reads it. The first that fits is taken.
    ("gzip", _begins(b"\x1f\x8b"), "archives:unzipped"),
    ("bzip2", _begins(b"BZh"), "archives:unbzipped"),
    ("xz", _begins(b"\xfd7zXZ\0"), "archives:unxzed"),
    ("zip", _begins(b"PK\x03\x04", b"PK\x05\x06"), "archives:members"),
    ("tar", _at(257, b"ustar"), "archives:tarred"),
    ("npy", _begins(b"\x93NUMPY"), "arrays:npy"),
    ("Parquet", _begins(b"PAR1"), "tables:parquet"),
    ("Arrow", _begins(b"ARROW1"), "tables:arrow"),
    ("SQLite", _begins(b"SQLite format 3\0"), "databases:sqlite"),
    ("DuckDB", _at(8, b"DUCK"), "databases:duckdb"),
    ("HDF5", _begins(b"\x89HDF\r\n\x1a\n"), "databases:hdf5"),
    ("CatBoost", _begins(b"CBM1"), "models:catboost"),
    ("PDF", _begins(b"%PDF"), "pictures:pdf"),
    ("picture", _begins(b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*", b"BM"), "pictures:raster"),
    ("picture", lambda _, head: head[:4] == b"RIFF" and head[8:12] == b"WEBP", "pictures:raster"),
    ("SVG", lambda name, head: name.lower().endswith(".svg") or b"<svg" in head[:1024], "pictures:svg"),
    ("safetensors", lambda name, head: name.endswith(".safetensors") or head[8:10] == b'{"', "models:safetensors"),
    ("ONNX", _ends(".onnx"), "models:onnx"),
    ("pickle", lambda name, head: head[:1] == b"\x80" and head[1:2] in b"\2\3\4\5", "pickles:pickled"),
    ("joblib", lambda name, head: name.endswith(".joblib") and head[:1] == b"x", "archives:inflated"),
    ("JSON", _ends(".json", ".ipynb"), "tables:json_text"),
    ("JSON lines", _ends(".jsonl", ".ndjson"), "tables:json_lines"),
    ("CSV", _ends(".csv", ".tsv"), "tables:csv_text"),
)


def format_of(name: str, data: memoryview) -> str:
    """What the format of a file is called; empty if none is recognised."""
    head = bytes(data[:1100])
    return next((called for called, sniff, _ in _FORMATS if sniff(name, head)), "")


def content(name: str, data: memoryview, reading: Reading | None = None) -> Any:
    """What a file holds, as a plain value; its text or its bytes where its format is not known.

    Args:
        name: The file's name, whose ending counts where the bytes do not tell.
        data: Its bytes.
        reading: Goes on with what was begun, for files inside files.

    Raises:
        Unread: It cannot be looked into, and why.
    """
    reading = reading or Reading()
    head = bytes(data[:1100])
    for called, sniff, where in _FORMATS:
        if sniff(name, head):
            module, _, function = where.partition(":")
            with reading.inside(called):
                read: Callable[[str, memoryview, Reading], Any] = getattr(
                    importlib.import_module(f"twice.values.formats.{module}"), function
                )
                return read(name, data, reading)
    try:
        return str(data, "utf-8")
    except UnicodeDecodeError:
        return bytes(data)


__all__ = ["Reading", "Unread", "content", "format_of"]
