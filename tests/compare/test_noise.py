"""A metric's difference in units of its spread over seeds."""

from __future__ import annotations

import random

import pytest

from twice.compare.noise import noise, spread


def test_a_small_difference_is_within_and_a_large_one_outside() -> None:
    seen = [{"accuracy": 0.90 + 0.01 * step, "count": 5.0} for step in (-2, -1, 0, 1, 2, 0, 1, -1)]
    found = noise({"accuracy": 0.90, "count": 5.0}, {"accuracy": 0.91, "count": 5.0}, seen)
    assert found.within and found.words == "within seed noise: accuracy 0.5 σ (N = 8 seeds)"
    found = noise({"accuracy": 0.90, "count": 5.0}, {"accuracy": 0.80, "count": 5.0}, seen)
    assert found.within is False and found.words.startswith("outside seed noise: accuracy 5.")


def test_what_no_seed_moves_may_not_differ_at_all() -> None:
    seen = [{"accuracy": 0.9 + 0.01 * step, "count": 5.0} for step in range(8)]
    found = noise({"accuracy": 0.9, "count": 5.0}, {"accuracy": 0.9, "count": 6.0}, seen)
    assert found.within is False and "count inf σ" in found.words


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_spread_of_too_few_is_none(count: int) -> None:
    found = noise({"": 1.0}, {"": 2.0}, [{"": 1.5}] * count)
    assert found.within is None and f"{count} of 3 seeds" in found.words
    assert not spread([{"": 1.5}] * count)


def test_outputs_with_other_metrics_are_not_compared_by_them() -> None:
    assert noise({"a": 1.0}, {"b": 1.0}, [{"a": 1.0}] * 8).within is None
    assert noise({}, {}, [{}] * 8).within is None


def test_of_two_outcomes_of_one_spread_few_are_outside() -> None:
    drawn = random.Random(0)
    outside = 0
    for _ in range(400):
        before, after, *seen = ({"score": drawn.gauss(0, 1)} for _ in range(10))
        outside += not noise(before, after, seen).within
    assert outside / 400 < 0.12, "5 % where the spread is known, more where eight seeds estimate it"
