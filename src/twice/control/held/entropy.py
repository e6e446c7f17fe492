"""Entropy from a seeded stream: what asks the system for random bytes gets the same ones every time."""

from __future__ import annotations

import functools
import io
import os
import random
import sys
import uuid
from collections.abc import Callable, Collection, Mapping
from typing import Any

from twice.control.held.everywhere import replace
from twice.control.seeds import once_loaded

LIMITS = "random bytes that processes which are started anew, and native code where nobody stands between, get"
"""Where system calls are handed over (Linux 5.5 and newer), native code asks the same stream; from glibc 2.41 on some
gets its bytes without a call."""

_DEVICES = frozenset({"/dev/urandom", "/dev/random"})

_PLENTY = 1 << 18
"""Bytes that an opened device gives, which has no end otherwise."""


def is_device(path: object) -> bool:
    """Whether a path is that of a file that gives random bytes."""
    return isinstance(path, str | bytes | os.PathLike) and os.fsdecode(path) in _DEVICES


def for_the_kernel(conditions: Mapping[str, str]) -> Callable[[int], bytes] | None:
    """What answers in the kernel's place where it is asked for random bytes, if entropy is held.

    Args:
        conditions: All conditions of a task.
    """
    setting = conditions.get("entropy")
    return None if setting is None else random.Random(int(setting)).randbytes


def hold(setting: str, files: Collection[str]) -> None:
    """Let entropy come from a stream.

    This reaches ``os.urandom``, ``secrets``, ``uuid1`` and ``uuid4``, ``SystemRandom``, and every generator that is
    made or seeded without a seed: ``random.Random()``, ``random.seed()``, NumPy's ``default_rng()`` and
    ``RandomState()``, ``torch.seed()``, ``torch.Generator().seed()``.

    Args:
        setting: The stream's seed, a number.
        files: Not needed.
    """
    del files
    stream = random.Random(int(setting))
    next_bytes = stream.randbytes
    draw = random.Random.getrandbits

    def urandom(size: int, /) -> bytes:
        """Seeded bytes in place of the system's."""
        return next_bytes(size)

    def getrandom(size: int, flags: int = 0) -> bytes:
        """Seeded bytes in place of the kernel's."""
        del flags
        return next_bytes(size)

    replace(os.urandom, urandom)
    random._urandom = urandom  # type: ignore[attr-defined]
    if hasattr(os, "getrandom"):
        replace(os.getrandom, getrandom)
    if "ssl" in sys.modules:
        replace(sys.modules["ssl"].RAND_bytes, urandom)
    _hold_devices(next_bytes)
    _hold_unseeded(stream, draw)
    _hold_uuid1(stream)
    once_loaded("torch", lambda module: _hold_torch(module, stream))


def _hold_devices(next_bytes: Callable[[int], bytes]) -> None:
    """Let the devices be files in memory, with bytes of the stream."""
    if not hasattr(os, "memfd_create"):
        return
    opened, opened_low = io.open, os.open

    def filled() -> int:
        number = os.memfd_create("random")
        os.write(number, next_bytes(_PLENTY))
        os.lseek(number, 0, os.SEEK_SET)
        return number

    @functools.wraps(opened)
    def open_(file: Any, *arguments: Any, **keywords: Any) -> Any:
        return opened(filled() if is_device(file) else file, *arguments, **keywords)

    @functools.wraps(opened_low)
    def open_low(path: Any, *arguments: Any, **keywords: Any) -> int:
        return filled() if is_device(path) else opened_low(path, *arguments, **keywords)

    replace(opened, open_, besides=("_io",))
    replace(opened_low, open_low, besides=("posix", "_frozen_importlib_external", "importlib"))


def _hold_unseeded(stream: random.Random, draw: Any) -> None:
    seed = random.Random.seed

    def seeded(self: random.Random, a: Any = None, version: int = 2) -> None:
        unseeded = a is None and not isinstance(self, random.SystemRandom) and self is not stream
        seed(self, draw(stream, 64) if unseeded and not _names_a_file() else a, version)

    random.Random.seed = seeded  # type: ignore[method-assign]
    random.seed = seeded.__get__(random._inst)


def _names_a_file() -> bool:
    """Whether ``tempfile`` makes itself a generator: its names are held by another condition."""
    frame = sys._getframe(2)
    for _ in range(3):
        if frame is None or frame.f_back is None:
            return False
        if frame.f_globals.get("__name__") == "tempfile":
            return True
        frame = frame.f_back
    return False


def _hold_uuid1(stream: random.Random) -> None:
    def uuid1(node: int | None = None, clock_seq: int | None = None) -> uuid.UUID:
        """A seeded identifier in place of one of time and network address."""
        del node, clock_seq
        return uuid.UUID(int=stream.getrandbits(128), version=1)

    replace(uuid.uuid1, uuid1)


def _hold_torch(torch: Any, stream: random.Random) -> None:
    if not hasattr(torch, "manual_seed"):
        return
    manual = torch.manual_seed

    def seed() -> int:
        """A seeded seed in place of a random one."""
        number = stream.getrandbits(63)
        manual(number)
        return number

    class Generator(torch.Generator):  # type: ignore[misc]
        """A generator that is not seeded by the system either."""

        def seed(self) -> int:
            number = stream.getrandbits(63)
            self.manual_seed(number)
            return number

    replace(torch.seed, seed)
    replace(torch.Generator, Generator)
