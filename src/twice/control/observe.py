"""What no seed governs and no file shows: entropy, clocks, global generators; with file and line of the user's code.

Entropy (``os.urandom``, ``secrets``, ``uuid4``, an unseeded ``Random()`` or ``default_rng()``) is noted with the line
of user code that led to it, however many library calls lie between. A clock only counts where the user's own code reads
it, since logging and every library do. ``datetime.now()`` cannot be replaced from Python, so it is found in
the captured code instead, by whoever asks for :func:`clock_calls`.

Runs in workers: standard library only.
"""

from __future__ import annotations

import ast
import functools
import os
import random
import sys
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from types import FrameType
from typing import Any

Noted = tuple[str, str, str, int]
"""What (``entropy``, ``clock``, ``global generator``), which, the file, the line."""

_CLOCKS = (
    "time",
    "time_ns",
    "monotonic",
    "monotonic_ns",
    "perf_counter",
    "perf_counter_ns",
    "process_time",
    "process_time_ns",
    "localtime",
    "gmtime",
    "ctime",
    "strftime",
)
_NOW = {"now", "utcnow", "today"}


class Observer:
    """Notes what the user's code asks for, until the process ends.

    Args:
        files: The file names of captured code.
    """

    def __init__(self, files: Collection[str]) -> None:
        self.noted: dict[Noted, int] = {}
        self.active = False
        self._files = frozenset(files)
        self._generators: dict[str, Any] = {}

    def start(self) -> None:
        """Begin to note."""
        self.active = True
        self._replace_entropy()
        for name in _CLOCKS:
            setattr(time, name, self._clock(name, getattr(time, name)))
        self._generators = _states()

    def stop(self) -> list[Noted]:
        """Stop noting; returns what was noted, sorted."""
        self.active = False
        for name, state in _states().items():
            if name in self._generators and self._generators[name] != state:
                self._note("global generator", name, None)
        return sorted(self.noted)

    def _replace_entropy(self) -> None:
        def wrapped(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(original)
            def asked(*arguments: Any, **keywords: Any) -> Any:
                if self.active and not _harmless(sys._getframe(1), self._files):
                    self._note("entropy", name, self._asker(sys._getframe(1)))
                return original(*arguments, **keywords)

            return asked

        urandom = wrapped("os.urandom", os.urandom)
        os.urandom = urandom
        random._urandom = urandom  # type: ignore[attr-defined]  # what SystemRandom, and with it secrets, draws from
        uuid.uuid1 = wrapped("uuid.uuid1", uuid.uuid1)
        seed = random.Random.seed
        observer = self

        def seeded(self: random.Random, a: Any = None, version: int = 2) -> None:
            unseeded = a is None and observer.active and not isinstance(self, random.SystemRandom)
            if unseeded and not _harmless(sys._getframe(1), observer._files):
                observer._note("entropy", "random.Random()", observer._asker(sys._getframe(1)))
            seed(self, a, version)

        random.Random.seed = seeded  # type: ignore[method-assign]

    def _clock(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        files = self._files

        @functools.wraps(original)
        def read(*arguments: Any) -> Any:
            if self.active:
                frame = sys._getframe(1)
                if frame.f_code.co_filename in files:
                    self._note("clock", f"time.{name}", frame)
            return original(*arguments)

        return read

    def _asker(self, frame: FrameType | None) -> FrameType | None:
        """The innermost frame of the user's code."""
        while frame is not None and frame.f_code.co_filename not in self._files:
            frame = frame.f_back
        return frame

    def _note(self, what: str, which: str, frame: FrameType | None) -> None:
        place = (frame.f_code.co_filename, frame.f_lineno) if frame is not None else ("", 0)
        noted = (what, which, *place)
        self.noted[noted] = self.noted.get(noted, 0) + 1


_NAMES_THINGS = frozenset(
    {"asyncio", "concurrent", "joblib", "logging", "multiprocessing", "ssl", "tempfile", "threading"}
)
"""Libraries that draw entropy to name files, folders and processes, and never for numbers that come out."""


def _harmless(frame: FrameType | None, files: Collection[str]) -> bool:
    """Whether entropy is drawn on the way by something whose numbers do not come out.

    So is a library that is being imported (it is seeded again after), and one that makes up a name.
    """
    while frame is not None and frame.f_code.co_filename not in files:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] in _NAMES_THINGS:
            return True
        frame = frame.f_back
    return False


def _states() -> dict[str, Any]:
    """What the global generators of loaded libraries stand at."""
    found: dict[str, Any] = {"random": random.getstate()}
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        name, keys, position, *rest = numpy.get_state()
        found["numpy.random"] = (name, keys.tobytes(), position, *rest)
    torch = sys.modules.get("torch")
    if torch is not None:
        found["torch"] = bytes(torch.get_rng_state().numpy())
    return found


def clock_calls(source: str | bytes, spans: Collection[tuple[int, int]]) -> Iterator[tuple[str, int]]:
    """Calls of ``now()``, ``utcnow()`` and ``today()`` in some lines of a source, as (what, line).

    Args:
        source: The text of a module.
        spans: First and last lines that count.
    """
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in _NOW:
            continue
        owner = ast.unparse(node.func.value)
        if owner.rpartition(".")[2] in ("datetime", "date", "Timestamp") and any(
            a <= node.lineno <= b for a, b in spans
        ):
            yield f"{owner}.{node.func.attr}", node.lineno
