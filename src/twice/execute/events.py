"""What happens during a run, told to whoever wants to show it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """Something that happened."""


@dataclass(frozen=True)
class RunBegan(Event):
    """A run begins.

    Attributes:
        pipeline: The pipeline's name.
        label: The version's label or digest, for people.
        steps: All steps, in order.
        purpose: ``run``, ``rerun`` or ``verify``.
        notes: Lines that a person should see first, such as how this environment differs from the recorded one.
    """

    pipeline: str
    label: str
    steps: tuple[str, ...]
    purpose: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class StepBegan(Event):
    """A step starts to run, because of ``reason``."""

    step: str
    reason: str


@dataclass(frozen=True)
class StepPrinted(Event):
    """A step printed something on ``stdout`` or ``stderr``."""

    step: str
    stream: str
    data: bytes


@dataclass(frozen=True)
class StepEnded(Event):
    """A step is done.

    Attributes:
        step: Its name.
        how: ``ran`` or ``reused``.
        reason: Why.
        seconds: How long it took, when it ran.
        kind: What its output is.
        preview: Its output in a few words.
        notes: What a person should know: an input changed in place, the pickle fallback, another output than before.
    """

    step: str
    how: str
    reason: str
    seconds: float
    kind: str
    preview: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class StepBroke(Event):
    """A step failed with ``summary``."""

    step: str
    summary: str


@dataclass(frozen=True)
class Experimenting(Event):
    """A step is run again under other conditions, to find out why its output is not as recorded.

    Attributes:
        step: The step.
        conditions: What is changed, in words.
        why: What that is to show.
        runs: How many runs are made.
        seconds: How long one took unchanged.
    """

    step: str
    conditions: str
    why: str
    runs: int
    seconds: float


@dataclass(frozen=True)
class RunEnded(Event):
    """A run is over: ``done``, ``failed`` or ``interrupted``."""

    status: str
    seconds: float


Listener = Callable[[Event], None]
"""Gets every event; called from the threads of the run, one at a time."""


def nobody(event: Event) -> None:
    """Listens to nothing."""
    del event
