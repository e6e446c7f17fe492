"""Which system calls Linux hands over, and the filter that says so to the kernel.

Numbers and constants are from ``linux/seccomp.h``, ``linux/audit.h``, ``linux/bpf_common.h`` and each architecture's
``unistd.h``.

**Who asks matters for** ``stat``. An interpreter asks it thousands of times while it imports, always through its own C
library, and what Python code asks is heard inside the interpreter anyway. So these calls are handed over only if they
come from somewhere else: the filter compares the address of the calling instruction with where this process has its C
library. Another program has it elsewhere, since each is loaded at a random address; a fork has it at the same place,
and is heard from inside like its parent.

Runs in workers: standard library only.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import platform
import struct
from dataclasses import dataclass

ALLOW, NOTIFY = 0x7FFF0000, 0x7FC00000
_SET_FILTER, _ACTION_AVAILABLE = 1, 2
_NEW_LISTENER, _WAIT_KILLABLE = 1 << 3, 1 << 5
_NO_NEW_PRIVILEGES = 38
_FIXED_ADDRESSES = 0x0040000  # ADDR_NO_RANDOMIZE
_EMPTY_PATH = 0x1000

_NUMBER, _ARCHITECTURE, _INSTRUCTION, _ARGUMENTS = 0, 4, 8, 16


@dataclass(frozen=True)
class Machine:
    """One architecture's numbers.

    Attributes:
        audit: What the kernel calls the architecture.
        seccomp: The number of its ``seccomp`` call.
        calls: Number → name of the calls that are handed over.
    """

    audit: int
    seccomp: int
    calls: dict[int, str]


MACHINES = {
    "x86_64": Machine(
        0xC000003E,
        317,
        {
            257: "openat",
            2: "open",
            262: "newfstatat",
            4: "stat",
            6: "lstat",
            332: "statx",
            217: "getdents64",
            78: "getdents",
            21: "access",
            269: "faccessat",
            439: "faccessat2",
            89: "readlink",
            267: "readlinkat",
            437: "openat2",
            85: "creat",
            59: "execve",
            322: "execveat",
            42: "connect",
            44: "sendto",
            318: "getrandom",
            82: "rename",
            264: "renameat",
            316: "renameat2",
            87: "unlink",
            263: "unlinkat",
            86: "link",
            265: "linkat",
            88: "symlink",
            266: "symlinkat",
            76: "truncate",
            191: "getxattr",
            192: "lgetxattr",
            194: "listxattr",
            195: "llistxattr",
            304: "open_by_handle_at",
            425: "io_uring_setup",
        },
    ),
    "aarch64": Machine(
        0xC00000B7,
        277,
        {
            56: "openat",
            79: "newfstatat",
            291: "statx",
            61: "getdents64",
            48: "faccessat",
            439: "faccessat2",
            78: "readlinkat",
            437: "openat2",
            221: "execve",
            281: "execveat",
            203: "connect",
            206: "sendto",
            278: "getrandom",
            38: "renameat",
            276: "renameat2",
            35: "unlinkat",
            37: "linkat",
            36: "symlinkat",
            45: "truncate",
            8: "getxattr",
            9: "lgetxattr",
            11: "listxattr",
            12: "llistxattr",
            265: "open_by_handle_at",
            425: "io_uring_setup",
        },
    ),
}

_FLAGS_AT = {"newfstatat": 3, "statx": 2}  # which argument may say that a file is meant that is open already
_FROM_ELSEWHERE = frozenset({"newfstatat", "stat", "lstat"})


def machine() -> Machine | None:
    """This machine's numbers, if they are known."""
    return MACHINES.get(platform.machine()) if platform.system() == "Linux" else None


def available() -> bool:
    """Whether this kernel can hand over system calls; asked without changing anything."""
    here = machine()
    if here is None or not hasattr(os, "pidfd_open"):
        return False
    action = ctypes.c_uint32(NOTIFY)
    library = ctypes.CDLL(None, use_errno=True)
    return int(library.syscall(here.seccomp, _ACTION_AVAILABLE, 0, ctypes.byref(action))) == 0


