"""What a step used without saying so: files, folders, environment variables.

This watcher hears what goes through Python's own ``open`` and its relatives (``sys.addaudithook``), through ``os.stat``
and through ``os.environ``. It does not hear libraries that open files natively (Arrow, Polars, DuckDB, HDF5 …), child
processes, or ``getenv`` in C; where :mod:`twice.control.syscalls` is at work beside it, files opened by those are seen,
too. The record says which watchers were at work, so that nobody reads absence of evidence as evidence.

Runs in workers: standard library only. A hook cannot be taken away again, so a process watches one step and ends.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from twice.control.syscalls import Keep, Mark, mark_of, names_in, tidied

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


@dataclass
class Seen:
    """What was seen so far.

    Attributes:
        read: Absolute path → what its file looked like when it was first opened.
        missing: Paths that were looked for and not there.
        exists: Paths that were looked at without being opened, and were there.
        listed: Folders whose names were asked for → the names.
        searched: Folders that only Python's own import machinery listed.
        written: Paths that were opened for writing.
        variables: Environment variables looked at → SHA-256 of the value, None if not set.
        before: Path → a copy of what a file held that was read and then opened for writing.
    """

    read: dict[str, Mark] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    exists: set[str] = field(default_factory=set)
    searched: set[str] = field(default_factory=set)
    before: dict[str, str] = field(default_factory=dict)
    listed: dict[str, list[str]] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)
    variables: dict[str, str | None] = field(default_factory=dict)

    def unstable(self) -> list[str]:
        """Files that were read and have changed since, though the step itself did not write them."""
        return [path for path, mark in self.read.items() if path not in self.before and mark_of(path) != mark]


_LOOKS_FOR_CODE = re.compile(
    r"<frozen importlib|.*[\\/](importlib[\\/]metadata|pkg_resources)[\\/]|.*[\\/]pkgutil\.py$"
).match
"""Whether a file is one of those that go through ``sys.path`` to find modules and installed distributions."""


class Watch:
    """Watches this process until it ends.

    Args:
        ignored: Folders (with a separator at the end) and files that are no inputs: the interpreter's, installed
            packages, the worker's own.
        known_variables: Environment variables that the settings pin.
        keep: Copies a file aside before it is changed.
        opens: Hear what is opened; not needed where system calls are watched.
    """

    def __init__(
        self,
        ignored: Sequence[str],
        known_variables: Sequence[str] = (),
        keep: Keep = lambda _: None,
        *,
        opens: bool = True,
    ) -> None:
        self.seen = Seen()
        self._opens = opens
        self.active = False
        self._ignored = tuple(place for place in ignored if place.endswith(os.sep))
        self._files = frozenset(ignored)
        self._known_variables = frozenset(known_variables)
        self._busy = False
        self._keep = keep
        self._settle: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Begin to listen."""
        self.active = True
        sys.addaudithook(self._hear)
        self._settle = _listen_to_environment(self)
        _listen_to_stat(self)

    def stop(self) -> Seen:
        """Stop noting; returns what was seen."""
        self._settle()
        self.active = False
        return self.seen

    def read(self, path: str) -> None:
        """Note that a file's content was used, however that came about."""
        self._guarded(self._opened, path, 0)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._busy or (event == "open" and not self._opens):
            return
        listing = event in ("os.listdir", "os.scandir")
        if listing and _LOOKS_FOR_CODE(sys._getframe(1).f_code.co_filename):
            self._guarded(self._searched, arguments[0])  # noted at any time: the other watcher sees it at any time
        elif not self.active:
            return
        elif event == "open":
            self._guarded(self._opened, arguments[0], arguments[2])
        elif listing:
            self._guarded(self._listed, arguments[0])
        elif event == "sqlite3.connect":
            self._guarded(self._opened, arguments[0], 0)

    def _guarded(self, note: Any, *arguments: Any) -> None:
        self._busy = True  # looking at a file would be heard, too
        try:
            note(*arguments)
        except (OSError, ValueError, TypeError):  # a path that cannot be looked at is none that could be read
            pass
        finally:
            self._busy = False

    def _path(self, path: object) -> str | None:
        if isinstance(path, int) or path is None:
            return None
        text = tidied(os.path.join(os.getcwd(), os.fsdecode(path)))  # type: ignore[arg-type]  # noqa: PTH109, PTH118
        if text.startswith(self._ignored) or text in self._files or "__pycache__" in text:
            return None
        return text

    def _opened(self, path: object, flags: object) -> None:
        text = self._path(path)
        if text is None or path == ":memory:":
            return
        number = flags if isinstance(flags, int) else 0
        if number & _WRITES:
            if text not in self.seen.written:
                mark = mark_of(text)
                if mark is not None and text not in self.seen.read and not number & os.O_TRUNC:
                    self.seen.read[text] = mark  # opened to be changed: what it held before counts
                if text in self.seen.read and (copy := self._keep(text)) is not None:
                    self.seen.before[text] = copy
            self.seen.written.add(text)
            return
        if text in self.seen.written or text in self.seen.read:
            return
        mark = mark_of(text)
        if mark is not None:
            self.seen.read[text] = mark
        elif not os.path.exists(text):  # noqa: PTH110
            self.seen.missing.add(text)

    def _searched(self, path: object) -> None:
        if (text := self._path("." if path is None else path)) is not None:
            self.seen.searched.add(text)

    def _listed(self, path: object) -> None:
        text = self._path("." if path is None else path)
        if text is not None and text not in self.seen.listed and os.path.isdir(text):  # noqa: PTH112
            self.seen.listed[text] = names_in(text)

    def looked_at(self, path: object, only_if_there: bool) -> None:
        """Note that somebody asked whether a path is there, or for its size, its times and the like."""
        if self.active and not self._busy:
            self._guarded(self._looked_at, path, only_if_there)

    def _looked_at(self, path: object, only_if_there: bool) -> None:
        text = self._path(path)
        if text is None or text in self.seen.written or text in self.seen.read:
            return
        if not os.path.exists(text):  # noqa: PTH110
            self.seen.missing.add(text)
            return
        mark = None if only_if_there else mark_of(text)
        if mark is not None:
            self.seen.read[text] = mark  # how large it is follows from what it holds
        else:
            self.seen.exists.add(text)

    def variable(self, name: object, value: str | bytes | None) -> None:
        """Note that an environment variable was looked at."""
        if isinstance(name, bytes):
            name = os.fsdecode(name)
        if isinstance(value, bytes):
            value = os.fsdecode(value)
        if self.active and isinstance(name, str) and name not in self._known_variables:
            digest = None if value is None else hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()
            self.seen.variables.setdefault(name, digest)


