"""What a step's processes ask of the kernel: every file opened, by whatever library or child process.

Linux hands chosen system calls of a process and all its descendants to a supervisor (seccomp user notification, Linux
5.5 and newer; no privilege and no ptrace). The supervisor looks at the path, notes it, and lets the call go on. It sees
what Python's audit hooks cannot: files opened by Arrow, Polars, DuckDB, HDF5, or by a child process.

This is provenance, not security: between the look and the call a hostile program could change the path.

Runs in workers: standard library only.
"""

from __future__ import annotations

import array
import contextlib
import errno
import fcntl
import os
import select
import socket
import struct
from collections.abc import Callable, Collection, Iterator, Sequence

from twice.control import filter as filters
from twice.control.facts import tidied
from twice.control.ledger import WRITES, Keep, Ledger, Seen

_RECEIVE, _SEND, _SET_FLAGS = 0xC0502100, 0xC0182101, 0x40082104
_SYNCHRONOUS = 1
_AT_CWD = -100
_MOST_OPEN = 64
_MOST_VARIABLES = 10_000
_PAGE = 4096
_LONGEST = 1 << 17  # of a path 4096, of an environment variable 128 KiB
_MOST_RANDOM = 1 << 20
_AT_ONCE = 256
"""How much of a path is read at first."""

MARKS = (0xB7, 0xE7)
"""Flags of ``getrandom`` that the kernel refuses: with them a step says that its own code begins, and ends."""
_ASIDE = (0xBB, 0xEB)
"""Likewise: that what is opened from now on is none of the step's business, and that it is again."""

_getrandom: Callable[[int, int], bytes] | None = getattr(os, "getrandom", None)  # before anybody replaces it

_STAMPING = frozenset({"ls", "stat", "make", "gmake", "ninja", "cmake", "find", "tar", "rsync", "date", "cp", "zip"})
"""Programs that do something else depending on when a file was changed."""


def hand_over(channel: socket.socket) -> bool:
    """Put this process and its descendants under watch, and send the supervisor its end.

    Args:
        channel: Leads to the supervisor, which must be :func:`receive`-ing.

    Returns:
        Whether the watch is on; if not, the supervisor is told so.
    """
    try:
        descriptor = filters.install()
    except (OSError, ValueError):
        channel.sendall(b"n")
        return False
    channel.sendmsg([b"y"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))])
    os.close(descriptor)
    return True


def receive(channel: socket.socket) -> int | None:
    """The supervisor's end of a watch; None if there is none."""
    message, ancillary, _, _ = channel.recvmsg(1, socket.CMSG_SPACE(4))
    if message != b"y" or not ancillary:
        return None
    descriptors = array.array("i")
    descriptors.frombytes(ancillary[0][2][:4])
    return descriptors[0]


def mark(begins: bool) -> None:
    """Tell the supervisor that the step's own code begins, or ends, in this process."""
    _say(MARKS[0] if begins else MARKS[1])


@contextlib.contextmanager
def aside() -> Iterator[None]:
    """Around what this process opens for the house, and not for the step."""
    _say(_ASIDE[0])
    try:
        yield
    finally:
        _say(_ASIDE[1])


def _say(flag: int) -> None:
    if _getrandom is not None:
        with contextlib.suppress(OSError):
            _getrandom(1, flag)


def works() -> bool:
    """Whether a watch can be set up here and now; tried out in a process of its own, which is bound by it and ends."""
    if not filters.available():
        return False
    child = os.fork()
    if child == 0:
        try:
            filters.install()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


Door = Callable[..., None]
"""Is given a thread, a path, and flags as of ``open``; with ``starts`` if it is to become that program."""


