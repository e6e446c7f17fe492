"""Which lines of the user's code draw from a global generator, by themselves or in a library that they call.

What a library draws for its caller, as scikit-learn with ``random_state=None``, shows in the generator's state only.
So the state is looked at after each line of the user's code. That takes time; only an experiment asks for it.

Runs in workers: standard library only.
"""

from __future__ import annotations

import linecache
import os
import random
import sys
from collections.abc import Callable, Collection, Iterator
from types import FrameType
from typing import Any

CONDITION = "draws"
"""The condition that asks for it."""

MOST = 200_000
"""After so many lines nobody looks any more: what draws first is known by then."""

_Place = tuple[str, int]


class Draws:
    """Looks after each line whether a global generator went on, in the thread that starts it.

    One that the code seeds itself is left alone from there on: no other seed moves what it gives.

    Args:
        files: The file names of the user's code.
    """

    def __init__(self, files: Collection[str]) -> None:
        self._files = files
        self._found: dict[tuple[str, _Place], None] = {}
        self._at: _Place = ("", 0)
        self._lines = 0
        self._states: dict[str, tuple[Any, ...]] = {}
        self._governed: set[str] = set()

    def start(self) -> None:
        """Begin to look."""
        self._look()
        sys.settrace(self._called)

    def stop(self) -> list[tuple[str, str, str, int]]:
        """End it; what drew, as an observer notes it, first things first."""
        sys.settrace(None)
        if self._lines <= MOST:
            self._look()
        return [
            ("global generator", which, os.path.abspath(file), line)  # noqa: PTH100
            for which, (file, line) in self._found
            if file
        ]

    def _called(self, frame: FrameType, event: str, _: object) -> Callable[..., Any] | None:
        if event != "call" or frame.f_code.co_filename not in self._files:
            return None
        self._look()
        self._at = (frame.f_code.co_filename, frame.f_lineno)
        return self._went_on

    def _went_on(self, frame: FrameType, event: str, _: object) -> Callable[..., Any] | None:
        if event == "line":
            self._look()
            self._at = (frame.f_code.co_filename, frame.f_lineno)
            self._lines += 1
            if self._lines > MOST:
                sys.settrace(None)
                return None
        elif event == "return":
            self._look()
            caller = frame.f_back
            while caller is not None and caller.f_code.co_filename not in self._files:
                caller = caller.f_back
            self._at = (caller.f_code.co_filename, caller.f_lineno) if caller is not None else ("", 0)
        return self._went_on

    def _look(self) -> None:
        for which, state in _states():
            before = self._states.get(which, state)
            self._states[which] = state
            if before == state or which in self._governed:
                continue
            if _was_seeded(which, before, state):
                self._governed.add(which)
            elif not linecache.getline(*self._at).lstrip().startswith(("import ", "from ")):  # which seed them after
                self._found.setdefault((which, self._at))


_UNUSED = 624
"""Where a Mersenne twister stands that was just seeded."""


def _states() -> Iterator[tuple[str, tuple[Any, ...]]]:
    """What tells whether a global generator went on, of those that are loaded."""
    state = random.getstate()[1]
    yield "random", (hash(state), state[-1])
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        _, keys, *rest = numpy.get_state()
        yield "numpy.random", (int(keys[0]), *rest)
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "get_rng_state"):
        yield "torch", (torch.initial_seed(), bytes(torch.get_rng_state().numpy()))


def _was_seeded(which: str, before: tuple[Any, ...], state: tuple[Any, ...]) -> bool:
    """Whether a generator was given a seed of the code's own: what it gives then hangs on no seed from before."""
    return bool(before[0] != state[0] if which == "torch" else state[1] == _UNUSED)
