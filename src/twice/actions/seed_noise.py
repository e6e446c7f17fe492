"""A step's metrics with other seeds: what was run before is taken from the vault, the rest is run."""

from __future__ import annotations

from collections.abc import Mapping

from twice.actions.fetch import term
from twice.actions.laboratory import Laboratory, Subject
from twice.compare.noise import FEWEST, SEEDS
from twice.control.conditions import Conditions
from twice.execute.events import Experimenting, Listener
from twice.values.measures import measures

_FIRST = 987654321
"""Any number that nobody chooses as a seed; the others follow it."""


def with_other_seeds(
    laboratory: Laboratory,
    subject: Subject,
    listener: Listener,
    *,
    base: Conditions | None = None,
    moving: Mapping[str, float] | None = None,
) -> list[dict[str, float]]:
    """The step's metrics with each of some seeds; fewer if the time is up, or it fails.

    Args:
        laboratory: Where it is run.
        subject: The step.
        listener: Is told what is run.
        base: What is held still meanwhile.
        moving: Its metrics with its own seed. While none of the first few seeds moves one, no more are tried.
    """
    found: list[dict[str, float]] = []
    told = False
    for seed in range(_FIRST, _FIRST + SEEDS):
        if moving is not None and len(found) == FEWEST and all(one == moving for one in found):
            break
        conditions = (base or Conditions()).with_(Conditions(seed=seed))
        runs = laboratory.known(subject, conditions)[:1]
        if not runs:
            if not told:
                seconds = subject.usual.duration / 1e9
                listener(Experimenting(subject.step, "other seeds", "how far do seeds move it?", SEEDS, seconds))
                told = True
            runs = laboratory.run(subject, conditions, 1)
        if not runs:
            break
        if runs[0].trace is not None:
            found.append(measures(term(laboratory.store, runs[0].trace.output)))
    return found
