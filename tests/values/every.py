"""One value of everything that the list of kinds names; in a module that other processes can import.

``PINNED`` are those whose fingerprint depends on nothing but this format: it is the same in every release. What a
library writes itself (boosters, figures, fitted models) may change with the library's version.
"""

from __future__ import annotations

import array
import collections
import datetime
import decimal
import enum
import fractions
import pathlib
import re
import struct
import uuid
import zoneinfo
from collections.abc import Callable
from typing import Any

import attrs
import catboost
import lightgbm
import numpy as np
import onnx
import pandas as pd
import polars as pl
import pyarrow as pa
import pydantic
import scipy.sparse
import torch
import xgboost
from PIL import Image
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from values import samples


@attrs.define
class Drawn:
    x: int
    y: list[int]


class Setting(pydantic.BaseModel):  # type: ignore[misc]
    depth: int
    names: list[str]


class Level(enum.IntEnum):
    LOW = 1


A = np.random.default_rng(0).normal(size=(60, 3))
Y = (A[:, 0] > 0).astype(int)

STRUCTURED = np.dtype([("a", "i1"), ("b", "f8"), ("c", "U3")], align=True)


def nan_with_payload() -> float:
    found: float = struct.unpack("<d", struct.pack("<Q", 0x7FF8_0000_DEAD_BEEF))[0]
    return found


def generator() -> Any:
    return np.random.Generator(np.random.PCG64(7))


def state() -> Any:
    return np.random.RandomState(7)


def scaled() -> Any:
    return StandardScaler().fit([[1.0], [2.0]])


def fitted_pipeline() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(A, Y)


def piped(model: Any) -> Any:
    return make_pipeline(StandardScaler(), model).fit(A, Y)


def boosted() -> Any:
    return xgboost.train({"max_depth": 2, "nthread": 1}, xgboost.DMatrix(A, Y), 3)


def light(rounds: int = 3) -> Any:
    return lightgbm.train({"verbose": -1, "num_threads": 1}, lightgbm.Dataset(A, Y), rounds)


def cat() -> Any:
    settings = {"iterations": 3, "verbose": 0, "allow_writing_files": False, "thread_count": 1}
    return catboost.CatBoostClassifier(**settings).fit(A, Y)


def module() -> Any:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU(), torch.nn.BatchNorm1d(2))


def network() -> Any:
    value = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in "xyz"]
    node = onnx.helper.make_node("Add", ["x", "y"], ["z"])
    return onnx.helper.make_model(onnx.helper.make_graph([node], "g", value[:2], value[2:]))


def masked() -> Any:
    return np.ma.MaskedArray([1.0, 2.0, 3.0], mask=[True, False, False], fill_value=-1)


def mapped() -> Any:
    import tempfile

    with tempfile.TemporaryFile() as file:
        result = np.memmap(file, "f8", "w+", shape=(5,))
    result[:] = 7
    return result


def several() -> Any:
    return pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["x", "y"])


def attributed() -> Any:
    result = pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"])
    result.attrs["source"] = "here"
    return result


def grid() -> Any:
    return torch.arange(6.0).reshape(2, 3)


