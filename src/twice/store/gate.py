"""Who may take things away, and when: what living processes rely on is out of bounds."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from twice.errors import StoreUnusable
from twice.records.digest import Digest
from twice.store.durable import lock_file
from twice.store.scratch import Scratch


class Gate:
    """The agreement between those who add to a store and the one who clears it out.

    Whoever is about to rely on something says so first (:meth:`relying`) and looks then whether it is there, both while
    holding the gate together with others. Whoever takes things away does so alone (:meth:`alone`) and leaves what any
    living process relies on. So nothing can go between a look and the record that is filed because of it, however long
    that takes, and no clock is asked.

    Args:
        scratch: Where living processes say what they rely on.
    """

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch
        self._file = scratch.path / "gate.lock"
        self._mine = threading.local()

    @contextmanager
    def relying(self, digests: Iterable[Digest]) -> Iterator[None]:
        """Say what this process relies on from now on until it ends; held while it looks whether it is there."""
        descriptor = self._descriptor()
        if self._mine.held:  # by this thread already, further out
            self._scratch.pin(digests)
            yield
            return
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        except OSError:
            descriptor = -1  # no locks on this file system: then nothing is ever taken away either
        self._mine.held = True
        try:
            self._scratch.pin(digests)
            yield
        finally:
            self._mine.held = False
            if descriptor >= 0:
                fcntl.flock(descriptor, fcntl.LOCK_UN)

    @contextmanager
    def alone(self) -> Iterator[frozenset[Digest]]:
        """Keep everybody out for a moment; gives what living processes rely on.

        Raises:
            StoreUnusable: This file system knows no locks.
        """
        descriptor = self._descriptor()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError as problem:
            raise StoreUnusable(
                f"nothing can be taken out of the store {self._scratch.path.parent}: "
                f"its file system knows no locks ({problem.strerror}), so a run at work would not be seen.",
                hint="copy the store to a local disk and clear it out there",
            ) from problem
        try:
            yield self._scratch.pinned()
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Be the only one who clears out; others go on adding.

        Raises:
            StoreUnusable: Somebody else does.
        """
        self._scratch.folder()
        with open(lock_file(self._file.with_name("collecting.lock")), "wb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as problem:
                raise StoreUnusable(
                    f"another `twice gc` is at work on the store {self._scratch.path.parent}.",
                    hint="wait until it has finished",
                ) from problem
            except OSError:
                pass  # no locks here: alone() says so before anything is taken away
            yield

    def relied_on(self) -> frozenset[Digest]:
        """What living processes rely on just now."""
        return self._scratch.pinned()

    def _descriptor(self) -> int:
        """An open file of this thread alone: threads and forked children must not give up each other's locks."""
        process = os.getpid()
        if getattr(self._mine, "process", None) != process:
            self._scratch.folder()
            opened = self._mine.opened = _Open(lock_file(self._file))
            self._mine.process = process
            self._mine.held = False
            return opened.descriptor
        return int(self._mine.opened.descriptor)


class _Open:
    """A descriptor that is closed with its thread."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def __del__(self) -> None:
        os.close(self.descriptor)
