"""How two data frames differ: columns added, removed and changed, rows, and figures for each column."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from twice.values.compare import SHOWN, Difference, key_of, shown
from twice.values.kinds.arrays import array_of
from twice.values.terms import Container, Tagged, Term

if TYPE_CHECKING:
    from twice.values.compare import Comparison

_ROWS_SEARCHED = 2_000_000
"""Cells up to which rows are looked for in another order."""


def frames_differ(left: Tagged, right: Tagged, comparison: Comparison, path: str) -> Difference | None:
    """What differs between two data frames."""
    before, after = _columns(left), _columns(right)
    if before is None or after is None:
        return comparison.states(left, right, path)
    removed = [name for name in before if name not in after]
    added = [name for name in after if name not in before]
    rows = (_length(left), _length(right))
    changed, metadata = [], []
    for name, values in before.items():
        if name in after and rows[0] == rows[1]:
            child = comparison.differ(values, after[name], f"{path}[{name}]")
            if child is not None:
                changed.append(child)
    index = comparison.differ(left.part("index"), right.part("index"), f"{path}.index")
    for part in ("attributes", "duplicates"):
        child = comparison.differ(left.part(part), right.part(part), f"{path}.{part}")
        if child is not None:
            metadata.append(child)
    reordered = not removed and not added and list(before) != list(after)
    if not (removed or added or changed or index or metadata or reordered) and rows[0] == rows[1]:
        return comparison.differ(left.part("columns"), right.part("columns"), f"{path}.columns")
    sentence = _sentence(rows, changed, added, removed, index is not None)
    softer = _softer(before, after, changed, reordered, index, metadata, rows)
    children = [*changed, *([index] if index else []), *metadata]
    within = (
        bool(changed) and not (removed or added or index or metadata or reordered) and all(c.within for c in changed)
    )
    detail = {"rows": rows, "added": added, "removed": removed, "changed": [child.path for child in changed]}
    return Difference(path, sentence or softer or "metadata differ", detail, tuple(children[:SHOWN]), softer, within)


def _sentence(
    rows: tuple[int, int], changed: list[Difference], added: list[str], removed: list[str], index: bool
) -> str:
    parts = [f"{rows[0]} rows became {rows[1]}"] if rows[0] != rows[1] else []
    for found, what in ((changed, "changed"), (added, "added"), (removed, "removed")):
        if found:
            parts.append(f"{len(found)} {'column' if len(found) == 1 else 'columns'} {what}")
    if index and rows[0] == rows[1]:
        parts.append("the index differs")
    return ", ".join(parts)


def _softer(
    before: dict[str, Term],
    after: dict[str, Term],
    changed: list[Difference],
    reordered: bool,
    index: Difference | None,
    metadata: list[Difference],
    rows: tuple[int, int],
) -> str:
    if metadata and not (changed or index or reordered):
        return "only metadata differs"
    if reordered and not (changed or index or metadata):
        return "same columns in another order"
    if changed and before.keys() == after.keys() and rows[0] == rows[1] and rows[0] * len(before) <= _ROWS_SEARCHED:
        first, second = _row_counts(before), _row_counts(after)
        if first is not None and first == second:
            return "same rows in another order"
    if index is not None and not changed and not metadata and rows[0] == rows[1] and before.keys() == after.keys():
        return "only the index differs"
    softer = {child.softer for child in changed}
    return softer.pop() if len(softer) == 1 and index is None and not metadata else ""


def _columns(frame: Tagged) -> dict[str, Term] | None:
    """A frame's columns by the text of their names; None where names are not unique or not plain."""
    names = labels(frame.part("columns"))
    data = frame.part("data")
    if names is None or not isinstance(data, Container) or len(set(names)) != len(data.items):
        return None
    return dict(zip(names, data.items, strict=True))


def labels(index: Term) -> list[str] | None:
    """An index's labels as texts, or None where they are not plain."""
    if not isinstance(index, Tagged):
        return None
    if index.kind == "pandas.RangeIndex":
        bounds = index.part("range")
        return [shown(number) for number in range(*bounds.items)] if isinstance(bounds, Container) else None  # type: ignore[arg-type]
    values = cells(index.part("values"))
    return None if values is None else [shown(value) for value in values]


def cells(values: Term) -> list[Any] | None:
    """The cells of a column as plain values, or None where they are not plain."""
    if not isinstance(values, Tagged):
        return None
    items = values.part("items")
    if isinstance(items, Container):
        return items.items
    if values.kind == "pandas.array" and values.part("type") == "categorical":
        categories, codes = labels(values.part("categories")), cells(values.part("codes"))
        if categories is None or codes is None:
            return None
        return [None if code < 0 else categories[code] for code in codes]
    array = array_of(values if values.kind == "numpy.ndarray" else values.part("data"))
    if array is None:
        return None
    found: list[Any] = array.tolist() if array.dtype.kind not in "mM" else array.view("i8").tolist()
    mask = values.part("mask")
    if mask is not None:
        missing = array_of(mask)
        found = [None if gone else item for item, gone in zip(found, missing, strict=True)]
    return found


def _length(frame: Tagged) -> int:
    index = frame.part("index")
    names = labels(index)
    if names is not None:
        return len(names)
    codes = index.part("codes") if isinstance(index, Tagged) else None
    if isinstance(codes, Container) and codes.items:
        return len(cells(codes.items[0]) or [])
    data = frame.part("data")
    return len(cells(data.items[0]) or []) if isinstance(data, Container) and data.items else 0


def _row_counts(columns: dict[str, Term]) -> Counter[Any] | None:
    listed = [cells(columns[name]) for name in sorted(columns)]
    if any(column is None for column in listed):
        return None
    return Counter(zip(*([key_of(cell) for cell in column or ()] for column in listed), strict=True))
