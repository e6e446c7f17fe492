"""XGBoost, LightGBM, CatBoost: models in their own dump formats, which name nothing to be called.

Their wrappers for scikit-learn hold such a model and are taken apart like scikit-learn's own objects.
"""

# ruff: noqa: ARG002, D102 - the methods and their arguments are described by Kind
from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twice.values.kind import Aside, Buffer, Kind, Making, library
from twice.values.kinds.objects import LibraryObjectKind

if TYPE_CHECKING:
    from twice.values.compare import Comparison
    from twice.values.differences import Difference
    from twice.values.terms import Tagged


def _is(cls: type, root: str, name: str) -> bool:
    return cls.__module__.partition(".")[0] == root and cls.__qualname__ == name


class XGBoosterKind(Kind):
    """An XGBoost ``Booster``: its model (UBJSON) and its configuration (JSON)."""

    name = "xgboost.Booster"
    roots = frozenset({"xgboost"})

    def recognises(self, cls: type) -> bool:
        return _is(cls, "xgboost", "Booster")

    def take_apart(self, value: Any) -> object:
        model = bytes(value.save_raw(raw_format="ubj"))
        attributes = {name: item for name, item in vars(value).items() if name != "handle"}
        return {"model": Buffer(model), "configuration": value.save_config(), "attributes": attributes}

    def put_together(self, state: Any, making: Making) -> object:
        booster = library("xgboost").Booster()
        booster.load_model(bytearray(state["model"]))
        booster.load_config(state["configuration"])
        vars(booster).update(state["attributes"])
        return booster

    def preview(self, value: Any) -> str:
        return f"Booster of {value.num_boosted_rounds()} rounds"

    def compare(self, left: Tagged, right: Tagged, comparison: Comparison, path: str) -> Difference | None:
        from twice.values.kinds.trees import xgboost_differ

        return xgboost_differ(left, right, comparison, path)


class LightBoosterKind(Kind):
    """A LightGBM ``Booster``: its model as text; data sets that it was trained on are not kept."""

    name = "lightgbm.Booster"
    roots = frozenset({"lightgbm"})

    def recognises(self, cls: type) -> bool:
        return _is(cls, "lightgbm", "Booster")

    def take_apart(self, value: Any) -> object:
        return {
            "model": value.model_to_string(num_iteration=-1),
            "best_iteration": max(value.best_iteration, 0),  # 0 and -1 both mean all
            "best_score": {name: dict(scores) for name, scores in value.best_score.items()},
            "parameters": Aside(dict(value.params)),  # the model itself says which it was trained with
            "categories": value.pandas_categorical,
        }

    def put_together(self, state: Any, making: Making) -> object:
        import collections

        booster = library("lightgbm").Booster(model_str=state["model"])
        booster.best_iteration = state["best_iteration"]
        scores: Any = collections.defaultdict(collections.OrderedDict)
        for name, found in state["best_score"].items():
            scores[name] = collections.OrderedDict(found)
        booster.best_score = scores
        booster.params = state["parameters"] or {}
        booster.pandas_categorical = state["categories"]
        return booster

    def preview(self, value: Any) -> str:
        return f"Booster of {value.num_trees()} trees"

    def compare(self, left: Tagged, right: Tagged, comparison: Comparison, path: str) -> Difference | None:
        from twice.values.kinds.trees import lightgbm_differ

        return lightgbm_differ(left, right, comparison, path)


class CatBoostKind(Kind):
    """A CatBoost model: its parameters and what its JSON export says of it; its own format is kept aside.

    The name that a model gives itself and the time when it was finished do not belong to what it means.
    """

    name = "catboost.model"
    roots = frozenset({"catboost"})
    classes = ("CatBoost", "CatBoostClassifier", "CatBoostRegressor", "CatBoostRanker")

    def recognises(self, cls: type) -> bool:
        return cls.__module__.partition(".")[0] == "catboost" and cls.__qualname__ in self.classes

    def take_apart(self, value: Any) -> object:
        state: dict[str, Any] = {"class": type(value).__qualname__, "parameters": dict(value._init_params)}
        if not value.is_fitted():
            return {**state, "says": None, "model": Aside(None)}
        with tempfile.TemporaryDirectory(prefix="twice-") as folder:
            exported, binary = Path(folder) / "model.json", Path(folder) / "model.cbm"
            value.save_model(str(binary))
            model = binary.read_bytes()
            try:
                value.save_model(str(exported), format="json")
                says = _said(exported.read_bytes())
            except Exception:  # what has no export is named by its bytes, without the noise that can be found in them
                from twice.values.formats.models import without_noise

                says = Buffer(without_noise(model))
        return {**state, "says": says, "model": Aside(Buffer(model))}

    def put_together(self, state: Any, making: Making) -> object:
        cat = library("catboost")

        if state["class"] not in self.classes:
            raise AttributeError(f"CatBoost has no model {state['class']!r}")
        made = getattr(cat, state["class"])(**state["parameters"])
        return made if state["model"] is None else made.load_model(blob=bytes(state["model"]))

    def preview(self, value: Any) -> str:
        return f"{type(value).__name__} of {value.tree_count_ or 0} trees"

    def compare(self, left: Tagged, right: Tagged, comparison: Comparison, path: str) -> Difference | None:
        from twice.values.kinds.trees import catboost_differ

        return catboost_differ(left, right, comparison, path)


def _said(exported: bytes) -> Any:
    """What an export says: trees and scales as arrays of numbers would be too much to write one by one as terms."""
    from twice.values.formats.tables import json_text

    return json_text("model.json", memoryview(exported), None)


class ModelObjectKind(LibraryObjectKind):
    """Another object of these libraries, by its own reduction."""


_COMPANIONS = frozenset({"numpy", "scipy", "sklearn", "collections"})

KINDS: tuple[Kind, ...] = (
    XGBoosterKind(),
    LightBoosterKind(),
    CatBoostKind(),
    *(ModelObjectKind(f"{root}.object", frozenset({root}), _COMPANIONS) for root in ("xgboost", "lightgbm")),
)
