"""Bytes in a folder of this machine."""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import stat
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from twice.errors import NotFound, StoreUnusable
from twice.store.backend import Bytes
from twice.store.durable import copy_new, explained, lock_file, seal, side_by_side, sync_file, sync_folder, write_new
from twice.store.scratch import Scratch

_Listing = list[tuple[str, bool]]
_LEFT_ALONE = 2_000_000_000
"""Nanoseconds for which a folder must have been left alone before the time of its last change is believed."""
_MOST_LISTINGS = 512
STALE = 60.0
"""Seconds after which the turn of a claim is believed to have been left by a process that died in it."""
_NO_RIGHT = {errno.EACCES, errno.EPERM}
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}


class LocalBackend:
    """A :class:`~twice.store.backend.Backend` whose names are files below a folder.

    Everything is written under a temporary name, flushed to the disk, and then renamed, so a name either holds
    everything or does not exist.

    Args:
        path: The folder.
        scratch: Where temporary names lie; on the same file system.
        hard_links: Whether the file system may be asked for hard links. Without them a claim takes a lock.
    """

    def __init__(self, path: Path, scratch: Scratch, *, hard_links: bool = True) -> None:
        self.path = path
        self.scratch = scratch
        self._hard_links = hard_links
        self._settled: set[Path] = set()
        self._listings: dict[str, tuple[tuple[int, ...], _Listing]] = {}

    def read(self, name: str) -> bytes:
        """The bytes under a name."""
        with self._opened(name) as (descriptor, size):
            data = os.read(descriptor, size + 1)
            while len(data) < size and (more := os.read(descriptor, size)):  # a read gives 2 GiB at most
                data += more
            return data

    def map(self, name: str) -> memoryview:
        """The bytes under a name, mapped from the file."""
        with self._opened(name) as (descriptor, size):
            if size == 0:
                return memoryview(b"")  # the system refuses to map nothing
            return memoryview(mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ))

    def file(self, name: str) -> Path:
        """The file itself."""
        if not self.exists(name):
            raise NotFound(f"nothing is filed under {name!r}.")
        return self.path / name

    def size(self, name: str) -> int:
        """How many bytes are under a name."""
        with suppress(FileNotFoundError, NotADirectoryError):
            status = (self.path / name).lstat()
            if stat.S_ISREG(status.st_mode):
                return status.st_size
        raise NotFound(f"nothing is filed under {name!r}.")

    def exists(self, name: str) -> bool:
        """Whether there is a file of that name; a link, a pipe or a device is none of ours."""
        try:
            return stat.S_ISREG(os.lstat(f"{self.path}/{name}").st_mode)
        except OSError as problem:
            if problem.errno in _NO_RIGHT:
                self._unreadable(name, problem)
            return False

    @contextmanager
    def _opened(self, name: str) -> Iterator[tuple[int, int]]:
        """A regular file and its size, without following a link or waiting for who holds a pipe's other end."""
        try:
            descriptor = os.open(f"{self.path}/{name}", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as problem:
            if problem.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.EISDIR):
                raise NotFound(f"nothing is filed under {name!r}.") from None
            if problem.errno in _NO_RIGHT:
                self._unreadable(name, problem)
            raise
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise NotFound(f"nothing is filed under {name!r}.")
            yield descriptor, status.st_size
        finally:
            os.close(descriptor)

    def _unreadable(self, name: str, problem: OSError) -> NoReturn:
        raise StoreUnusable(
            f"the store {self.path} cannot be read: {problem.strerror} ({name}).",
            hint="give yourself the right to read all that is in it, or ask whoever it belongs to",
        ) from problem

    def names(self, prefix: str) -> list[str]:
        """Every name that starts with a text, sorted."""
        folder, _, start = prefix.rpartition("/")
        return sorted(self._below(folder, start))

    def _below(self, folder: str, start: str) -> Iterator[str]:
        entries = self._remembered(folder) if start else self._listed(folder)
        for last, is_folder in entries[bisect_left(entries, (start, False)) :]:
            if not last.startswith(start):
                return
            name = f"{folder}/{last}" if folder else last
            if is_folder:
                yield from self._below(name, "")
            else:
                yield name

    def _listed(self, folder: str) -> _Listing:
        try:
            with os.scandir(f"{self.path}/{folder}") as entries:
                return sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except PermissionError as problem:
            self._unreadable(folder, problem)

    def _remembered(self, folder: str) -> _Listing:
        """As :meth:`_listed`, without reading a folder again in which nothing changed; for who asks for a few of many.

        A folder that changed just now is read again, since a clock that ticks coarsely gives two changes one time.
        What a clock that was set back lets us overlook all the same is found out, or written, once more.
        """
        try:
            status = os.lstat(f"{self.path}/{folder}")
        except OSError:
            return []
        identity = (status.st_ino, status.st_dev, status.st_mtime_ns, status.st_ctime_ns)
        known = self._listings.get(folder)
        if known is not None and known[0] == identity:
            return known[1]
        now = time.time_ns()
        entries = self._listed(folder)
        if max(status.st_mtime_ns, status.st_ctime_ns) + _LEFT_ALONE < now:
            if len(self._listings) >= _MOST_LISTINGS:
                self._listings.clear()
            self._listings[folder] = (identity, entries)
        return entries

    def write(self, items: Iterable[tuple[str, Bytes]], *, flush: bool = True) -> None:
        """Write all, each to the disk; rename all; then each folder to the disk, once."""
        with explained(self.path):
            written: list[tuple[str, str]] = []
            try:
                for name, data in items:
                    temporary = self.scratch.name()
                    written.append((name, temporary))
                    write_new(temporary, data)
                if flush:
                    side_by_side(sync_file, (Path(temporary) for _, temporary in written))
                self._move(written, flush=flush)
            except BaseException:
                for _, temporary in written:
                    Path(temporary).unlink(missing_ok=True)
                raise

    def adopt(self, items: Iterable[tuple[str, Path]]) -> None:
        """Move finished files in; those of another file system are copied."""
        with explained(self.path):
            moves = list(items)
            for _, file in moves:
                descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
                try:
                    seal(descriptor)
                finally:
                    os.close(descriptor)
            side_by_side(sync_file, (file for _, file in moves))
            self._move([(name, str(file)) for name, file in moves])

    def settle(self, names: Iterable[str], *, flush: bool = False) -> None:
        """Flush the folders that hold these names, and before them the files where they were not."""
        many = list(names)
        with explained(self.path):
            if flush:
                side_by_side(sync_file, (self.path / name for name in many if self.exists(name)))
            self._settle({(self.path / name).parent for name in many})

    def claim(self, name: str, data: bytes) -> bool:
        """Put bytes under a name that has none, by a hard link, which fails where there is something."""
        target = self.path / name
        with explained(self.path):
            won = False
            if not target.exists():
                temporary = self.scratch.file()
                try:
                    write_new(temporary, data)
                    sync_file(temporary)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    won = self._moved_if_absent(temporary, target)
                finally:
                    temporary.unlink(missing_ok=True)
            self._settle({target.parent})
            return won

    def move(self, moves: Iterable[tuple[str, str]]) -> None:
        """Rename files; the new names are on the disk before the old ones are known to be gone."""
        with explained(self.path):
            sources, targets = set(), set()
            for old, new in moves:
                source, target = self.path / old, self.path / new
                try:
                    source.replace(target)
                except FileNotFoundError:
                    if not source.exists():
                        continue
                    target.parent.mkdir(parents=True, exist_ok=True)
                    source.replace(target)
                sources.add(source.parent)
                targets.add(target.parent)
            self._settle(targets)
            self._settle(sources - targets)

    def delete(self, names: Iterable[str]) -> None:
        """Remove files that are there; their folders stay, since another process may be about to use them."""
        with explained(self.path):
            for name in names:
                (self.path / name).unlink(missing_ok=True)

    def _moved_if_absent(self, temporary: Path, target: Path) -> bool:
        if self._hard_links:
            try:
                os.link(temporary, target)
                return True
            except FileExistsError:
                return False
            except OSError as problem:
                if problem.errno not in _NO_LINKS:
                    raise
        with self._turn():
            if target.exists():
                return False
            temporary.rename(target)
            return True

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Be the only one who claims: by a lock, or where there are none either by a folder that only one can make."""
        place = self.scratch.path / "claims.lock"
        with open(lock_file(place), "wb") as lock:
            held = None
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
            except OSError:
                held = place.with_name("claiming.lock")
            while held is not None and not _made(held):
                time.sleep(0.005)
            try:
                yield
            finally:
                if held is not None:
                    with suppress(OSError):
                        held.rmdir()

    def _move(self, moves: list[tuple[str, str]], *, flush: bool = True) -> None:
        # Names as texts here: a path for each is half of the time that a small record takes.
        for name, file in moves:
            target = f"{self.path}/{name}"
            try:
                os.replace(file, target)  # noqa: PTH105
            except FileNotFoundError:
                Path(target).parent.mkdir(parents=True, exist_ok=True)
                Path(file).replace(target)
            except OSError as problem:
                if problem.errno != errno.EXDEV:
                    raise
                temporary = self.scratch.file()
                copy_new(Path(file), temporary)
                sync_file(temporary)
                self._move([(name, str(temporary))])
                Path(file).unlink()
        if flush:
            self._settle({(self.path / name).parent for name, _ in moves})

    def _settle(self, folders: set[Path]) -> None:
        """Flush folders, and above them each folder that this process has not yet seen to be on the disk."""
        above = set()
        for folder in folders:
            while folder != self.path and folder not in self._settled and folder not in above:
                above.add(folder)
                folder = folder.parent
        side_by_side(sync_folder, folders | {folder.parent for folder in above})
        self._settled |= above


def _made(folder: Path) -> bool:
    """Whether this call made a folder; one that was left by a process that died goes first."""
    try:
        folder.mkdir()
        return True
    except FileExistsError:
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > STALE:
                folder.rmdir()
        return False
