"""What watchers told of a step, made into a record: paths become places under roots, contents become digests."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from twice.control import environ
from twice.control.facts import fact, names_in
from twice.control.switches import PINNED
from twice.errors import TwiceError
from twice.execute.plan import Ground
from twice.records.digest import Digest, digest_bytes, digest_texts
from twice.records.trace import FileRead, VariableRead
from twice.store.store import Store

_MANY = 32
"""Files that were read from which on they are put down together."""


class Testimony:
    """What all watchers of one step told.

    Args:
        store: Where contents are kept.
        ground: What paths are told against.
        told: What each watcher wrote down: see ``control.ledger.Seen.told``.
        keep_files_up_to: Files larger than this (bytes) are recorded by digest only.
    """

    def __init__(
        self, store: Store, ground: Ground, told: Iterable[Mapping[str, Any]], *, keep_files_up_to: int
    ) -> None:
        self._store = store
        self._ground = ground
        self._told = list(told)
        self._keep_files_up_to = keep_files_up_to
        kept = {path for one in self._told for path in one["before"]}  # by another watcher, perhaps
        self.unstable: set[str] = self.all("unstable") - kept

    def all(self, what: str) -> set[str]:
        """What any watcher told of one sort of thing."""
        return {one for told in self._told for one in told[what]}

    def files(self) -> tuple[FileRead, ...]:
        """Files and folders that the step used, in order."""
        before = {path: copy for told in self._told for path, copy in told["before"].items()}
        read = self.all("read")
        found: list[FileRead] = []
        self._put_together(read, before)
        for path in read:
            try:
                found.append(self._read(path, Path(before.get(path, path))))
            except (OSError, TwiceError):
                self.unstable.add(path)  # gone before it could be kept
        searched = self.all("searched")
        listed = {path: names for told in self._told for path, names in told["listed"].items() if path not in searched}
        for path, names in listed.items():
            found.append(self._looked(path, "listing", self._store.put(written_names(names)), stored=True))
        for kind, path, text in sorted(
            {(kind, path, text) for told in self._told for kind, path, text in told["facts"]}
        ):
            if kind != "size" or path not in read:
                found.append(self._looked(path, kind, digest_fact(kind, text)))
        missing = self.all("missing") - read
        found += [self._looked(path, "missing") for path in missing]
        found += [self._looked(path, "exists") for path in self.all("exists") - missing - read]
        unique = {(file.root, file.path, file.what): file for file in found}
        return tuple(unique[key] for key in sorted(unique))

    def written(self) -> tuple[tuple[str, str], ...]:
        """Files that it wrote, made or removed, under roots."""
        places = {self._ground.locate(path) for path in self.all("written")}
        return tuple(sorted(place for place in places if place[0]))

    def variables(self) -> tuple[VariableRead, ...]:
        """Environment variables that it used; what was heard in the step itself is told before what others told."""
        found: dict[str, str | None] = {}
        for told in self._told:
            for name, value in told["variables"].items():
                found.setdefault(name, value)
        return tuple(VariableRead(name=name, content=digest_variable(found[name])) for name in sorted(found))

    def _looked(self, path: str, what: str, content: Digest | None = None, *, stored: bool = False) -> FileRead:
        root, relative = self._ground.locate(path)
        return FileRead(root=root, path=relative, what=what, content=content, stored=stored)

    def _put_together(self, read: set[str], before: Mapping[str, str]) -> None:
        """Put down what was read as one, where that is many files; each is looked at on its own afterwards."""
        if len(read) < _MANY:
            return
        places = [Path(before.get(path, path)) for path in sorted(read)]
        with contextlib.suppress(OSError, TwiceError):
            self._store.put_files(place for place in places if place.stat().st_size <= self._keep_files_up_to)

    def _read(self, path: str, where: Path) -> FileRead:
        """A file that was read, with what it held: it may have been copied aside before the step changed it."""
        root, relative = self._ground.locate(path)
        size = where.stat().st_size
        content = self._store.digest_file(where)
        stored = size <= self._keep_files_up_to
        if stored and not self._store.has(content):
            content = self._store.put_file(where)
        return FileRead(root=root, path=relative, what="file", content=content, size=size, stored=stored)


def written_names(names: list[str]) -> bytes:
    """The names in a folder as they are kept: JSON, sorted."""
    return json.dumps(sorted(names)).encode()


def listing_here(path: str) -> Digest | None:
    """The digest of the names in a folder, as they are now; None if there is no such folder."""
    try:
        return digest_bytes(written_names(names_in(path)))
    except OSError:
        return None


def digest_fact(kind: str, text: str | None) -> Digest | None:
    """The digest that stands for what a look at a path showed."""
    return None if text is None else digest_texts(kind, text)


def fact_here(kind: str, path: str) -> Digest | None:
    """The digest of what a look at a path shows now."""
    return digest_fact(kind, fact(kind, path))


def variable_here(name: str) -> Digest | None:
    """The digest that stands for an environment variable's value in this process; ``*``: for all their names."""
    if name == environ.ALL:
        return digest_variable(environ.names_digest(environ.of_interest(os.environ, PINNED)))
    value = os.environ.get(name)
    return None if value is None else digest_variable(environ.digest(value))


def digest_variable(sha256: str | None) -> Digest | None:
    """The digest that stands for an environment variable's value, from the SHA-256 that the watcher made of it."""
    return None if sha256 is None else digest_texts("variable", sha256)
