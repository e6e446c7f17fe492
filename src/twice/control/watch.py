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
import sys
from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from twice.control.syscalls import Keep, Mark, mark_of

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


class Watch:
    """Watches this process until it ends.

    Args:
        ignored: Folders (with a separator at the end) and files that are no inputs: the interpreter's, installed
            packages, the worker's own.
        known_variables: Environment variables that the settings pin.
        keep: Copies a file aside before it is changed.
    """

    def __init__(
        self, ignored: Sequence[str], known_variables: Sequence[str] = (), keep: Keep = lambda _: None
    ) -> None:
        self.seen = Seen()
        self.active = False
        self._ignored = tuple(ignored)
        self._files = frozenset(ignored)
        self._known_variables = frozenset(known_variables)
        self._busy = False
        self._keep = keep

    def start(self) -> None:
        """Begin to listen."""
        self.active = True
        sys.addaudithook(self._hear)
        _listen_to_environment(self)
        _listen_to_stat(self)

    def stop(self) -> Seen:
        """Stop noting; returns what was seen."""
        self.active = False
        return self.seen

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._busy:
            return
        listing = event in ("os.listdir", "os.scandir")
        if listing and sys._getframe(1).f_code.co_filename.startswith("<frozen importlib"):
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
        text = os.path.normpath(os.path.join(os.getcwd(), os.fsdecode(path)))  # type: ignore[arg-type]  # noqa: PTH109, PTH118
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
        elif not os.path.lexists(text):
            self.seen.missing.add(text)

    def _searched(self, path: object) -> None:
        if (text := self._path("." if path is None else path)) is not None:
            self.seen.searched.add(text)

    def _listed(self, path: object) -> None:
        text = self._path("." if path is None else path)
        if text is not None and text not in self.seen.listed and os.path.isdir(text):  # noqa: PTH112
            self.seen.listed[text] = sorted(os.listdir(text))  # noqa: PTH208

    def looked_at(self, path: object) -> None:
        """Note that somebody asked whether a path is there, or what it looks like."""
        if self.active and not self._busy:
            self._guarded(self._looked_at, path)

    def _looked_at(self, path: object) -> None:
        text = self._path(path)
        if text is not None and text not in self.seen.written:
            (self.seen.exists if os.path.lexists(text) else self.seen.missing).add(text)

    def variable(self, name: object, value: str | None) -> None:
        """Note that an environment variable was looked at."""
        if self.active and isinstance(name, str) and name not in self._known_variables:
            digest = None if value is None else hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()
            self.seen.variables.setdefault(name, digest)


def _listen_to_environment(watch: Watch) -> None:
    """Hear every look at ``os.environ``; going through all of it (to copy it for a child) is no look at each."""
    kind: Any = type(os.environ)
    get, each = kind.__getitem__, kind.__iter__
    passing: list[str] = []

    def getitem(self: MutableMapping[str, str], name: str) -> str:
        try:
            value: str = get(self, name)
        except KeyError:
            watch.variable(name, None)
            raise
        if passing and passing[-1] == name:
            passing.clear()
        else:
            watch.variable(name, value)
        return value

    def iterate(self: MutableMapping[str, str]) -> Iterator[str]:
        for name in each(self):
            passing[:] = [name]
            yield name
        passing.clear()

    kind.__getitem__ = getitem
    kind.__iter__ = iterate


def _listen_to_stat(watch: Watch) -> None:
    """Hear ``os.stat``, ``os.lstat`` and ``os.access``, and with them ``os.path.exists`` and its relatives.

    Python's import machinery uses its own, which stay as they are.
    """
    for name in ("stat", "lstat", "access"):
        _replace(watch, name, getattr(os, name))


def _replace(watch: Watch, name: str, original: Any) -> None:
    @functools.wraps(original)
    def heard(path: Any, *arguments: Any, **keywords: Any) -> Any:
        watch.looked_at(path)
        return original(path, *arguments, **keywords)

    setattr(os, name, heard)
