"""How two models of trees differ: the first tree that does, and how many."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from twice.values.differences import Difference, group
from twice.values.formats.ubjson import ubjson
from twice.values.terms import Bytes, Container, Mapping, Tagged
from twice.values.words import by_name

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
    return _told(path, *trees)


def lightgbm_differ(left: Tagged, right: Tagged, comparison: Comparison, path: str) -> Difference | None:
    """What differs between two LightGBM models: their trees, if these do."""
    texts = [side.part("model") for side in (left, right)]
    before, after = (str(text).split("end of trees")[0].split("\nTree=")[1:] for text in texts)
    return comparison.states(left, right, path) if before == after else _told(path, before, after)


def catboost_differ(left: Tagged, right: Tagged, comparison: Comparison, path: str) -> Difference | None:
    """What differs between two CatBoost models: their trees, and then what else does."""
    parts = [
        comparison.differ(left.part(name), right.part(name), f"{path}.{called}")
        for name, called in (("class", "class"), ("parameters", "parameters"), ("says", "model"))
    ]
    found = group(path, [part for part in parts if part is not None])
    if found is None:
        return None
    for name in ("oblivious_trees", "trees"):
        before, after = (_under(side.part("says"), name) for side in (left, right))
        if isinstance(before, Container) and isinstance(after, Container):
            pairs = zip(before.items, after.items, strict=False)
            changed = [number for number, pair in enumerate(pairs) if comparison.differ(*pair, "") is not None]
            if changed or len(before.items) != len(after.items):
                told = _said(len(before.items), len(after.items), changed)
                return replace(found, path=path, what=told.what, detail=told.detail)
    return found


def _under(says: Any, name: str) -> Any:
    return by_name(says).get(name) if isinstance(says, Mapping) else None


def _told(path: str, before: list[Any], after: list[Any]) -> Difference:
    pairs = zip(before, after, strict=False)
    changed = [number for number, (one, other) in enumerate(pairs) if one != other]
    return replace(_said(len(before), len(after), changed), path=path)


def _said(before: int, after: int, changed: list[int]) -> Difference:
    """How many trees differ, in words."""
    first = changed[0] if changed else min(before, after)
    what = f"{len(changed)} of {before} trees differ, from tree {first} on"
    if before != after:
        both = min(before, after)
        rest = f"{len(changed)} of the first {both} differ" if changed else f"the first {both} are the same"
        what = f"{before} trees became {after}; {rest}"
    return Difference("", what, {"trees": (before, after), "differing": len(changed), "first": first})


def _plain(part: Any) -> Any:
    return ubjson(part.view() if isinstance(part, Bytes) else memoryview(part))


def _trees(model: Any) -> list[Any]:
    booster = model["learner"]["gradient_booster"]
    inner = booster.get("gbtree", booster)  # that of a forest with dropouts holds one of trees
    trees: list[Any] = inner["model"]["trees"]
    return trees
