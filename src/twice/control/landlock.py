"""A process confined to some files: what Linux calls Landlock, which needs no privilege.

From the call on, the process and all that it starts can open, list, make and remove only what a rule allows; that
cannot be undone. Looking without opening (``stat``, ``exists``) is not governed, nor are files that are open already.

Numbers and rights are from ``linux/landlock.h``; the three calls have the same numbers on every architecture.
Runs in workers: standard library only.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterable

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION, _BELOW = 1, 1
_NO_NEW_PRIVILEGES = 38

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = (1 << bit for bit in range(4))
TRUNCATE = 1 << 14
EVERYTHING = (1 << 15) - 1
"""All rights of the third ABI: the four above, to remove and make things of every sort (4 to 12), to move them to
another folder (13), and to cut files."""
_OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE

READ = EXECUTE | READ_FILE | READ_DIR
LEAST = 3
"""The first ABI that governs all of writing: before it (Linux 6.2), anybody may cut a file that he may not write."""


def abi() -> int:
    """Which version of the interface this kernel has; 0 if it has none, or it is not to be used here."""
    if platform.system() != "Linux":
        return 0
    return max(0, int(_library().syscall(_CREATE, None, ctypes.c_size_t(0), _VERSION)))


def confine(allowed: Iterable[tuple[str, int]]) -> int:
    """Confine this thread, and all processes and threads that it starts from now on.

    Args:
        allowed: Paths with the rights that hold for them and for everything below them; what is not there is left out.

    Returns:
        The version of the interface that did it.

    Raises:
        OSError: It cannot be done here.
    """
    version, library = abi(), _library()
    if version < LEAST:
        raise OSError(errno.ENOSYS, "this kernel has no Landlock, or too old a one")
    governed = struct.pack("=Q", EVERYTHING)
    rules = int(library.syscall(_CREATE, governed, ctypes.c_size_t(len(governed)), 0))
    if rules < 0:
        raise _problem()
    try:
        for path, rights in allowed:
            _allow(library, rules, path, rights)
        if library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0 or library.syscall(_RESTRICT, rules, 0) != 0:
            raise _problem()
    finally:
        os.close(rules)
    return version


def _allow(library: ctypes.CDLL, rules: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # nothing is there, so there is nothing to allow
    try:
        rights &= EVERYTHING if os.path.isdir(path) else _OF_FILES  # noqa: PTH112
        rule = struct.pack("=Qi", rights, place)
        if rights and library.syscall(_ADD, rules, _BELOW, rule, 0) != 0:
            raise _problem()
    finally:
        os.close(place)


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _problem() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))
