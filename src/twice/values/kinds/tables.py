"""How two tables differ, whichever library they are of: columns added, removed and changed, rows, figures by column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from twice.values.differences import METADATA, ORDER, ROUNDING, Difference, Gathered
from twice.values.keys import key_of
from twice.values.terms import Tagged, Term

if TYPE_CHECKING:
    from twice.values.compare import Comparison

_CELLS_SEARCHED = 2_000_000
"""Cells up to which rows are looked for in another order."""

Cells = Callable[[Term], Sequence[Any] | None]
"""The cells of a column as plain values, or None where they are not plain."""


@dataclass
class Table:
    """One of two tables.

    Attributes:
        columns: Its columns by the text of their names, in order.
        rows: How many rows it has.
        labels: The labels of its rows, where they have any that say more than their place.
    """

    columns: dict[str, Term]
    rows: int
    labels: Sequence[Any] | None = None


@dataclass
class _Found:
    columns: Gathered = field(default_factory=Gathered)
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    reordered: bool = False


def tables_differ(
    left: Table,
    right: Table,
    comparison: Comparison,
    path: str,
    *,
    cells: Cells,
    differ: Callable[[Term, Term, str], Difference | None] | None = None,
    index: Difference | None = None,
    metadata: Sequence[Difference] = (),
) -> Difference | None:
    """What differs between two tables.

    Args:
        left: The recorded one.
        right: The other.
        comparison: Compares columns that are values themselves, and has the tolerances.
        path: Where they are.
        cells: Reads a column.
        differ: Compares columns, if they are not values themselves.
        index: What differs between the labels of their rows.
        metadata: What differs beside columns and rows.
    """
    before, after = left.columns, right.columns
    found = _Found(
        added=[name for name in after if name not in before], removed=[name for name in before if name not in after]
    )
    if left.rows == right.rows:
        for name, values in before.items():
            if name in after:
                found.columns.add((differ or comparison.differ)(values, after[name], f"{path}[{name}]"))
    found.reordered = not found.removed and not found.added and list(before) != list(after)
    same_rows = left.rows == right.rows
    if same_rows and not (found.removed or found.added or found.columns.count or index or metadata or found.reordered):
        return None
    softer, explained = _softer(left, right, found, index, metadata, comparison, cells)
    sentence = _sentence(left.rows, right.rows, found, index is not None)
    changed = [child.path for child in found.columns.shown]
    detail = {"rows": (left.rows, right.rows), "added": found.added, "removed": found.removed, "changed": changed}
    everything = Gathered([*found.columns.shown, *([index] if index else []), *metadata])
    plain = not (found.added or found.removed or index or metadata or found.reordered) and left.rows == right.rows
    if not explained and plain:
        explained = found.columns.explained
    return Difference(
        path,
        sentence or softer or "metadata differ",
        detail,
        tuple(everything.shown),
        softer,
        within=plain and found.columns.count > 0 and found.columns.within,
        explained=explained,
        decisions=plain and found.columns.count > 0 and found.columns.decisions,
        unread=found.columns.unread,
        whole=plain,
    )


def _sentence(before: int, after: int, found: _Found, index: bool) -> str:
    parts = [f"{before} rows became {after}"] if before != after else []
    counts = ((found.columns.count, "changed"), (len(found.added), "added"), (len(found.removed), "removed"))
    parts += [f"{count} {'column' if count == 1 else 'columns'} {what}" for count, what in counts if count]
    if index and before == after:
        parts.append("the index differs")
    return ", ".join(parts)


def _softer(
    left: Table,
    right: Table,
    found: _Found,
    index: Difference | None,
    metadata: Sequence[Difference],
    comparison: Comparison,
    cells: Cells,
) -> tuple[str, frozenset[str]]:
    changed = found.columns.count > 0
    if metadata and not (changed or index or found.reordered or found.added or found.removed):
        return "only metadata differs", frozenset({METADATA})
    if found.added or found.removed or left.rows != right.rows or metadata:
        return "", frozenset()
    if found.reordered and not (changed or index):
        return "same columns in another order", frozenset({ORDER})
    if (changed or index) and left.rows * max(len(left.columns), 1) <= _CELLS_SEARCHED:
        rows = _rows_in_order(left, right, comparison, cells, labelled=index is not None)
        if rows[0]:
            return rows
    if index is not None and not changed:
        return "only the index differs", frozenset()
    softer = {child.softer for child in found.columns.shown}
    return (softer.pop() if len(softer) == 1 and index is None else ""), frozenset()


def _rows_in_order(
    left: Table, right: Table, comparison: Comparison, cells: Cells, *, labelled: bool
) -> tuple[str, frozenset[str]]:
    """Whether rows are the same in another order: exactly, or but for rounding if matched by what is no float."""
    sides = []
    for table in (left, right):
        listed = {name: cells(table.columns[name]) for name in sorted(table.columns)}
        if labelled:
            listed["index"] = table.labels
        if any(column is None for column in listed.values()):
            return "", frozenset()
        sides.append({name: [key_of(cell) for cell in column or ()] for name, column in listed.items()})
    before, after = sides
    if not before or any(len(column) != left.rows for side in sides for column in side.values()):
        return "", frozenset()
    if Counter(zip(*before.values(), strict=True)) == Counter(zip(*after.values(), strict=True)):
        return "same rows in another order", frozenset({ORDER})
    # Columns of floats differ by rounding at most, so rows are matched by the others and, where these do not tell them
    # apart, by the floats themselves in their order.
    floats = [name for name, column in before.items() if column and all(kind == "float" for kind, *_ in column)]
    keys = [name for name in before if name not in floats]
    if not floats or Counter(zip(*(before[name] for name in keys), strict=True)) != Counter(
        zip(*(after[name] for name in keys), strict=True)
    ):
        return "", frozenset()
    if any(name not in left.columns for name in floats):
        return "", frozenset()
    numbers = [{name: cells(table.columns[name]) or () for name in floats} for table in (left, right)]
    orders = [
        _order(side, columns, keys, table.rows)
        for side, columns, table in zip((before, after), numbers, (left, right), strict=True)
    ]
    for name in floats:
        first, second = (
            [columns[name][place] for place in order] for columns, order in zip(numbers, orders, strict=True)
        )
        if not _rounded(first, second, comparison):
            return "", frozenset()
    return "same rows in another order, but for rounding", frozenset({ORDER, ROUNDING})


def _order(side: dict[str, list[Any]], numbers: dict[str, Sequence[float]], keys: list[str], rows: int) -> list[int]:
    def rank(place: int) -> Any:
        return [repr(side[name][place]) for name in keys], [
            (column[place] != column[place], column[place]) for column in numbers.values()
        ]

    return sorted(range(rows), key=rank)


def _rounded(before: list[float], after: list[float], comparison: Comparison) -> bool:
    from twice.values.kind import library
    from twice.values.kinds.arrays import figures

    try:
        np = library("numpy")
    except ImportError:
        return False
    found = figures(np.array(before), np.array(after), comparison, "")
    return found is None or found.explained == {ROUNDING}


TABLES = ("pandas.DataFrame", "polars.DataFrame", "pyarrow.Table")
"""The kinds of value that are tables."""


def columns_of(table: Tagged) -> dict[str, Sequence[Any] | None]:
    """A table's columns as plain cells, by the text of their names; None for cells that are not plain.

    Args:
        table: A value of one of :data:`TABLES`.
    """
    from twice.values.kinds import arrow_compare, frames, polars_compare

    named: Callable[[Tagged], dict[str, Term] | None]
    named, cells = {
        "pandas.DataFrame": (frames.columns_of, frames.cells),
        "polars.DataFrame": (polars_compare.columns_of, polars_compare.cells_of),
        "pyarrow.Table": (arrow_compare.columns_of, arrow_compare.cells_of),
    }[table.kind]
    return {name: cells(column) for name, column in (named(table) or {}).items()}
