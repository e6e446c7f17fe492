"""Values of the field's libraries: each comes back, means the same, differs from its neighbours, executes nothing."""

from __future__ import annotations

import datetime
import decimal
from typing import Any

import attrs
import catboost
import lightgbm
import numpy as np
import onnx
import polars as pl
import pyarrow as pa
import pydantic
import pytest
import torch
import xgboost
from PIL import Image
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from twice.values.compare import difference
from twice.values.differences import ROUNDING
from twice.values.encode import encode
from twice.values.fingerprint import fingerprint
from values.helpers import round_trip, term_of

A = np.random.default_rng(0).normal(size=(60, 3))
Y = (A[:, 0] > 0).astype(int)


@attrs.define
class Slotted:
    x: Any
    y: int = 2


@attrs.define(slots=False, frozen=True)
class Frozen:
    x: Any


class Settings(pydantic.BaseModel):  # type: ignore[misc]
    depth: int
    parts: list[Any] = []
    _secret: int = pydantic.PrivateAttr(default=3)


class Net(torch.nn.Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.first = torch.nn.Linear(3, 3)
        self.second = torch.nn.Linear(3, 3)
        self.second.weight = self.first.weight
        self.register_buffer("steps", torch.zeros(2))

    def forward(self, x: Any) -> Any:
        return self.second(self.first(x))


def table() -> Any:
    return pa.table(
        {
            "integers": [1, None, 3],
            "floats": [1.5, None, -0.0],
            "texts": ["x", None, "zé"],
            "bytes": [b"a", None, b""],
            "truths": [True, None, False],
            "lists": [[1], [2, 3], None],
            "pairs": pa.array([[1, 2], None, [3, 4]], pa.list_(pa.int64(), 2)),
            "dictionary": pa.array(["a", "b", "a"]).dictionary_encode(),
            "structs": [{"x": 1}, None, {"x": 2}],
            "maps": pa.array([[("k", 1)], None, []], pa.map_(pa.string(), pa.int64())),
            "moments": pa.array([datetime.datetime(2020, 1, 1)] * 3, pa.timestamp("us", tz="UTC")),
            "decimals": pa.array([decimal.Decimal("1.5"), None, None], pa.decimal128(5, 2)),
            "nothing": pa.nulls(3),
        }
    )


def polars_frame() -> Any:
    return pl.DataFrame(
        {
            "integers": [1, None, 3],
            "texts": ["x", None, "z"],
            "categories": pl.Series(["u", "v", "u"], dtype=pl.Categorical),
            "choices": pl.Series(["u", "v", "u"], dtype=pl.Enum(["u", "v"])),
            "dates": [datetime.date(2020, 1, 1)] * 3,
            "moments": [datetime.datetime(2020, 1, 1)] * 3,
            "durations": [datetime.timedelta(1)] * 3,
            "times": [datetime.time(1)] * 3,
            "lists": [[1], [2], None],
            "structs": [{"x": 1}] * 3,
            "decimals": [decimal.Decimal("1.5")] * 3,
        }
    )


def net() -> Any:
    torch.manual_seed(0)
    return Net()


def trained() -> Any:
    model = net()
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(4, 3)).sum().backward()
    optimizer.step()
    return model, optimizer, torch.optim.lr_scheduler.StepLR(optimizer, 3)


def classifiers() -> dict[str, Any]:
    return {
        "xgboost": xgboost.XGBClassifier(n_estimators=3, n_jobs=1).fit(A, Y),
        "lightgbm": lightgbm.LGBMClassifier(n_estimators=3, verbose=-1, n_jobs=1).fit(A, Y),
        "catboost": catboost.CatBoostClassifier(iterations=3, verbose=0, allow_writing_files=False, thread_count=1).fit(
            A, Y
        ),
    }


