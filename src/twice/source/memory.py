"""What is known of sources, remembered from one capture to the next.

Nothing in here can make a capture wrong, whoever writes, deletes or damages it:

- What is remembered of a source is a function of its bytes, and is found by their digest. Live objects play no part in
  it; they are looked at anew by every capture.
- It counts only for the very Python and the very code of Twice that found it out: a digest of both stands at its
  beginning. So no number has to be raised when that code changes, and none can be forgotten.
- A checksum over all of it is checked before anything is read; what does not fit is not there.
- That a file still has the bytes it had is believed only if its size, its identity and the times of its last change (of
  content, and of its entry, which no program can set back) are the same, *and* it had been left alone for a while when
  it was read. A clock that ticks coarsely gives two writes one time, so a file that was read right after it was written
  is read again ("racy" entries of git's index).
- Whoever then needs the bytes reads them and holds them against the digest.

Two processes may remember at the same time; the last one's file stays, and the other's work is done again.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

import msgspec
from blake3 import blake3

from twice.records.digest import Digest
from twice.source.pieces import Known

SETTLED = 2_000_000_000
"""Nanoseconds for which a file must have been left alone before what the file system says of it is believed."""

MOST = 5000
"""How many sources are remembered beside those of the last capture."""

_MADE_BY = (
    "memory",
    "mentions",
    "modules",
    "normal",
    "pieces",
    "scopes",
    "toplevel",
    "typed",
    "uses",
    "../records/digest",
)

Status = tuple[int, int, int, int, int]
"""Size, time of the last change of content and of the entry, number of the file and of its device."""


class Shelf(Protocol):
    """A place for some bytes, which may be gone at any time."""

    def read(self) -> bytes | None:
        """What was put there last, if it is still there."""

    def write(self, data: bytes) -> None:
        """Put something there, all of it or nothing; that it cannot be done is no error."""


class _Written(msgspec.Struct, array_like=True):
    """What lies on the shelf.

    Attributes:
        files: Path → what the file system said of it, and the digest of its bytes.
        known: Digest → what is known of a source.
    """

    files: dict[str, tuple[Status, str]] = {}
    known: dict[str, msgspec.Raw] = {}


class Memory:
    """What was known before a capture, and what is known after it.

    Args:
        shelf: Where it is kept; None to remember nothing.
    """

    def __init__(self, shelf: Shelf | None = None) -> None:
        self._shelf = shelf if STAMP else None
        self._before = _opened(self._shelf.read()) if self._shelf is not None else _Written()
        self._files: dict[str, tuple[Status, str]] = {}

    def unchanged(self, file: str, status: os.stat_result) -> Digest | None:
        """The digest of a file's bytes, if they are surely what they were when it was read.

        Args:
            file: Its path.
            status: What the file system says of it now.
        """
        found = self._before.files.get(file)
        if found is None or found[0] != _told(status):
            return None
        self._files[file] = found
        return Digest(found[1])

    def read(self, file: str, before: os.stat_result, after: os.stat_result, digest: Digest, now: int) -> None:
        """Note what a file held.

        Args:
            file: Its path.
            before: What the file system said of it before it was read.
            after: What it said then.
            digest: Of its bytes.
            now: The time (ns) before it was read.
        """
        told = _told(before)
        if told == _told(after) and max(before.st_mtime_ns, before.st_ctime_ns) + SETTLED < now:
            self._files[file] = (told, str(digest))

    def known(self, digest: Digest) -> Known | None:
        """What is known of the source with these bytes."""
        found = self._before.known.get(digest)
        try:
            return msgspec.msgpack.decode(found, type=Known) if found is not None else None
        except msgspec.MsgspecError:
            return None

    def keep(self, sources: Mapping[Digest, Known], learned: Iterable[Digest]) -> None:
        """Remember what is known now, where that is more than before.

        Args:
            sources: What is known of the sources of this capture.
            learned: Those of which more is known than before.
        """
        if self._shelf is None:
            return
        fresh = {str(digest): msgspec.Raw(msgspec.msgpack.encode(sources[digest])) for digest in learned}
        if not fresh and all(self._before.files.get(file) == told for file, told in self._files.items()):
            return
        known = {str(d): fresh[d] if d in fresh else self._before.known[d] for d in sources}
        others = [digest for digest in self._before.known if digest not in known][:MOST]
        known |= {digest: self._before.known[digest] for digest in others}
        files = {file: told for file, told in self._before.files.items() if told[1] in known} | self._files
        payload = msgspec.msgpack.encode(_Written(files, known))
        self._shelf.write(STAMP + blake3(payload).digest() + payload)


def _told(status: os.stat_result) -> Status:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev


def _opened(data: bytes | None) -> _Written:
    if data is None or data[: len(STAMP)] != STAMP:
        return _Written()
    checksum, payload = data[len(STAMP) : len(STAMP) + 32], memoryview(data)[len(STAMP) + 32 :]
    if blake3(payload).digest() != checksum:
        return _Written()
    try:
        return msgspec.msgpack.decode(payload, type=_Written)
    except msgspec.MsgspecError:
        return _Written()


def _stamp() -> bytes:
    """The digest of what finds out what is known: this Python, and these modules; empty where they cannot be read."""
    hash_ = blake3(f"{sys.implementation.name} {sys.version} {msgspec.__version__}".encode())
    try:
        for name in _MADE_BY:
            data = (Path(__file__).parent / f"{name}.py").read_bytes()
            hash_.update(len(data).to_bytes(8, "big"))
            hash_.update(data)
    except OSError:
        return b""
    return hash_.digest()


STAMP = _stamp()  # when the modules are loaded, not later: a running process may see its own files replaced
