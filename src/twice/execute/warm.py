"""Worker processes that experiments share, so that not each of them loads the same libraries again.

A step runs in a fork of its worker either way. What a fork takes over from its worker, beside the libraries, is how
memory is laid out: two forks of one worker see the same addresses, and would agree where two processes that are started
one by one do not. So the runs that are held against each other, the turns of one experiment, are each given a worker of
their own, and only runs of different experiments share one.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from twice.errors import WorkerLost
from twice.execute.launch import Launch
from twice.execute.workers import Workers

TURNS = 8
"""Turns that share workers with those of other experiments; runs after these each start a process."""

KEPT = 16
"""How many are kept at the same time, of all kinds; the one that was used longest ago is ended first."""

_Key = tuple[object, ...]


@dataclass
class _Shared:
    workers: Workers
    users: int = 0


class Warm:
    """Worker processes by how they are started and by turn; close it to end them."""

    def __init__(self) -> None:
        self._shared: dict[_Key, _Shared] = {}
        self._late: set[Workers] = set()
        self._lock = threading.Lock()
        self._closed = False

    @contextmanager
    def workers(
        self, environment: Mapping[str, str], *, preload: Sequence[str], launch: Launch, turn: int
    ) -> Iterator[Workers]:
        """Workers that are started in one way.

        Whoever closes them before the end, as for a step that takes too long, ends them for nobody but himself: the
        next run gets others.

        Args:
            environment: Their environment variables, pins included.
            preload: Modules of installed libraries that steps use.
            launch: How they are started.
            turn: Which run of its experiment it is: no two turns share a process.
        """
        if turn >= TURNS:
            with self._late_one(Workers(environment, preload=preload, launch=launch)) as own:
                yield own
            return
        variables = tuple(sorted(launch.environ(environment).items()))
        key = (launch.python, launch.prefix, launch.own, launch.search, launch.piped, variables, tuple(preload), turn)
        shared = self._take(key, environment, preload, launch)
        try:
            yield shared.workers
        finally:
            with self._lock:
                shared.users -= 1
                if shared.workers.closed and self._shared.get(key) is shared:
                    del self._shared[key]

    @contextmanager
    def _late_one(self, workers: Workers) -> Iterator[Workers]:
        with self._lock:
            self._unless_closed()
            self._late.add(workers)
        try:
            with workers:
                yield workers
        finally:
            with self._lock:
                self._late.discard(workers)

    def _unless_closed(self) -> None:
        if self._closed:
            raise WorkerLost("the experiments were stopped.")

    def _take(self, key: _Key, environment: Mapping[str, str], preload: Sequence[str], launch: Launch) -> _Shared:
        with self._lock:
            self._unless_closed()
            shared = self._shared.pop(key, None)
            if shared is None or shared.workers.closed:
                shared = _Shared(Workers(environment, preload=preload, launch=launch))
            self._shared[key] = shared  # at the end: used last
            shared.users += 1
            idle = [old for old in self._shared if not self._shared[old].users]
            surplus = [self._shared.pop(old) for old in idle[: max(0, len(self._shared) - KEPT)]]
        for old in surplus:
            old.workers.close()
        return shared

    def close(self) -> None:
        """End all of them, and with them whatever they are doing; no more are started."""
        with self._lock:
            self._closed = True
            ending = [*(one.workers for one in self._shared.values()), *self._late]
            self._shared = {}
        for workers in ending:
            workers.close()