def values() -> dict[str, Any]:
    fitted = classifiers()
    red = Image.fromarray(np.full((4, 5, 3), 7, "u1"))
    node = onnx.helper.make_node("Add", ["x", "y"], ["z"])
    found: dict[str, Any] = {
        "Arrow table": table(),
        "Arrow batch": table().to_batches()[0],
        "Arrow array": pa.array([1, 2, None]),
        "Arrow chunks": pa.chunked_array([[1], [2]]),
        "Arrow scalar": pa.scalar(3),
        "Arrow type": pa.list_(pa.int8()),
        "Arrow schema": table().schema,
        "polars frame": polars_frame(),
        "polars series": pl.Series("x", [1.0, None]),
        "polars type": pl.Datetime("us"),
        "polars type class": pl.Int64,
        "polars plan": pl.DataFrame({"a": [1]}).lazy().select(pl.col("a") + 1),
        "polars expression": pl.col("a") + 1,
        "tensor": torch.arange(6.0).reshape(2, 3),
        "tensor turned": torch.arange(6.0).reshape(2, 3).t(),
        "tensor expanded": torch.ones(1, 3).expand(2, 3),
        "tensor of bfloat16": torch.ones(3, dtype=torch.bfloat16),
        "tensor without dimension": torch.tensor(1.5),
        "tensor without items": torch.empty(0, 3),
        "tensor to be learned": torch.ones(2, requires_grad=True),
        "tensor, sparse": torch.eye(3).to_sparse(),
        "module": net(),
        "state of a module": net().state_dict(),
        "module, optimizer, schedule": trained(),
        "torch generator": torch.Generator().manual_seed(3),
        "torch names": [torch.float32, torch.Size([1, 2]), torch.device("cpu"), torch.strided],
        "XGBoost booster": fitted["xgboost"].get_booster(),
        "LightGBM booster": fitted["lightgbm"].booster_,
        "CatBoost unfitted": catboost.CatBoostRegressor(iterations=2),
        "image": red,
        "image with palette": red.convert("P"),
        "image of bits": red.convert("1"),
        "ONNX": onnx.helper.make_model(onnx.helper.make_graph([node], "g", [], [])),
        "attrs": Slotted([1], 3),
        "attrs frozen": Frozen({"a": 1}),
        "pydantic": Settings(depth=3, parts=[1, "a"]),
    }
    for name, model in fitted.items():
        found[name] = model
        found[f"pipeline with {name}"] = make_pipeline(StandardScaler().fit(A), model)
    return found


VALUES = values()


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_a_librarys_value_comes_back_with_its_meaning_and_calls_nothing_foreign(value: Any) -> None:
    encoded = encode(value)
    back = round_trip(value)
    assert type(back) is type(value)
    assert fingerprint(back) == fingerprint(value)
    assert difference(term_of(value), term_of(back)) is None
    assert not encoded.executes


def test_all_these_values_differ_from_each_other() -> None:
    # An expanded tensor is what it shows; everything else here is something else.
    assert len({str(fingerprint(value)) for value in VALUES.values()}) == len(VALUES)


@pytest.mark.parametrize("name", ["xgboost", "lightgbm", "catboost"])
def test_models_predict_the_same_when_they_are_back(name: str) -> None:
    model = VALUES[f"pipeline with {name}"]
    assert np.array_equal(round_trip(model).predict_proba(A), model.predict_proba(A))


def test_a_model_trained_again_means_the_same() -> None:
    again = classifiers()
    for name in again:
        assert fingerprint(again[name]) == fingerprint(VALUES[name]), name


def test_tables_and_frames_come_back_equal() -> None:
    assert round_trip(table()).equals(table())
    assert round_trip(polars_frame()).equals(polars_frame())
    assert round_trip(polars_frame()).schema == polars_frame().schema


def test_chunks_offsets_and_what_lies_under_nulls_are_not_part_of_the_meaning() -> None:
    whole = table().drop(["maps", "pairs"])
    pieces = pa.concat_tables([whole.slice(0, 1), whole.slice(1)])
    assert fingerprint(pieces) == fingerprint(whole)
    assert fingerprint(whole.slice(1)) == fingerprint(pa.Table.from_batches(whole.slice(1).to_batches()))
    hidden = pa.Array.from_buffers(pa.int64(), 2, [pa.py_buffer(b"\1"), pa.array([1, 99]).buffers()[1]])
    assert fingerprint(hidden) == fingerprint(pa.array([1, None]))
    frame = polars_frame()
    assert fingerprint(pl.concat([frame[:1], frame[1:]], rechunk=False)) == fingerprint(frame)


