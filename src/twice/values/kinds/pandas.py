"""pandas: frames, series, indexes and their scalars, column by column, whatever the blocks in memory."""

from __future__ import annotations

from typing import Any

from twice.values.kind import Aside, Kind, Making
from twice.values.kinds.objects import LibraryObjectKind

_ROOTS = frozenset({"pandas"})


def _is(cls: type, *names: str) -> bool:
    return cls.__module__.partition(".")[0] == "pandas" and cls.__qualname__ in names


# Columns.


def values_of(column: Any) -> Any:
    """A column's values: a NumPy array where its type is NumPy's, else pandas's own array."""
    import numpy as np

    if isinstance(column.dtype, np.dtype):
        return column.to_numpy()
    return column.array


def zone_state(zone: Any) -> object:
    """A time zone; those of pytz by name."""
    return f"pytz:{zone.zone}" if type(zone).__module__.partition(".")[0] == "pytz" else zone


def zone_from(state: Any) -> Any:
    """The time zone of such a state."""
    return state.removeprefix("pytz:") if isinstance(state, str) else state


class ArrayKind(Kind):
    """One of pandas's own arrays: categorical, nullable, text, with a time zone, periods, intervals, sparse."""

    name = "pandas.array"
    roots = _ROOTS

    def recognises(self, cls: type) -> bool:
        return cls.__name__ in _TAKERS and cls.__module__.partition(".")[0] == "pandas"

    def take_apart(self, value: Any) -> object:
        return {"type": _TAKERS[type(value).__name__][0], **_TAKERS[type(value).__name__][1](value)}

    def put_together(self, state: Any, making: Making) -> object:
        return _MAKERS[state["type"]](state)

    def preview(self, value: Any) -> str:
        return f"{value.dtype} array of {len(value)}"


def _take_numpy(value: Any) -> dict[str, Any]:
    return {"data": value.to_numpy()}


def _make_numpy(state: Any) -> Any:
    import pandas as pd

    return pd.Series(state["data"], dtype=state["data"].dtype).array


def _take_categorical(value: Any) -> dict[str, Any]:
    return {"codes": value.codes, "categories": value.categories, "ordered": bool(value.ordered)}


def _make_categorical(state: Any) -> Any:
    import pandas as pd

    dtype = pd.CategoricalDtype(state["categories"], state["ordered"])
    return pd.Categorical.from_codes(state["codes"], dtype=dtype)


def _take_masked(value: Any) -> dict[str, Any]:
    data, mask = value._data, value._mask
    if mask.any():
        data = data.copy()
        data[mask] = 0  # what is under the mask is whatever was there before
    return {"data": data, "mask": mask}


def _make_masked(state: Any) -> Any:
    import pandas as pd

    kind = state["data"].dtype.kind
    cls = {"b": pd.arrays.BooleanArray, "f": pd.arrays.FloatingArray}.get(kind, pd.arrays.IntegerArray)
    return cls(state["data"], state["mask"])


def _take_text(value: Any) -> dict[str, Any]:
    items = value.to_numpy(dtype=object, na_value=None).tolist()
    missing = "NA" if repr(value.dtype.na_value) == "<NA>" else "nan"
    return {"items": tuple(items), "missing": missing, "storage": Aside(value.dtype.storage)}


def _make_text(state: Any) -> Any:
    import numpy as np
    import pandas as pd

    storage = state["storage"] or "python"
    if storage != "python":
        from importlib.util import find_spec

        storage = storage if find_spec("pyarrow") else "python"
    if state["missing"] == "NA":
        dtype: Any = pd.StringDtype(storage)
    else:
        dtype = pd.StringDtype(storage, na_value=float("nan"))
    items = np.fromiter(state["items"], object, len(state["items"]))
    return pd.array(items, dtype=dtype)


def _take_moments(value: Any) -> dict[str, Any]:
    import numpy as np

    if isinstance(value.dtype, np.dtype):
        return {"data": value.to_numpy(), "zone": None}
    naive = value.tz_convert(None).to_numpy() if value.tz is not None else value.to_numpy()
    return {"data": naive, "zone": zone_state(value.tz)}


def _make_moments(state: Any) -> Any:
    import pandas as pd

    index = pd.DatetimeIndex(state["data"])
    if state["zone"] is not None:
        index = index.tz_localize("UTC").tz_convert(zone_from(state["zone"]))
    return index._with_freq(None).array if hasattr(index, "_with_freq") else index.array


