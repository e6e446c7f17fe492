"""Half-written things: where they lie, and how they go when their process is gone."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import threading
import time
import weakref
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from twice.errors import StoreUnusable
from twice.records.digest import Digest

_PINS = "relied-on"
OLD = 3600.0
"""Seconds after which what a dead process left is removed."""


class Scratch:
    """A folder for half-written things, shared by all processes that use a store.

    Each process has a folder of its own in it, ``<process id>-<random>``, made when it is first needed. The file
    ``owner`` in that folder is locked for as long as the process lives. The lock, not the process id, is the sign of
    life: the kernel drops it however the process ends, and it holds across containers, where ids say nothing.

    Args:
        path: The folder; made when needed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._own: Path | None = None
        self._descriptor = self._relied_on = -1
        self._process = 0
        self._finalizer: weakref.finalize[[Path, tuple[int, ...], int], Scratch] | None = None
        self._pins: set[Digest] = set()
        self._found = path.is_dir()

    def file(self) -> Path:
        """A name for a new file; nothing is there yet."""
        return Path(self.name())

    def name(self) -> str:
        """As :meth:`file`, as a text."""
        return f"{self.folder()}/{secrets.token_hex(12)}"

    def spool(self) -> Path:
        """A fresh, empty folder."""
        folder = self.folder() / f"spool-{secrets.token_hex(8)}"
        folder.mkdir()
        return folder

    def pin(self, digests: Iterable[Digest]) -> None:
        """Let other processes know that this one relies on some things for as long as it lives."""
        wanted = [*digests]
        if self._process == os.getpid() and self._pins.issuperset(wanted):
            return
        self.folder()
        with self._lock:
            fresh = [digest for digest in dict.fromkeys(wanted) if digest not in self._pins]
            # Not flushed: what matters is what other processes see, and after a power cut none of them is alive.
            os.write(self._relied_on, "".join(f"{digest}\n" for digest in fresh).encode())
            self._pins.update(fresh)

    def pinned(self) -> frozenset[Digest]:
        """What living processes rely on."""
        found: set[Digest] = set()
        for entry in self._entries():
            if not entry.name.endswith(".lock") and _alive(entry):
                with suppress(OSError, ValueError):
                    found.update(map(Digest, (entry / _PINS).read_text().split()))
        return frozenset(found)

    def clean(self, older_than: float = OLD) -> list[Path]:
        """Remove what dead processes left.

        Args:
            older_than: In seconds; younger things stay, since their process may be about to lock them.

        Returns:
            What was removed.
        """
        now = time.time()
        self._found = self._found or self.path.is_dir()
        removed = []
        for entry in self.leftovers():
            with suppress(OSError):
                if now - entry.lstat().st_mtime > older_than:
                    if entry.is_dir() and not entry.is_symlink():
                        shutil.rmtree(entry, ignore_errors=True)
                    else:
                        entry.unlink()
                    removed.append(entry)
        return removed

    def leftovers(self) -> list[Path]:
        """Everything here that belongs to no living process."""
        return [entry for entry in self._entries() if not entry.name.endswith(".lock") and not _alive(entry)]

    def close(self) -> None:
        """Remove this process's own folder, with what is in it."""
        with self._lock:
            if self._finalizer is not None and self._process == os.getpid():
                self._finalizer()
            self._own, self._finalizer = None, None
            self._pins.clear()

    def _entries(self) -> list[Path]:
        try:
            return sorted(self.path.iterdir())
        except OSError:
            return []

    def folder(self) -> Path:
        """This process's own folder, which goes when the process ends.

        Raises:
            StoreUnusable: The store was moved or deleted while it was in use.
        """
        with self._lock:
            # A forked child must not write into a folder that goes when its parent closes the store.
            if self._own is None or self._process != os.getpid() or not self._own.is_dir():
                self._make()
            assert self._own is not None
            return self._own

    def _make(self) -> None:
        process = os.getpid()
        if self._finalizer is not None:
            self._finalizer.detach()
            _close(self._descriptor, self._relied_on)
        own = self.path / f"{process}-{secrets.token_hex(8)}"
        if self._found and not self.path.is_dir():
            raise StoreUnusable(
                f"the store {self.path.parent} is not there any more: it was moved or deleted while it was in use.",
                hint="start again with the store where it is now",
            )
        own.mkdir(parents=True)
        self._found = True
        descriptor = os.open(own / "owner", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        with suppress(OSError):  # no locks here: then age alone decides
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.write(descriptor, f"{process}\n".encode())
        relied_on = os.open(own / _PINS, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        if self._pins:  # a forked child relies on what its parent relied on, and may outlive it
            os.write(relied_on, "".join(f"{digest}\n" for digest in self._pins).encode())
        self._own, self._descriptor, self._relied_on, self._process = own, descriptor, relied_on, process
        self._finalizer = weakref.finalize(self, _remove, own, (descriptor, relied_on), process)


def _remove(own: Path, descriptors: tuple[int, ...], process: int) -> None:
    if os.getpid() == process:  # never from a forked child that inherited this
        shutil.rmtree(own, ignore_errors=True)
        _close(*descriptors)


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        with suppress(OSError):
            os.close(descriptor)


def _alive(entry: Path) -> bool:
    try:
        descriptor = os.open(entry / "owner", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False  # not a folder with an owner: age decides
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        # No locks on this file system: the process id is the only sign left. Where it says nothing, the thing stays.
        return _process_exists(entry)
    else:
        return False
    finally:
        os.close(descriptor)


def _process_exists(entry: Path) -> bool:
    process = entry.name.partition("-")[0]
    if not process.isdecimal():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
