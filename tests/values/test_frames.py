from __future__ import annotations

import datetime
import zoneinfo
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twice.values.compare import difference
from twice.values.drawn import Histogram, drawn
from twice.values.encode import encode
from twice.values.fingerprint import fingerprint
from values import samples
from values.helpers import round_trip, term_of


def test_a_frame_with_columns_of_every_type_comes_back() -> None:
    frame = samples.frame()
    back = round_trip(frame)
    pd.testing.assert_frame_equal(back, frame)
    assert back.attrs == frame.attrs
    assert fingerprint(back) == fingerprint(frame)
    assert difference(term_of(frame), term_of(back)) is None
    assert not encode(frame).executes


@given(st.lists(st.tuples(st.integers(-5, 5), st.floats(), st.text() | st.none())))
@settings(max_examples=40)
def test_frames_of_any_rows_come_back(rows: list[tuple[int, float, str | None]]) -> None:
    frame = pd.DataFrame(rows, columns=["a", "b", "c"])
    back = round_trip(frame)
    pd.testing.assert_frame_equal(back, frame)
    assert fingerprint(back) == fingerprint(frame)


INDEXES: list[Any] = [
    pd.RangeIndex(1, 9, 2, name="n"),
    pd.Index([1, 1, 2]),
    pd.Index(["a", "b"], name=("x", 1)),
    pd.Index([1, "a", None], dtype=object),
    pd.Index([], dtype="float64"),
    pd.MultiIndex.from_product([[2, 1], ["b", "a"]], names=["p", "q"]),
    pd.MultiIndex.from_tuples([(1, None), (None, "a")]),
    pd.MultiIndex.from_product([[2, 1], ["b", "a"]])[:2],
    pd.date_range("2020", periods=3, freq="MS"),
    pd.date_range("2020", periods=3, tz="Europe/Paris"),
    pd.DatetimeIndex(["2020-01-01", None]),
    pd.timedelta_range("1h", periods=2),
    pd.period_range("2020", periods=3, freq="Q"),
    pd.interval_range(0, 2, closed="left"),
    pd.CategoricalIndex(["a", "b", "a"]),
    pd.Index([1, None], dtype="Int64"),
]


@pytest.mark.parametrize("index", INDEXES, ids=lambda index: f"{type(index).__name__} {index.dtype}")
def test_indexes_come_back_under_series_and_frames(index: Any) -> None:
    series = pd.Series(range(len(index)), index=index, name="s")
    frame = series.to_frame()
    pd.testing.assert_index_equal(round_trip(index), index, exact=True)
    pd.testing.assert_series_equal(round_trip(series), series)
    pd.testing.assert_frame_equal(round_trip(frame), frame)
    assert fingerprint(round_trip(frame)) == fingerprint(frame)
    assert getattr(round_trip(index), "freq", None) == getattr(index, "freq", None)


@pytest.mark.parametrize(
    "scalar",
    [
        pd.Timestamp("2020-01-02 03:04:05.000000006"),
        pd.Timestamp("2020-10-25 01:30", tz="UTC").tz_convert("Europe/Paris"),
        pd.Timestamp("2020", tz=datetime.UTC),
        pd.Timestamp("2020", tz=zoneinfo.ZoneInfo("Asia/Tokyo")),
        pd.Timedelta("1h"),
        pd.Period("2020-01", freq="M"),
        pd.Interval(0, 1, closed="both"),
        pd.offsets.BusinessDay(3),
        pd.CategoricalDtype(["b", "a"], ordered=True),
        pd.StringDtype(),
        pd.Int64Dtype(),
    ],
    ids=lambda scalar: type(scalar).__name__,
)
def test_scalars_and_types_come_back(scalar: Any) -> None:
    back = round_trip(scalar)
    assert back == scalar
    assert type(back) is type(scalar)
    assert fingerprint(back) == fingerprint(scalar)
    assert not encode(scalar).executes


def test_missing_values_are_the_ones_that_there_are() -> None:
    assert round_trip(pd.NaT) is pd.NaT
    assert round_trip(pd.NA) is pd.NA


def test_labels_may_occur_twice_and_may_be_forbidden_to() -> None:
    twice = pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"], index=["x", "x"])
    pd.testing.assert_frame_equal(round_trip(twice), twice)
    strict = pd.DataFrame({"a": [1]}).set_flags(allows_duplicate_labels=False)
    assert not round_trip(strict).flags.allows_duplicate_labels


