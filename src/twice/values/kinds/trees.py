"""How two models of trees differ: the first tree that does, and how many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twice.values.compare import Difference
from twice.values.formats.ubjson import ubjson
from twice.values.terms import Bytes, Tagged

if TYPE_CHECKING:
    from twice.values.compare import Comparison


def xgboost_differ(left: Tagged, right: Tagged, comparison: Comparison, path: str) -> Difference | None:
    """What differs between two XGBoost models: their trees first, then anything else."""
    parts = [side.part("model") for side in (left, right)]
    try:
        before, after = (_plain(part) for part in parts)
        trees = [_trees(model) for model in (before, after)]
    except (ValueError, KeyError, TypeError, IndexError):
        return comparison.states(left, right, path)
    if trees[0] == trees[1]:
        found = comparison.states(left, right, path)
        if found is None or before != after:
            return found
        return Difference(path, found.what, found.detail, found.children, "the trees are the same", found.within)
    pairs = zip(trees[0], trees[1], strict=False)
    changed = [number for number, (one, other) in enumerate(pairs) if one != other]
    first = changed[0] if changed else min(len(trees[0]), len(trees[1]))
    counts = (len(trees[0]), len(trees[1]))
    what = f"{len(changed)} of {counts[0]} trees differ, from tree {first} on"
    if counts[0] != counts[1]:
        what = f"{counts[0]} trees became {counts[1]}; {what}"
    return Difference(path, what, {"trees": counts, "differing": len(changed), "first": first})


def _plain(part: Any) -> Any:
    return ubjson(part.view() if isinstance(part, Bytes) else memoryview(part))


def _trees(model: Any) -> list[Any]:
    booster = model["learner"]["gradient_booster"]
    inner = booster.get("gbtree", booster)  # that of a forest with dropouts holds one of trees
    trees: list[Any] = inner["model"]["trees"]
    return trees
