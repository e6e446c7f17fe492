from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from twice.values.compare import difference
from twice.values.differences import FLOAT32, METADATA, ORDER, ROUNDING, TOLERANCE, Difference
from twice.values.tolerance import Tolerance
from values.helpers import term_of


def between(left: Any, right: Any, **tolerances: Any) -> Difference:
    found = difference(term_of(left), term_of(right), **tolerances)
    assert found is not None
    return found


def test_numbers_differ_absolutely_and_relatively() -> None:
    found = between(2.0, 2.5)
    assert (found.detail["absolute"], found.detail["relative"]) == (0.5, 0.25)
    assert not found.within
    assert between(2.0, 2.5, atol=0.5).within
    assert between(2.0, 2.5, rtol=0.25).within
    assert not between(2.0, float("nan"), rtol=9.0).within


def test_keys_are_added_removed_and_changed() -> None:
    found = between({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 5, "d": 4})
    assert (found.detail["added"], found.detail["removed"]) == (["'d'"], ["'c'"])
    assert [child.path for child in found.children] == ["['b']"]


ROWS = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})


@pytest.mark.parametrize(
    ("left", "right", "softer"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, "same keys in another order"),
        ([1, 2, 3], [3, 1, 2], "same items in another order"),
        ("a\nb\nc", "c\nb\na", "same lines in another order"),
        (np.arange(6).reshape(3, 2), np.arange(6).reshape(3, 2)[::-1], "same rows in another order"),
        (np.arange(3.0), np.arange(3.0)[::-1], "same items in another order"),
        (np.array([1.0, 2.0]), np.array([1.0, 2.0 + 1e-15]), "explained by rounding"),
        (np.array([1.0, 2.0]), np.array([1.0, 2.0 + 1e-11]), "equal after rounding to float32"),
        (np.array([1.0, 0.1]), np.array([1.0, 0.1], "f4"), "equal after rounding to float32"),
        (np.array([1, 2]), np.array([1.0, 2.0]), "same numbers"),
        (ROWS, ROWS[::-1].reset_index(drop=True), "same rows in another order"),
        (pd.DataFrame({"a": [1], "b": [2]}), pd.DataFrame({"b": [2], "a": [1]}), "same columns in another order"),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]}, index=["x"]), "only the index differs"),
    ],
)  # fmt: skip
def test_the_softer_finding_is_told(left: Any, right: Any, softer: str) -> None:
    assert between(left, right).softer == softer


def test_a_changed_row_is_no_other_order() -> None:
    assert between(pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [1, 3]})).softer == ""
    # Each column holds the same cells, the rows are others.
    left, right = pd.DataFrame({"a": [1, 2], "b": [1, 2]}), pd.DataFrame({"a": [1, 2], "b": [2, 1]})
    assert between(left, right).softer != "same rows in another order"


def test_rounding_is_small_by_norm_though_large_by_item() -> None:
    rng = np.random.default_rng(0)
    left = rng.normal(size=10_000)
    right = left + 1e-16 * rng.normal(size=10_000)
    found = between(left, right)
    assert found.detail["norm_wise"] < 10 * found.detail["epsilon"]
    assert found.detail["largest_ulp"] > 10 * found.detail["median_ulp"]
    assert found.detail["share"] == found.detail["differing"] / 10_000


def test_units_in_the_last_place_are_counted_across_zero() -> None:
    found = between(np.array([0.0, 1.0]), np.array([-5e-324, np.nextafter(1.0, 2.0)]))
    assert found.detail["largest_ulp"] == 1
    assert found.detail["median_ulp"] == 1


def test_a_new_nan_is_told_and_never_within() -> None:
    found = between(np.array([1.0, 2.0]), np.array([1.0, np.nan]), rtol=1.0)
    assert found.detail["nan"] == 1
    assert not found.within


def test_tolerances_cover_arrays_frames_and_what_holds_them() -> None:
    left, right = np.array([1.0, 2.0]), np.array([1.0, 2.001])
    assert between(left, right, rtol=1e-2).within
    assert not between(left, right, rtol=1e-6).within
    assert between({"x": [left, 1.0]}, {"x": [right, 1.0001]}, rtol=1e-2).within
    assert between(pd.DataFrame({"a": left}), pd.DataFrame({"a": right}), rtol=1e-2).within
    assert not between(pd.DataFrame({"a": left}), pd.DataFrame({"a": right, "b": 1}), rtol=1e-2).within


def test_shapes_and_types_are_told() -> None:
    assert between(np.zeros((2, 3)), np.zeros((3, 2))).detail["shape"] == ((2, 3), (3, 2))
    assert between(np.zeros(2), np.zeros(2, "f4")).detail["type"] == ("float64", "float32")


