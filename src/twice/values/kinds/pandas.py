"""pandas: frames, series, indexes and their scalars, column by column, whatever the blocks in memory."""

# ruff: noqa: ARG002, D102 - the methods and their arguments are described by Kind
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twice.values.kind import Aside, Kind, Making, library
from twice.values.kinds.objects import LibraryObjectKind
from twice.values.kinds.pandas_arrays import ArrayKind, values_of, zone_from, zone_state
from twice.values.memory import Reserved

if TYPE_CHECKING:
    from twice.values.compare import Comparison
    from twice.values.differences import Difference
    from twice.values.terms import Tagged

_ROOTS = frozenset({"pandas"})


def _is(cls: type, *names: str) -> bool:
    return cls.__module__.partition(".")[0] == "pandas" and cls.__qualname__ in names


# Indexes.


class IndexKind(Kind):
    """An index of one level: its values, its name and, for times, its frequency."""

    name = "pandas.Index"
    roots = _ROOTS

    def recognises(self, cls: type) -> bool:
        names = ("Index", "DatetimeIndex", "TimedeltaIndex", "PeriodIndex", "IntervalIndex", "CategoricalIndex")
        return _is(cls, *names)

    def take_apart(self, value: Any) -> object:
        frequency = value.freq if type(value).__qualname__ in ("DatetimeIndex", "TimedeltaIndex") else None
        return {"values": Reserved(values_of(value)), "name": value.name, "frequency": frequency}

    def put_together(self, state: Any, making: Making) -> object:
        pd = library("pandas")

        values = state["values"]
        index = pd.Index(values, dtype=values.dtype, name=state["name"], copy=False)
        if state["frequency"] is not None:
            index.freq = state["frequency"]
        return index

    def preview(self, value: Any) -> str:
        return f"{type(value).__name__} of {len(value)}"


class RangeIndexKind(Kind):
    """A RangeIndex: its range and its name."""

    name = "pandas.RangeIndex"
    roots = _ROOTS

    def recognises(self, cls: type) -> bool:
        return _is(cls, "RangeIndex")

    def take_apart(self, value: Any) -> object:
        return {"range": (value.start, value.stop, value.step), "name": value.name}

    def put_together(self, state: Any, making: Making) -> object:
        pd = library("pandas")

        return pd.RangeIndex(*state["range"], name=state["name"])

    def preview(self, value: Any) -> str:
        return f"RangeIndex of {len(value)}"


class MultiIndexKind(Kind):
    """A MultiIndex: for each level the values that occur, in the order of their first occurrence, and their places.

    How the levels are sorted, and which of their values occur nowhere, are not part of what it means.
    """

    name = "pandas.MultiIndex"
    roots = _ROOTS

    def recognises(self, cls: type) -> bool:
        return _is(cls, "MultiIndex")

    def take_apart(self, value: Any) -> object:
        np = library("numpy")
        pd = library("pandas")

        levels, codes, order = [], [], []
        for level, places in zip(value.levels, value.codes, strict=True):
            renumbered, used = pd.factorize(np.asarray(places).astype("int64"))
            present = used >= 0
            if not present.all():
                # A missing value has the code -1 and belongs to no level.
                renumbered = np.where(np.asarray(places) == -1, -1, np.cumsum(present)[renumbered] - 1)
                used = used[present]
            levels.append(level.take(used).rename(None))
            codes.append(renumbered.astype("int64"))
            order.append((level.rename(None), used))
        return {
            "levels": tuple(levels),
            "codes": tuple(codes),
            "names": tuple(value.names),
            "sorted": Aside(tuple(order)),
        }

    def put_together(self, state: Any, making: Making) -> object:
        np = library("numpy")
        pd = library("pandas")

        levels, codes = state["levels"], state["codes"]
        if state["sorted"] is not None:
            levels = [level for level, _ in state["sorted"]]
            codes = [
                np.where(places < 0, -1, used[places]) if len(used) else places
                for places, (_, used) in zip(codes, state["sorted"], strict=True)
            ]
        return pd.MultiIndex(levels=levels, codes=codes, names=state["names"], verify_integrity=False)

    def preview(self, value: Any) -> str:
        return f"MultiIndex of {len(value)}, {value.nlevels} levels"


# Series and frames.


class SeriesKind(Kind):
    """A Series: values, index, name and attributes."""

    name = "pandas.Series"
    roots = _ROOTS

    def recognises(self, cls: type) -> bool:
        return _is(cls, "Series")

    def take_apart(self, value: Any) -> object:
        return {
            "values": _reserved(value, value), "index": value.index, "name": value.name,
            "attributes": dict(value.attrs), "duplicates": value.flags.allows_duplicate_labels,
        }  # fmt: skip

    def put_together(self, state: Any, making: Making) -> object:
        pd = library("pandas")

        values = state["values"]
        result = pd.Series(values, index=state["index"], dtype=values.dtype, name=state["name"], copy=False)
        return _with_metadata(result, state)

    def preview(self, value: Any) -> str:
        return f"Series {value.dtype} of {len(value)}"


