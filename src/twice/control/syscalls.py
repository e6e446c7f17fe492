"""What a step's processes ask of the kernel: every file opened, by whatever library or child process.

Linux hands chosen system calls of a process and all its descendants to a supervisor (seccomp user notification, Linux
5.5 and newer; no privilege and no ptrace). The supervisor looks at the path, notes it, and lets the call go on. It sees
what Python's audit hooks cannot: files opened by Arrow, Polars, DuckDB, HDF5, or by a child process.

This is provenance, not security: between the look and the call a hostile program could change the path.
Constants are from ``linux/seccomp.h``, ``linux/audit.h`` and ``linux/bpf_common.h``.

Runs in workers: standard library only.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import errno
import fcntl
import os
import platform
import select
import socket
import stat
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

_ALLOW, _NOTIFY = 0x7FFF0000, 0x7FC00000
_SET_FILTER, _NEW_LISTENER = 1, 8
_NO_NEW_PRIVILEGES = 38
_RECEIVE, _SEND, _SET_FLAGS = 0xC0502100, 0xC0182101, 0x40082104
_CONTINUE = 1
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_AT_CWD = -100
_MOST_OPEN = 64


@dataclass(frozen=True)
class _Machine:
    """One architecture's numbers: how the kernel calls it, its ``seccomp`` call, and the calls that are watched."""

    audit: int
    seccomp: int
    calls: dict[int, str]


_MACHINES = {
    "x86_64": _Machine(
        0xC000003E,
        317,
        {
            2: "open",
            257: "openat",
            437: "openat2",
            85: "creat",
            59: "execve",
            322: "execveat",
            42: "connect",
            217: "getdents64",
            318: "getrandom",
            425: "io_uring_setup",
        },
    ),
    "aarch64": _Machine(
        0xC00000B7,
        277,
        {
            56: "openat",
            437: "openat2",
            221: "execve",
            281: "execveat",
            203: "connect",
            61: "getdents64",
            278: "getrandom",
            425: "io_uring_setup",
        },
    ),
}

Mark = tuple[int, int, int, int]
Keep = Callable[[str], str | None]
"""Copies a file aside before it is changed; the copy's path, or None if it could not be."""


def available() -> bool:
    """Whether this system can watch system calls; asked without changing anything."""
    machine = _MACHINES.get(platform.machine())
    if machine is None or platform.system() != "Linux" or not hasattr(os, "pidfd_open"):
        return False
    # SECCOMP_GET_ACTION_AVAIL (2) for SECCOMP_RET_USER_NOTIF
    action = ctypes.c_uint32(_NOTIFY)
    library = ctypes.CDLL(None, use_errno=True)
    return int(library.syscall(machine.seccomp, 2, 0, ctypes.byref(action))) == 0


def hand_over(channel: socket.socket) -> bool:
    """Put this process and its descendants under watch, and send the supervisor its end.

    Args:
        channel: Leads to the supervisor, which must be :func:`receive`-ing.

    Returns:
        Whether the watch is on; if not, the supervisor is told so.
    """
    machine = _MACHINES.get(platform.machine())
    descriptor = -1
    if machine is not None:
        with contextlib.suppress(OSError, ValueError):
            descriptor = _install(machine)
    if descriptor < 0:
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


def _install(machine: _Machine) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return -1
    program = _program(machine)
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(buffer))
    pointer = ctypes.create_string_buffer(header, len(header))
    return int(library.syscall(machine.seccomp, _SET_FILTER, _NEW_LISTENER, pointer))


def _program(machine: _Machine) -> bytes:
    """The filter: calls of this architecture that are watched are handed over, all others go on."""
    numbers = list(machine.calls)
    instructions = [
        (0x20, 0, 0, 4),  # load the architecture
        (0x15, 0, len(numbers) + 1, machine.audit),  # another one: allow
        (0x20, 0, 0, 0),  # load the call's number
        *((0x15, len(numbers) - index, 0, number) for index, number in enumerate(numbers)),
        (0x06, 0, 0, _ALLOW),
        (0x06, 0, 0, _NOTIFY),
    ]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in instructions)


