"""Files of an installed distribution that are not as they were installed.

Every installer leaves a list of what it wrote, with hashes (``RECORD``). A file counts as edited if its bytes hash to
something else. Only files that may have changed are read: those of another size than the list says, and those that were
written after the list was.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
from pathlib import Path

from twice.environment.installed import read

_LATER = 2_000_000_000
"""Nanoseconds by which a file may be younger than the list, since the list is written last or nearly so."""
_SEEN: dict[tuple[str, int, int, int], str] = {}


def edited(described: Path) -> tuple[tuple[str, str], ...]:
    """The edited files of a distribution.

    Args:
        described: Its ``dist-info`` folder.

    Returns:
        Path in the list and SHA-256 of what is there now, which is empty for a file that is gone; sorted. Nothing where
        there is no list.
    """
    record = described / "RECORD"
    listing = read(record)
    if listing is None:
        return ()
    site = os.path.join(described.parent, "")  # noqa: PTH118 - thousands of joins
    written = record.stat().st_mtime_ns + _LATER
    found = {}
    for path, told, size in _rows(listing):
        try:
            status = os.stat(site + path)  # noqa: PTH116
        except OSError:
            found[path] = ""
            continue
        if status.st_mtime_ns <= written and (not size or status.st_size == int(size)):
            continue
        now = _hashed(site + path, status)
        if base64.urlsafe_b64encode(bytes.fromhex(now)).rstrip(b"=").decode() != told:
            found[path] = now
    return tuple(sorted(found.items()))


def _rows(listing: bytes) -> list[tuple[str, str, str]]:
    """Path, SHA-256 and size of what can be edited with effect."""
    rows = []
    text = listing.decode("utf-8", "replace")
    for row in csv.reader(io.StringIO(text)) if '"' in text else (line.split(",") for line in text.splitlines()):
        if len(row) == 3 and row[1].startswith("sha256=") and not row[0].startswith(".."):
            if ".dist-info/" in row[0] or row[0].endswith((".pyc", ".pyi")):
                continue
            rows.append((row[0], row[1][7:], row[2]))
    return rows


def _hashed(path: str, status: os.stat_result) -> str:
    key = (path, status.st_mtime_ns, status.st_size, status.st_ino)
    if key not in _SEEN:
        with open(path, "rb") as file:
            _SEEN[key] = hashlib.file_digest(file, "sha256").hexdigest()
    return _SEEN[key]
