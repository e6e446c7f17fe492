from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twice.define.options import StepOptions
from twice.define.step import Step, as_step, step
from twice.define.wiring import near, wire
from twice.errors import DefinitionError, WiringError


def load() -> list[int]:
    return [1]


def clean(load: list[int]) -> list[int]:
    return load


def fit(clean: list[int], depth: int = 3) -> int:
    return depth


def drawn(name: str, *required: str, **settings: object) -> Step:
    return Step(name, lambda **_: None, StepOptions(), required, settings)


def wired(*steps: Any) -> dict[str, dict[str, str]]:
    return {name: dict(inputs) for name, inputs in wire([as_step(step) for step in steps]).inputs.items()}


def test_a_parameter_named_like_an_earlier_step_receives_its_output() -> None:
    wiring = wire([as_step(load), as_step(clean), as_step(fit)])
    assert wiring.inputs == {"load": {}, "clean": {"load": "load"}, "fit": {"clean": "clean"}}
    assert wiring.settings == {"load": (), "clean": (), "fit": ("depth",)}


def test_steps_chain_without_naming_each_other() -> None:
    assert wired(load, drawn("tidy", "data"), drawn("model", "x")) == {
        "load": {},
        "tidy": {"data": "load"},
        "model": {"x": "tidy"},
    }


def test_a_step_can_name_one_parameter_and_chain_another() -> None:
    assert wired(load, drawn("model", "data"), drawn("score", "model_", "load"))["score"] == {
        "model_": "model",
        "load": "load",
    }


def test_a_default_gives_way_to_an_earlier_step_of_that_name() -> None:
    assert wired(drawn("depth"), drawn("fit", depth=3))["fit"] == {"depth": "depth"}


def test_a_default_does_not_receive_the_step_before() -> None:
    wiring = wire([drawn("load"), drawn("fit", depth=3)])
    assert wiring.inputs["fit"] == {}
    assert wiring.settings["fit"] == ("depth",)


def test_a_step_may_name_its_parameter_like_itself() -> None:
    assert wired(drawn("load"), drawn("clean", "clean"))["clean"] == {"clean": "load"}


def test_the_first_step_has_nothing_to_receive() -> None:
    def first(path: str) -> str:
        return path

    with pytest.raises(WiringError, match=r"step 'first' \(.*test_wiring.py:\d+\) takes 'path'") as raised:
        wired(first)
    assert "it is the first step" in raised.value.message
    assert "def first(path=...)" in raised.value.hint


def test_two_parameters_that_nobody_gives_are_told_what_there_is() -> None:
    with pytest.raises(WiringError) as raised:
        wired(load, clean, drawn("score", "model", "claen"))
    assert "takes 'model' and 'claen'" in raised.value.message
    assert "the steps before it are 'load' and 'clean'" in raised.value.message
    assert raised.value.hint == "Did you mean 'clean' where it says 'claen'?"


def test_a_step_that_comes_too_late_is_pointed_out() -> None:
    with pytest.raises(WiringError, match="the step 'clean' comes after it") as raised:
        wired(load, fit, clean)
    assert raised.value.hint.startswith("list 'clean' before 'fit'")
    with pytest.raises(WiringError, match="comes after it"):
        wired(clean, load)


def test_two_steps_of_one_name_are_shown_with_their_places() -> None:
    def other() -> None: ...

    with pytest.raises(DefinitionError, match=r"two steps are named 'load'") as raised:
        wired(load, step(other, name="load"))
    assert raised.value.message.count("test_wiring.py:") == 2


def test_one_step_listed_twice_is_told_how_to_run_twice() -> None:
    for listed in ([load, load], [as_step(load)] * 2):
        with pytest.raises(DefinitionError, match="'load' is listed twice") as raised:
            wired(*listed)
        assert 'step(load, name="load_again")' in raised.value.hint


def test_near_names_are_found_whatever_their_capitals() -> None:
    assert near("LearningRate", ["learning_rate", "depth"]) == "learning_rate"
    assert near("zebra", ["learning_rate", "depth"]) == ""
    assert near("x", []) == ""


def test_waves_hold_what_may_run_at_the_same_time() -> None:
    wiring = wire([drawn("load"), drawn("left", "load"), drawn("right", "load"), drawn("join", "left", "right")])
    assert wiring.waves() == (("load",), ("left", "right"), ("join",))
    assert wiring.ancestors("join") == {"load", "left", "right"}
    assert wiring.descendants("load") == {"left", "right", "join"}
    assert wiring.descendants("join") == wiring.ancestors("load") == frozenset()


NAMES = st.sampled_from(["a", "b", "c", "d", "e", "x", "y"])


@st.composite
def drawings(draw: st.DrawFn) -> list[Step]:
    names = draw(st.lists(NAMES, min_size=1, max_size=6, unique=True))
    steps = []
    for name in names:
        parameters = draw(st.lists(NAMES, max_size=3, unique=True))
        split = draw(st.integers(0, len(parameters)))
        steps.append(drawn(name, *parameters[:split], **dict.fromkeys(parameters[split:], 0)))
    return steps


@given(drawings())
def test_every_parameter_has_one_source_and_every_refusal_a_reason(steps: list[Step]) -> None:
    names = [step.name for step in steps]
    reasons = []
    for position, made in enumerate(steps):
        unnamed = [name for name in made.required if name not in names[:position]]
        if unnamed and (position == 0 or len(unnamed) > 1 or unnamed[0] in names[position + 1 :]):
            reasons.append(made.name)
    if reasons:
        with pytest.raises(WiringError, match=f"^step '{reasons[0]}' .* takes '"):
            wire(steps)
        return
    wiring = wire(steps)
    assert wiring.order == tuple(names)
    for position, made in enumerate(steps):
        inputs, settings = wiring.inputs[made.name], wiring.settings[made.name]
        assert sorted([*inputs, *settings]) == sorted([*made.required, *made.settings])
        assert set(settings) <= set(made.settings)
        for parameter, source in inputs.items():
            assert source in names[:position]
            if parameter in names[:position]:
                assert source == parameter
            else:
                assert source == names[position - 1] and parameter in made.required


@given(drawings())
def test_a_wave_waits_for_the_waves_before_it_and_for_nothing_else(steps: list[Step]) -> None:
    try:
        wiring = wire(steps)
    except WiringError:
        return
    waves = wiring.waves()
    assert sorted(name for wave in waves for name in wave) == sorted(wiring.order)
    done: set[str] = set()
    for wave in waves:
        for name in wave:
            assert set(wiring.inputs[name].values()) <= done
        done |= set(wave)
    for one in wiring.order:
        for other in wiring.order:
            assert (one in wiring.ancestors(other)) == (other in wiring.descendants(one))