@dataclass
class Asked:
    """What was asked of the kernel.

    Attributes:
        read: Absolute path → what its file looked like just before it was first opened.
        missing: Paths that were to be opened and not there.
        written: Paths that were opened for writing.
        listed: Folders whose names were read → the names at that moment.
        executed: Programs that were started.
        connected: Addresses that were connected to.
        entropy: How often the kernel was asked for random bytes.
        uring: Whether somebody set up io_uring, whose reads are not seen.
        before: Path → a copy of what a file held that was read and then opened for writing.
    """

    read: dict[str, Mark] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    listed: dict[str, list[str]] = field(default_factory=dict)
    executed: set[str] = field(default_factory=set)
    connected: set[str] = field(default_factory=set)
    entropy: int = 0
    uring: bool = False
    before: dict[str, str] = field(default_factory=dict)

    def unstable(self) -> list[str]:
        """Files that were read and have changed since, though none of the processes wrote them."""
        return sorted(path for path, mark in self.read.items() if path not in self.before and mark_of(path) != mark)


class Supervisor:
    """Notes what a watched process and its descendants ask for, and lets it go on.

    Args:
        listener: The end that :func:`receive` gave.
        process: The watched process; serving ends when it has ended.
        ignored: Folders (with a separator at the end) and files that are of no interest.
        keep: Copies a file aside, and returns where to.
    """

    def __init__(self, listener: int, process: int, ignored: Sequence[str], keep: Keep) -> None:
        self.asked = Asked()
        self._copy = keep
        self._listener = listener
        self._process = process
        self._ignored = tuple(ignored)
        self._files = frozenset(ignored)
        self._calls = _MACHINES[platform.machine()].calls
        self._seen: set[tuple[str, bool]] = set()
        self._memories = _Memories()

    def serve(self) -> Asked:
        """Answer until the process has ended; returns what was asked."""
        with contextlib.suppress(OSError):
            fcntl.ioctl(self._listener, _SET_FLAGS, 1)  # wake the other side on the same processor; Linux 6.6
        ended = os.pidfd_open(self._process)
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        poll.register(ended, select.POLLIN)
        request = bytearray(80)
        try:
            while True:
                for descriptor, events in poll.poll():
                    if descriptor == ended or (events & select.POLLHUP and not events & select.POLLIN):
                        return self.asked
                    self._answer(request)
        finally:
            self._memories.close()
            os.close(ended)
            os.close(self._listener)

    def _answer(self, request: bytearray) -> None:
        request[:] = bytes(80)
        try:
            fcntl.ioctl(self._listener, _RECEIVE, request, True)
        except OSError as problem:
            if problem.errno in (errno.ENOENT, errno.EINTR):  # the caller is gone
                return
            raise
        number, process, _, call, _, _, *arguments = struct.unpack("=QIIiIQ6Q", request)
        with contextlib.suppress(OSError, ValueError):  # a path that cannot be read is none that could be opened
            self._note(self._calls.get(call, ""), process, arguments)
        with contextlib.suppress(OSError):
            fcntl.ioctl(self._listener, _SEND, struct.pack("=QqiI", number, 0, 0, _CONTINUE))

    def _note(self, call: str, process: int, arguments: list[int]) -> None:
        if call in ("openat", "openat2"):
            flags = arguments[2]
            if call == "openat2":
                (flags,) = struct.unpack("=Q", self._memories.read(process, arguments[2], 8))
            self._opened(process, _signed(arguments[0]), arguments[1], flags)
        elif call == "open":
            self._opened(process, _AT_CWD, arguments[0], arguments[1])
        elif call == "creat":
            self._opened(process, _AT_CWD, arguments[0], _WRITES)
        elif call == "getdents64":
            self._listed(process, arguments[0])
        elif call in ("execve", "execveat"):
            folder, address = (_AT_CWD, arguments[0]) if call == "execve" else (_signed(arguments[0]), arguments[1])
            self.asked.executed.add(self._path(process, folder, address))
            self._memories.close()  # it is about to get another memory
        elif call == "connect":
            self._connected(process, arguments[1], arguments[2])
        elif call == "getrandom":
            self.asked.entropy += 1
        elif call == "io_uring_setup":
            self.asked.uring = True

    def _path(self, process: int, folder: int, address: int) -> str:
        text = os.fsdecode(self._memories.text(process, address))
        if text.startswith(self._ignored) and "/../" not in text:
            return text  # of no interest, so it need not be tidied up
        if not text.startswith("/"):
            base = f"/proc/{process}/cwd" if folder == _AT_CWD else f"/proc/{process}/fd/{folder}"
            text = f"{os.readlink(base)}/{text}"  # noqa: PTH115
        return tidied(text)

    def _opened(self, process: int, folder: int, address: int, flags: int) -> None:
        path = self._path(process, folder, address)
        writes = bool(flags & _WRITES)
        if (path, writes) in self._seen:
            return
        self._seen.add((path, writes))
        if path.startswith(self._ignored) or path in self._files or "__pycache__" in path:
            return
        asked = self.asked
        if writes:
            if path not in asked.written:
                mark = mark_of(path)
                if mark is not None and path not in asked.read and not flags & os.O_TRUNC:
                    asked.read[path] = mark  # opened to be changed: what it held before counts
                if path in asked.read:
                    self._keep(path, asked)
            asked.written.add(path)
        elif path not in asked.written and path not in asked.read:
            if (mark := mark_of(path)) is not None:
                asked.read[path] = mark
            elif not os.path.exists(path):  # noqa: PTH110
                asked.missing.add(path)

    def _keep(self, path: str, asked: Asked) -> None:
        copy = self._copy(path)
        if copy is not None:
            asked.before[path] = copy

    def _listed(self, process: int, descriptor: int) -> None:
        path = os.readlink(f"/proc/{process}/fd/{descriptor}")  # noqa: PTH115
        if path in self.asked.listed or path.startswith(self._ignored) or f"{path}/" in self._files:
            return
        self.asked.listed[path] = names_in(path)

    def _connected(self, process: int, address: int, length: int) -> None:
        data = self._memories.read(process, address, min(length, 128))
        (family,) = struct.unpack_from("=H", data)
        if family == socket.AF_INET:
            port, host = struct.unpack_from("!H4s", data, 2)
            self.asked.connected.add(f"{socket.inet_ntop(socket.AF_INET, host)}:{port}")
        elif family == socket.AF_INET6:
            port, _, host = struct.unpack_from("!HI16s", data, 2)
            self.asked.connected.add(f"[{socket.inet_ntop(socket.AF_INET6, host)}]:{port}")
        elif family == socket.AF_UNIX:
            name = data[2:length].split(b"\0")[0] if data[2:3] != b"\0" else b"@" + data[3:length]
            self.asked.connected.add(f"unix:{os.fsdecode(name)}")


