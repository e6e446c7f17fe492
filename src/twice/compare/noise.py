"""Metrics against their spread over seeds: is a difference larger than what another seed would make? Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SEEDS = 8
"""How many seeds are tried to learn a spread."""

FEWEST = 3
"""Fewer than so many outcomes are no spread."""

WITHIN = 2.0
"""Standard deviations of a difference of two outcomes that still count as noise: one in twenty exceeds it by chance."""


@dataclass(frozen=True)
class Noise:
    """Two sets of metrics, in terms of the spread over seeds.

    Attributes:
        within: Whether each metric's difference is within the spread; None if the spread is not known.
        words: That in words: ``within seed noise: accuracy 0.3 σ (N = 8 seeds)``.
    """

    within: bool | None
    words: str


def spread(seen: Sequence[Mapping[str, float]]) -> dict[str, tuple[float, float]]:
    """Metric → mean and standard deviation over some outcomes; only those that all of them have."""
    names = set(seen[0]).intersection(*seen[1:]) if seen else set()
    finite = [name for name in sorted(names) if all(math.isfinite(one[name]) for one in seen)]
    if len(seen) < FEWEST:
        return {}
    return {
        name: (statistics.fmean(one[name] for one in seen), statistics.stdev(one[name] for one in seen))
        for name in finite
    }


def noise(before: Mapping[str, float], after: Mapping[str, float], seen: Sequence[Mapping[str, float]]) -> Noise:
    """Hold two sets of metrics against each other.

    Two outcomes of one spread are apart by √2 times its standard deviation, so a difference counts in units of that.

    Args:
        before: The recorded metrics.
        after: The other ones.
        seen: The metrics with other seeds.
    """
    if not before or before.keys() != after.keys():
        return Noise(None, "")
    if len(seen) < FEWEST:
        return Noise(None, f"seed noise is not known: {len(seen)} of {FEWEST} seeds that it takes at least")
    known = spread(seen)
    sizes: dict[str, float] = {}
    for name in before:
        if before[name] == after[name]:
            continue
        deviation = known.get(name, (0.0, 0.0))[1]
        apart = abs(after[name] - before[name])
        sizes[name] = apart / (deviation * math.sqrt(2)) if deviation else math.inf
    within = all(size <= WITHIN for size in sizes.values())
    largest = sorted(sizes.items(), key=lambda pair: -pair[1])[:3]
    said = ", ".join(f"{name} {size:.1f} σ".strip() for name, size in largest)
    return Noise(within, f"{'within' if within else 'outside'} seed noise: {said} (N = {len(seen)} seeds)")
