"""A strict step: confined to what it declares, and told with file and line what it was refused.

Python code is heard before it asks (``sys.addaudithook``), so its line is known. What native code asks for is seen by
the supervisor at the kernel's door, which sends the process a signal that nobody else uses (``SIGURG``) while the call
waits for its answer: Python carries the handler out as soon as the native code returns, and so at the line of user code
that had called it. A program without such a handler, as every other program is, ignores the signal.

Runs in workers: standard library only.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Collection, Sequence
from types import FrameType
from typing import Any

from twice.control import landlock
from twice.control.bounds import Bounds, Refusal, Refusals
from twice.control.facts import tidied
from twice.control.ledger import WRITES
from twice.errors import ControlUnusable

SIGNAL = signal.SIGURG
_LEADS_NOWHERE = getattr(os, "O_PATH", 0)


def begin(bounds: Bounds, refusals: Refusals, files: Collection[str]) -> int:
    """Confine this process, and note what it is refused from now on.

    Args:
        bounds: What it may touch.
        refusals: Where to note.
        files: The file names of the user's code.

    Returns:
        The version of Landlock that confines it.

    Raises:
        ControlUnusable: The kernel cannot confine it.
    """
    try:
        os.mkdir(bounds.temporary, 0o700)  # noqa: PTH102
        tempfile.tempdir = os.environ["TMPDIR"] = bounds.temporary
        if len(os.listdir("/proc/self/task")) > 1:  # noqa: PTH208
            raise _unusable("the step's process has threads already, and they would stay free")
        version = bounds.confine()
    except OSError as problem:
        raise _unusable(problem.strerror or str(problem)) from None
    noter = _Noter(bounds, refusals, files)
    sys.addaudithook(noter.hear)
    signal.signal(SIGNAL, noter.signalled)
    signal.siginterrupt(SIGNAL, False)
    return version


def check() -> None:
    """Find out whether steps can be confined on this machine, before any of them begins.

    Raises:
        ControlUnusable: They cannot.
    """
    if landlock.abi() < landlock.LEAST:
        raise _unusable("this kernel does not offer Landlock as it has been since Linux 6.2, or does not allow it")


def _unusable(why: str) -> ControlUnusable:
    return ControlUnusable(
        f"strict=True cannot be enforced here: {why}.",
        hint="run it without strict=True: what steps read is then recorded, and nothing is refused",
    )


class _Noter:
    def __init__(self, bounds: Bounds, refusals: Refusals, files: Collection[str]) -> None:
        self._bounds = bounds
        self._environment = Bounds(bounds.environment, (), (), (), "")
        self._refusals = refusals
        self._files = files
        self._busy = threading.local()
        self._looked_at = 0
        self._noted: set[tuple[str, str]] = set()
        self._known: set[tuple[str, bool]] = set()
        self._events: dict[str, Callable[..., None]] = {
            "open": self._opened,
            "os.listdir": self._listed,
            "os.scandir": self._listed,
            "os.mkdir": self._made,
            "os.rmdir": self._changed,
            "os.remove": self._changed,
            "os.truncate": self._changed,
            "os.rename": self._renamed,
            "os.link": lambda _, new, *__: self._made(new),
            "os.symlink": lambda _, new, *__: self._made(new),
        }

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        note = self._events.get(event)
        if note is None or getattr(self._busy, "now", False):
            return
        self._busy.now = True  # looking at a file is heard, too
        try:
            note(*arguments)
        except (OSError, ValueError, TypeError):  # a path that cannot be looked at is none that can be opened
            pass
        finally:
            self._busy.now = False

    def signalled(self, _: int, frame: FrameType | None) -> None:
        """The supervisor has noted something that native code of this process is being refused."""
        if getattr(self._busy, "now", False):
            return
        self._busy.now = True
        try:
            told = self._refusals.all()
            new, self._looked_at = told[self._looked_at :], len(told)
            for refusal in new:
                mine = refusal.native and not refusal.line and refusal.process == os.getpid()
                if mine and not (
                    refusal.what == "list" and (frame is None or _looks_for_code(frame) or _holds_modules(refusal.path))
                ):
                    self._note(refusal.what, refusal.path, frame, native=True)
        finally:
            self._busy.now = False

    def _opened(self, path: Any, _: object, flags: Any) -> None:
        flags = flags if isinstance(flags, int) else 0
        # To open a folder like a file fails anyway; libraries try it to find out whether it is an archive.
        if not flags & _LEADS_NOWHERE and (flags & os.O_DIRECTORY or not os.path.isdir(path)):  # noqa: PTH112
            self._asked(path, writes=bool(flags & WRITES))

    def _listed(self, path: Any) -> None:
        frame: FrameType | None = sys._getframe(2)
        if frame is not None and not _looks_for_code(frame):
            self._asked("." if path is None else path)

    def _made(self, path: Any, *_: object) -> None:
        if not os.path.lexists(path):  # otherwise it is told so, and not that it may not
            self._asked(path, writes=True)

    def _changed(self, path: Any, *_: object) -> None:
        if os.path.lexists(path):
            self._asked(path, writes=True)

    def _renamed(self, old: Any, new: Any, *_: object) -> None:
        if os.path.lexists(old):
            self._asked(old, writes=True)
            self._asked(new, writes=True)

    def _asked(self, path: Any, *, writes: bool = False) -> None:
        if isinstance(path, int):
            return  # open already
        whole = tidied(os.path.join(os.getcwd(), os.fsdecode(path)))  # noqa: PTH109, PTH118
        if (whole, writes) in self._known or "__pycache__" in whole:
            return
        self._known.add((whole, writes))
        what = self._bounds.refuse(whole, writes=writes)
        if what and not (what == "write" and self._in_the_environment(whole)):
            self._note(what, whole, sys._getframe(1))

    def _in_the_environment(self, path: str) -> bool:
        """Whether something is written beside installed packages: caches, without which their libraries go on."""
        return not self._environment.refuse(os.path.dirname(path))  # noqa: PTH120

    def _note(self, what: str, path: str, frame: FrameType | None, *, native: bool = False) -> None:
        if (what, path) in self._noted:
            return
        self._noted.add((what, path))
        while frame is not None and frame.f_code.co_filename not in self._files:
            frame = frame.f_back
        file, line, function = ("", 0, "")
        if frame is not None:
            file, line, function = frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_qualname
        self._refusals.add(Refusal(what, path, native, file, line, function, os.getpid()))


def _holds_modules(path: str) -> bool:
    """Whether modules are looked for in a folder; another thread than the one that hears the signal may do so."""
    return path in {os.path.realpath(place) for place in (*sys.path, *sys.path_importer_cache)}


def _looks_for_code(frame: FrameType | None) -> bool:
    """Whether a folder is gone through to find modules, which goes on without those that it may not list."""
    while frame is not None and frame.f_globals.get("__name__") in ("os", "pathlib", "glob", "twice.control.watch"):
        frame = frame.f_back
    name = str(frame.f_globals.get("__name__", "")) if frame is not None else ""
    return name.partition(".")[0] in (
        "importlib",
        "pkgutil",
        "zipimport",
        "_frozen_importlib_external",
        "pkg_resources",
    )


class Door:
    """At the kernel's door: what native code and child processes are about to be refused.

    Args:
        bounds: What the step may touch.
        refusals: Where to note.
        ignored: Folders (with a separator at the end) and files that are none of the step's business.
    """

    def __init__(self, bounds: Bounds, refusals: Refusals, ignored: Sequence[str]) -> None:
        self._bounds = bounds
        self._refusals = refusals
        self._ignored = tuple(ignored)

    def __call__(self, thread: int, path: str, flags: int, *, starts: bool = False) -> None:
        """A thread is about to open a path, or to become another program."""
        if flags & _LEADS_NOWHERE or path.startswith(self._ignored) or "__pycache__" in path:
            return
        if flags & WRITES and not flags & os.O_CREAT and not os.path.lexists(path):
            return
        what = self._bounds.refuse(path, writes=bool(flags & WRITES))
        if not what or (what == "list" and (starts or not flags & os.O_DIRECTORY)):
            return
        process = int(_status(thread).get("Tgid", thread))
        hearer = _who_hears(process)
        if what == "list" and process != hearer and "python" in _program(process):
            return  # to find modules, as far as anybody can tell
        self._refusals.add(Refusal("start" if starts else what, path, native=True, process=hearer))
        if hearer:
            with contextlib.suppress(OSError):
                os.kill(hearer, SIGNAL)


def _who_hears(process: int) -> int:
    """The process, or the nearest above it, that has a handler for the signal; 0 if none has.

    Another program was started by one that has, and which most likely waits for it.
    """
    while process > 1:
        status = _status(process)
        if int(status.get("SigCgt", "0"), 16) >> (SIGNAL - 1) & 1:
            return process
        process = int(status.get("PPid", "0"))
    return 0


def _program(process: int) -> str:
    with contextlib.suppress(OSError):
        return os.readlink(f"/proc/{process}/exe").rpartition("/")[2]  # noqa: PTH115
    return ""


def _status(process: int) -> dict[str, str]:
    with contextlib.suppress(OSError), open(f"/proc/{process}/status", encoding="ascii", errors="replace") as file:
        return {name: value.strip() for name, _, value in (line.partition(":") for line in file)}
    return {}