def test_columns_are_added_removed_and_changed() -> None:
    left = pd.DataFrame({"a": [1, 2], "b": [1.0, 2.0], "c": ["x", "y"]})
    right = pd.DataFrame({"a": [1, 2], "b": [1.0, 3.0], "d": ["x", "y"]})
    found = between(left, right)
    assert (found.detail["added"], found.detail["removed"], found.detail["changed"]) == (["'d'"], ["'c'"], ["['b']"])
    assert found.children[0].detail["differing"] == 1


def test_rows_are_counted() -> None:
    found = between(pd.DataFrame({"a": range(5)}), pd.DataFrame({"a": range(3)}))
    assert found.detail["rows"] == (5, 3)
    assert "5 rows became 3" in found.what


def test_frames_that_differ_in_attributes_differ_in_metadata_only() -> None:
    left, right = pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]})
    right.attrs["source"] = "there"
    assert between(left, right).softer == "only metadata differs"


def test_texts_are_shown_as_a_diff_of_lines() -> None:
    found = between("one\ntwo\nthree", "one\n2\nthree")
    assert found.detail["changed"] == 2
    assert "-two" in found.detail["diff"]
    assert "+2" in found.detail["diff"]


def test_bytes_say_from_where_on_they_differ() -> None:
    assert between(bytes(100_000), bytes(99_999) + b"x").detail["first"] == 99_999


def test_sets_say_what_came_and_went() -> None:
    found = between({1, 2}, {2, 3})
    assert (found.detail["added"], found.detail["removed"]) == (["3"], ["1"])


def test_many_differences_are_counted_and_some_are_listed() -> None:
    found = between(list(range(1000)), list(range(1, 1001)))
    assert found.detail["differing"] == 1000
    assert len(found.children) == 20


def test_depth_is_no_trouble() -> None:
    left: list[Any] = []
    right: list[Any] = [1]
    for _ in range(5000):
        left, right = [left], [right]
    assert between(left, right).what


RNG = np.random.default_rng(0)
MANY = RNG.normal(size=10_000)


def test_the_same_sums_in_another_order_are_explained_by_rounding() -> None:
    matrix = RNG.normal(size=(300, 300)).astype("f4")
    order = RNG.permutation(300)
    found = between(matrix @ matrix, matrix[:, order] @ matrix[order])
    assert found.explained == {ROUNDING}
    assert found.detail["largest_relative"] > 1e-5  # which no tolerance for single elements would pass
    assert not found.within


@pytest.mark.parametrize(
    "right",
    [
        MANY * (1 + 1e-9),
        np.where(np.arange(10_000) == 7, MANY + 1e-6, MANY),
        np.where(np.arange(10_000) == 7, np.nan, MANY),
        np.where(np.arange(10_000) == 7, np.inf, MANY),
        np.concatenate([MANY[:-1], [-0.0]]),
    ],
    ids=["all a little", "one of many", "a nan", "an infinity", "a zero"],
)  # fmt: skip
def test_what_rounding_cannot_do_is_not_explained_by_it(right: Any) -> None:
    assert ROUNDING not in between(MANY, right).explained


def test_a_number_that_changed_does_not_hide_behind_much_larger_ones() -> None:
    left, right = np.full(10_000, 1e15), np.full(10_000, 1e15)
    left[0], right[0] = 0.5, 0.6
    assert between(left, right).explained == set()


def test_an_infinity_that_changes_sides_is_a_change() -> None:
    found = between(np.array([1.0, np.inf]), np.array([1.0, -np.inf]), rtol=1.0)
    assert found.detail["infinite"] == 1
    assert not found.within


def test_what_explains_the_parts_explains_the_whole() -> None:
    rounded = MANY * (1 + 2.0**-52)
    assert between({"a": MANY, "b": [1, 2]}, {"a": rounded, "b": [2, 1]}).explained == {ORDER, ROUNDING}
    assert between({"a": MANY, "b": [1, 2]}, {"a": rounded, "b": [2, 3]}).explained == set()
    assert between({"a": MANY, "b": 1.0}, {"a": rounded, "b": 1.1}, rtol=0.2).explained == {ROUNDING, TOLERANCE}
    assert between([MANY] * 50 + [1], [rounded] * 50 + [2]).explained == set()  # though only some parts are kept


def test_rows_that_moved_and_were_rounded_are_matched_by_their_other_columns() -> None:
    keys = [f"k{number}" for number in range(200)]
    left: Any = pd.DataFrame({"key": keys, "mean": MANY[:200]})
    right = left.iloc[RNG.permutation(200)].reset_index(drop=True)
    assert between(left, right).explained == {ORDER}
    right["mean"] *= 1 + 2.0**-52
    assert between(left, right).explained == {ORDER, ROUNDING}
    right.loc[3, "mean"] += 0.1
    assert between(left, right).explained == set()


def test_rows_that_moved_with_their_labels_are_in_another_order() -> None:
    left = pd.DataFrame({"a": [1, 2, 3]}, index=["x", "y", "z"])
    assert between(left, left[::-1]).explained == {ORDER}
    assert between(left, left[::-1].set_axis(left.index)).explained == {ORDER}
    assert between(left, left.set_axis(["x", "z", "y"])).explained == set()


