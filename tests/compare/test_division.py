"""Differences are divided in made-up worlds whose truth is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twice.compare.division import Division, Factor, Mixture, Observed, Try, consider

World = Callable[[Mixture], float | str]
untimed = settings(deadline=None, max_examples=60)


def factors(names: Iterable[str], steps: Iterable[str] = ("score",)) -> list[Factor]:
    return [Factor(name, "code", name, f"{name}.py:1", frozenset(steps)) for name in names]


def observed(value: float | str) -> Observed:
    if isinstance(value, str) and value.startswith("fails"):
        return Observed(failed=value)
    numbers = {"score": {"accuracy": value}} if isinstance(value, float) else {}
    return Observed(contents={"score": str(value)}, numbers=numbers)


def divide(changes: list[Factor], world: World) -> tuple[Division, int]:
    """Run the world until it is divided; also how many runs that took."""
    seen: dict[Mixture, list[Observed]] = {}
    for runs in count():
        answer = consider(changes, seen)
        if isinstance(answer, Division):
            return answer, runs
        assert isinstance(answer, Try)
        made = seen.setdefault(answer.mixture, [])
        assert len(made) < answer.runs, "a run that was made is not asked for again"
        made.append(observed(world(answer.mixture)))
    raise AssertionError


@untimed
@given(st.dictionaries(st.sampled_from("abcdefghijkl"), st.integers(-50, 50), min_size=1))
def test_what_adds_up_is_divided_exactly_whatever_the_number_of_changes(effects: dict[str, int]) -> None:
    def world(mixture: Mixture) -> float:
        return 100.0 + sum(effects[name] for name in mixture)

    found, _ = divide(factors(effects), world)
    if sum(effects.values()) == 0:
        assert not found.divided
        return
    (one,) = found.divided
    shares = {name: share.share for share in one.shares for name in share.factors if share.changes}
    if one.additive and len(effects) <= 3:  # of many, those that cancel each other out may be left out
        assert shares == {name: float(effect) for name, effect in effects.items() if effect}
    assert sum(share or 0.0 for share in shares.values()) == pytest.approx(sum(effects.values()))
    assert {*shares, *found.ruled_out} == effects.keys()


def test_two_of_a_hundred_changes_are_found_in_some_forty_runs() -> None:
    effects = {"c17": -0.7, "c83": -0.1}
    found, runs = divide(
        factors(f"c{number}" for number in range(100)),
        lambda mixture: round(0.9 + sum(effects.get(name, 0.0) for name in mixture), 6),
    )
    (one,) = found.divided
    shares = {name: round(share.share or 0, 6) for share in one.shares for name in share.factors}
    assert shares == effects and one.additive
    assert len(found.ruled_out) == 98
    assert runs < 60


@pytest.mark.parametrize("bystanders", [0, 1, 9])
def test_changes_that_do_it_only_together_interact(bystanders: int) -> None:
    names = ["a", "b", *(f"x{number}" for number in range(bystanders))]
    found, _ = divide(factors(names), lambda mixture: 1.0 if {"a", "b"} <= mixture else 0.0)
    (one,) = found.divided
    assert not one.additive and one.off == 1.0 and not one.either
    assert {name: share.share for share in one.shares for name in share.factors if share.changes} == {
        "a": 0.5,
        "b": 0.5,
    }
    assert found.ruled_out == tuple(names[2:])


@pytest.mark.parametrize("bystanders", [0, 1, 9])
def test_changes_of_which_either_is_enough_are_both_named(bystanders: int) -> None:
    names = ["a", "b", *(f"x{number}" for number in range(bystanders))]
    found, _ = divide(factors(names), lambda mixture: 1.0 if {"a", "b"} & mixture else 0.0)
    (one,) = found.divided
    assert one.either and not one.additive
    assert {name for share in one.shares for name in share.factors if share.changes} == {"a", "b"}
    assert found.ruled_out == tuple(names[2:])


def test_shares_of_three_that_interact_are_shapleys_and_add_up() -> None:
    worth = {"": 0.0, "a": 1.0, "b": 2.0, "c": 0.0, "ab": 4.0, "ac": 1.0, "bc": 5.0, "abc": 9.0}
    found, _ = divide(factors("abc"), lambda mixture: worth["".join(sorted(mixture))])
    (one,) = found.divided
    shares = {name: share.share or 0.0 for share in one.shares for name in share.factors}
    # a first 1; second after b 2, after c 1; last 4
    assert shares["a"] == pytest.approx((2 * 1 + 2 + 1 + 2 * 4) / 6)
    assert sum(shares.values()) == pytest.approx(9.0)


def test_changes_that_run_only_together_are_one_cause() -> None:
    def world(mixture: Mixture) -> float | str:
        if len(mixture & {"caller", "callee"}) == 1:
            return "fails: TypeError"
        return 1.0 * ("caller" in mixture) + 0.25 * ("scale" in mixture)

    found, _ = divide(factors(["callee", "caller", "scale"]), world)
    (one,) = found.divided
    assert [(sorted(share.factors), share.share) for share in one.shares] == [
        (["callee", "caller"], 1.0),
        (["scale"], 0.25),
    ]
    assert one.additive


def test_an_output_that_is_no_number_has_causes_without_shares() -> None:
    def world(mixture: Mixture) -> str:
        return f"a tree{' with leaves' if 'leaves' in mixture else ''}"

    found, _ = divide(factors(["leaves", "bark"]), world)
    (one,) = found.divided
    (cause,) = [share for share in one.shares if share.changes]
    assert cause.factors == {"leaves"} and cause.brings and cause.needed and cause.share is None
    assert found.ruled_out == ("bark",)


def test_nothing_is_blamed_for_a_step_that_disagrees_with_itself() -> None:
    turn = count()
    found, _ = divide(factors("ab"), lambda mixture: float(next(turn)))
    assert found.unsteady == ("score",)
    assert not found.divided


def test_an_effect_that_does_not_come_again_is_not_believed() -> None:
    """A flake strikes once while one innocent change is tried."""
    struck: list[Mixture] = []

    def world(mixture: Mixture) -> float:
        if mixture == {"innocent"} and not struck:
            struck.append(mixture)
            return 0.123
        return 1.0 if "guilty" in mixture else 0.0

    found, _ = divide(factors(["guilty", "innocent"]), world)
    assert struck
    assert found.unsteady == ("score",) and not found.divided


def test_a_change_that_reaches_nothing_that_differs_is_not_tried() -> None:
    tried: list[Mixture] = []

    def world(mixture: Mixture) -> float:
        tried.append(mixture)
        return 1.0 if "near" in mixture else 0.0

    found, _ = divide([*factors(["near"]), *factors(["far"], ["another"])], world)
    assert found.out_of_reach == ("far",)
    assert frozenset({"far"}) not in tried


def test_a_version_that_does_not_run_here_is_said_and_not_divided() -> None:
    found, runs = divide(factors("ab"), lambda mixture: "fails: no such file" if len(mixture) == 2 else 0.0)
    assert found.broken == "the second version does not run here: fails: no such file"
    assert runs == 4
