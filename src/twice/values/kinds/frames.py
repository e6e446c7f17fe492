"""pandas's data frames as tables to be compared: their columns, the labels of their rows, and their metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twice.values.differences import Difference
from twice.values.kinds.arrays import array_of
from twice.values.kinds.tables import Table, tables_differ
from twice.values.terms import Container, Tagged, Term
from twice.values.words import shown

if TYPE_CHECKING:
    from twice.values.compare import Comparison


def frames_differ(left: Tagged, right: Tagged, comparison: Comparison, path: str) -> Difference | None:
    """What differs between two data frames."""
    before, after = columns_of(left), columns_of(right)
    if before is None or after is None:
        return comparison.states(left, right, path)
    first, second = (
        Table(columns, _length(frame), labels(frame.part("index")))
        for frame, columns in ((left, before), (right, after))
    )
    metadata = []
    for part in ("attributes", "duplicates"):
        child = comparison.differ(left.part(part), right.part(part), f"{path}.{part}")
        if child is not None:
            metadata.append(child)
    index = comparison.differ(left.part("index"), right.part("index"), f"{path}.index")
    found = tables_differ(first, second, comparison, path, cells=cells, index=index, metadata=metadata)
    if found is None:
        return comparison.differ(left.part("columns"), right.part("columns"), f"{path}.columns")
    return found


def columns_of(frame: Tagged) -> dict[str, Term] | None:
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
