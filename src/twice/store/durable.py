"""Bytes that are still there after a power cut."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from twice.errors import StoreUnusable

# macOS: fsync leaves the bytes in the drive's own cache; this one asks the drive to write them.
_FULL_SYNC: int | None = getattr(fcntl, "F_FULLFSYNC", None)
_AT_ONCE = 16
READ_ONLY = 0o444
_AT_A_TIME = 16 << 20
_NOT_SUPPORTED = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}


def sync(descriptor: int) -> None:
    """Wait until an open file, or folder, is on the disk."""
    if _FULL_SYNC is not None:
        with suppress(OSError):
            fcntl.fcntl(descriptor, _FULL_SYNC)
            return
    os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, on file systems that can say so."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        sync(descriptor)
    except OSError as problem:
        if problem.errno not in _NOT_SUPPORTED:
            raise
    finally:
        os.close(descriptor)


def side_by_side(work: Callable[[Path], None], many: Iterable[Path]) -> None:
    """Wait for many things at once: a disk that is asked for many flushes together needs hardly longer than for one."""
    waiting = list(many)
    problems: list[BaseException] = []

    def until_none_waits() -> None:
        try:
            while not problems:
                work(waiting.pop())
        except IndexError:
            return
        except BaseException as problem:
            problems.append(problem)

    helpers = [threading.Thread(target=until_none_waits) for _ in range(min(len(waiting), _AT_ONCE) - 1)]
    for helper in helpers:
        helper.start()
    until_none_waits()
    for helper in helpers:
        helper.join()
    if problems:
        raise problems[0]


def sync_file(file: Path) -> None:
    """Wait until a finished file is on the disk."""
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def lock_file(path: Path) -> int:
    """Open a file that is only there to be locked; no link is followed, since what is in a store may be a stranger's.

    Returns:
        Its descriptor.

    Raises:
        StoreUnusable: It is a link.
    """
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    except OSError as problem:
        if problem.errno != errno.ELOOP:
            raise
        raise StoreUnusable(f"{path} is a link, so it cannot be a lock.", hint="remove it") from problem


def seal(descriptor: int) -> None:
    """Make a finished file read-only, so that no one edits it in place by accident."""
    if stat.S_IMODE(os.fstat(descriptor).st_mode) == READ_ONLY:
        return
    with suppress(OSError):  # some file systems know no permissions
        os.fchmod(descriptor, READ_ONLY)


def write_all(descriptor: int, data: memoryview) -> None:
    """Write bytes to an open file, to their end."""
    while data:
        data = data[os.write(descriptor, data) :]


def write_new(path: Path | str, data: bytes | bytearray | memoryview) -> None:
    """Write a file that is not there yet, to its end."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, READ_ONLY)
    try:
        write_all(descriptor, memoryview(data))
        seal(descriptor)
    finally:
        os.close(descriptor)


def copy_new(source: Path, path: Path) -> None:
    """Copy a file to one that is not there yet; file systems that can share the blocks do."""
    with source.open("rb") as reader:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            with flushing(descriptor) if os.fstat(reader.fileno()).st_size > _AT_A_TIME else nullcontext():
                copy_whole(reader.fileno(), descriptor)
            seal(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def flushing(descriptor: int) -> Iterator[None]:
    """Let the disk write a large file while it is still being made, so that there is less to wait for at its end."""
    finished = threading.Event()
    problems: list[OSError] = []

    def flush() -> None:
        try:
            while not finished.wait(0.02):
                os.fsync(descriptor)
        except OSError as problem:
            problems.append(problem)

    helper = threading.Thread(target=flush)
    helper.start()
    try:
        yield
    finally:
        finished.set()
        helper.join()
    if problems:
        raise problems[0]


def copy_whole(source: int, target: int) -> None:
    """Copy an open file to an empty one, in the kernel where it can; what is nowhere on the disk stays so."""
    status = os.fstat(source)
    if status.st_blocks * 512 < status.st_size and _copied_by_extents(source, target, status.st_size):
        return
    if not _copied_by_kernel(source, target):
        os.lseek(source, 0, os.SEEK_SET)
        os.lseek(target, 0, os.SEEK_SET)
        os.ftruncate(target, 0)
        while block := os.read(source, 1 << 20):
            write_all(target, memoryview(block))


def _copied_by_extents(source: int, target: int, size: int) -> bool:
    """Copy what there is of a file with holes; False where the file system cannot say."""
    place = 0
    try:
        while place < size:
            try:
                start = os.lseek(source, place, os.SEEK_DATA)
            except OSError as problem:
                if problem.errno != errno.ENXIO:
                    return False
                break  # nothing but a hole up to the end
            place = os.lseek(source, start, os.SEEK_HOLE)
            os.lseek(source, start, os.SEEK_SET)
            os.lseek(target, start, os.SEEK_SET)
            while start < place and (block := os.read(source, min(place - start, 1 << 20))):
                write_all(target, memoryview(block))
                start += len(block)
        os.ftruncate(target, size)
    except AttributeError:  # a system that knows no holes
        return False
    return True


def _copied_by_kernel(source: int, target: int) -> bool:
    if not hasattr(os, "copy_file_range"):
        return False
    os.lseek(source, 0, os.SEEK_SET)
    os.lseek(target, 0, os.SEEK_SET)
    copied = 0
    try:
        while count := os.copy_file_range(source, target, _AT_A_TIME):
            copied += count
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        return False
    # Some file systems (procfs, a few network ones) answer 0 for files that are not empty.
    return copied > 0 or os.fstat(source).st_size == 0


@contextmanager
def explained(store: Path) -> Iterator[None]:
    """Turn what the disk says while writing into an error that says what to do."""
    try:
        yield
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreUnusable(
                f"the store {store} cannot be written: {problem.strerror}.",
                hint="make room and do the same again; what was reported as done is safe",
            ) from problem
        if problem.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise StoreUnusable(
                f"the store {store} cannot be written: {problem.strerror} ({problem.filename}).",
                hint="give yourself the right to write there, or name another place with TWICE_STORE or store=",
            ) from problem
        raise
