"""The smallest part of many things that is enough: delta debugging. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence


def reduce(names: Sequence[str], works: Callable[[Sequence[str]], bool]) -> frozenset[str]:
    """The smallest set within one that works: none of its members can be left out. By halves first, then singly.

    Zeller and Hildebrandt (2002), Simplifying and isolating failure-inducing input.
    """
    left, pieces = list(names), 2
    while len(left) > 1:
        size = math.ceil(len(left) / pieces)
        parts = [left[start : start + size] for start in range(0, len(left), size)]
        smaller = next((part for part in parts if works(part)), None)
        if smaller is not None:
            left, pieces = smaller, 2
            continue
        rests = [[name for name in left if name not in part] for part in parts] if len(parts) > 2 else []
        rest = next((rest for rest in rests if works(rest)), None)
        if rest is not None:
            left, pieces = rest, max(pieces - 1, 2)
        elif size == 1:
            break
        else:
            pieces = min(len(left), pieces * 2)
    return frozenset(left)