def _take_periods(value: Any) -> dict[str, Any]:
    return {"data": value.asi8, "frequency": value.freqstr}


def _make_periods(state: Any) -> Any:
    import pandas as pd

    return pd.arrays.PeriodArray(state["data"], dtype=pd.PeriodDtype(state["frequency"]))


def _take_intervals(value: Any) -> dict[str, Any]:
    return {"left": value.left, "right": value.right, "closed": value.closed}


def _make_intervals(state: Any) -> Any:
    import pandas as pd

    return pd.arrays.IntervalArray.from_arrays(state["left"], state["right"], state["closed"])


def _take_sparse(value: Any) -> dict[str, Any]:
    places = value.sp_index.indices if hasattr(value.sp_index, "indices") else value.sp_index.to_int_index().indices
    return {
        "data": value.sp_values, "places": places, "length": len(value), "fill": value.fill_value,
        "kind": value.kind, "dtype": value.sp_values.dtype,
    }  # fmt: skip


def _make_sparse(state: Any) -> Any:
    import numpy as np
    import pandas as pd

    dense = np.full(state["length"], state["fill"], dtype=state["dtype"])
    dense[state["places"]] = state["data"]
    return pd.arrays.SparseArray(
        dense, fill_value=state["fill"], kind=state["kind"], dtype=pd.SparseDtype(state["dtype"], state["fill"])
    )


_TAKERS: dict[str, tuple[str, Any]] = {
    "NumpyExtensionArray": ("numpy", _take_numpy),
    "PandasArray": ("numpy", _take_numpy),
    "Categorical": ("categorical", _take_categorical),
    "IntegerArray": ("masked", _take_masked),
    "FloatingArray": ("masked", _take_masked),
    "BooleanArray": ("masked", _take_masked),
    "StringArray": ("text", _take_text),
    "StringArrayNumpySemantics": ("text", _take_text),
    "ArrowStringArray": ("text", _take_text),
    "ArrowStringArrayNumpySemantics": ("text", _take_text),
    "DatetimeArray": ("moments", _take_moments),
    "TimedeltaArray": ("numpy", _take_numpy),
    "PeriodArray": ("periods", _take_periods),
    "IntervalArray": ("intervals", _take_intervals),
    "SparseArray": ("sparse", _take_sparse),
}
_MAKERS: dict[str, Any] = {
    "numpy": _make_numpy,
    "categorical": _make_categorical,
    "masked": _make_masked,
    "text": _make_text,
    "moments": _make_moments,
    "periods": _make_periods,
    "intervals": _make_intervals,
    "sparse": _make_sparse,
}


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
        return {"values": values_of(value), "name": value.name, "frequency": frequency}

    def put_together(self, state: Any, making: Making) -> object:
        import pandas as pd

        values = state["values"]
        index = pd.Index(values, dtype=values.dtype, name=state["name"], copy=False)
        if state["frequency"] is not None:
            index.freq = state["frequency"]  # type: ignore[attr-defined]
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
        import pandas as pd

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
        import numpy as np
        import pandas as pd

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
        return {"levels": tuple(levels), "codes": tuple(codes), "names": tuple(value.names), "sorted": Aside(tuple(order))}

    def put_together(self, state: Any, making: Making) -> object:
        import numpy as np
        import pandas as pd

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
            "values": values_of(value), "index": value.index, "name": value.name, "attributes": dict(value.attrs),
            "duplicates": value.flags.allows_duplicate_labels,
        }  # fmt: skip

    def put_together(self, state: Any, making: Making) -> object:
        import pandas as pd

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
        columns = tuple(values_of(column) for _, column in value.items())
        return {
            "columns": value.columns, "index": value.index, "data": columns, "attributes": dict(value.attrs),
            "duplicates": value.flags.allows_duplicate_labels,
        }  # fmt: skip

    def put_together(self, state: Any, making: Making) -> object:
        import pandas as pd

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
        import pandas as pd

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
        import pandas as pd

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
        import pandas as pd

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
        import pandas as pd

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
        import pandas as pd

        return pd.Interval(state["left"], state["right"], state["closed"])


KINDS: tuple[Kind, ...] = (
    DataFrameKind(), SeriesKind(), IndexKind(), RangeIndexKind(), MultiIndexKind(), ArrayKind(), TimestampKind(),
    TimedeltaKind(), MissingKind(), PeriodKind(), IntervalKind(),
    LibraryObjectKind("pandas.object", _ROOTS, frozenset({"numpy", "datetime"})),
)  # fmt: skip
