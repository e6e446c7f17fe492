"""The seed program inside a test, where steps are functions inside a function."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from twice import Pipeline

FACTOR = 3


@dataclass
class Model:
    weight: float

    def predict(self, value: float) -> float:
        return self.weight * value


def step1() -> list[int]:
    return [1, 2, 3]


def step2(step1: list[int]) -> Model:
    return Model(sum(step1) * FACTOR)


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWICE_STORE", str(tmp_path / "store"))


def test_the_seed_program() -> None:
    pipeline = Pipeline(steps=[step1, step2])
    pipeline.version = "v1.0"
    output1 = pipeline.run()
    pipeline.save("pipeline_v1.0")
    output2 = Pipeline.load("pipeline_v1.0").run()
    assert output1 == output2
    assert output1.output == Model(18)
    assert output1["step1"] == [1, 2, 3]
    assert "IDENTICAL" in str(output1.compare(output2))


def test_steps_inside_a_test_with_closures_and_a_local_class() -> None:
    offset = 10

    @dataclass
    class Local:
        value: int

    def shifted(value: int) -> int:
        return value + offset

    def start() -> list[Local]:
        return [Local(shifted(1)), Local(2)]

    def total(start: list[Local], times: int = 2) -> int:
        return sum(item.value for item in start) * times

    pipeline = Pipeline(steps=[start, total])
    run = pipeline.run()
    assert run.output == 26
    assert run["start"] == [Local(11), Local(2)]
    assert pipeline.run(params={"times": 3}).output == 39


def test_two_closures_of_one_text_are_two_steps() -> None:
    def adding(number: int):  # type: ignore[no-untyped-def]
        def add() -> int:
            return number

        return add

    first = Pipeline(steps=[adding(1)], name="closures").run()
    second = Pipeline(steps=[adding(2)], name="closures").run()
    assert (first.output, second.output) == (1, 2)
    assert first != second


def test_load_works_on_an_instance_too() -> None:
    pipeline = Pipeline(steps=[step1, step2], version="v1.0")
    run = pipeline.run()
    assert pipeline.save() == ["test_under_pytest@v1.0"]
    assert pipeline.load("v1.0").run() == run