@pytest.mark.parametrize("frame", [pd.DataFrame(), pd.DataFrame(index=[1, 2]), pd.DataFrame(columns=["a"])], ids=repr)
def test_empty_frames_come_back(frame: Any) -> None:
    pd.testing.assert_frame_equal(round_trip(frame), frame)


def test_how_a_frame_lies_in_memory_is_not_part_of_the_meaning() -> None:
    whole = pd.DataFrame({"a": [1.0, 2], "b": [3.0, 4]})
    pieces = pd.concat([pd.Series([1.0, 2], name="a"), pd.Series([3.0, 4], name="b")], axis=1)
    grown = pd.DataFrame({"a": [1.0, 2]})
    grown["b"] = [3.0, 4]
    table = pd.DataFrame(np.array([[1.0, 3], [2, 4]]), columns=["a", "b"])
    assert len({fingerprint(frame) for frame in (whole, pieces, grown, table, whole.copy())}) == 1


def test_what_is_under_a_mask_is_not_part_of_the_meaning() -> None:
    left, right = pd.array([1, 2], dtype="Int64"), pd.array([1, 3], dtype="Int64")
    left[1] = right[1] = pd.NA
    assert fingerprint(left) == fingerprint(right)


def test_unused_levels_and_their_order_are_not_part_of_the_meaning() -> None:
    product = pd.MultiIndex.from_product([[1, 2], ["a", "b"]])[[0, 3]]
    tuples = pd.MultiIndex.from_tuples([(1, "a"), (2, "b")])
    assert fingerprint(product) == fingerprint(tuples)
    back = round_trip(product)
    assert [list(level) for level in back.levels] == [[1, 2], ["a", "b"]]


BASE = pd.DataFrame({"a": [1, 2]}, index=pd.Index([0, 1], name="i"))
OTHERS: dict[str, Any] = {
    "column renamed": BASE.rename(columns={"a": "b"}),
    "index name": BASE.rename_axis("j"),
    "floats": BASE.astype(float),
    "nullable": BASE.astype("Int64"),
    "a cell": BASE.assign(a=[1, 3]),
    "a series": BASE["a"],
    "attributes": BASE.copy(),
}
OTHERS["attributes"].attrs["x"] = 1


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
def test_frames_that_differ_somewhere_differ(other: Any) -> None:
    assert fingerprint(other) != fingerprint(BASE)
    assert difference(term_of(BASE), term_of(other)) is not None


def test_one_changed_cell_in_many_rows_is_seen() -> None:
    left = pd.DataFrame({"a": np.zeros(200_000)})
    right = left.copy()
    right.loc[777, "a"] = 1
    found = difference(term_of(left), term_of(right))
    assert found is not None
    assert found.children[0].detail["differing"] == 1
    assert found.children[0].detail["first"] == (777,)


def test_a_frame_that_came_back_can_be_changed() -> None:
    back = round_trip(samples.frame())
    back.loc[0, "integers"] = 9
    back["new"] = 1
    back["floats"] += 1
    assert back["integers"].tolist() == [9, 2, 3]


@pytest.mark.parametrize(
    "texts",
    [
        [f"text {number} é" for number in range(50)],
        [None if number % 3 else f"text {number}" for number in range(50)],
        ["", "a"] * 40_000,
        [None] * 50,
        ["few", None],
    ],
    ids=["texts", "with missing", "many", "all missing", "few"],
)
def test_texts_are_written_the_same_way_however_they_are_held(texts: list[str | None]) -> None:
    streams = set()
    for storage in ("pyarrow", "python"):
        held = pd.array(texts, dtype=pd.StringDtype(storage))  # type: ignore[call-overload]
        pieces = pd.concat([pd.Series(held[:7]), pd.Series(held[7:])], ignore_index=True).array
        for value in (held, pieces):
            encoded = encode(value)
            streams.add((encoded.skeleton, *(bytes(part) for part in encoded.buffers)))  # type: ignore[arg-type]
            assert round_trip(value).tolist() == held.tolist()
    assert len(streams) == 1


@pytest.mark.parametrize("made", [pd.DataFrame, pl.DataFrame, pa.table], ids=["pandas", "polars", "Arrow"])
def test_the_histogram_of_a_column_has_its_name(made: Any) -> None:
    def table(by: float) -> Any:
        return made({"id": [1, 2, 3], "price": [1.0, 2.0, 3.0 + by], "name": ["a", "b", "c"]})

    (found,) = drawn(term_of(table(0.0)), term_of(table(0.5)))
    assert isinstance(found, Histogram)
    assert found.path == "['price']"
    assert (found.same, sum(found.counts)) == (2, 1)