class Supervisor:
    """Notes what a watched process and its descendants ask for, and lets it go on.

    Args:
        listener: The end that :func:`receive` gave.
        process: The watched process; serving ends when it has ended.
        ignored: Folders (with a separator at the end) and files that are of no interest.
        keep: Copies a file aside, and returns where to.
        pinned: Names of environment variables that the settings govern.
        search: Folders in which interpreters look for modules.
        door: Is told of what a thread is about to open, change or start, where steps are confined.
        entropy: Gives the bytes that ``getrandom`` answers with, whoever asks; the kernel does if there is none.
    """

    def __init__(
        self,
        listener: int,
        process: int,
        ignored: Sequence[str],
        keep: Keep,
        pinned: Collection[str] = (),
        search: Collection[str] = (),
        door: Door | None = None,
        entropy: Callable[[int], bytes] | None = None,
    ) -> None:
        here = filters.machine()
        assert here is not None
        self._ledger = Ledger(ignored, keep, pinned)
        self._listener = listener
        self._process = process
        self._skipped = tuple(os.fsencode(place) for place in ignored if place.endswith("/") and place != "/proc/")
        self._handlers: dict[int, Callable[[int, Sequence[int]], int | None]] = {
            number: getattr(self, f"_{name}") for number, name in here.calls.items()
        }
        self._memories = _Memories()
        self._seen: set[tuple[bytes, bool]] = set()
        self._inside = self._aside = False
        self._search = frozenset(search)
        self._door = door
        self._entropy = entropy

    @property
    def seen(self) -> Seen:
        """What was seen so far."""
        return self._ledger.seen

    def serve(self) -> Seen:
        """Answer until the process has ended; returns what was seen."""
        with contextlib.suppress(OSError):
            # Wake the other side on the same processor, which costs a fifth of waking another one; Linux 6.6.
            fcntl.ioctl(self._listener, _SET_FLAGS, _SYNCHRONOUS)
        ended = os.pidfd_open(self._process)
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        poll.register(ended, select.POLLIN)
        try:
            while True:
                for descriptor, events in poll.poll():
                    if descriptor == ended or (events & select.POLLHUP and not events & select.POLLIN):
                        return self.seen
                    self._answer()
        finally:
            self._memories.close()
            os.close(ended)
            os.close(self._listener)

    def _answer(self) -> None:
        request = bytearray(80)
        try:
            fcntl.ioctl(self._listener, _RECEIVE, request, True)
        except OSError as problem:
            if problem.errno in (errno.ENOENT, errno.EINTR):  # the caller is gone
                return
            raise
        number, process, call, *arguments = _REQUEST(request)
        answer = _ANSWER(number, 0, 0, 1)  # let the kernel do it
        handler = self._handlers[call]
        if not self._aside or handler == self._getrandom:
            with _UNLOOKABLE:  # a path that cannot be read is none that could be opened
                if done := handler(process, arguments):
                    answer = _ANSWER(number, done, 0, 0)
        with _GONE:  # the caller was killed meanwhile
            fcntl.ioctl(self._listener, _SEND, answer)

    # -- paths

    def _path(self, process: int, folder: int, address: int) -> str:
        raw = self._memories.text(process, address)
        return self._whole(process, folder, raw)

    def _whole(self, process: int, folder: int, raw: bytes) -> str:
        text = os.fsdecode(raw)
        if not text.startswith("/"):
            folder = _signed(folder)
            base = f"/proc/{process}/cwd" if folder == _AT_CWD else f"/proc/{process}/fd/{folder}"
            text = f"{os.readlink(base)}/{text}" if text else os.readlink(base)  # noqa: PTH115
        elif text.startswith("/proc/"):
            text = text.replace("/self/", f"/{process}/", 1)
        return tidied(text)

    # -- opening

    def _open_file(self, process: int, folder: int, address: int, flags: int) -> None:
        raw = self._memories.text(process, address)
        if raw.startswith(self._skipped) and b"/../" not in raw:
            return
        known = (raw, bool(flags & WRITES))
        if raw.startswith(b"/"):
            if known in self._seen:
                return
            self._seen.add(known)
        path = self._whole(process, folder, raw)
        self._ledger.opened(path, flags)
        if self._door is not None:
            self._door(process, path, flags)

    def _openat(self, process: int, arguments: Sequence[int]) -> None:
        self._open_file(process, arguments[0], arguments[1], arguments[2])

    def _open(self, process: int, arguments: Sequence[int]) -> None:
        self._open_file(process, _AT_CWD, arguments[0], arguments[1])

    def _openat2(self, process: int, arguments: Sequence[int]) -> None:
        (flags,) = struct.unpack("=Q", self._memories.read(process, arguments[2], 8))
        self._open_file(process, arguments[0], arguments[1], flags)

    def _creat(self, process: int, arguments: Sequence[int]) -> None:
        self._open_file(process, _AT_CWD, arguments[0], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

    def _open_by_handle_at(self, _: int, __: Sequence[int]) -> None:
        self.seen.unseen.add("open_by_handle_at")

    # -- looking without opening

    def _looked(self, process: int, folder: int, address: int, *kinds: str) -> None:
        self._ledger.looked_at(self._path(process, folder, address), kinds=kinds)

    def _measured(self, process: int, folder: int, address: int) -> None:
        """Whoever asks the kernel for all that is known of a file may use its size, and few use its times."""
        path = self._path(process, folder, address)
        if self._ledger.ignores(path):
            return
        self._ledger.looked_at(path, kinds=("size", "times") if _program(process) in _STAMPING else ("size",))

    def _newfstatat(self, process: int, arguments: Sequence[int]) -> None:
        self._measured(process, arguments[0], arguments[1])

    def _statx(self, process: int, arguments: Sequence[int]) -> None:
        self._measured(process, arguments[0], arguments[1])

    def _stat(self, process: int, arguments: Sequence[int]) -> None:
        self._measured(process, _AT_CWD, arguments[0])

    _lstat = _stat

    def _access(self, process: int, arguments: Sequence[int]) -> None:
        self._looked(process, _AT_CWD, arguments[0])

    def _faccessat(self, process: int, arguments: Sequence[int]) -> None:
        self._looked(process, arguments[0], arguments[1])

    _faccessat2 = _faccessat

    def _readlink(self, process: int, arguments: Sequence[int]) -> None:
        self._looked(process, _AT_CWD, arguments[0], "link")

    def _readlinkat(self, process: int, arguments: Sequence[int]) -> None:
        self._looked(process, arguments[0], arguments[1], "link")

    def _getxattr(self, process: int, arguments: Sequence[int]) -> None:
        self._looked(process, _AT_CWD, arguments[0], "attributes")

    _lgetxattr = _listxattr = _llistxattr = _getxattr

    def _getdents64(self, process: int, arguments: Sequence[int]) -> None:
        path = os.readlink(f"/proc/{process}/fd/{arguments[0]}")  # noqa: PTH115
        if path in self._search and self._is_other_python(process):
            self._ledger.looked_at(path, kinds=("modules",))  # to find modules, as far as anybody can tell
        else:
            self._ledger.listed(path)

    def _is_other_python(self, thread: int) -> bool:
        """Whether a thread belongs to an interpreter that is not the step's own, so that nobody hears its imports."""
        return not self._is_own(thread) and "python" in _program(thread)

    def _is_own(self, thread: int) -> bool:
        if thread == self._process:
            return True
        with open(f"/proc/{thread}/status", encoding="ascii", errors="replace") as file:
            group = next(line for line in file if line.startswith("Tgid:")).split()[1]
        return int(group) == self._process

    _getdents = _getdents64

    # -- changing names

    def _rename(self, process: int, arguments: Sequence[int]) -> None:
        self._moved(process, _AT_CWD, arguments[0], _AT_CWD, arguments[1])

    def _renameat(self, process: int, arguments: Sequence[int]) -> None:
        self._moved(process, *arguments[:4])

    _renameat2 = _renameat

    def _link(self, process: int, arguments: Sequence[int]) -> None:
        self._moved(process, _AT_CWD, arguments[0], _AT_CWD, arguments[1], stays=True)

    def _linkat(self, process: int, arguments: Sequence[int]) -> None:
        self._moved(process, *arguments[:4], stays=True)

    def _moved(
        self, process: int, folder: int, address: int, new_folder: int, new_address: int, *, stays: bool = False
    ) -> None:
        old, new = self._path(process, folder, address), self._path(process, new_folder, new_address)
        self._ledger.moved(old, new, stays=stays)
        if self._door is not None:
            self._door(process, new, os.O_WRONLY | os.O_CREAT)
            if not stays:
                self._door(process, old, os.O_WRONLY)

    def _changed(self, process: int, folder: int, address: int, flags: int = os.O_WRONLY) -> None:
        path = self._path(process, folder, address)
        self._ledger.changed(path)
        if self._door is not None:
            self._door(process, path, flags)

    def _symlink(self, process: int, arguments: Sequence[int]) -> None:
        self._changed(process, _AT_CWD, arguments[1], os.O_WRONLY | os.O_CREAT)

    def _symlinkat(self, process: int, arguments: Sequence[int]) -> None:
        self._changed(process, arguments[1], arguments[2], os.O_WRONLY | os.O_CREAT)

    def _unlink(self, process: int, arguments: Sequence[int]) -> None:
        self._changed(process, _AT_CWD, arguments[0])

    _truncate = _unlink

    def _unlinkat(self, process: int, arguments: Sequence[int]) -> None:
        self._changed(process, arguments[0], arguments[1])

    # -- the rest of the world

    def _execve(self, process: int, arguments: Sequence[int]) -> None:
        self._started(process, self._path(process, _AT_CWD, arguments[0]), arguments[2])

    def _execveat(self, process: int, arguments: Sequence[int]) -> None:
        self._started(process, self._path(process, arguments[0], arguments[1]), arguments[3])

    def _started(self, process: int, program: str, environment: int) -> None:
        try:
            if os.path.isfile(program):  # noqa: PTH113
                self._ledger.executed(program, self._variables(process, environment))
                if self._door is not None:
                    self._door(process, program, 0, starts=True)
        finally:
            self._memories.close()  # the process is about to get another memory

    def _variables(self, process: int, address: int) -> dict[str, str]:
        """The environment that a program is started with."""
        found = {}
        for place in range(address, address + 8 * _MOST_VARIABLES, 8):
            (pointer,) = struct.unpack("=Q", self._memories.read(process, place, 8))
            if not pointer:
                break
            name, _, value = os.fsdecode(self._memories.text(process, pointer)).partition("=")
            found[name] = value
        return found

    def _connect(self, process: int, arguments: Sequence[int]) -> None:
        self._reached(self._memories.read(process, arguments[1], min(arguments[2], 128)))

    def _sendto(self, process: int, arguments: Sequence[int]) -> None:
        self._reached(self._memories.read(process, arguments[4], min(arguments[5], 128)))

    def _reached(self, data: bytes) -> None:
        (family,) = struct.unpack_from("=H", data)
        if family == socket.AF_INET:
            port, host = struct.unpack_from("!H4s", data, 2)
            self.seen.connected.add(f"{socket.inet_ntop(socket.AF_INET, host)}:{port}")
        elif family == socket.AF_INET6:
            port, _, host = struct.unpack_from("!HI16s", data, 2)
            self.seen.connected.add(f"[{socket.inet_ntop(socket.AF_INET6, host)}]:{port}")
        elif family == socket.AF_UNIX:
            name = data[2:].split(b"\0")[0] if data[2:3] != b"\0" else b"@" + data[3:]
            self.seen.connected.add(f"unix:{os.fsdecode(name)}")

    def _getrandom(self, process: int, arguments: Sequence[int]) -> int | None:
        if arguments[2] in (*MARKS, *_ASIDE):
            if process == self._process:
                self._inside = arguments[2] == MARKS[0]
                self._aside = arguments[2] == _ASIDE[0]
            return None
        if self._inside and not arguments[2] & (os.GRND_NONBLOCK | _INSECURE) and self._is_own(process):
            self.seen.entropy += 1
        if self._entropy is None:
            return None
        return self._memories.write(process, arguments[0], self._entropy(min(arguments[1], _MOST_RANDOM)))

    def _io_uring_setup(self, _: int, __: Sequence[int]) -> None:
        self.seen.unseen.add("io_uring")


_INSECURE = 4
"""Flags of ``getrandom`` with which memory and hash tables protect themselves."""

_UNLOOKABLE = contextlib.suppress(OSError, ValueError, KeyError)
_GONE = contextlib.suppress(OSError)
_REQUEST = struct.Struct("=QI4xi12x6Q").unpack
_ANSWER = struct.Struct("=QqiI").pack


class _Memories:
    """The memory of other processes. Each one's file is opened once, until somebody becomes another program."""

    def __init__(self) -> None:
        self._files: dict[int, int] = {}

    def read(self, process: int, address: int, length: int) -> bytes:
        """Some bytes of a process.

        Raises:
            OSError: They cannot be read.
        """
        try:
            if data := os.pread(self._files[process], length, address):
                return data
        except (KeyError, OSError):
            pass
        if process in self._files or len(self._files) >= _MOST_OPEN:
            self.close()  # another process has its number by now, or there are too many
        self._files[process] = os.open(f"/proc/{process}/mem", os.O_RDONLY | os.O_CLOEXEC)
        return os.pread(self._files[process], length, address)

    @staticmethod
    def write(process: int, address: int, data: bytes) -> int:
        """Put bytes into a process; how many.

        Raises:
            OSError: They cannot be put there.
        """
        number = os.open(f"/proc/{process}/mem", os.O_WRONLY | os.O_CLOEXEC)
        try:
            return os.pwrite(number, data, address)
        finally:
            os.close(number)

    def text(self, process: int, address: int) -> bytes:
        """A text of a process, up to its end; never read across a page at once, since the next may not be mapped."""
        found = self.read(process, address, min(_AT_ONCE, _PAGE - address % _PAGE))
        end = found.find(0)
        while end < 0 and len(found) < _LONGEST:
            here = address + len(found)
            part = self.read(process, here, _PAGE - here % _PAGE)
            if not part:
                break
            found += part
            end = found.find(0)
        return found[:end] if end >= 0 else found

    def close(self) -> None:
        """Close all."""
        while self._files:
            os.close(self._files.popitem()[1])


def _program(process: int) -> str:
    """The name of the program that a process runs."""
    return os.readlink(f"/proc/{process}/exe").rpartition("/")[2]  # noqa: PTH115


def _signed(number: int) -> int:
    number &= 0xFFFFFFFF
    return number - (1 << 32) if number & 0x80000000 else number