def test_metadata_and_narrower_types_explain_too() -> None:
    left, right = pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]})
    right.attrs["source"] = "there"
    assert between(left, right).explained == {METADATA}
    assert between(MANY, MANY.astype("f4")).explained == {FLOAT32}


def test_choices_made_from_scores_are_looked_at() -> None:
    scores = RNG.random((50, 3))
    assert between(scores, scores * 0.9).decisions
    other = scores.copy()
    other[4] = other[4][::-1]
    assert between(scores, other).detail["largest_changed"] == 1
    assert not between(scores, other).decisions
    assert between({"a": MANY}, {"a": MANY * 2}).decisions
    assert not between({"a": MANY, "label": 1}, {"a": MANY * 2, "label": 2}).decisions
    nearly = np.array([0.1, 0.2, 0.9])
    assert between(nearly, nearly[[1, 0, 2]] + 1e-3).detail == between(nearly, nearly[[1, 0, 2]] + 1e-3).detail | {
        "ranks_changed": 2,
        "half_crossed": 0,
    }


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "c8", "c16", "g", "i8", "u1", ">f8"])
def test_numbers_of_every_type_have_figures(kind: str) -> None:
    left, right = np.arange(1, 9).astype(kind), np.arange(1, 9).astype(kind)
    right[2] = 4
    found = between(left, right)
    assert found.detail["largest_absolute"] == 1
    assert found.detail["largest_relative"] == pytest.approx(1 / 3, rel=1e-3)
    assert between(left, right, atol=1).within


def test_units_in_the_last_place_can_be_allowed() -> None:
    left, right = np.array([1.0, 2.0]), np.nextafter(np.array([1.0, 2.0]), 3)
    assert between(left, right, ulps=1).within
    assert between(left[0].item(), right[0].item(), ulps=1).within
    assert not between(left, right + 1e-9, ulps=1).within


@pytest.mark.parametrize("place", ["auc", "metrics.auc", '["metrics"]["auc"]', "*.auc", "metrics"])
def test_a_tolerance_for_a_place_holds_there_only(place: str) -> None:
    left, right = {"metrics": {"auc": 0.9}, "x": 1.0}, {"metrics": {"auc": 0.91}, "x": 1.0}
    assert between(left, right, places={place: Tolerance(atol=0.1)}).within
    assert not between(left, right | {"x": 1.01}, places={place: Tolerance(atol=0.1)}).within
    assert not between(left, right, atol=0.1, places={place: Tolerance(atol=0.001)}).within
    assert not between(left, right, places={"loss": Tolerance(atol=0.1), "metrics.loss": Tolerance(atol=1)}).within


def test_columns_and_attributes_are_places() -> None:
    left, right = pd.DataFrame({"a b": [1.0], "c": [1.0]}), pd.DataFrame({"a b": [1.1], "c": [1.0]})
    assert between(left, right, places={"a b": Tolerance(rtol=0.2)}).within
    assert not between(left, right, places={"c": Tolerance(rtol=0.2)}).within


def test_models_that_differ_say_how_many_of_their_trees_do() -> None:
    import catboost
    import lightgbm
    from sklearn.ensemble import RandomForestClassifier

    features = np.random.default_rng(0).normal(size=(80, 3))
    target = (features[:, 0] > 0).astype(int)
    light: dict[str, Any] = {"n_estimators": 3, "verbose": -1, "n_jobs": 1}
    cat: dict[str, Any] = {"iterations": 3, "verbose": 0, "allow_writing_files": False, "thread_count": 1}
    sides = [
        (
            RandomForestClassifier(3, random_state=0).fit(features[:count], target[:count]),
            lightgbm.LGBMClassifier(**light).fit(features[:count], target[:count]).booster_,
            catboost.CatBoostClassifier(**cat).fit(features[:count], target[:count]),
        )
        for count in (80, 70)
    ]
    found = [difference(term_of(before), term_of(after)) for before, after in zip(*sides, strict=True)]
    assert [one is not None and one.what.rpartition(";")[2].strip() for one in found] == [
        "3 of 3 estimators do",
        "3 of 3 trees differ, from tree 0 on",
        "3 of 3 trees differ, from tree 0 on",
    ]


@pytest.mark.parametrize(
    ("left", "right", "what"),
    [
        ([1, "a"], [1, "a", "b"], "the list grew from 2 to 3 items; the first 2 are the same"),
        ([1, "a", "b"], [2, "a"], "the list shrank from 3 to 2 items; 1 of the first 2 differ"),
        ((), (1,), "the tuple grew from 0 to 1 items"),
    ],
)
def test_a_sequence_says_that_it_grew_or_shrank(left: Any, right: Any, what: str) -> None:
    found = between(left, right)
    assert found.what == what
    assert not found.whole