def test_tables_are_compared_by_column_and_row() -> None:
    for left, right in (
        (pa.table({"k": ["a", "b"], "x": [1.0, 2.0]}), pa.table({"k": ["a", "b"], "x": [1.0, 2.5]})),
        (pl.DataFrame({"k": ["a", "b"], "x": [1.0, 2.0]}), pl.DataFrame({"k": ["a", "b"], "x": [1.0, 2.5]})),
    ):
        found = difference(term_of(left), term_of(right))
        assert found is not None
        assert found.detail["changed"] == ["['x']"]
        assert found.children[0].detail["first"] == (1,)
        turned = difference(term_of(left), term_of(left[::-1] if isinstance(left, pl.DataFrame) else left.take([1, 0])))
        assert turned is not None and turned.explained == {"order"}


def test_tied_weights_are_tied_again() -> None:
    back = round_trip(net())
    assert back.first.weight is back.second.weight
    state = round_trip(net().state_dict())
    state["first.weight"].zero_()
    assert state["second.weight"].abs().sum() == 0


def test_views_of_one_tensor_share_their_memory_again() -> None:
    whole = torch.arange(40_000.0)
    back = round_trip({"part": whole[10:20], "whole": whole, "turned": whole[:6].reshape(2, 3).t()})
    back["whole"][12] = -1
    back["whole"][3] = -2
    assert back["part"][2] == -1
    assert back["turned"][0, 1] == -2
    assert back["part"].storage_offset() == 10


def test_an_optimizer_goes_on_with_the_parameters_of_its_module() -> None:
    model, optimizer, _ = round_trip(trained())
    assert optimizer.param_groups[0]["params"][0] is model.first.weight
    before = model.first.weight.detach().clone()
    model(torch.ones(4, 3)).sum().backward()
    optimizer.step()
    assert not torch.equal(before, model.first.weight)
    other, other_optimizer, _ = trained()
    other_optimizer.zero_grad()
    other(torch.ones(4, 3)).sum().backward()
    other_optimizer.step()
    assert torch.equal(other.first.weight, model.first.weight)


def test_layout_and_sharing_of_tensors_are_not_part_of_the_meaning() -> None:
    turned = torch.arange(6.0).reshape(2, 3).t()
    assert fingerprint(turned) == fingerprint(turned.contiguous())
    assert fingerprint(torch.zeros(3)) != fingerprint(torch.zeros(3, requires_grad=True))
    assert fingerprint(torch.zeros(3)) != fingerprint(torch.nn.Parameter(torch.zeros(3)))
    assert fingerprint(torch.zeros(2, dtype=torch.int32)) != fingerprint(torch.zeros(2))


def test_weights_are_compared_as_arrays() -> None:
    left, right = net(), net()
    with torch.no_grad():
        right.first.weight[0, 0] += 1
    found = difference(term_of(left), term_of(right))
    assert found is not None
    assert "_modules" in found.path or found.children
    rounded = torch.arange(1.0, 100.0)
    near = difference(term_of(rounded), term_of(torch.nextafter(rounded, rounded + 1)))
    assert near is not None and near.explained == {ROUNDING}


def test_models_of_trees_are_compared_tree_by_tree() -> None:
    data = xgboost.DMatrix(A, Y)
    left, right = (xgboost.train({"max_depth": 2, "nthread": 1}, data, rounds) for rounds in (3, 4))
    found = difference(term_of(left), term_of(right))
    assert found is not None
    assert found.detail == {"trees": (3, 4), "differing": 0, "first": 3}


def test_pictures_are_compared_by_their_pixels() -> None:
    left = Image.new("RGB", (4, 4))
    right = left.copy()
    right.putpixel((0, 0), (0, 9, 0))
    found = difference(term_of(left), term_of(right))
    assert found is not None
    assert (found.detail["differing"], found.detail["largest"]) == (1, 9)


def test_fields_are_kept_and_nothing_of_the_class_is_called() -> None:
    assert round_trip(VALUES["attrs"]) == VALUES["attrs"]
    assert round_trip(VALUES["attrs frozen"]) == VALUES["attrs frozen"]
    back = round_trip(VALUES["pydantic"])
    assert back == VALUES["pydantic"]
    assert back.model_fields_set == {"depth", "parts"}
    assert back._secret == 3
    loop = Slotted(None)
    loop.x = [loop]
    assert round_trip(loop).x[0].x[0].y == 2
