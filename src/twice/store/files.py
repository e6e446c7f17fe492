"""The digests of files outside the store, without reading again what has not changed."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from blake3 import blake3

from twice.errors import NotFound, StoreError
from twice.records.digest import Digest, named, threads_for
from twice.store.index import Fact, Index


class Seen(NamedTuple):
    """A file, what the file system says of it, and its digest if it is known."""

    path: str
    identity: Fact
    digest: Digest | None


_Folder = dict[str, tuple[Fact, Digest]]
"""What is known of the files of a folder, by their names."""

_PARTS = 4
"""Fewer than one of so many files are remembered beside what is remembered of their folder, instead of with it."""

SETTLED = 2_000_000_000
"""Nanoseconds for which a file must have been left alone before its times are believed.

A clock that ticks coarsely gives two writes one time. A file hashed right after it was written could be written again
within the same tick, with the same size, and nobody could see it; so such a file is read again the next time (the
"racy" entries of git's index).
"""
_BLOCK = 1 << 24


class FileDigests:
    """Digests of files, remembered together with what the file system said about them.

    A change is seen by size, the times of the last change of content and of the entry (which no program can set back),
    and which file it is. What it cannot see: a write through a memory map to a page that was already dirty when the
    file was hashed.

    Args:
        index: Remembers the digests.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self._folders: dict[str, _Folder] = {}
        self._later: dict[str, _Folder] = {}

    def digest(self, path: Path) -> Digest:
        """The digest of a file's bytes.

        Raises:
            NotFound: There is no such file, or it cannot be read.
            StoreError: It is a folder, a pipe or a device.
        """
        seen = self.seen(path)
        if seen.digest is not None:
            return seen.digest
        now = time.time_ns()
        try:
            content = _read(path)
        except OSError as problem:
            raise _unreadable(path, problem) from problem
        self.learn(seen._replace(digest=content), now)
        return content

    def seen(self, path: Path) -> Seen:
        """A file, with its digest if it is known without reading.

        Raises:
            NotFound: There is no such file, or it cannot be looked at.
            StoreError: It is a folder, a pipe or a device.
        """
        place = str(path.absolute())
        try:
            identity = _identity(place)
        except OSError as problem:
            raise _unreadable(path, problem) from problem
        parent, _, last = place.rpartition("/")
        in_folder = self._folder(parent).get(last)
        if in_folder is not None and in_folder[0] == identity:
            return Seen(place, identity, in_folder[1])
        match self._index.get("file", _as_text(path)):
            case [*known, str(content)] if known == identity:
                return Seen(place, identity, Digest(content))
        return Seen(place, identity, None)

    def learn(self, seen: Seen, now: int) -> None:
        """Remember a digest, of a file that was left alone long enough and since it was looked at.

        Args:
            seen: What was found out, with what the file system said before it was read.
            now: When reading began.
        """
        with suppress(OSError):
            if seen.digest is not None and _settled(seen.identity, now) and _identity(seen.path) == seen.identity:
                self._index.put("file", {_as_text(Path(seen.path)): [*seen.identity, seen.digest]})

    def vouch(self, path: Path, digest: Digest) -> None:
        """Remember the digest of a file that the store wrote itself: nobody else writes there within a clock's tick."""
        with suppress(OSError):
            self._index.put("file", {_as_text(path): [*_identity(path), digest]})

    def before(self, path: Path) -> Digest | None:
        """What a file was when it was last looked at, whatever it is now."""
        match self._index.get("file", _as_text(path)):
            case [*_, str(content)]:
                return Digest(content)
        return None

    def many(self, paths: Iterable[str]) -> Iterator[Seen]:
        """What is known of many files, from one look at each and one at each of their folders.

        Raises:
            NotFound: There is no such file, or it cannot be looked at.
            StoreError: It is a folder, a pipe or a device.
        """
        for path in paths:
            parent, _, last = path.rpartition("/")
            try:
                identity = _identity(path)
            except OSError as problem:
                raise _unreadable(path, problem) from problem
            known = self._folder(parent).get(last)
            yield Seen(path, identity, known[1] if known is not None and known[0] == identity else None)

    def remember(self, seen: Iterable[Seen], now: int) -> None:
        """Remember many digests, of files that were left alone long enough.

        Args:
            seen: What was found, with what the file system said before and after reading.
            now: When reading began.
        """
        changed: dict[str, None] = {}
        for path, identity, digest in seen:
            if digest is not None and _settled(identity, now):
                parent, _, last = path.rpartition("/")
                self._folder(parent)[last] = self._later[parent][last] = (identity, digest)
                changed[parent] = None
        # A few files that changed are not worth writing down a whole folder again.
        few = {parent for parent in changed if len(self._later[parent]) * _PARTS < len(self._folders[parent])}
        self._index.put(
            "folder later", {_as_text(Path(at)): _flat(self._later[at] if at in few else {}) for at in changed}
        )
        self._index.put("folder", {_as_text(Path(at)): _flat(self._folders[at]) for at in changed if at not in few})
        for parent in changed.keys() - few:
            self._later[parent] = {}

    def _folder(self, parent: str) -> _Folder:
        """What is remembered of the files of a folder; read once, since what is out of date is only not used."""
        known = self._folders.get(parent)
        if known is None:
            name = _as_text(Path(parent))
            known = self._folders[parent] = _rows(self._index.get("folder", name))
            later = self._later[parent] = _rows(self._index.get("folder later", name))
            known |= later
        return known


def _flat(folder: _Folder) -> Fact:
    return [item for name, (identity, digest) in folder.items() for item in (name, *identity, digest)]


def _rows(flat: Fact | None) -> _Folder:
    rows = (flat[place : place + 7] for place in range(0, len(flat or ()), 7)) if flat else ()
    return {str(row[0]): (row[1:6], Digest(str(row[6]))) for row in rows if len(row) == 7}


def identity_of(path: str) -> Fact:
    """What the file system says of a file, as :meth:`FileDigests.many` gives it."""
    return _identity(path)


def _unreadable(path: str | Path, problem: OSError) -> NotFound:
    return NotFound(f"the file {path} cannot be read: {problem.strerror}.")


def _as_text(path: Path) -> str:
    """The absolute path; as digits where it holds bytes that are no text, which SQLite refuses."""
    text = str(path.absolute())
    try:
        text.encode()
    except UnicodeEncodeError:
        return os.fsencode(text).hex()
    return text


def _identity(path: str | Path) -> Fact:
    status = os.stat(path)  # noqa: PTH116 - a Path for each of 50,000 names is half of the time
    if not stat.S_ISREG(status.st_mode):
        raise StoreError(f"{path} is not a regular file, so it has no digest.")
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev]


def _settled(identity: Fact, now: int) -> bool:
    return all(int(time_) + SETTLED < now for time_ in identity[1:3])


def _read(path: Path) -> Digest:
    # Not mapped: somebody may shorten the file meanwhile, and reading a mapped page that is gone ends the process.
    size = path.stat().st_size
    hash_ = blake3(max_threads=threads_for(size))
    block = bytearray(min(_BLOCK, size + 1))
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(block):
            hash_.update(memoryview(block)[:count])
    return named(hash_)
