"""What a step used without saying so, heard from inside its interpreter: files, folders, environment variables.

This watcher hears what goes through Python's own ``open`` and its relatives (``sys.addaudithook``), through ``os.stat``
and ``os.scandir``, and through ``os.environ``. It does not hear libraries that open files natively (Arrow, Polars,
DuckDB, HDF5 …), child processes, or ``getenv`` in C; where :mod:`twice.control.syscalls` or
:mod:`twice.control.strace` is at work beside it, files opened by those are seen, too. The record says which watchers
were at work, so that nobody reads absence of evidence as evidence.

Runs in workers: standard library only. A hook cannot be taken away again, so a process watches one step and ends.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from twice.control import environ
from twice.control.facts import tidied
from twice.control.ledger import Keep, Ledger, Seen

_LOOKS_FOR_CODE = re.compile(
    r"<frozen importlib|.*[\\/](importlib[\\/]metadata|pkg_resources)[\\/]|.*[\\/]pkgutil\.py$"
).match
"""Whether a file is one of those that go through ``sys.path`` to find modules and installed distributions."""

_TIMES = frozenset(f"st_{which}time{unit}" for which in "mac" for unit in ("", "_ns"))
_USE_TIMES = frozenset({"zipfile", "tarfile"})
"""Modules that put the times of files into what they make."""


class Watch:
    """Watches this process, and forks of it, until they end.

    Args:
        ignored: Folders (with a separator at the end) and files that are no inputs: the interpreter's, installed
            packages, the worker's own.
        known_variables: Environment variables that the settings pin.
        keep: Copies a file aside before it is changed.
        opens: Hear what is opened and renamed; not needed where system calls are handed over.
        alone: Nobody else watches, so hear what is started and connected to as well.
        code: The file names of the user's code; empty: all code counts as such.
        elsewhere: A file to which forks of this process write what they see.

    Attributes:
        tell: Is told of each variable when it is looked at first.
    """

    def __init__(
        self,
        ignored: Sequence[str],
        known_variables: Sequence[str] = (),
        keep: Keep = lambda _: None,
        *,
        opens: bool = True,
        alone: bool = True,
        code: Collection[str] = (),
        elsewhere: Path | None = None,
    ) -> None:
        self._ledger = Ledger(ignored, keep, known_variables)
        self.active = False
        self._opens = opens
        self._code = code if isinstance(code, frozenset) else frozenset(code)
        self._known_variables = frozenset(known_variables)
        self._busy = False
        self._elsewhere = elsewhere
        self._process = os.getpid()
        self._descriptor = -1
        self.tell: Callable[[str], None] = lambda _: None
        self._changes: dict[str, Callable[..., None]] = {
            "os.rename": lambda old, new, *_: self._ledger.moved(self._path(old), self._path(new)),
            "os.link": lambda old, new, *_: self._ledger.moved(self._path(old), self._path(new), stays=True),
            "os.remove": lambda path, *_: self._ledger.changed(self._path(path)),
            "os.truncate": lambda path, *_: self._ledger.changed(self._path(path)),
            "os.symlink": lambda _, path, *__: self._ledger.changed(self._path(path)),
        }
        beyond: dict[str, Callable[..., None]] = {
            "os.exec": lambda path, _, variables, *__: self._started(path, variables),
            "os.posix_spawn": lambda path, _, variables, *__: self._started(path, variables),
            "os.system": lambda *_: self._started("/bin/sh", None),
            "subprocess.Popen": lambda path, _, __, variables: self._started(path, variables),
            "socket.connect": lambda _, address: self._connected(address),
        }
        if alone:
            self._changes |= beyond

    @property
    def seen(self) -> Seen:
        """What was seen so far."""
        return self._ledger.seen

    def start(self) -> None:
        """Begin to listen."""
        self.active = True
        if self._elsewhere is not None:
            self._descriptor = os.open(self._elsewhere, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.register_at_fork(after_in_child=self._forked)
        sys.addaudithook(self._hear)
        environ.listen(self.variable, self._known_variables)
        _listen_to_looks(self)

    def stop(self) -> Seen:
        """Stop noting; returns what was seen, also by forks of this process."""
        self.active = False
        if self._elsewhere is not None and self._elsewhere.exists():
            for line in self._elsewhere.read_text("utf-8").splitlines():
                name, value = json.loads(line)
                self.seen.variables.setdefault(name, value)
        return self.seen

    def read(self, path: str) -> None:
        """Note that a file's content was used, however that came about."""
        self._guarded(self._opened, path, 0)

    def _forked(self) -> None:
        self._busy = False

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            if self._opens and self.active and not self._busy:
                self._guarded(self._opened, arguments[0], arguments[2])
        elif not event.startswith(("os.", "sqlite3.", "socket.connect", "subprocess.Popen")) or self._busy:
            return
        elif event in ("os.listdir", "os.scandir"):
            frame: FrameType | None = sys._getframe(1)
            if frame is not None and frame.f_code.co_filename == __file__:
                frame = frame.f_back
            if frame is not None and _LOOKS_FOR_CODE(frame.f_code.co_filename):
                self._guarded(self._searched, arguments[0])  # noted at any time: the other watcher sees it at any time
            elif self.active:
                self._guarded(self._listed, arguments[0])
        elif not self.active:
            return
        elif event == "sqlite3.connect":
            if self._opens and arguments[0] != ":memory:":
                self._guarded(self._opened, arguments[0], 0)
        elif event in ("os.getxattr", "os.listxattr"):
            self._guarded(self._looked, arguments[0], ("attributes",))
        elif self._opens and event in self._changes:
            self._guarded(self._changes[event], *arguments)

    def _guarded(self, note: Any, *arguments: Any) -> None:
        self._busy = True  # looking at a file would be heard, too
        try:
            note(*arguments)
        except (OSError, ValueError, TypeError):  # a path that cannot be looked at is none that could be read
            pass
        finally:
            self._busy = False

    def _path(self, path: object) -> str:
        if isinstance(path, int):
            raise TypeError("a file that is open already")
        return tidied(os.path.join(os.getcwd(), os.fsdecode("." if path is None else path)))  # type: ignore[arg-type]  # noqa: PTH109, PTH118

    def _opened(self, path: object, flags: object) -> None:
        self._ledger.opened(self._path(path), flags if isinstance(flags, int) else 0)

    def _started(self, program: Any, variables: Mapping[Any, Any] | None) -> None:
        found = shutil.which(os.fsdecode(program))
        given = os.environ if variables is None else variables
        if found is not None:
            whole = {os.fsdecode(name): os.fsdecode(value) for name, value in given.items()}
            self._ledger.executed(self._path(found), whole)

    def _connected(self, address: Any) -> None:
        if isinstance(address, tuple):
            host, port = address[:2]
            self.seen.connected.add(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
        elif isinstance(address, str | bytes):
            self.seen.connected.add(f"unix:{os.fsdecode(address)}")

    def _searched(self, path: object) -> None:
        text = self._path(path)
        if not self._ledger.ignores(f"{text}/"):
            self.seen.searched.add(text)

    def _listed(self, path: object) -> None:
        self._ledger.listed(self._path(path))

    def _looked(self, path: object, kinds: Sequence[str]) -> None:
        self._ledger.looked_at(self._path(path), kinds=kinds)

    def _measured(self, path: object, times: bool) -> None:
        text = self._path(path)
        self._ledger.measured(text)
        if times:
            self._ledger.looked_at(text, kinds=("times",))

    def looked_at(self, path: object, kinds: Sequence[str] = ()) -> None:
        """Note that somebody asked whether a path is there, or something else that a look from outside shows."""
        if self.active and not self._busy:
            self._guarded(self._looked, path, kinds)

    def measured(self, path: object, caller: FrameType | None) -> None:
        """Note that somebody asked for a file's size, its times and the like."""
        if self.active and not self._busy:
            self._guarded(self._measured, path, self._wants_times(caller))

    def _wants_times(self, frame: FrameType | None) -> bool:
        """Whether code that is meant to be seen asks when a file was changed; libraries do so for their own caches."""
        for _ in range(4):
            if frame is None:
                return False
            behind = frame.f_back
            if not _TIMES.isdisjoint(frame.f_code.co_names):
                asks = behind if frame.f_code.co_name in _GIVE_TIMES else frame
                return asks is not None and (
                    not self._code
                    or asks.f_code.co_filename in self._code
                    or asks.f_globals.get("__name__") in _USE_TIMES
                )
            frame = behind
        return False

    def variable(self, name: str, digest: str | None) -> None:
        """Note that an environment variable was looked at."""
        if not self.active or name in self._known_variables or name in self.seen.variables:
            return
        self.seen.variables[name] = digest
        self.tell(name)
        if os.getpid() != self._process and self._descriptor >= 0:
            with contextlib.suppress(OSError):
                os.write(self._descriptor, json.dumps([name, digest]).encode() + b"\n")


_GIVE_TIMES = frozenset({"getmtime", "getatime", "getctime"})

_ONLY_IF_THERE = frozenset(
    {
        "exists",
        "lexists",
        "isfile",
        "isdir",
        "islink",
        "ismount",
        "is_file",
        "is_dir",
        "is_symlink",
        "is_mount",
        "realpath",
        "_joinrealpath",
        "resolve",
        "samefile",
        "mkdir",
        "makedirs",
    }
)
"""Functions of the standard library that look at a path only to see whether it is there, and what sort of thing."""


def _listen_to_looks(watch: Watch) -> None:
    """Hear ``os.stat`` and ``os.lstat``, and with them ``os.path.exists`` and its relatives, and what else only looks.

    Python's import machinery uses its own, which stay as they are.
    """
    for name in ("stat", "lstat"):
        _replace(name, functools.partial(_stat, watch))
    _replace("access", lambda path, _: watch.looked_at(path))
    _replace("readlink", lambda path, _: watch.looked_at(path, ("link",)))
    scan = os.scandir

    @functools.wraps(scan)
    def scandir(path: Any = ".") -> Any:
        entries = scan(path)
        plain = isinstance(path, (int, bytes)) or sys._getframe(1).f_code.co_filename in _ONLY_NAMES
        return entries if plain or not watch.active else _Entries(entries, watch)

    os.scandir = scandir


def _stat(watch: Watch, path: Any, caller: FrameType) -> None:
    outer = caller.f_back.f_code.co_name if caller.f_back is not None else ""
    if _makes_folders(caller):
        return
    if {caller.f_code.co_name, outer}.isdisjoint(_ONLY_IF_THERE):
        watch.measured(path, caller)
    else:
        watch.looked_at(path)


def _makes_folders(frame: FrameType | None) -> bool:
    """Whether ``os.makedirs(…, exist_ok=True)`` or ``Path.mkdir`` asks: what comes of it is the same either way."""
    for _ in range(3):
        if frame is None:
            return False
        if frame.f_code.co_name in ("makedirs", "mkdir") and frame.f_globals.get("__name__") in _MAKE_FOLDERS:
            return bool(frame.f_locals.get("exist_ok"))
        frame = frame.f_back
    return False


_MAKE_FOLDERS = frozenset({"os", "pathlib", "pathlib._local"})


def _replace(name: str, note: Callable[[Any, FrameType], None]) -> None:
    original = getattr(os, name)

    @functools.wraps(original)
    def heard(path: Any, *arguments: Any, **keywords: Any) -> Any:
        if not isinstance(path, int) and not keywords.get("dir_fd"):
            note(path, sys._getframe(1))
        return original(path, *arguments, **keywords)

    setattr(os, name, heard)


_ONLY_NAMES = frozenset(
    module.__file__ for name in ("os", "glob", "pathlib", "pathlib._local") if (module := sys.modules.get(name))
)
"""Files of the standard library that take only names and kinds from ``os.scandir``."""


class _Entries:
    """What ``os.scandir`` gives, with entries that say when they are asked for more than their name."""

    def __init__(self, entries: Any, watch: Watch) -> None:
        self._entries = entries
        self._watch = watch

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> _Entry:
        return _Entry(next(self._entries), self._watch)

    def __enter__(self) -> _Entries:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop going through the folder."""
        self._entries.close()


class _Entry(os.PathLike[str]):
    """A thing in a folder; passes for an ``os.DirEntry``, from which nothing can be derived."""

    __slots__ = ("_entry", "_watch")

    def __init__(self, entry: os.DirEntry[str], watch: Watch) -> None:
        self._entry = entry
        self._watch = watch

    @property  # type: ignore[misc]  # isinstance() asks here
    def __class__(self) -> type:
        return os.DirEntry

    def __getattr__(self, name: str) -> Any:
        return getattr(self._entry, name)

    def __fspath__(self) -> str:
        return self._entry.path

    def __repr__(self) -> str:
        return repr(self._entry)

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """What the kernel knows of it."""
        self._watch.measured(self._entry.path, sys._getframe(1))
        return self._entry.stat(follow_symlinks=follow_symlinks)