class _Copying:
    """Tells a copy of all variables from a look at some.

    A copy asks for all names and then, or on the way, for each value in their order. Whatever stops short of that was
    a look at what it asked for.

    Args:
        note: Is given name and value of what was looked at.
    """

    def __init__(self, note: Callable[[Any, Any], None]) -> None:
        self._note = note
        self._names: list[Any] = []
        self._held: list[tuple[Any, Any]] = []

    def begin(self) -> None:
        """Somebody starts to go through the names."""
        self.settle()
        self._names = []

    def passes(self, name: Any) -> None:
        """The next name was handed out."""
        self._names.append(name)

    def looks(self, name: Any, value: Any) -> None:
        """A value was asked for."""
        place = len(self._held)
        if place < len(self._names) and self._names[place] == name:
            self._held.append((name, value))
        else:
            self.settle()
            self._note(name, value)

    def done(self, count: int) -> None:
        """All names were handed out."""
        if len(self._held) == count:
            self._names, self._held = [], []

    def settle(self) -> None:
        """Whatever was held back, in case it became a copy, was a look unless it did."""
        if len(self._held) < len(self._names):
            for name, value in self._held:
                self._note(name, value)
        self._names, self._held = [], []


def _listen_to_environment(watch: Watch) -> Callable[[], None]:
    """Hear every look at ``os.environ``.

    Copying all of it, as one does for a child process, is no look at each; going through it and looking at some is a
    look at those. ``items()`` and ``values()`` hand out everything to code that will pick: a look at all.

    Returns:
        What has to be called before the notes are read.
    """
    kind: Any = type(os.environ)
    get, each, items, values = kind.__getitem__, kind.__iter__, kind.items, kind.values
    copying = _Copying(watch.variable)

    def getitem(self: MutableMapping[Any, Any], name: Any) -> Any:
        try:
            value = get(self, name)
        except KeyError:
            watch.variable(name, None)
            raise
        copying.looks(name, value)
        return value

    def iterate(self: MutableMapping[Any, Any]) -> Iterator[Any]:
        copying.begin()
        count = 0
        for name in each(self):
            count += 1
            copying.passes(name)
            yield name
        copying.done(count)

    def note_all(self: MutableMapping[Any, Any]) -> None:
        for name in each(self):
            watch.variable(name, get(self, name))

    def all_items(self: MutableMapping[Any, Any]) -> Any:
        note_all(self)
        return items(self)

    def all_values(self: MutableMapping[Any, Any]) -> Any:
        note_all(self)
        return values(self)

    kind.__getitem__ = getitem
    kind.__iter__ = iterate
    kind.items = all_items
    kind.values = all_values
    return copying.settle


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
        "access",
    }
)
"""Functions of the standard library that look at a path only to see whether it is there, and what sort of thing."""


def _listen_to_stat(watch: Watch) -> None:
    """Hear ``os.stat``, ``os.lstat`` and ``os.access``, and with them ``os.path.exists`` and its relatives.

    Python's import machinery uses its own, which stay as they are.
    """
    for name in ("stat", "lstat", "access"):
        _replace(watch, name, getattr(os, name))


def _replace(watch: Watch, name: str, original: Any) -> None:
    @functools.wraps(original)
    def heard(path: Any, *arguments: Any, **keywords: Any) -> Any:
        if watch.active:
            caller = sys._getframe(1)
            outer = caller.f_back.f_code.co_name if caller.f_back is not None else ""
            watch.looked_at(path, name == "access" or not {caller.f_code.co_name, outer}.isdisjoint(_ONLY_IF_THERE))
        return original(path, *arguments, **keywords)

    setattr(os, name, heard)
