from __future__ import annotations

from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twice.define.pipeline import Drawing
from twice.define.step import step
from twice.errors import DefinitionError, ParameterError


def load(rows: int = 10) -> list[int]:
    return list(range(rows))


def clean(load: list[int], limit: float = 0.5) -> list[int]:
    return load


@step(name="model")
def fit(clean: list[int], depth: int = 3, limit: float = 0.9) -> int:
    return depth


@pytest.fixture
def drawing() -> Drawing:
    return Drawing([load, clean, fit], name="churn", version="v1.0")


def test_a_drawing_knows_its_steps_and_how_they_hang_together(drawing: Drawing) -> None:
    assert drawing.step_names == ("load", "clean", "model")
    assert drawing.output == "model"
    assert drawing.wiring.inputs["model"] == {"clean": "clean"}
    assert drawing.settings("model") == {"depth": 3, "limit": 0.9}
    assert drawing.step("model").function is fit
    assert repr(drawing) == "<Drawing churn@v1.0: load, clean, model>"


def test_nothing_is_called_by_drawing() -> None:
    def fails() -> None:
        raise AssertionError("it ran")

    assert Drawing([fails]).name == "pipeline"


def test_the_version_may_be_set_at_any_time_and_taken_away(drawing: Drawing) -> None:
    drawing.version = "v2.0"
    assert drawing.version == "v2.0"
    drawing.version = None
    assert drawing.version is None
    with pytest.raises(DefinitionError, match="cannot name a version"):
        drawing.version = "churn@v1"
    assert drawing.version is None
    assert repr(drawing) == "<Drawing churn: load, clean, model>"


def test_many_steps_are_shown_in_short() -> None:
    steps = [step(load, name=f"step{number}") for number in range(20)]
    assert repr(Drawing(steps)) == "<Drawing pipeline: step0, step1, step2, 16 more, step19>"


def test_parameters_are_the_defaults_until_they_are_set(drawing: Drawing) -> None:
    assert drawing.parameters() == {
        "load": {"rows": 10},
        "clean": {"limit": 0.5},
        "model": {"depth": 3, "limit": 0.9},
    }
    changed = drawing.parameters({"model.limit": 1, "rows": 5})
    assert changed["model"] == {"depth": 3, "limit": 1}
    assert changed["load"] == {"rows": 5}
    assert drawing.parameters()["load"] == {"rows": 10}


def test_a_name_that_several_steps_have_is_not_guessed(drawing: Drawing) -> None:
    with pytest.raises(ParameterError, match=r"clean\.limit, model\.limit") as raised:
        drawing.parameters({"limit": 1})
    assert raised.value.hint == "say which: 'clean.limit'"


@pytest.mark.parametrize("key", ["dept", "model.dept", "fit.depth", "Depth"])
def test_an_unknown_parameter_is_told_the_known_and_the_near_one(drawing: Drawing, key: str) -> None:
    with pytest.raises(ParameterError) as raised:
        drawing.parameters({key: 4})
    assert raised.value.message == (
        f"there is no parameter {key!r}; there are load.rows, clean.limit, model.depth, model.limit."
    )
    assert raised.value.hint == "did you mean 'model.depth'?"


def test_a_pipeline_without_parameters_says_so() -> None:
    def fixed() -> int:
        return 1

    with pytest.raises(ParameterError, match="no step has any"):
        Drawing([fixed]).parameters({"depth": 1})


def test_what_receives_an_output_cannot_be_set(drawing: Drawing) -> None:
    with pytest.raises(ParameterError, match="receives the output of the step 'clean'"):
        drawing.parameters({"model.clean": []})


def test_one_parameter_set_under_two_names_is_refused(drawing: Drawing) -> None:
    with pytest.raises(ParameterError, match=r"'depth' and 'model\.depth' set the same parameter"):
        drawing.parameters({"depth": 4, "model.depth": 4})


@pytest.mark.parametrize("params", [{3: 1}, {"model": {"depth": 1}}, [("depth", 1)], "depth=1"])
def test_params_of_another_form_are_refused(drawing: Drawing, params: Any) -> None:
    with pytest.raises(ParameterError):
        drawing.parameters(params)


def test_values_are_handed_on_as_they_are(drawing: Drawing) -> None:
    weights = numpy.arange(3)
    assert drawing.parameters({"depth": weights})["model"]["depth"] is weights
    assert drawing.parameters({"depth": None})["model"]["depth"] is None


@pytest.mark.parametrize("seed", [-1, 2**64, True, 1.0, "1", None])
def test_a_seed_is_a_whole_number_of_64_bits(seed: Any) -> None:
    with pytest.raises(DefinitionError, match="whole number from 0"):
        Drawing([load], seed=seed)


def test_a_seed_may_come_from_numpy() -> None:
    drawing = Drawing([load], seed=numpy.uint64(2**64 - 1))  # type: ignore[arg-type]
    assert drawing.seed == 2**64 - 1
    assert type(drawing.seed) is int


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([], "at least one step"),
        (load, "not a list"),
        ("load", "not a list"),
        (3, "not a list"),
        ({"load": load}, "a mapping was given"),
        ({load}, "a set has no order"),
        (["load"], "'load' is text"),
        ([None], "NoneType"),
    ],
)
def test_steps_of_another_form_are_refused(steps: Any, words: str) -> None:
    with pytest.raises(DefinitionError, match=words):
        Drawing(steps)


def test_steps_may_come_from_anything_that_has_an_order() -> None:
    assert Drawing(iter((load, clean))).step_names == ("load", "clean")


def test_declared_inputs_and_names_are_checked() -> None:
    assert Drawing([load], inputs="data/*.csv").inputs == ("data/*.csv",)
    with pytest.raises(DefinitionError, match="an input is the path"):
        Drawing([load], inputs=[3])  # type: ignore[list-item]
    with pytest.raises(DefinitionError, match="cannot name a pipeline"):
        Drawing([load], name="a/b")


def test_a_step_that_is_not_there_is_told_the_near_one(drawing: Drawing) -> None:
    with pytest.raises(DefinitionError, match="the steps are load, clean, model") as raised:
        drawing.settings("modle")
    assert raised.value.hint == "did you mean 'model'?"


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["load.rows", "clean.limit", "model.depth", "model.limit"]), st.integers()))
def test_what_is_set_is_set_and_nothing_else_is(params: dict[str, int]) -> None:
    drawing = Drawing([load, clean, fit])
    values = drawing.parameters(params)
    flat = {f"{name}.{key}": value for name, chosen in values.items() for key, value in chosen.items()}
    defaults = {
        f"{name}.{key}": value for name, chosen in drawing.parameters().items() for key, value in chosen.items()
    }
    assert flat == {**defaults, **params}