PINNED: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "bool": lambda: True,
    "int": lambda: 3,
    "int of any size": lambda: -(2**200),
    "float": lambda: 1.5,
    "NaN with a payload": nan_with_payload,
    "signed zero": lambda: -0.0,
    "complex": lambda: complex(1, -0.0),
    "str": lambda: "é\0",
    "str with surrogates": lambda: "a\ud800",
    "bytes": lambda: b"\0a",
    "bytearray": lambda: bytearray(b"\0a"),
    "range": lambda: range(1, 9, 2),
    "slice": lambda: slice(1, None, 2),
    "ellipsis": lambda: ...,
    "date": lambda: datetime.date(2020, 1, 2),
    "time": lambda: datetime.time(1, 2, 3, 4, fold=1),
    "datetime": lambda: datetime.datetime(2020, 1, 2, tzinfo=zoneinfo.ZoneInfo("Europe/Paris")),
    "timedelta": lambda: datetime.timedelta(1, 2, 3),
    "timezone": lambda: datetime.timezone(datetime.timedelta(hours=2), "two"),
    "Decimal": lambda: decimal.Decimal("1.00"),
    "Fraction": lambda: fractions.Fraction(1, 3),
    "Path": lambda: pathlib.PurePosixPath("a/b"),
    "UUID": lambda: uuid.UUID(int=7),
    "Pattern": lambda: re.compile("a+", re.IGNORECASE),
    "Enum": lambda: samples.Colour.RED,
    "IntEnum": lambda: Level.LOW,
    "Flag": lambda: samples.Access.READ | samples.Access.WRITE,
    "type": lambda: samples.Plain,
    "function": lambda: samples.doubled,
    "builtin": lambda: len,
    "list": lambda: [1, "a", None],
    "long list": lambda: [*range(40)],
    "tuple": lambda: (1, 2),
    "named tuple": lambda: samples.Point(1, 2),
    "dict": lambda: {"b": 1, "a": 2},
    "OrderedDict": lambda: collections.OrderedDict(b=1, a=2),
    "defaultdict": lambda: collections.defaultdict(list, a=[1]),
    "Counter": lambda: collections.Counter("abca"),
    "set": lambda: {"a", "b", 1},
    "frozenset": lambda: frozenset({"a", "b"}),
    "deque": lambda: collections.deque([1, 2], 3),
    "dataclass": lambda: samples.Record("a", [1]),
    "frozen dataclass": lambda: samples.Frozen(1, (2,)),
    "attrs": lambda: Drawn(1, [2]),
    "pydantic": lambda: Setting(depth=1, names=["a"]),
    "object": lambda: samples.Plain({"a": 1}),
    "object with slots": lambda: samples.Slotted(1),
    "opaque object": lambda: array.array("d", [1.0]),
    "array": lambda: np.arange(8.0).reshape(2, 4),
    "large array": lambda: np.arange(20_000.0),
    "array of integers": lambda: np.arange(3, dtype=">i2"),
    "array of booleans": lambda: np.array([True, False]),
    "array of complex numbers": lambda: np.array([1j]),
    "array of half floats": lambda: np.array([1.5], "f2"),
    "array of texts": lambda: np.array(["a", "bc"]),
    "array of bytes": lambda: np.array([b"a", b"bc"]),
    "array of moments": lambda: np.array(["2020-01-01", "NaT"], "M8[ns]"),
    "array of durations": lambda: np.array([1], "m8[s]"),
    "array of StringDType": lambda: np.array(["a", "bc"], np.dtypes.StringDType()),
    "structured array": lambda: np.array([(1, 2.0, "x")], STRUCTURED),
    "array of objects": lambda: np.array([None, "a", [1]], object),
    "strided array": lambda: np.arange(12.0)[::3],
    "array in Fortran order": lambda: np.asfortranarray(np.arange(9.0).reshape(3, 3)),
    "empty array": lambda: np.zeros((0, 3)),
    "array of no dimension": lambda: np.array(1.5),
    "memory map": mapped,
    "masked array": masked,
    "NumPy scalar": lambda: np.float32(1.5),
    "NumPy type": lambda: np.dtype("<f4"),
    "Generator": generator,
    "RandomState": state,
    "Series": lambda: pd.Series([1.5, np.nan], name="a"),
    "duplicate labels and attrs": attributed,
    "RangeIndex": lambda: pd.RangeIndex(3),
    "DatetimeIndex": lambda: pd.date_range("2020", periods=2, tz="Europe/Paris", unit="ns"),
    "TimedeltaIndex": lambda: pd.timedelta_range("1h", periods=2, unit="ns"),
    "PeriodIndex": lambda: pd.period_range("2020", periods=2, freq="M"),
    "IntervalIndex": lambda: pd.interval_range(0, 2),
    "CategoricalIndex": lambda: pd.CategoricalIndex(pd.Categorical.from_codes([0, 1], categories=pd.Index([5, 3]))),
    "MultiIndex": several,
    "Int64": lambda: pd.array([1, None], dtype="Int64"),
    "Float64": lambda: pd.array([1.5, None], dtype="Float64"),
    "boolean": lambda: pd.array([True, None], dtype="boolean"),
    "string": lambda: pd.array(["a", None], dtype="string"),
    "sparse": lambda: pd.arrays.SparseArray([0.0, 1.0]),
    "Timestamp": lambda: pd.Timestamp("2020-01-01", tz="UTC").as_unit("ns"),
    "Timedelta": lambda: pd.Timedelta("1h").as_unit("ns"),
    "Period": lambda: pd.Period("2020-01", "M"),
    "Interval": lambda: pd.Interval(0, 1),
    "NaT and NA": lambda: [pd.NaT, pd.NA],
    "polars frame": lambda: pl.DataFrame({"a": [1, None], "b": ["x", "y"]}),
    "polars series": lambda: pl.Series("a", [1.5, None]),
    "Arrow table": lambda: pa.table({"a": [1, None], "b": ["x", "y"]}),
    "Arrow array": lambda: pa.array([[1], None]),
    "sparse matrix": lambda: scipy.sparse.csr_matrix([[0.0, 1.0], [2.0, 0.0]]),
    "sparse array": lambda: scipy.sparse.coo_array([[0.0, 1.0], [2.0, 0.0]]),
    "tensor": grid,
    "tensor of bfloat16": lambda: torch.ones(3, dtype=torch.bfloat16),
    "parameter": lambda: torch.nn.Parameter(torch.ones(2)),
    "state dict": lambda: collections.OrderedDict(weight=torch.ones(2, 2), bias=torch.zeros(2)),
    "picture": lambda: Image.fromarray(np.arange(12, dtype="u1").reshape(2, 2, 3)),
}
"""Kinds whose fingerprint is pinned."""

OTHERS: dict[str, Callable[[], Any]] = {
    "frame": samples.frame,
    "scaler": scaled,
    "fitted pipeline": fitted_pipeline,
    "forest": lambda: RandomForestClassifier(3, random_state=0).fit(A, Y),
    "XGBoost": boosted,
    "LightGBM": light,
    "CatBoost": cat,
    "XGBoost in a pipeline": lambda: piped(xgboost.XGBClassifier(n_estimators=3, max_depth=2, n_jobs=1)),
    "LightGBM in a pipeline": lambda: piped(lightgbm.LGBMClassifier(n_estimators=3, verbose=-1, n_jobs=1)),
    "CatBoost in a pipeline": lambda: piped(cat()),
    "module": module,
    "ONNX": network,
    "figure": samples.figure,
    "axes": lambda: samples.figure().axes[0],
}
"""Kinds whose state is a library's own."""

EVERY = PINNED | OTHERS


def fingerprints() -> dict[str, str]:
    from twice.values.fingerprint import fingerprint

    return {name: str(fingerprint(make())) for name, make in EVERY.items()}


def pin() -> None:
    """Write down the fingerprints of values that have none yet; to be called as ``values.every.pin()``."""
    import json

    file = pathlib.Path(__file__).parent.parent / "golden" / "values_1.json"
    found = fingerprints()
    pinned = json.loads(file.read_bytes()) if file.exists() else {}
    told = {name: pinned.get(name, found[name]) for name in PINNED}
    file.write_text(json.dumps(told, indent=1, ensure_ascii=True) + "\n", "utf-8")