def install() -> int:
    """Put this process and all it starts under watch.

    Returns:
        The descriptor on which the calls are handed over.

    Raises:
        OSError: It cannot be done here: another architecture, not allowed, or somebody watches already.
    """
    here = machine()
    if here is None:
        raise OSError(errno.ENOSYS, "system calls of this machine are not known")
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs was refused")
    instructions = program(here, c_library())
    buffer = ctypes.create_string_buffer(instructions, len(instructions))
    header = struct.pack("HxxxxxxQ", len(instructions) // 8, ctypes.addressof(buffer))
    pointer = ctypes.create_string_buffer(header, len(header))
    for flags in (_NEW_LISTENER | _WAIT_KILLABLE, _NEW_LISTENER):  # the former from Linux 5.19 on
        descriptor = int(library.syscall(here.seccomp, _SET_FILTER, flags, pointer))
        if descriptor >= 0:
            return descriptor
        if ctypes.get_errno() != errno.EINVAL:
            break
    raise OSError(ctypes.get_errno(), "the kernel did not take the filter")


def c_library() -> tuple[int, int] | None:
    """Where this process has the code of its C library: first address, and the one after the last.

    None if that does not tell this program from others, because addresses are not random here.
    """
    with contextlib.suppress(OSError, ValueError, AttributeError):
        with open("/proc/self/personality", encoding="ascii") as file:
            if int(file.read(), 16) & _FIXED_ADDRESSES:
                return None
        address = ctypes.cast(ctypes.CDLL(None).openat, ctypes.c_void_p).value or 0
        with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as file:
            for line in file:
                first, _, last = line.split(" ", 1)[0].partition("-")
                if int(first, 16) <= address < int(last, 16):
                    return int(first, 16), int(last, 16)
    return None


def program(here: Machine, own: tuple[int, int] | None) -> bytes:
    """The filter: what to do with each call, as the kernel wants to be told.

    Args:
        here: This machine.
        own: Where this process has its C library, whose ``stat`` calls go on unseen; None: nobody's are handed over.
    """
    lines: list[tuple[int, int, int, int]] = []

    def load(offset: int) -> None:
        lines.append((0x20, 0, 0, offset))

    load(_ARCHITECTURE)
    lines.append((0x15, 1, 0, here.audit))
    lines.append((0x06, 0, 0, ALLOW))
    load(_NUMBER)
    plain: list[int] = []
    for number, name in here.calls.items():
        if name in _FROM_ELSEWHERE and (own is None or own[0] >> 32 != (own[1] - 1) >> 32):
            continue
        if name not in _FLAGS_AT and name not in _FROM_ELSEWHERE and name != "sendto":
            plain.append(number)
            continue
        lines += _with_conditions(number, name, own)
    for position, number in enumerate(plain):
        lines.append((0x15, len(plain) - position, 0, number))
    lines.append((0x06, 0, 0, ALLOW))
    lines.append((0x06, 0, 0, NOTIFY))
    return b"".join(struct.pack("HBBI", *line) for line in lines)


def _with_conditions(number: int, name: str, own: tuple[int, int] | None) -> list[tuple[int, int, int, int]]:
    """A call that is handed over only under conditions: those of its own lines decide it for good."""
    conditions: list[tuple[int, int, int, int]] = []
    allow = (0x06, 0, 0, ALLOW)
    if name in _FLAGS_AT:
        conditions += [
            (0x20, 0, 0, _ARGUMENTS + 8 * _FLAGS_AT[name]),
            (0x45, 0, 1, _EMPTY_PATH),  # any of these bits?
            allow,
        ]
    if name == "sendto":  # to an address, not along a connection
        conditions += [
            (0x20, 0, 0, _ARGUMENTS + 8 * 4),
            (0x15, 0, 3, 0),
            (0x20, 0, 0, _ARGUMENTS + 8 * 4 + 4),
            (0x15, 0, 1, 0),
            allow,
        ]
    if name in _FROM_ELSEWHERE and own is not None:
        first, last = own[0] & 0xFFFFFFFF, (own[1] - 1) & 0xFFFFFFFF
        conditions += [
            (0x20, 0, 0, _INSTRUCTION + 4),
            (0x15, 0, 4, own[0] >> 32),
            (0x20, 0, 0, _INSTRUCTION),
            (0x35, 0, 2, first),  # at least
            (0x25, 1, 0, last),  # more than
            allow,
        ]
    conditions.append((0x06, 0, 0, NOTIFY))
    return [(0x15, 0, len(conditions), number), *conditions]
