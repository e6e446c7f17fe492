"""How Polars's frames and series differ, seen on their terms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from twice.values.differences import Difference
from twice.values.kinds import arrow_compare
from twice.values.terms import Container, Tagged, Term
from twice.values.words import shown

if TYPE_CHECKING:
    from twice.values.compare import Comparison


def columns_differ(left: Term, right: Term, comparison: Comparison, path: str) -> Difference | None:
    """What differs between two columns."""
    before, after = arrow_compare.fields_of(left), arrow_compare.fields_of(right)
    if before.get("dtype") != after.get("dtype"):
        types = (str(before.get("dtype")), str(after.get("dtype")))
        return Difference(path, f"the type was {types[0]} and is {types[1]}", {"type": types})
    if "cells" in before and "cells" in after:
        return arrow_compare.columns_differ(before["cells"], after["cells"], comparison, path)
    items = [getattr(side.get("items"), "items", None) for side in (before, after)]
    if items[0] is not None and items[1] is not None:
        return comparison.sequences(items[0], items[1], path, "column")
    return comparison.differ(before.get("file"), after.get("file"), path)


def cells_of(column: Term) -> Sequence[Any] | None:
    """The cells of a column, or None where they are not plain."""
    fields = arrow_compare.fields_of(column)
    return arrow_compare.cells_of(fields["cells"]) if "cells" in fields else None


def columns_of(frame: Tagged) -> dict[str, Term] | None:
    """A frame's columns by the text of their names."""
    names, columns = frame.part("names"), frame.part("columns")
    if not isinstance(names, Container) or not isinstance(columns, Container):
        return None
    return dict(zip(map(shown, names.items), columns.items, strict=True))


def polars_frames_differ(left: Tagged, right: Tagged, comparison: Comparison, path: str) -> Difference | None:
    """What differs between two frames."""
    from twice.values.kinds.tables import Table, tables_differ

    tables = []
    for side in (left, right):
        columns, rows = columns_of(side), side.part("rows")
        if columns is None or not isinstance(rows, int):
            return comparison.states(left, right, path)
        tables.append(Table(columns, rows))

    def differ(before: Term, after: Term, at: str) -> Difference | None:
        return columns_differ(before, after, comparison, at)

    return tables_differ(tables[0], tables[1], comparison, path, cells=cells_of, differ=differ)
