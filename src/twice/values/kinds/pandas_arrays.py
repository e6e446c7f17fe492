"""pandas's own arrays, and the columns of frames as arrays."""

# ruff: noqa: ARG002, D102 - the methods and their arguments are described by Kind
from __future__ import annotations

from typing import Any

from twice.values.format import RUN
from twice.values.kind import Aside, Kind, Making, Texts, library
from twice.values.kinds.numpy import window_on

_ROOTS = frozenset({"pandas"})


def values_of(column: Any) -> Any:
    """A column's values: a NumPy array where its type is NumPy's, else pandas's own array."""
    np = library("numpy")

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
    pd = library("pandas")

    return pd.Series(state["data"], dtype=state["data"].dtype).array


def _take_categorical(value: Any) -> dict[str, Any]:
    return {"codes": value.codes, "categories": value.categories, "ordered": bool(value.ordered)}


def _make_categorical(state: Any) -> Any:
    pd = library("pandas")

    dtype = pd.CategoricalDtype(state["categories"], state["ordered"])
    return pd.Categorical.from_codes(state["codes"], dtype=dtype)


def _take_masked(value: Any) -> dict[str, Any]:
    data, mask, memory = value._data, value._mask, None
    if mask.any():
        memory = window_on(data, fixed=True)  # the copy is not what others see
        data = data.copy()
        data[mask] = 0  # what is under the mask is whatever was there before
    return {"data": data, "mask": mask, "memory": Aside(memory)}


def _make_masked(state: Any) -> Any:
    pd = library("pandas")

    kind = state["data"].dtype.kind
    cls = {"b": pd.arrays.BooleanArray, "f": pd.arrays.FloatingArray}.get(kind, pd.arrays.IntegerArray)
    return cls(state["data"], state["mask"])


def _take_text(value: Any) -> dict[str, Any]:
    missing = "NA" if repr(value.dtype.na_value) == "<NA>" else "nan"
    items: Any = _side_by_side(value) if value.dtype.storage == "pyarrow" else None
    if items is None:
        items = tuple(value.to_numpy(dtype=object, na_value=None).tolist())
    return {"items": items, "missing": missing, "storage": Aside(value.dtype.storage)}


def _side_by_side(value: Any) -> Texts | None:
    """Texts as Arrow holds them, so that no object is made for each; None where they are few, or all missing."""
    held = getattr(value, "_pa_array", None)
    if held is None or len(value) < RUN or held.null_count == len(value):
        return None
    np, pa = library("numpy"), library("pyarrow")

    there = held.is_valid().to_numpy() if held.null_count else None
    filled = held.fill_null("") if held.null_count else held
    whole = filled.cast(pa.large_string()).combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays(whole.chunks)
    _, places, data = whole.buffers()
    offsets = np.frombuffer(places, np.int64)[whole.offset : whole.offset + len(whole) + 1]
    lengths = np.diff(offsets)
    if lengths.max() >= 1 << 32:
        return None
    text = memoryview(b"" if data is None else data)[int(offsets[0]) : int(offsets[-1])]
    missing = None if there is None else memoryview((~there).astype(np.uint8))
    return Texts(len(whole), memoryview(lengths.astype("<u4")).cast("B"), text, missing)


def _make_text(state: Any) -> Any:
    np = library("numpy")
    pd = library("pandas")

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
    np = library("numpy")

    if isinstance(value.dtype, np.dtype):
        return {"data": value.to_numpy(), "zone": None}
    naive = value.tz_convert(None).to_numpy() if value.tz is not None else value.to_numpy()
    return {"data": naive, "zone": zone_state(value.tz)}


def _make_moments(state: Any) -> Any:
    pd = library("pandas")

    index = pd.DatetimeIndex(state["data"])
    if state["zone"] is not None:
        index = index.tz_localize("UTC").tz_convert(zone_from(state["zone"]))
    return index._with_freq(None).array if hasattr(index, "_with_freq") else index.array


def _take_periods(value: Any) -> dict[str, Any]:
    return {"data": value.asi8, "frequency": value.freqstr}


def _make_periods(state: Any) -> Any:
    pd = library("pandas")

    return pd.arrays.PeriodArray(state["data"], dtype=pd.PeriodDtype(state["frequency"]))


def _take_intervals(value: Any) -> dict[str, Any]:
    return {"left": value.left, "right": value.right, "closed": value.closed}


def _make_intervals(state: Any) -> Any:
    pd = library("pandas")

    return pd.arrays.IntervalArray.from_arrays(state["left"], state["right"], state["closed"])


def _take_sparse(value: Any) -> dict[str, Any]:
    places = value.sp_index.indices if hasattr(value.sp_index, "indices") else value.sp_index.to_int_index().indices
    return {
        "data": value.sp_values, "places": places, "length": len(value), "fill": value.fill_value,
        "kind": value.kind, "dtype": value.sp_values.dtype,
    }  # fmt: skip


def _make_sparse(state: Any) -> Any:
    np = library("numpy")
    pd = library("pandas")

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
