"""What a step's processes ask of the kernel, where it does not hand calls over but ``strace`` is installed.

``strace`` is attached to the step's process before its work begins, and follows whatever it starts. It costs far more
than notification does, since every call stops, and its lines are read when all is over: so a file that was read and
changed by other than Python code is called unstable, for nobody could keep what it held.

Runs in workers: standard library only.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import shutil
import subprocess
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from twice.control.facts import tidied
from twice.control.ledger import Ledger, Seen

_LOOKS = ("stat", "lstat", "newfstatat", "statx", "access", "faccessat", "faccessat2", "readlink", "readlinkat")
_CHANGES = ("unlink", "unlinkat", "truncate", "symlink", "symlinkat", "rename", "renameat", "renameat2")
_OPENS = ("open", "openat", "openat2", "creat")
_OTHERS = ("execve", "execveat", "getdents64", "connect", "io_uring_setup")
_FOLLOWING = ("-f", "-qq", "-y", "-s", "4096")
_ATTACHED_WITHIN = 10.0
_ENDS_WITHIN = 10.0
_ANYBODY = ctypes.c_ulong(-1)
_SET_TRACER = 0x59616D61

_LINE = re.compile(r"(\d+) +(\w+)\((.*)$").match
_BEGUN = re.compile(r"(\d+) +(\w+\(.*?),? *<unfinished \.\.\.>$").match
_RESUMED = re.compile(r"(\d+) +<\.\.\. (\w+) resumed>(.*)$").match
# What stands between < and > tells where a descriptor leads; strace writes ">" and quotes in names as octal numbers.
_TEXT = r'"((?:[^"\\]|\\.)*)"'
_PATH = re.compile(rf"(?:(?:AT_FDCWD|-?\d+)<([^>]*)>(?:\(deleted\))?, )?{_TEXT}")
_TEXTS = re.compile(_TEXT)
_PLACES = re.compile(r"<[^>]*>(?:\(deleted\))?")
_RESULT = re.compile(r"\) += (?:-?\d+|\?)(?: (E[A-Z0-9]+))?")
_ESCAPED = re.compile(r"\\(?:([0-7]{1,3})|(.))", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "v": "\v", "f": "\f"}
_FLAG = re.compile(r"\bO_[A-Z]+\b")
_FOLDER = re.compile(r"\d+<(/[^>]*)>").match
_INTERNET = re.compile(r"sin6?_port=htons\((\d+)\).*?\"([0-9a-f.:]+)\"").search
_SOCKET = re.compile(rf"sun_path=(@?){_TEXT}").search


def allow() -> None:
    """Let a process that is none of its ancestors trace this one, where the kernel asks for that."""
    with contextlib.suppress(Exception):
        ctypes.CDLL(None).prctl(_SET_TRACER, _ANYBODY, 0, 0, 0)


class Strace:
    """``strace`` at work on one process and all it starts.

    Args:
        process: The process, which must wait until this is made.
        lines: The file that it writes to.

    Raises:
        OSError: It is not installed, or may not trace.
    """

    def __init__(self, process: int, lines: Path) -> None:
        program = shutil.which("strace")
        if program is None:
            raise OSError("strace is not installed")
        self._process = process
        self._lines = lines
        self._since = time.time_ns()
        calls = ",".join(f"?{call}" for call in (*_LOOKS, *_CHANGES, *_OPENS, *_OTHERS))
        self._strace = subprocess.Popen(
            [program, *_FOLLOWING, "-e", f"trace={calls}", "-e", "signal=none", "-o", str(lines), "-p", str(process)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        last = time.monotonic() + _ATTACHED_WITHIN
        while not _traced(process):
            if self._strace.poll() is not None or time.monotonic() > last:
                self._strace.kill()
                self._strace.wait()
                raise OSError("strace may not trace here")
            time.sleep(0.005)

    def finish(self, ignored: Sequence[str], pinned: Collection[str]) -> Seen:
        """When the process has ended: what was seen."""
        try:
            self._strace.wait(_ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            self._strace.terminate()
            self._strace.wait()
        ledger = Ledger(ignored, lambda _: None, pinned)
        with contextlib.suppress(OSError):
            for line in whole_lines(self._lines.read_bytes().decode("latin-1").split("\n")):
                with contextlib.suppress(OSError, ValueError):
                    note(line, self._process, ledger)
        seen = ledger.seen
        for path, mark in seen.read.items():
            if path in seen.written or max(mark[1], mark[2]) >= self._since:
                seen.changed.add(path)  # what it held when it was read cannot be told any more
        return seen


def whole_lines(lines: Iterable[str]) -> Iterator[str]:
    """The lines with those put together that were interrupted by another process's; in the order in which calls began.

    A call that never came back is told as far as it was.
    """
    begun: dict[str, int] = {}
    found: list[str] = []
    for line in lines:
        if start := _BEGUN(line):
            begun[start[1]] = len(found)
            found.append(f"{start[1]} {start[2]}")
        elif rest := _RESUMED(line):
            if (place := begun.pop(rest[1], None)) is not None:
                found[place] += rest[3]
        else:
            found.append(line)
    return iter(found)


def note(line: str, own: int, ledger: Ledger) -> None:
    """Write down what one line tells.

    Args:
        line: A line of strace, its bytes taken for Latin-1.
        own: The step's process, which says itself what it looks at.
        ledger: Where to.

    Raises:
        ValueError: The line holds a text that is none.
    """
    found = _LINE(line)
    if found is None:
        return
    process, call, rest = int(found[1]), found[2], found[3]
    plain = _PLACES.sub("", _TEXTS.sub("", rest))  # without names, which may look like anything
    paths = [_whole(match[1] or "", match[2]) for match in _PATH.finditer(rest)]
    result = _RESULT.search(plain)
    problem = (result[1] or "") if result is not None else ""
    if call == "getdents64" and (folder := _FOLDER(rest)):
        ledger.listed(_whole("", folder[1]))
    elif call == "connect":
        _reached(rest, ledger)
    elif call == "io_uring_setup":
        ledger.seen.unseen.add("io_uring")
    elif not paths or not paths[0].startswith("/"):
        if call.startswith("symlink") and paths and paths[-1].startswith("/"):
            ledger.changed(paths[-1])
    elif call in _OPENS:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC if call == "creat" else 0
        for name in _FLAG.findall(plain):
            flags |= getattr(os, name, 0)
        if problem in ("ENOENT", "ENOTDIR") and paths[0] not in ledger.seen.written and not ledger.ignores(paths[0]):
            ledger.seen.missing.add(paths[0])
        else:
            ledger.opened(paths[0], flags)
    elif call in _LOOKS and process != own:
        ledger.looked_at(paths[0], kinds=_kinds(call))
    elif call.startswith("rename") and len(paths) > 1:
        ledger.changed(paths[0])
        ledger.changed(paths[1])
    elif call in _CHANGES:
        ledger.changed(paths[-1])
    elif call.startswith("exec") and not problem:
        ledger.executed(paths[0], os.environ)


def _whole(folder: str, name: str) -> str:
    path = _unescaped(name)
    return tidied(path if path.startswith("/") or not folder else f"{_unescaped(folder)}/{path}")


def _unescaped(name: str) -> str:
    return os.fsdecode(_ESCAPED.sub(_character, name).encode("latin-1"))


def _character(escaped: re.Match[str]) -> str:
    if octal := escaped[1]:
        return chr(int(octal, 8) & 0xFF)
    return _LETTERS.get(escaped[2], escaped[2])


def _reached(rest: str, ledger: Ledger) -> None:
    if found := _INTERNET(rest):
        host = f"[{found[2]}]" if ":" in found[2] else found[2]
        ledger.seen.connected.add(f"{host}:{found[1]}")
    elif found := _SOCKET(rest):
        ledger.seen.connected.add(f"unix:{found[1]}{_unescaped(found[2])}")


def _kinds(call: str) -> tuple[str, ...]:
    if call.startswith("readlink"):
        return ("link",)
    return () if "access" in call else ("size",)


def _traced(process: int) -> bool:
    try:
        with open(f"/proc/{process}/status", encoding="ascii", errors="replace") as file:
            return any(line.startswith("TracerPid:") and line.split()[1] != "0" for line in file)
    except OSError:
        return False
