"""Clocks that stand at one moment and go forward only when somebody looks; or that are wrong by a given time.

``time.*`` and ``datetime.now()`` with its like are replaced in the interpreter. A preloaded library (libfaketime) would
reach native code as well; none is needed here, and none is used.
"""

from __future__ import annotations

import datetime
import functools
import sys
import threading
import time
from collections.abc import Callable, Collection
from typing import Any

from twice.control.held.everywhere import WAITING, asks, replace, set_on_type

LIMITS = (
    'clocks that native code reads by itself (numpy.datetime64("now"), databases), times of files, and processes that '
    "are started anew"
)

TICK = 1_000_000
"""Nanoseconds that a frozen clock goes forward when somebody looks, so that whoever waits for it comes to an end."""


class Frozen:
    """A clock that goes forward by a tick whenever it is read.

    Args:
        start: Where it stands, in nanoseconds since 1970.
    """

    def __init__(self, start: int) -> None:
        self._now = start
        self._start = start
        self._lock = threading.Lock()

    def read(self) -> int:
        """The moment, in nanoseconds since 1970."""
        with self._lock:
            self._now += TICK
            return self._now

    def passed(self) -> int:
        """Nanoseconds since it was started, and a little, as of a machine that was just switched on."""
        return self.read() - self._start + 1_000_000_000_000

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        with self._lock:
            self._now += max(0, int(seconds * 1e9))


def hold(setting: str, files: Collection[str]) -> None:
    """Freeze the clocks, or set them wrong.

    Args:
        setting: ``frozen NANOSECONDS since 1970``, or ``shifted SECONDS``.
        files: Not needed.
    """
    del files
    how, _, number = setting.partition(" ")
    if how == "frozen":
        _freeze(Frozen(int(number)))
    else:
        _shift(float(number))


def _freeze(clock: Frozen) -> None:
    walls = {"time": lambda: clock.read() / 1e9, "time_ns": clock.read}
    passing = ("monotonic", "perf_counter", "process_time", "thread_time")
    spans = {name: (lambda: clock.passed() / 1e9) for name in passing}
    spans |= {f"{name}_ns": clock.passed for name in passing}
    for name, read in {**walls, **spans}.items():
        _put(name, read)
    if hasattr(time, "clock_gettime"):
        realtime = (time.CLOCK_REALTIME,)
        _put("clock_gettime", lambda which: (clock.read() if which in realtime else clock.passed()) / 1e9)
        _put("clock_gettime_ns", lambda which: clock.read() if which in realtime else clock.passed())
    sleep = time.sleep

    def slept(seconds: float, /) -> None:
        """Wait really, and let the frozen clock know."""
        sleep(seconds)
        if not asks(sys._getframe(1), WAITING):
            clock.forward(seconds)

    replace(sleep, slept)
    _wall(clock.read)


def _shift(seconds: float) -> None:
    time_ns, shift = time.time_ns, int(seconds * 1e9)

    def now() -> int:
        return time_ns() + shift

    _put("time", lambda: now() / 1e9)
    _put("time_ns", now)
    _wall(now)


def _put(name: str, read: Callable[..., Any]) -> None:
    """Replace a clock of the module ``time`` for all but those who wait."""
    original = getattr(time, name)

    @functools.wraps(original)
    def held(*arguments: Any) -> Any:
        return original(*arguments) if asks(sys._getframe(1), WAITING) else read(*arguments)

    replace(original, held, besides=WAITING)


def _wall(now: Callable[[], int]) -> None:
    """Everything that tells the date and the time of day."""
    for name in ("localtime", "gmtime", "ctime"):
        original = getattr(time, name)
        replace(original, _given(original, now), besides=WAITING)
    strftime, asctime, localtime = time.strftime, time.asctime, time.localtime

    def formatted(format_: str, moment: Any = None, /) -> str:
        """As ``time.strftime``, of the held clock."""
        return strftime(format_, localtime() if moment is None else moment)

    def told(moment: Any = None, /) -> str:
        """As ``time.asctime``, of the held clock."""
        return asctime(localtime() if moment is None else moment)

    replace(strftime, formatted, besides=WAITING)
    replace(asctime, told, besides=WAITING)

    def of_day(cls: Any, tz: Any = None) -> Any:
        return cls.fromtimestamp((now() // 1000) / 1e6, tz)

    def utc(cls: Any) -> Any:
        return cls.fromtimestamp((now() // 1000) / 1e6, datetime.UTC).replace(tzinfo=None)

    set_on_type(datetime.datetime, "now", of_day)
    set_on_type(datetime.datetime, "utcnow", utc)
    set_on_type(datetime.date, "today", lambda cls: cls.fromtimestamp(now() / 1e9))


def _given(original: Callable[..., Any], now: Callable[[], int]) -> Callable[..., Any]:
    @functools.wraps(original)
    def of(seconds: Any = None, /) -> Any:
        return original(now() / 1e9 if seconds is None else seconds)

    return of