class DataFrameKind(Kind):
    """A DataFrame: column names, index, and one array for each column."""

    name = "pandas.DataFrame"
    roots = _ROOTS

    def recognises(self, cls: type) -> bool:
        return _is(cls, "DataFrame")

    def take_apart(self, value: Any) -> object:
        columns = tuple(_reserved(column, value) for _, column in value.items())
        return {
            "columns": value.columns, "index": value.index, "data": columns, "attributes": dict(value.attrs),
            "duplicates": value.flags.allows_duplicate_labels,
        }  # fmt: skip

    def put_together(self, state: Any, making: Making) -> object:
        pd = library("pandas")

        index = state["index"]
        data = {
            place: pd.Series(values, index=index, dtype=values.dtype, copy=False)
            for place, values in enumerate(state["data"])
        }
        result = pd.DataFrame(data, index=index, copy=False)
        result.columns = state["columns"]
        return _with_metadata(result, state)

    def preview(self, value: Any) -> str:
        return f"DataFrame {len(value)} × {len(value.columns)}"

    def compare(self, left: Tagged, right: Tagged, comparison: Comparison, path: str) -> Difference | None:
        from twice.values.kinds.frames import frames_differ

        return frames_differ(left, right, comparison, path)


def _reserved(column: Any, owner: Any) -> Any:
    """A column's values. From version 3 on, and before if told to, pandas copies them before it writes."""
    pd = library("pandas")

    if int(pd.__version__.partition(".")[0]) >= 3 or pd.options.mode.copy_on_write is True:
        return Reserved(values_of(column), owner)
    return values_of(column)


def _with_metadata(result: Any, state: Any) -> Any:
    result.attrs.update(state["attributes"])
    if not state["duplicates"]:
        result.flags.allows_duplicate_labels = False
    return result


# Scalars.


class TimestampKind(Kind):
    """A Timestamp: the count of its unit since 1970, and its time zone."""

    name = "pandas.Timestamp"
    roots = _ROOTS
    identity = False

    def recognises(self, cls: type) -> bool:
        return _is(cls, "Timestamp")

    def take_apart(self, value: Any) -> object:
        return {"moment": value.asm8, "zone": zone_state(value.tz), "fold": value.fold}

    def put_together(self, state: Any, making: Making) -> object:
        pd = library("pandas")

        moment = pd.Timestamp(state["moment"])
        if state["zone"] is not None:
            return moment.tz_localize("UTC").tz_convert(zone_from(state["zone"]))
        return moment.replace(fold=state["fold"]) if state["fold"] else moment

    def preview(self, value: Any) -> str:
        return str(value)


class TimedeltaKind(Kind):
    """A Timedelta: the count of its unit."""

    name = "pandas.Timedelta"
    roots = _ROOTS
    identity = False

    def recognises(self, cls: type) -> bool:
        return _is(cls, "Timedelta")

    def take_apart(self, value: Any) -> object:
        return {"duration": value.asm8}

    def put_together(self, state: Any, making: Making) -> object:
        pd = library("pandas")

        return pd.Timedelta(state["duration"])

    def preview(self, value: Any) -> str:
        return str(value)


class MissingKind(Kind):
    """``pandas.NaT`` and ``pandas.NA``."""

    name = "pandas.missing"
    roots = _ROOTS
    identity = False

    def recognises(self, cls: type) -> bool:
        return _is(cls, "NaTType", "NAType")

    def take_apart(self, value: Any) -> object:
        return "NaT" if type(value).__qualname__ == "NaTType" else "NA"

    def put_together(self, state: Any, making: Making) -> object:
        pd = library("pandas")

        return pd.NaT if state == "NaT" else pd.NA

    def preview(self, value: Any) -> str:
        return "NaT" if type(value).__qualname__ == "NaTType" else "NA"


class PeriodKind(Kind):
    """A Period: its number and its frequency."""

    name = "pandas.Period"
    roots = _ROOTS
    identity = False

    def recognises(self, cls: type) -> bool:
        return _is(cls, "Period")

    def take_apart(self, value: Any) -> object:
        return {"ordinal": value.ordinal, "frequency": value.freqstr}

    def put_together(self, state: Any, making: Making) -> object:
        pd = library("pandas")

        return pd.Period(ordinal=state["ordinal"], freq=state["frequency"])

    def preview(self, value: Any) -> str:
        return str(value)


class IntervalKind(Kind):
    """An Interval: its ends, and which of them belong to it."""

    name = "pandas.Interval"
    roots = _ROOTS
    identity = False

    def recognises(self, cls: type) -> bool:
        return _is(cls, "Interval")

    def take_apart(self, value: Any) -> object:
        return {"left": value.left, "right": value.right, "closed": value.closed}

    def put_together(self, state: Any, making: Making) -> object:
        pd = library("pandas")

        return pd.Interval(state["left"], state["right"], state["closed"])


KINDS: tuple[Kind, ...] = (
    DataFrameKind(), SeriesKind(), IndexKind(), RangeIndexKind(), MultiIndexKind(), ArrayKind(), TimestampKind(),
    TimedeltaKind(), MissingKind(), PeriodKind(), IntervalKind(),
    LibraryObjectKind("pandas.object", _ROOTS, frozenset({"numpy", "datetime"})),
)  # fmt: skip
