"""How much so many runs can show: what agreeing ones would have missed, and what chance alone would give. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping


def detectable(runs: int, confidence: float = 0.95) -> float:
    """The rate of disagreement that so many agreeing runs would have shown with this confidence.

    Disagreement in one run of ``1 / rate`` stays unseen in ``runs`` runs with probability ``(1 - rate) ** runs``.
    """
    return 1.0 if runs < 1 else 1 - (1 - confidence) ** (1 / runs)


def power(runs: int) -> str:
    """What agreeing runs could have detected, in words."""
    if runs < 2:
        return "it ran once, which shows nothing about whether it agrees with itself"
    rate = detectable(runs)
    return (
        f"{runs} runs in the same way gave the same; a disagreement in fewer than one run of {1 / rate:.1f} "
        "would have been missed with a probability of 5 % or more"
    )


def needed(counts: Mapping[str, int]) -> str:
    """How many runs it takes to see a disagreement that was seen, in words; empty where no two runs agree.

    Args:
        counts: Outcome → how many unchanged runs had it.
    """
    runs, most = sum(counts.values()), max(counts.values(), default=0)
    if most <= 1:
        return ""
    seldom = f"{runs - most} of {runs} runs in the same way gave something else"
    wanted = math.ceil(math.log(0.05) / math.log(most / runs))
    return f"{seldom}: it takes {wanted} runs to see that in 95 % of cases"


def exact(with_yes: int, with_all: int, without_yes: int, without_all: int) -> float:
    """Fisher's exact test, one-sided: how likely so many of the yeses fall on this side by chance alone.

    Fisher, R. A. (1922), On the interpretation of χ² from contingency tables, and the calculation of P.
    """
    yes, everything = with_yes + without_yes, with_all + without_all
    ways = math.comb(everything, yes)
    most = min(yes, with_all)
    return sum(
        math.comb(with_all, hits) * math.comb(without_all, yes - hits) / ways
        for hits in range(with_yes, most + 1)
        if yes - hits <= without_all
    )
