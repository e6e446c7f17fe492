"""What no seed governs and no file shows: entropy, clocks, names that the system makes up, global generators.

Each is noted with file and line of the user's code. Entropy (``os.urandom``, ``secrets``, ``uuid4``, an unseeded
``Random()`` or ``default_rng()``) counts with the line of user code that led to it, however many library calls lie
between. Clocks and names (of this process, this machine, temporary files) only count where the user's own code asks,
since logging and every library do. That a global generator was used shows in its state; which lines do so is found in
the captured code, by whoever asks for :func:`generator_calls`: its functions are left alone, since compilers know them.

What was bound before the observer begins (``from time import time``) is bound anew in the user's modules. Processes
that the step forks are heard like itself; those that are started anew are not.

Runs in workers: standard library only.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import getpass
import json
import os
import platform
import random
import re
import socket
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from twice.control.calls import is_seeded_after_all
from twice.control.held.entropy import is_device
from twice.control.held.everywhere import asks, set_on_type

Noted = tuple[str, str, str, int]
"""What (``entropy``, ``clock``, ``identity``, ``temporary name``, ``global generator``, ``variable``, ``network``),
which, the file, the line."""

_CLOCKS = (
    "time",
    "time_ns",
    "monotonic",
    "monotonic_ns",
    "perf_counter",
    "perf_counter_ns",
    "process_time",
    "process_time_ns",
    "thread_time",
    "thread_time_ns",
    "clock_gettime",
    "clock_gettime_ns",
    "localtime",
    "gmtime",
    "ctime",
    "asctime",
    "strftime",
)
_NAMES: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (os, ("getpid", "getppid", "uname", "getlogin")),
    (socket, ("gethostname", "getfqdn")),
    (platform, ("node", "uname")),
    (getpass, ("getuser",)),
    (uuid, ("getnode",)),
)
HEARS_DATES = sys.implementation.name == "cpython"
"""Whether ``datetime.now()`` and its like are heard when they are called; elsewhere they can only be read."""


class Observer:
    """Notes what the user's code asks for, until the process ends.

    Args:
        files: The file names of the user's code.
        elsewhere: A file to which forks of this process write what they note.

    Attributes:
        asked: How often this process was seen to ask the system for entropy.
        all_clocks: Clocks that libraries look at count, too, with the line of user code that led there. An experiment
            wants to know, since there they may be what was held still.
    """

    def __init__(self, files: Collection[str], elsewhere: Path | None = None) -> None:
        self.noted: dict[Noted, int] = {}
        self.active = False
        self.asked = 0
        self.all_clocks = False
        self._files = files
        self._elsewhere = elsewhere
        self._generators: dict[str, Any] = {}
        self._getpid = os.getpid
        self._process = os.getpid()
        self._replaced: dict[int, Any] = {}

    def start(self, namespaces: Iterable[dict[str, Any]] = ()) -> None:
        """Begin to note.

        Args:
            namespaces: The variables of the user's modules.
        """
        self._replace_entropy()
        for name in _CLOCKS:
            if hasattr(time, name):
                self._replace(time, name, self._direct("clock", f"time.{name}", getattr(time, name)))
        for module, names in _NAMES:
            for name in names:
                if hasattr(module, name):
                    which = f"{module.__name__}.{name}"
                    self._replace(module, name, self._direct("identity", which, getattr(module, name)))
        if HEARS_DATES:
            self._replace_dates()
        self._replace_temporary_names()
        for variables in namespaces:
            for name, value in list(variables.items()):
                original, replacement = self._replaced.get(id(value), (None, None))
                if original is value and value is not None:
                    variables[name] = replacement
        self._generators = _states()
        self.active = True

    def stop(self) -> list[Noted]:
        """Stop noting; returns what was noted, also by forks of this process, sorted."""
        self.active = False
        for name, state in _states().items():
            if self._generators.get(name, _fresh(name)) != state:
                self._note("global generator", name, None)
        if self._elsewhere is not None and self._elsewhere.exists():
            for line in self._elsewhere.read_text("utf-8").splitlines():
                with contextlib.suppress(ValueError, TypeError):
                    what, which, file, number = json.loads(line)
                    self.noted.setdefault((what, which, file, number), 1)
        return sorted(self.noted)

    def _replace(self, owner: Any, name: str, replacement: Callable[..., Any]) -> None:
        original = getattr(owner, name)
        self._replaced[id(original)] = (original, replacement)
        setattr(owner, name, replacement)

    # -- entropy

    def _replace_entropy(self) -> None:
        urandom = self._entropy("os.urandom", os.urandom)
        self._replace(os, "urandom", urandom)
        random._urandom = urandom  # type: ignore[attr-defined]  # what SystemRandom, and with it secrets, draws from
        if hasattr(os, "getrandom"):
            self._replace(os, "getrandom", self._entropy("os.getrandom", os.getrandom))
        self._replace(uuid, "uuid1", self._entropy("uuid.uuid1", uuid.uuid1, asks=False))
        sys.addaudithook(self._hear)
        seed = random.Random.seed
        observer = self

        def seeded(self: random.Random, a: Any = None, version: int = 2) -> None:
            unseeded = a is None and observer.active and not isinstance(self, random.SystemRandom)
            if unseeded and not _harmless(sys._getframe(1), observer._files):
                observer._note("entropy", "random.Random()", observer._asker(sys._getframe(1)))
            seed(self, a, version)

        random.Random.seed = seeded  # type: ignore[method-assign]
        self._replace(random, "seed", seeded.__get__(random._inst))

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Somebody opens a device that gives random bytes, or connects to a service."""
        if event == "socket.connect" and self.active and isinstance(arguments[1], tuple):
            self._note("network", ":".join(map(str, arguments[1][:2])), self._asker(sys._getframe(1)))
        if event == "open" and self.active and is_device(arguments[0]):
            frame = sys._getframe(1)
            if not _harmless(frame, self._files):
                self._note("entropy", str(arguments[0]), self._asker(frame))

    def _entropy(self, name: str, original: Callable[..., Any], *, asks: bool = True) -> Callable[..., Any]:
        @functools.wraps(original)
        def asked(*arguments: Any, **keywords: Any) -> Any:
            if self.active:
                self.asked += asks
                if not _harmless(sys._getframe(1), self._files):
                    self._note("entropy", name, self._asker(sys._getframe(1)))
            return original(*arguments, **keywords)

        return asked

    # -- what counts only where the user's own code asks

    def _direct(self, what: str, which: str, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def read(*arguments: Any, **keywords: Any) -> Any:
            self._asked_by(sys._getframe(1), what, which)
            return original(*arguments, **keywords)

        return read

    def _asked_by(self, frame: FrameType, what: str, which: str) -> None:
        if not self.active:
            return
        if frame.f_code.co_filename in self._files:
            self._note(what, which, frame)
        elif self.all_clocks and what == "clock" and not (asks(frame, _NAMES_THINGS) or _idle(frame, self._files)):
            self._note(what, which, self._asker(frame))

    def _replace_dates(self) -> None:
        import datetime

        for type_, name in (
            (datetime.datetime, "now"),
            (datetime.datetime, "utcnow"),
            (datetime.date, "today"),
        ):
            original = type_.__dict__[name]
            set_on_type(type_, name, self._date(f"{type_.__name__}.{name}", original))

    def _date(self, which: str, original: Any) -> Callable[..., Any]:
        def read(cls: Any, /, *arguments: Any, **keywords: Any) -> Any:
            self._asked_by(sys._getframe(1), "clock", which)
            return original.__get__(None, cls)(*arguments, **keywords)

        return read

    def _replace_temporary_names(self) -> None:
        names: Callable[[], Any] = tempfile._get_candidate_names  # type: ignore[attr-defined]

        def candidates() -> Any:
            frame: FrameType | None = sys._getframe(1)
            while frame is not None and frame.f_globals.get("__name__") == "tempfile":
                frame = frame.f_back
            if self.active and frame is not None and frame.f_code.co_filename in self._files:
                self._note("temporary name", "tempfile", frame)
            return names()

        tempfile._get_candidate_names = candidates  # type: ignore[attr-defined]

    def variable(self, name: str) -> None:
        """Somebody looks at an environment variable."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and _HANDS_ON(str(frame.f_globals.get("__name__", ""))):
            frame = frame.f_back
        if self.active and frame is not None and frame.f_code.co_filename in self._files:
            self._note("variable", name, frame)

    # -- noting

    def _asker(self, frame: FrameType | None) -> FrameType | None:
        """The innermost frame of the user's code."""
        while frame is not None and frame.f_code.co_filename not in self._files:
            frame = frame.f_back
        return frame

    def _note(self, what: str, which: str, frame: FrameType | None) -> None:
        file, line = (frame.f_code.co_filename, frame.f_lineno) if frame is not None else ("", 0)
        if file and not file.startswith("<"):
            file = os.path.abspath(file)  # noqa: PTH100
        noted = (what, which, file, line)
        known = noted in self.noted
        self.noted[noted] = self.noted.get(noted, 0) + 1
        if not known and self._elsewhere is not None and self._getpid() != self._process:
            with contextlib.suppress(OSError), open(self._elsewhere, "ab", buffering=0) as file_:
                file_.write(json.dumps(noted).encode() + b"\n")


_NAMES_THINGS = frozenset(
    {"asyncio", "concurrent", "joblib", "logging", "multiprocessing", "ssl", "tempfile", "threading"}
)
"""Libraries that draw entropy to name files, folders and processes, and never for numbers that come out."""
_WARN_ONLY = frozenset({"matplotlib.legend"})
"""Modules that look at clocks to warn that they are slow."""
_HANDS_ON = re.compile(r"os|(_collections_|collections\.)abc|twice\.control\..*").fullmatch
"""Modules, by their names, that look at variables for whoever called them."""
_CARRY_OUT = frozenset(
    {"Thread.run", "BaseProcess.run", "_WorkItem.run", "_process_worker", "_process_chunk", "worker", "mapstar"}
    | {"starmapstar", "Handle._run", "BatchedCalls.__call__", "BatchedCalls.__call__.<locals>.<listcomp>"}
)
"""Functions of these that do nothing but what they were handed by others."""
_CALLBACKS = "sklearn.callback."
"""scikit-learn (1.9) gives each call of ``fit`` a ``uuid4``, by which its callbacks know it; it governs no number."""


def _harmless(frame: FrameType | None, files: Collection[str]) -> bool:
    """Whether entropy is drawn on the way by something whose numbers do not come out.

    So is a library that is being imported (it is seeded again after), and one that makes up a name.
    """
    if is_seeded_after_all(frame):
        return True
    while frame is not None and frame.f_code.co_filename not in files:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        name = str(frame.f_globals.get("__name__", ""))
        if frame.f_code.co_qualname in _CARRY_OUT:
            return False
        if name.partition(".")[0] in _NAMES_THINGS or name.startswith(_CALLBACKS):
            return True
        frame = frame.f_back
    return False


def _idle(frame: FrameType | None, files: Collection[str]) -> bool:
    """Whether a library looks at a clock for nothing that comes out: to warn, or while it is imported."""
    if frame is not None and frame.f_globals.get("__name__") in _WARN_ONLY:
        return True
    while frame is not None and frame.f_code.co_filename not in files:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _fresh(name: str) -> Any:
    """What a generator stands at that nobody drew from since it was seeded, while the step loaded its library."""
    if name == "torch":
        torch = sys.modules["torch"]
        return bytes(torch.Generator().manual_seed(torch.initial_seed()).get_state().numpy())
    return _states()[name]  # loaded before any step begins


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


# -- what can only be read in the code

_NOW = {"now", "utcnow", "today"}
_LEAVE_ALONE = frozenset(
    {"seed", "getstate", "setstate", "get_state", "set_state", "manual_seed", "get_rng_state", "set_rng_state"}
    | {"Random", "SystemRandom", "default_rng", "Generator", "RandomState", "SeedSequence", "PCG64", "MT19937"}
    | {"Philox", "SFC64", "PCG64DXSM", "BitGenerator"}
)
"""What of a generator's module draws nothing from the global one."""
_OF_TORCH = frozenset(
    {"rand", "rand_like", "randint", "randint_like", "randn", "randn_like", "randperm", "bernoulli", "multinomial"}
    | {"normal", "poisson"}
)


def clock_calls(source: str | bytes, spans: Collection[tuple[int, int]]) -> Iterator[tuple[str, int]]:
    """Calls for the time of day that cannot be heard, in some lines of a source, as (what, line).

    They are ``Timestamp.now()`` and its like, ``datetime64("now")``, and where :data:`HEARS_DATES` does not hold
    ``datetime.now()``.

    Args:
        source: The text of a module.
        spans: First and last lines that count.
    """
    owners = ("Timestamp",) if HEARS_DATES else ("datetime", "date", "Timestamp")
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute | ast.Name):
            continue
        if not any(first <= node.lineno <= last for first, last in spans):
            continue
        called = ast.unparse(node.func)
        owner, _, name = called.rpartition(".")
        is_now = name in _NOW and owner.rpartition(".")[2] in owners
        if is_now or (name in ("datetime64", "Timestamp") and _asks_for_now(node)):
            yield called, node.lineno


def _asks_for_now(call: ast.Call) -> bool:
    first = call.args[0] if call.args else None
    return isinstance(first, ast.Constant) and first.value in ("now", "today")


def generator_calls(source: str | bytes, spans: Collection[tuple[int, int]]) -> Iterator[tuple[str, str, int]]:
    """Calls that draw from a global generator, in some lines of a source, as (generator, call, line).

    Args:
        source: The text of a module.
        spans: First and last lines that count.
    """
    tree = ast.parse(source)
    known = dict(_imported(tree))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not any(first <= node.lineno <= last for first, last in spans):
            continue
        called = ast.unparse(node.func)
        first, dot, rest = called.partition(".")
        whole = f"{known[first]}{dot}{rest}" if first in known else ""
        generator, _, name = whole.rpartition(".")
        if generator in ("random", "numpy.random"):
            draws = name not in _LEAVE_ALONE
        else:
            draws = (
                generator == "torch" and name in _OF_TORCH and "generator" not in {word.arg for word in node.keywords}
            )
        if draws:
            yield generator, called, node.lineno


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Names that imports bind anywhere in a source, with what they stand for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield (alias.asname, alias.name) if alias.asname else (alias.name.partition(".")[0],) * 2
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"
