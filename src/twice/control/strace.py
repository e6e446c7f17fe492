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
from collections.abc import Collection, Sequence
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
_PATH = re.compile(r'(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"')
_FLAG = re.compile(r"\bO_[A-Z]+\b")
_FOLDER = re.compile(r"\d+<(/[^>]*)>").match
_INTERNET = re.compile(r"sin6?_port=htons\((\d+)\).*?\"([0-9a-f.:]+)\"").search
_SOCKET = re.compile(r'sun_path=(@?)"([^"]*)"').search


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
            for line in self._lines.read_text("latin-1").splitlines():
                with contextlib.suppress(OSError, ValueError):
                    self._note(line, ledger)
        seen = ledger.seen
        for path, mark in seen.read.items():
            if path in seen.written or max(mark[1], mark[2]) >= self._since:
                seen.changed.add(path)  # what it held when it was read cannot be told any more
        return seen

    def _note(self, line: str, ledger: Ledger) -> None:
        found = _LINE(line)
        if found is None:
            return
        process, call, rest = int(found[1]), found[2], found[3]
        paths = [self._whole(folder, name) for folder, name in _PATH.findall(rest.partition(") = ")[0])]
        gone = "= -1 ENOENT" in rest
        if call == "getdents64" and (folder := _FOLDER(rest)):
            ledger.listed(folder[1])
        elif call == "connect":
            self._reached(rest, ledger)
        elif call == "io_uring_setup":
            ledger.seen.unseen.add("io_uring")
        elif not paths or not paths[0].startswith("/"):
            return
        elif call in _OPENS:
            flags = 0
            for name in _FLAG.findall(rest):
                flags |= getattr(os, name, 0)
            flags |= os.O_WRONLY | os.O_CREAT | os.O_TRUNC if call == "creat" else 0
            if gone and paths[0] not in ledger.seen.written and not ledger.ignores(paths[0]):
                ledger.seen.missing.add(paths[0])
            else:
                ledger.opened(paths[0], flags)
        elif call in _LOOKS and process != self._process:  # which says itself what it looks at
            ledger.looked_at(paths[0], kinds=_kinds(call))
        elif call.startswith("rename") and len(paths) > 1:
            ledger.changed(paths[0])
            ledger.changed(paths[1])
        elif call in _CHANGES:
            ledger.changed(paths[-1])
        elif call.startswith("exec"):
            ledger.executed(paths[0], os.environ)

    def _whole(self, folder: str, name: str) -> str:
        text = name.encode("latin-1").decode("unicode_escape").encode("latin-1")
        path = os.fsdecode(text)
        return tidied(path if path.startswith("/") or not folder else f"{folder}/{path}")

    def _reached(self, rest: str, ledger: Ledger) -> None:
        if found := _INTERNET(rest):
            host = f"[{found[2]}]" if ":" in found[2] else found[2]
            ledger.seen.connected.add(f"{host}:{found[1]}")
        elif found := _SOCKET(rest):
            ledger.seen.connected.add(f"unix:{found[1]}{found[2]}")


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
