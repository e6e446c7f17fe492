"""How thoroughly a version is verified, and which steps a quick verification looks at. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

LEVELS = ("quick", "full", "paranoid")
"""How thoroughly a version is verified: some of its steps, all of them, or all of them three times."""

BUDGET = 600.0
"""Seconds that experiments may take in all, if nothing else is said."""

SAMPLE = 1 / 3
"""The part of all steps that a quick verification looks at, where nothing says which."""


def sample(steps: Sequence[str], drifted: Collection[str], verified: Mapping[str, int]) -> list[str]:
    """The steps that a quick verification looks at, in their order.

    Args:
        steps: All steps.
        drifted: Those of which an ingredient is not here what it was: all these, if there are any.
        verified: When each step was verified last, so that those come first that were not for longest.
    """
    chosen = set(drifted)
    if not chosen:
        longest_ago = sorted(steps, key=lambda step: (verified.get(step, 0), steps.index(step)))
        chosen = set(longest_ago[: math.ceil(SAMPLE * len(steps))])
    return [step for step in steps if step in chosen]
