"""Where two runs part: the first of PyTorch's operations that was given the same and gives something else. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from twice.control.operators import Operation


def parting(left: Sequence[Operation], right: Sequence[Operation]) -> str:
    """Where two logs of one step's operations part, in words; empty if they do not.

    Args:
        left: The operations of one run, in their order.
        right: Those of another.
    """
    for number, (one, other) in enumerate(zip(left, right, strict=False), 1):
        if one == other:
            continue
        (name, given, _, path, line), where = one, f", operation {number} of {len(left)}"
        at = f" ({path}:{line})" if path else ""
        if other[0] != name:
            return f"from here on other operations of PyTorch are run: {name}{at}{where}"
        if other[1] != given:
            return f"the difference comes into PyTorch from outside: {name}{at}{where}, was given something else"
        return f"{name}{at}{where}, is the first of PyTorch whose result differs, and was given the same"
    if len(left) != len(right):
        return f"as far as both go, PyTorch's operations give the same: {len(left)} of them and {len(right)}"
    return ""
