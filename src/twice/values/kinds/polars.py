"""Polars: frames and series by column, whatever the chunks in memory; plans (lazy frames) by their own reduction."""

# ruff: noqa: ARG002, D102 - the methods and their arguments are described by Kind
from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from twice.values.kind import Buffer, Kind, Making, library
from twice.values.kinds.objects import LibraryObjectKind

if TYPE_CHECKING:
    from twice.values.compare import Comparison
    from twice.values.differences import Difference
    from twice.values.terms import Tagged

_ROOTS = frozenset({"polars"})


def _is(cls: type, name: str) -> bool:
    return cls.__module__.startswith("polars.") and cls.__qualname__ == name


def column_state(series: Any) -> dict[str, Any]:
    """A column's type and cells: as Arrow has them where pyarrow is installed, else in Polars's own file format."""
    pl = library("polars")

    dtype = str(series.dtype)
    if series.dtype == pl.Object:
        return {"dtype": dtype, "items": tuple(series.to_list())}
    empty = _file(series.clear())
    try:
        from twice.values.kinds.arrow import array_state

        array = series.rechunk().to_arrow()
        return {"dtype": dtype, "empty": empty, "cells": array_state(array)}
    except ImportError:
        return {"dtype": dtype, "empty": empty, "file": Buffer(_file(series.rechunk()))}


def _file(series: Any) -> bytes:
    file = io.BytesIO()
    series.alias("").to_frame().write_ipc(file)
    return file.getvalue()


def column_from(state: Any, name: str) -> Any:
    """The column of such a state."""
    pl = library("polars")

    if "items" in state:
        return pl.Series(name, list(state["items"]), dtype=pl.Object)
    if "file" in state:
        return pl.read_ipc(bytes(state["file"])).to_series().alias(name)
    from twice.values.kinds.arrow import array_from

    wanted = pl.read_ipc(state["empty"]).to_series().dtype
    found = pl.Series(name, pl.from_arrow(array_from(state["cells"])))
    return found if found.dtype == wanted else found.cast(wanted)


class PolarsFrameKind(Kind):
    """A data frame: its columns in order."""

    name = "polars.DataFrame"
    roots = _ROOTS

    def recognises(self, cls: type) -> bool:
        return _is(cls, "DataFrame")

    def take_apart(self, value: Any) -> object:
        return {
            "rows": value.height,
            "names": tuple(value.columns),
            "columns": tuple(column_state(column) for column in value.get_columns()),
        }

    def put_together(self, state: Any, making: Making) -> object:
        pl = library("polars")

        made = [column_from(column, name) for name, column in zip(state["names"], state["columns"], strict=True)]
        return pl.DataFrame(made)

    def preview(self, value: Any) -> str:
        return f"polars frame {value.height} × {value.width}"

    def compare(self, left: Tagged, right: Tagged, comparison: Comparison, path: str) -> Difference | None:
        from twice.values.kinds.polars_compare import polars_frames_differ

        return polars_frames_differ(left, right, comparison, path)


class PolarsSeriesKind(Kind):
    """A series: its name and its cells."""

    name = "polars.Series"
    roots = _ROOTS

    def recognises(self, cls: type) -> bool:
        return _is(cls, "Series")

    def take_apart(self, value: Any) -> object:
        return {"name": value.name, "column": column_state(value)}

    def put_together(self, state: Any, making: Making) -> object:
        return column_from(state["column"], state["name"])

    def preview(self, value: Any) -> str:
        return f"polars series {value.dtype} of {len(value)}"

    def compare(self, left: Tagged, right: Tagged, comparison: Comparison, path: str) -> Difference | None:
        from twice.values.differences import group
        from twice.values.kinds.polars_compare import columns_differ

        name = comparison.differ(left.part("name"), right.part("name"), f"{path}.name")
        cells = columns_differ(left.part("column"), right.part("column"), comparison, path)
        return group(path, [part for part in (name, cells) if part is not None])


class PolarsTypeKind(Kind):
    """A data type, as an object or as a class: by an empty column of it."""

    name = "polars.DataType"
    roots = _ROOTS
    identity = False

    def recognises(self, cls: type) -> bool:
        return any(
            base.__module__ == "polars.datatypes.classes" and base.__name__ == "DataType" for base in cls.__mro__
        )

    def take_apart(self, value: Any) -> object:
        pl = library("polars")

        return {"text": str(value), "empty": _file(pl.Series("", [], dtype=value))}

    def put_together(self, state: Any, making: Making) -> object:
        return library("polars").read_ipc(state["empty"]).to_series().dtype

    def preview(self, value: Any) -> str:
        return str(value)


KINDS: tuple[Kind, ...] = (
    PolarsFrameKind(),
    PolarsSeriesKind(),
    PolarsTypeKind(),
    LibraryObjectKind("polars.object", _ROOTS, frozenset({"datetime"})),
)
