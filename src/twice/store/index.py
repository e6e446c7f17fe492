"""What was already found out, so that it need not be found out again.

The index holds *facts*: short texts about things that do not change, such as when the run of a certain digest started.
It never says what exists; the folders do. So it can be deleted, corrupted or out of date, and costs only time. Each
row carries a seal over its content, and a row whose seal is broken is not there: a damaged index is slow, never wrong.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import msgspec

from twice.records.digest import digest_texts

SCHEMA = 1
BUSY = 5.0
"""Seconds to wait for another process that is writing."""

Fact = list[str | int]
T = TypeVar("T")
_ENCODER = msgspec.json.Encoder(enc_hook=str)  # a digest is a text of its own type


class Index:
    """Facts by kind and name, in SQLite; for many threads and processes at once.

    Whatever goes wrong in here is no error: a fact that cannot be read is unknown, and one that cannot be written is
    found out again.

    Args:
        path: The database's file, or None to remember nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._process = os.getpid()
        self._inherited: list[sqlite3.Connection] = []

    def get(self, kind: str, name: str) -> Fact | None:
        """One fact, or None where it is not known."""

        def query(connection: sqlite3.Connection) -> Fact | None:
            row = connection.execute("SELECT body, seal FROM fact WHERE kind = ? AND name = ?", (kind, name)).fetchone()
            return None if row is None else _opened(kind, name, *row)

        return self._attempt(query)

    def all(self, kind: str) -> dict[str, Fact]:
        """Every fact of a kind, by name."""

        def query(connection: sqlite3.Connection) -> dict[str, Fact]:
            rows = connection.execute("SELECT name, body, seal FROM fact WHERE kind = ?", (kind,)).fetchall()
            facts = ((name, _opened(kind, name, body, seal)) for name, body, seal in rows)
            return {name: fact for name, fact in facts if fact is not None}

        return self._attempt(query) or {}

    def put(self, kind: str, facts: Mapping[str, Fact]) -> None:
        """Remember facts."""
        if not facts:
            return
        rows = []
        for name, fact in facts.items():
            body = _written(fact)
            rows.append((kind, name, body, _seal(kind, name, body)))

        def change(connection: sqlite3.Connection) -> None:
            with connection:
                connection.executemany("INSERT OR REPLACE INTO fact VALUES (?, ?, ?, ?)", rows)

        self._attempt(change)

    def clear(self) -> None:
        """Forget everything."""

        def change(connection: sqlite3.Connection) -> None:
            with connection:
                connection.execute("DELETE FROM fact")

        self._attempt(change)

    def close(self) -> None:
        """Let go of the file; the next question opens it again."""
        with self._lock:
            if self._connection is not None and self._process == os.getpid():
                with suppress(sqlite3.Error):
                    self._connection.close()
                self._connection = None

    def _attempt(self, action: Callable[[sqlite3.Connection], T]) -> T | None:
        """Do something with the database; if it turns out to be broken, throw it away and do it with a new one."""
        if self._path is None:
            return None
        self._after_fork()
        with self._lock:
            for _ in range(2):
                try:
                    return action(self._open())
                except sqlite3.OperationalError as problem:
                    # Locked for long, disk full, not writable: go without, unless the tables themselves are missing.
                    if "no such" not in str(problem) and "has no column" not in str(problem):
                        return None
                    self._discard()
                except (sqlite3.DatabaseError, UnicodeError):
                    self._discard()
                except OSError:
                    return None
            return None

    def _open(self) -> sqlite3.Connection:
        assert self._path is not None
        if self._connection is not None and _identity(self._path) == self._identity:
            return self._connection
        self.close()  # the file was deleted or replaced under us
        # A connection per statement batch would be slower; one for all threads is safe behind our own lock.
        connection = sqlite3.connect(self._path, timeout=BUSY, check_same_thread=False)
        self._connection = connection
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        schema = connection.execute("PRAGMA user_version").fetchone()[0]
        if schema != SCHEMA:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                if connection.execute("PRAGMA user_version").fetchone()[0] != SCHEMA:
                    connection.execute("DROP TABLE IF EXISTS fact")
                    connection.execute(
                        "CREATE TABLE fact (kind TEXT, name TEXT, body TEXT, seal TEXT, PRIMARY KEY (kind, name)) "
                        "WITHOUT ROWID"
                    )
                    connection.execute(f"PRAGMA user_version = {SCHEMA}")
        self._identity = _identity(self._path)
        return connection

    def _discard(self) -> None:
        assert self._path is not None
        self.close()
        for ending in ("-wal", "-shm", ""):
            with suppress(OSError):
                Path(f"{self._path}{ending}").unlink(missing_ok=True)

    def _after_fork(self) -> None:
        # SQLite's connections must not cross a fork, not even to be closed; a lock may have been held by a thread that
        # does not exist in this process.
        if self._process != os.getpid():
            self._process = os.getpid()
            self._lock = threading.RLock()
            if self._connection is not None:
                self._inherited.append(self._connection)
                self._connection = None


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _seal(kind: str, name: str, body: str) -> str:
    return digest_texts(kind, name, body).hex[:32]


def _opened(kind: str, name: str, body: object, seal: object) -> Fact | None:
    if not isinstance(body, str) or seal != _seal(kind, name, body):
        return None
    try:
        fact = msgspec.json.decode(body)
    except msgspec.DecodeError:
        fact = json.loads(body)
    return fact if isinstance(fact, list) else None


def _written(fact: Fact) -> str:
    try:
        return _ENCODER.encode(fact).decode()
    except (OverflowError, UnicodeEncodeError):  # a number beyond 64 bits, a file name that is no text
        return json.dumps(fact)