def tidied(path: str) -> str:
    """An absolute path without ``.`` and ``..``; where a link comes before ``..``, as the kernel would go."""
    parts = path.split("/")
    return os.path.realpath(path) if ".." in parts else os.path.normpath(path)


def names_in(folder: str) -> list[str]:
    """The names in a folder, sorted, those of folders with a slash at their end."""
    with os.scandir(folder) as entries:
        return sorted(f"{entry.name}/" if entry.is_dir() else entry.name for entry in entries)


def mark_of(path: str) -> Mark | None:
    """What a regular file looks like from outside; None for anything else."""
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino) if stat.S_ISREG(found.st_mode) else None


class _Memories:
    """The memory of other processes. Each one's file is opened once, until somebody becomes another program."""

    def __init__(self) -> None:
        self._files: dict[int, int] = {}

    def read(self, process: int, address: int, length: int) -> bytes:
        """Some bytes of a process.

        Raises:
            OSError: They cannot be read.
        """
        if process in self._files:
            with contextlib.suppress(OSError):
                if data := os.pread(self._files[process], length, address):
                    return data
            self.close()  # another process has its number by now
        if len(self._files) >= _MOST_OPEN:
            self.close()
        self._files[process] = os.open(f"/proc/{process}/mem", os.O_RDONLY | os.O_CLOEXEC)
        return os.pread(self._files[process], length, address)

    def text(self, process: int, address: int) -> bytes:
        """A text of a process, up to its end; read page by page, since the next page may not be mapped."""
        found = b""
        while b"\0" not in found and len(found) < 4096:
            part = self.read(process, address + len(found), 4096 - (address + len(found)) % 4096)
            if not part:
                break
            found += part
        return found.split(b"\0", 1)[0]

    def close(self) -> None:
        """Close all."""
        while self._files:
            os.close(self._files.popitem()[1])


def _signed(number: int) -> int:
    number &= 0xFFFFFFFF
    return number - (1 << 32) if number & 0x80000000 else number
