"""What a step used without saying so, as its watchers write it down.

Whoever watches (the interpreter's hooks, the kernel's notifications, strace) says what was asked for in the order in
which it was asked; the ledger decides what that means: a file that was read before it was written is an input with what
it held before, one that the step itself wrote first is none.

Runs in workers: standard library only.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twice.control import environ
from twice.control.facts import Mark, fact, mark_of, names_in

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

Keep = Callable[[str], str | None]
"""Copies a file aside before it is changed; the copy's path, or None if it could not be."""


@dataclass
class Seen:
    """What was seen so far.

    Attributes:
        read: Absolute path → what its file looked like just before it was first opened.
        missing: Paths that were looked for and not there.
        exists: Paths that were looked at without being opened, and were there.
        facts: (kind, path) → what was found out about a path without reading it; see :mod:`twice.control.facts`.
        listed: Folders whose names were asked for → the names at that moment.
        searched: Folders that only Python's own import machinery listed.
        written: Paths that were opened for writing, made or removed.
        before: Path → a copy of what a file held that was read and then changed.
        changed: Files that were read and changed since, as their watcher found out.
        executed: Programs that were started.
        connected: Addresses that were connected to.
        variables: Environment variables looked at, or handed on to a program → SHA-256 of the value, None if not set.
        entropy: How often the kernel was asked for random bytes while the step's own code ran.
        unseen: What was used that cannot be followed: ``io_uring``, ``fifo:…``, ``32-bit:…``.
    """

    read: dict[str, Mark] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    exists: set[str] = field(default_factory=set)
    facts: dict[tuple[str, str], str | None] = field(default_factory=dict)
    listed: dict[str, list[str]] = field(default_factory=dict)
    searched: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    before: dict[str, str] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    executed: set[str] = field(default_factory=set)
    connected: set[str] = field(default_factory=set)
    variables: dict[str, str | None] = field(default_factory=dict)
    entropy: int = 0
    unseen: set[str] = field(default_factory=set)

    def unstable(self) -> list[str]:
        """Files that were read and have changed since, though the step itself did not change them."""
        found = {path for path, mark in self.read.items() if path not in self.before and mark_of(path) != mark}
        return sorted(found | self.changed)

    def told(self) -> dict[str, Any]:
        """All of it, to be written as JSON."""
        return {
            "read": sorted(self.read),
            "missing": sorted(self.missing),
            "exists": sorted(self.exists),
            "facts": sorted([kind, path, text] for (kind, path), text in self.facts.items()),
            "listed": self.listed,
            "searched": sorted(self.searched),
            "written": sorted(self.written),
            "before": self.before,
            "executed": sorted(self.executed),
            "connected": sorted(self.connected),
            "variables": self.variables,
            "entropy": self.entropy,
            "unseen": sorted(self.unseen),
            "unstable": self.unstable(),
        }


