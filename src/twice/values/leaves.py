"""What differs between two leaves: numbers with how far they are apart, texts by their lines, bytes from where on."""

from __future__ import annotations

import difflib
import math
from collections import Counter
from typing import Any

from twice.values.differences import ORDER, ROUNDING, SHOWN, Difference
from twice.values.keys import bits_of
from twice.values.rounding import close_by_rounding, ulps_between
from twice.values.terms import Term
from twice.values.tolerance import Tolerances
from twice.values.words import described

_NUMBERS = (int, float, complex)


def leaves(left: Term, right: Term, path: str, tolerances: Tolerances) -> Difference | None:
    """What differs between two terms of which one, at least, stands for itself."""
    if type(left) is not type(right):
        what = f"was {described(left)} and is {described(right)}"
        return _changed(left, right, path, what, tolerances)
    if isinstance(left, float | complex):
        if bits_of(left) == bits_of(right):
            return None
    elif left == right:
        return None
    if isinstance(left, str) and isinstance(right, str):
        return texts(left, right, path)
    if isinstance(left, bytes) and isinstance(right, bytes):
        return binary(memoryview(left), memoryview(right), path)
    what = f"was {described(left)} and is {described(right)}"
    if left != left and right != right:
        what += ", another one: its bits differ"
    return _changed(left, right, path, what, tolerances)


def _changed(left: Term, right: Term, path: str, what: str, tolerances: Tolerances) -> Difference:
    """Two leaves that are not the same; numbers with how far they are apart."""
    change = _change(left, right)
    explained: frozenset[str] = frozenset()
    if isinstance(left, float) and isinstance(right, float) and "absolute" in change:
        change["ulps"] = ulps_between(left, right)
        if close_by_rounding(left, right):
            explained = frozenset({ROUNDING})
    if type(left) is type(right) and math.isfinite(change.get("relative", math.inf)):
        what += f" (relative difference {change['relative']:.2g})"
    return Difference(path, what, change, within=_covers(change, path, tolerances), explained=explained)


def _covers(change: dict[str, Any], path: str, tolerances: Tolerances) -> bool:
    allowed = tolerances.at(path)
    if not allowed or "absolute" not in change:
        return False
    covered: bool = change["absolute"] <= allowed.atol + allowed.rtol * change["scale"]
    return covered or 0 < change.get("ulps", 0) <= allowed.ulps


def _change(left: Term, right: Term) -> dict[str, Any]:
    """How far two numbers are apart; nothing for what are no numbers, or not finite."""
    if isinstance(left, bool) or isinstance(right, bool) or not isinstance(left, _NUMBERS):
        return {}
    if not isinstance(right, _NUMBERS):
        return {}
    try:
        absolute, scale = abs(right - left), abs(left)
        if math.isnan(absolute) or math.isinf(absolute):
            return {}
        change = {"absolute": absolute, "relative": absolute / scale if scale else math.inf, "scale": scale}
        return change if isinstance(left, complex) else {"before": left, "after": right, **change}
    except OverflowError:
        return {}


def texts(left: str, right: str, path: str) -> Difference:
    """What differs between two texts, as the lines of a unified diff."""
    before, after = left.splitlines(), right.splitlines()
    if len(before) <= 1 and len(after) <= 1:
        return Difference(path, f"was {described(left)} and is {described(right)}")
    if len(before) + len(after) > 20_000:
        changed = sum(1 for pair in zip(before, after, strict=False) if pair[0] != pair[1]) + abs(
            len(before) - len(after)
        )
        lines: list[str] = []
    else:
        lines = list(difflib.unified_diff(before, after, "recorded", "now", lineterm="", n=1))
        changed = sum(1 for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---"))
    softer, explained = "", frozenset[str]()
    if before == after:
        softer = "only the ends of lines differ"
    elif Counter(before) == Counter(after):
        softer, explained = "same lines in another order", frozenset({ORDER})
    detail = {"lines": (len(before), len(after)), "changed": changed, "diff": lines[: 5 * SHOWN]}
    return Difference(path, f"{changed} lines differ", detail, softer=softer, explained=explained)


def binary(left: memoryview, right: memoryview, path: str) -> Difference | None:
    """Where two runs of bytes begin to differ."""
    left, right = left.cast("B"), right.cast("B")
    if left == right:
        return None
    size = min(len(left), len(right))
    step, first = 1 << 16, 0
    while first < size and left[first : first + step] == right[first : first + step]:
        first += step
    while first < size and left[first] == right[first]:
        first += 1
    sizes = f"{len(left)} bytes" if len(left) == len(right) else f"{len(left)} and {len(right)} bytes"
    detail = {"size": (len(left), len(right)), "first": min(first, size)}
    return Difference(path, f"the bytes differ from byte {detail['first']} on ({sizes})", detail)
