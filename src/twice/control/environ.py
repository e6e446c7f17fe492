"""Environment variables: which a step looked at, and which it handed on to other programs.

A look by name counts, whichever name it is. Whoever takes all of them, to look through or to hand on, is taken to use
each, and to notice one that is added; only those that differ from one terminal window to the next are left out then.

Runs in workers: standard library only.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, MutableMapping
from typing import Any

ALL = "*"
"""Stands for the names of all variables, where a variable's name is expected."""

of_the_session = re.compile(
    "_|PWD|OLDPWD|SHLVL|TERM.*|COLORTERM|COLUMNS|LINES|WINDOWID|WINDOWPATH|SSH_.*|XDG_SESSION_.*|XDG_VTNR|XDG_SEAT"
    "|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|DBUS_SESSION_BUS_ADDRESS|GPG_.*|TMUX.*|STY|WINDOW|PS[1-4]|PROMPT_COMMAND"
    "|LS_COLORS|HIST.*|VSCODE_.*|ITERM_.*|KITTY_.*|JPY_.*|PYTEST_.*|LESS.*|PAGER|INVOCATION_ID|JOURNAL_STREAM|TMPDIR|TWICE_.*"
).fullmatch
"""Whether a variable, by its name, tells of the terminal or session that somebody happens to sit at."""


def digest(value: str | bytes) -> str:
    """What is noted of a value, which may be a secret: its SHA-256."""
    data = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    return hashlib.sha256(data).hexdigest()


def of_interest(environ: Mapping[str, str], pinned: Collection[str]) -> dict[str, str]:
    """The variables that count for whoever takes all of them."""
    return {name: value for name, value in environ.items() if name not in pinned and not of_the_session(name)}


def names_digest(names: Iterable[str]) -> str:
    """What is noted of the names of all variables."""
    return digest("\0".join(sorted(names)))


def listen(note: Callable[[str, str | None], None], pinned: Collection[str]) -> None:
    """Hear every look at ``os.environ`` from now on.

    Args:
        note: Is given a name, and the digest of the value (of all names for :data:`ALL`), None if it is not set.
        pinned: Names of variables that the settings govern.
    """
    kind: Any = type(os.environ)
    get, each, told = kind.__getitem__, kind.__iter__, kind.__repr__
    passing: set[str] = set()

    def text(name: Any) -> Any:
        return os.fsdecode(name) if isinstance(name, bytes) else name

    def getitem(self: MutableMapping[Any, Any], name: Any) -> Any:
        try:
            value = get(self, name)
        except KeyError:
            if isinstance(text(name), str):
                note(text(name), None)
            raise
        if text(name) in passing:
            passing.discard(text(name))  # one of all, handed out by going through them
        else:
            note(text(name), digest(value))
        return value

    def note_names(self: MutableMapping[Any, Any]) -> None:
        names = [text(name) for name in each(self)]
        passing.update(name for name in names if of_the_session(name))
        note(ALL, names_digest(name for name in names if name not in pinned and not of_the_session(name)))

    def note_all(self: MutableMapping[Any, Any]) -> None:
        note_names(self)
        passing.clear()
        for name in each(self):
            if not of_the_session(text(name)):
                note(text(name), digest(get(self, name)))

    def iterate(self: MutableMapping[Any, Any]) -> Iterator[Any]:
        note_names(self)
        yield from each(self)

    def all_items(self: MutableMapping[Any, Any]) -> Any:
        note_all(self)
        return _Quietly(self, each, get).items()

    def all_values(self: MutableMapping[Any, Any]) -> Any:
        note_all(self)
        return _Quietly(self, each, get).values()

    def shown(self: MutableMapping[Any, Any]) -> str:
        note_all(self)
        return str(told(self))

    kind.__getitem__, kind.__iter__, kind.__repr__ = getitem, iterate, shown
    kind.items, kind.values = all_items, all_values


class _Quietly(Mapping[Any, Any]):
    """All variables once more, for views of them that have been noted already."""

    def __init__(self, environ: Any, each: Callable[..., Iterator[Any]], get: Callable[..., Any]) -> None:
        self._environ, self._each, self._get = environ, each, get

    def __getitem__(self, name: Any) -> Any:
        return self._get(self._environ, name)

    def __iter__(self) -> Iterator[Any]:
        return self._each(self._environ)

    def __len__(self) -> int:
        return len(self._environ)
