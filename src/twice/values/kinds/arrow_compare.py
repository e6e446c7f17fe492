"""How Arrow's arrays and tables differ, seen on their terms: by column, with the figures of arrays."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from twice.values.differences import Difference
from twice.values.kind import library
from twice.values.terms import Bytes, Container, Mapping, Tagged, Term
from twice.values.words import shown

if TYPE_CHECKING:
    from twice.values.compare import Comparison


def fields_of(state: Term) -> dict[str, Term]:
    """The parts of an array's state, which inside another one is a dict."""
    if isinstance(state, Mapping):
        return {str(key): value for key, value in state.items()}
    fields: dict[str, Term] = state.fields() if hasattr(state, "fields") else {}  # type: ignore[union-attr]
    return fields


def _view(part: Term) -> memoryview:
    if isinstance(part, Bytes):
        return part.view()
    return memoryview(part) if isinstance(part, bytes) else memoryview(b"")


def cells_of(state: Term) -> Sequence[Any] | None:
    """The cells of a column as plain values, or None where they are of a type that is not looked into."""
    fields = fields_of(state)
    kind, length = fields.get("type"), fields.get("length")
    if not isinstance(length, int):
        return None
    numbers = numbers_of(state)
    there = _there(fields, length)
    found: list[Any]
    if numbers is not None:
        found = numbers.tolist()
    elif kind == "bool":
        found = [bool(item) for item in _view(fields.get("data"))]
    elif kind in ("string", "large_string", "binary", "large_binary"):
        places = _view(fields.get("offsets")).cast("B")
        offsets = (places.cast("q") if str(kind).startswith("large") else places.cast("i")).tolist()
        data = bytes(_view(fields.get("data")))
        found = [data[begin:end] for begin, end in itertools.pairwise(offsets)]
        if "string" in str(kind):
            found = [item.decode("utf-8", "replace") for item in found]
    elif isinstance(kind, Container) and kind.items[:1] == ["dictionary"]:
        parts = fields.get("parts")
        if not isinstance(parts, Container):
            return None
        indices, values = (cells_of(part) for part in parts.items)
        if indices is None or values is None:
            return None
        found = [values[index] if index is not None and index < len(values) else None for index in indices]
    else:
        return None
    return found if there is None else [item if is_there else None for item, is_there in zip(found, there, strict=True)]


def _there(fields: dict[str, Term], length: int) -> list[bool] | None:
    bits = fields.get("valid")
    if bits is None:
        return None
    data = _view(bits).cast("B")
    return [bool(data[place >> 3] >> (place & 7) & 1) for place in range(length)]


_NUMBERS = {
    "int8": "i1", "int16": "<i2", "int32": "<i4", "int64": "<i8", "uint8": "u1", "uint16": "<u2", "uint32": "<u4",
    "uint64": "<u8", "halffloat": "<f2", "float": "<f4", "double": "<f8", "date32[day]": "<i4", "date64[ms]": "<i8",
    "time32[s]": "<i4", "time32[ms]": "<i4", "time64[us]": "<i8", "time64[ns]": "<i8",
}  # fmt: skip


def numbers_of(state: Term) -> Any:
    """A column of numbers as an array, whatever is null in it; None where it is no such column."""
    fields = fields_of(state)
    kind = fields.get("type")
    code = _NUMBERS.get(kind) if isinstance(kind, str) else None
    if isinstance(kind, str) and (kind.startswith(("timestamp[", "duration["))):
        code = "<i8"
    if isinstance(kind, Container) and kind.items[:1] == ["timestamp"]:
        code = "<i8"
    if code is None:
        return None
    try:
        np = library("numpy")
    except ImportError:
        return None
    return np.frombuffer(_view(fields.get("data")), code)


def columns_differ(left: Term, right: Term, comparison: Comparison, path: str) -> Difference | None:
    """What differs between two columns."""
    before, after = fields_of(left), fields_of(right)
    if shown_type(before) != shown_type(after):
        types = (shown_type(before), shown_type(after))
        return Difference(path, f"the type was {types[0]} and is {types[1]}", {"type": types})
    if before.get("length") != after.get("length"):
        lengths = (before.get("length"), after.get("length"))
        return Difference(path, f"{lengths[0]!r} items became {lengths[1]!r}", {"length": lengths})
    numbers = numbers_of(left), numbers_of(right)
    same_nulls = _view(before.get("valid")) == _view(after.get("valid"))
    if numbers[0] is not None and numbers[1] is not None and same_nulls:
        from twice.values.kinds.arrays import figures

        return figures(*numbers, comparison, path)
    cells = cells_of(left), cells_of(right)
    if cells[0] is not None and cells[1] is not None:
        return comparison.sequences(cells[0], cells[1], path, "column")
    return comparison.differ(left, right, path)


def shown_type(fields: dict[str, Term]) -> str:
    """A column's type, to be shown and compared."""
    kind = fields.get("type")
    return kind if isinstance(kind, str) else shown(kind)


def columns_of(table: Tagged) -> dict[str, Term] | None:
    """A table's columns by the text of their names; None where names are not unique."""
    fields, columns = table.part("fields"), table.part("columns")
    names = [shown(field.items[0]) for field in getattr(fields, "items", []) if isinstance(field, Container)]
    if not isinstance(columns, Container) or len(set(names)) != len(columns.items):
        return None
    return dict(zip(names, columns.items, strict=True))


def arrow_tables_differ(left: Tagged, right: Tagged, comparison: Comparison, path: str) -> Difference | None:
    """What differs between two tables."""
    from twice.values.kinds.tables import Table, tables_differ

    tables = []
    for side in (left, right):
        columns, rows = columns_of(side), side.part("rows")
        if columns is None or not isinstance(rows, int):
            return comparison.states(left, right, path)
        tables.append(Table(columns, rows))
    metadata = []
    for part in ("metadata", "form"):
        child = comparison.differ(left.part(part), right.part(part), f"{path}.{part}")
        metadata += [child] if child is not None else []

    def differ(before: Term, after: Term, at: str) -> Difference | None:
        return columns_differ(before, after, comparison, at)

    first, second = tables
    found = tables_differ(first, second, comparison, path, cells=cells_of, differ=differ, metadata=metadata)
    return found or comparison.differ(left.part("fields"), right.part("fields"), f"{path}.fields")
