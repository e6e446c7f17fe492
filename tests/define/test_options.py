from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from twice.define.options import StepOptions, changed_options, checked_step_name
from twice.errors import DefinitionError
from twice.records.version import Tolerance


def test_what_is_not_given_stays_as_it_was() -> None:
    options = changed_options(StepOptions(), name="fit", rtol=1e-6)
    assert changed_options(options, atol=2) == StepOptions(name="fit", rtol=1e-6, atol=2.0)


def test_one_input_alone_is_a_list_of_one() -> None:
    assert changed_options(StepOptions(), inputs="data/*.csv").inputs == ("data/*.csv",)
    assert changed_options(StepOptions(), inputs=Path("data") / "a.csv").inputs == ("data/a.csv",)
    assert changed_options(StepOptions(), inputs=["a", Path("b")]).inputs == ("a", "b")


@pytest.mark.parametrize("name", ["fit", "fit_2", "fit-2", "Anpassung", "größe"])
def test_words_can_name_a_step(name: str) -> None:
    assert checked_step_name(name) == name


@pytest.mark.parametrize("name", ["", "fit.depth", "a b", "-fit", "a/b", "a@b", "fit\n", 3, None])
def test_what_cannot_be_typed_or_told_from_a_parameter_names_no_step(name: object) -> None:
    with pytest.raises(DefinitionError, match="name"):
        checked_step_name(name)


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf"), True, "0.1", [1e-3]])
def test_a_tolerance_is_a_finite_number_that_is_not_negative(value: Any) -> None:
    with pytest.raises(DefinitionError, match="rtol is how far an output may be off"):
        changed_options(StepOptions(), rtol=value)


def test_a_tolerance_of_a_place_is_relative_or_says_what_it_is() -> None:
    options = changed_options(StepOptions(), ulps=4, tolerance={"price": 0.5, "metrics.auc": {"atol": 1, "ulps": 2}})
    assert options.ulps == 4
    assert options.tolerance == {"price": Tolerance(rtol=0.5), "metrics.auc": Tolerance(atol=1.0, ulps=2)}


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"ulps": 0.5}, "whole number"),
        ({"ulps": True}, "whole number"),
        ({"tolerance": 1e-6}, "names none"),
        ({"tolerance": {"": 1e-6}}, "named by a text"),
        ({"tolerance": {"price": {"relative": 1}}}, "made of rtol, atol and ulps"),
        ({"tolerance": {"price": "1%"}}, "how far an output may be off"),
        ({"compare": "near"}, "a function of two outputs"),
        ({"compare": lambda recorded: True}, "takes two outputs"),
        ({"compare": lambda *outputs: True}, "takes two outputs"),
    ],
)  # fmt: skip
def test_what_is_no_tolerance_or_comparison_is_refused(given: dict[str, Any], why: str) -> None:
    with pytest.raises(DefinitionError, match=why):
        changed_options(StepOptions(), **given)


@pytest.mark.parametrize("reason", [True, "", "  "])
def test_a_step_may_differ_only_for_a_reason_in_words(reason: Any) -> None:
    with pytest.raises(DefinitionError, match="reason why a step may differ"):
        changed_options(StepOptions(), allow=reason)


@pytest.mark.parametrize("inputs", [3, [3], [""], b"data", ["a\0b"], [b"a"]])
def test_an_input_that_is_no_path_is_refused(inputs: Any) -> None:
    with pytest.raises(DefinitionError, match=r"data/\*\.csv"):
        changed_options(StepOptions(), inputs=inputs)


def test_always_is_yes_or_no() -> None:
    with pytest.raises(DefinitionError, match="always is True or False"):
        changed_options(StepOptions(), always="yes")  # type: ignore[arg-type]


def test_grades_that_count_as_reproduced_are_checked_where_they_are_written() -> None:
    assert changed_options(StepOptions(), accept="order").accept == ("order",)
    assert changed_options(StepOptions(), accept=["order", "rounding", "order"]).accept == ("order", "rounding")
    with pytest.raises(DefinitionError, match="'close' is none of them"):
        changed_options(StepOptions(), accept=["close"])