class Ledger:
    """Writes down what was asked for, in order.

    Args:
        ignored: Folders (with a separator at the end) and files that are no inputs: the interpreter's, installed
            packages, the worker's own.
        keep: Copies a file aside before it is changed.
        pinned: Names of environment variables that the settings govern.
    """

    def __init__(self, ignored: Sequence[str], keep: Keep, pinned: Collection[str] = ()) -> None:
        self.seen = Seen()
        self._pinned = frozenset(pinned)
        self._folders = tuple(place for place in ignored if place.endswith("/"))
        self._files = frozenset(ignored)
        self._above = {str(place) for folder in self._folders for place in (Path(folder), *Path(folder).parents)}
        self._copy = keep
        self._opened: set[tuple[str, bool]] = set()

    def ignores(self, path: str) -> bool:
        """Whether a path is none of the step's business."""
        return path.startswith(self._folders) or path in self._files or "__pycache__" in path

    def opened(self, path: str, flags: int = 0) -> None:
        """A file is about to be opened."""
        writes = bool(flags & WRITES)
        if (path, writes) in self._opened:
            return
        self._opened.add((path, writes))
        if self.ignores(path):
            if path.startswith("/proc/") and path.endswith("/environ"):
                self.handed_on(os.environ)
            return
        seen = self.seen
        if writes:
            self._no_file(path, writes=True)
            if path not in seen.written:
                mark = mark_of(path)
                if mark is not None and path not in seen.read and not flags & os.O_TRUNC:
                    seen.read[path] = mark  # opened to be changed: what it held before counts
            self.changed(path)
        elif path not in seen.written and path not in seen.read:
            if (mark := mark_of(path)) is not None:
                seen.read[path] = mark
            else:
                self._no_file(path)

    def _no_file(self, path: str, *, writes: bool = False) -> None:
        try:
            mode = os.stat(path).st_mode  # noqa: PTH116
        except OSError:
            if not writes:
                self.seen.missing.add(path)
            return
        if stat.S_ISFIFO(mode):
            self.seen.unseen.add(f"fifo:{path}")

    def changed(self, path: str) -> None:
        """A file is about to be written, truncated or removed; what it held is kept if somebody read it."""
        if self.ignores(path):
            return
        if path not in self.seen.written and path in self.seen.read and (copy := self._copy(path)) is not None:
            self.seen.before[path] = copy
        self.seen.written.add(path)

    def moved(self, old: str, new: str, *, stays: bool = False) -> None:
        """A file is about to get another name, or with ``stays`` a second one; what is at the new name is lost."""
        if not self.ignores(old) and old not in self.seen.written:
            if (mark := mark_of(old)) is not None:
                self.seen.read.setdefault(old, mark)  # what is found at the new name came from here
            elif not os.path.lexists(old):
                self.seen.missing.add(old)
        if not stays:
            self.changed(old)
        self.changed(new)

    def looked_at(self, path: str, *, kinds: Sequence[str] = ()) -> None:
        """Somebody asked for what can be known of a path without opening it.

        Args:
            path: The path.
            kinds: What was asked: some of :data:`twice.control.facts.FACTS`; none: only whether it is there.
        """
        seen = self.seen
        if self.ignores(path) or path in seen.written or (path in self._above and set(kinds) <= {"size"}):
            return
        if not (os.path.lexists(path) if "link" in kinds else os.path.exists(path)):  # noqa: PTH110
            seen.missing.add(path)
            return
        if not kinds:
            seen.exists.add(path)
        for kind in kinds:
            if kind == "size" and os.path.isdir(path):  # noqa: PTH112
                seen.exists.add(path)  # the size of a folder says nothing
            elif (kind, path) not in seen.facts:
                seen.facts[kind, path] = fact(kind, path)

    def measured(self, path: str) -> None:
        """Somebody asked for the size of a file, and perhaps more: which follows from what it holds."""
        if not self.ignores(path) and path not in self.seen.written and path not in self.seen.read:
            if (mark := mark_of(path)) is not None:
                self.seen.read[path] = mark
            else:
                self.looked_at(path)

    def listed(self, path: str) -> None:
        """Somebody asked for the names in a folder."""
        if path not in self.seen.listed and not self.ignores(f"{path}/") and os.path.isdir(path):  # noqa: PTH112
            self.seen.listed[path] = names_in(path)

    def handed_on(self, variables: Mapping[str, str]) -> None:
        """Environment variables were given to another program, which may use any; a value made up here is no input."""
        own = environ.of_interest(os.environ, self._pinned)
        for name, value in variables.items():
            if own.get(name) == value:
                self.seen.variables.setdefault(name, environ.digest(value))
        if own.keys() <= variables.keys():
            self.seen.variables.setdefault(environ.ALL, environ.names_digest(own))

    def executed(self, path: str, variables: Mapping[str, str]) -> None:
        """A program is about to be started; what it is made of counts, unless it belongs to the system.

        Args:
            path: Where it lies.
            variables: Its environment variables.
        """
        if not os.path.isfile(path):  # noqa: PTH113
            return  # one of the places where a program was looked for
        self.seen.executed.add(path)
        if path.rpartition("/")[2] not in _ASKED_ABOUT_THE_MACHINE:
            self.handed_on(variables)
        if not path.startswith(_PROGRAMS):
            self.opened(path)
        try:
            with open(path, "rb") as file:
                start = file.read(5)
        except OSError:
            return
        if start == b"\x7fELF\x01":
            self.seen.unseen.add(f"32-bit:{path}")


_ASKED_ABOUT_THE_MACHINE = frozenset(
    {"arch", "arp", "fc-list", "getconf", "ifconfig", "ip", "ldconfig", "lscpu", "nproc", "nvidia-smi", "uname"}
)
"""Programs that libraries start to learn about the machine, whatever the environment says."""

_PROGRAMS = ("/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/", "/usr/libexec/")
"""Where the operating system keeps its programs: they are part of the machine."""
