"""One thing after the other: pools of one worker, threads awaited in turn, one core."""

from __future__ import annotations

import concurrent.futures
import concurrent.futures._base as futures
import functools
import os
import sys
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from twice.control.held.everywhere import own, replace

LIMITS = (
    "threads that native code starts by itself, beyond the counts that the pinned variables and the one core give it; "
    "threads of the user's own that wait for each other"
)

PATIENCE = 2.0
"""Seconds that a new thread of the user's own is waited for; it may itself wait for one that comes later."""


def hold(setting: str, files: Collection[str]) -> None:
    """Let work be done in turn.

    Args:
        setting: Not needed; how many threads numeric libraries use is pinned by variables.
        files: The file names of the user's code.
    """
    del setting
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    _one_worker(concurrent.futures.ThreadPoolExecutor)
    replace(futures.as_completed, _in_turn)
    concurrent.futures.as_completed = _in_turn
    _hold_processes()
    start = threading.Thread.start

    def started(self: threading.Thread) -> None:
        start(self)
        if own(sys._getframe(1), files):
            self.join(PATIENCE)

    threading.Thread.start = started  # type: ignore[method-assign]


def _hold_processes() -> None:
    import concurrent.futures.process
    import multiprocessing.pool

    _one_worker(concurrent.futures.process.ProcessPoolExecutor)
    _one_worker(multiprocessing.pool.Pool)


def _one_worker(pool: Any) -> None:
    original: Callable[..., None] = pool.__init__

    @functools.wraps(original)
    def made(self: Any, count: Any = None, *arguments: Any, **keywords: Any) -> None:
        del count
        keywords.pop("max_workers", None)
        keywords.pop("processes", None)
        original(self, 1, *arguments, **keywords)

    pool.__init__ = made


def _in_turn(fs: Iterable[Any], timeout: float | None = None) -> Iterator[Any]:
    """As ``as_completed``, in the order in which they were given; of those done before, it gives any first."""
    for future in list(dict.fromkeys(fs)):
        futures.wait([future], timeout)
        yield future
