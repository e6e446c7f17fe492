"""Diagnosis in made-up worlds whose true cause is known: it is found, and no other factor is ever called proven."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twice.compare.diagnosis.case import (
    CONSISTENT,
    NONE,
    NOT_TESTED,
    PROVEN,
    RULED_OUT,
    Ask,
    Case,
    Conclusion,
    Lever,
    Levers,
    Trial,
)
from twice.compare.diagnosis.chance import detectable, exact, needed
from twice.compare.diagnosis.inquiry import consider
from twice.compare.diagnosis.trials import Trials

STEADYING = ("entropy", "clock", "threads", "directory-order", "memory-addresses", "path", "hash-seed", "locale")
RESTORING = ("timezone", "user-environment", "environment", "data", "code", "hardware")

untimed = settings(deadline=None, max_examples=40)


def levers(names: Iterable[str], suspected: Iterable[str] = ()) -> tuple[Lever, ...]:
    return tuple(
        Lever(name, name, location="flow.py:3" if name in suspected else "", suspicion=name in suspected)
        for name in names
    )


@dataclass
class World:
    """A step whose behaviour is known.

    Attributes:
        unsteady: Sets of levers; any of them makes it agree with itself. Empty: it always does.
        rate: How often an unsteady run takes another value; 1: every run takes a new one.
        restored: Sets of levers; any of them brings the recorded output back.
        breaks: Levers under which it does not run.
        moves: Levers that change the output.
    """

    unsteady: tuple[Levers, ...] = ()
    rate: float = 1.0
    restored: tuple[Levers, ...] = ()
    breaks: Levers = NONE
    moves: Levers = NONE
    recorded: str = "then"
    noise: random.Random = field(default_factory=lambda: random.Random(1))

    def run(self, pulled: Levers) -> Trial:
        if pulled & self.breaks:
            return Trial(pulled, "fails: it cannot", failed=True)
        outcome = "then" if any(group <= pulled for group in self.restored) else "now"
        outcome += "".join(sorted(pulled & self.moves))
        if self.unsteady and not any(group <= pulled for group in self.unsteady):
            if self.rate == 1.0:
                outcome += f" {self.noise.random()}"
            elif self.noise.random() < self.rate:
                outcome += " other"
        return Trial(pulled, outcome, recorded=outcome == self.recorded)


def inquire(case: Case, world: World) -> tuple[Conclusion, list[Trial]]:
    trials = [world.run(NONE)]
    for _ in range(1000):
        answer = consider(case, trials)
        if isinstance(answer, Conclusion):
            return answer, trials
        assert isinstance(answer, Ask) and answer.runs >= 1
        trials += [world.run(answer.levers) for _ in range(answer.runs)]
    raise AssertionError("it never ends")


def proven(conclusion: Conclusion) -> set[str]:
    return {found.lever.factor for found in conclusion.found if found.status == PROVEN}


@untimed
@given(st.sampled_from(STEADYING), st.booleans(), st.integers(0, 2**32))
def test_a_step_that_never_agrees_with_itself_is_explained_by_what_steadies_it(
    cause: str, seen: bool, seed: int
) -> None:
    case = Case(steadying=levers(STEADYING, [cause] if seen else []))
    conclusion, trials = inquire(case, World((frozenset({cause}),), noise=random.Random(seed)))
    assert conclusion.nature == "unsteady" and proven(conclusion) == {cause}
    if seen:
        assert len(trials) - 1 <= 8, "the price of the common case"


@untimed
@given(st.sets(st.sampled_from(STEADYING), min_size=2, max_size=3), st.integers(0, 2**32))
def test_factors_that_only_help_together_are_found_together(causes: set[str], seed: int) -> None:
    case = Case(steadying=levers(STEADYING, list(causes)[:1]))
    conclusion, _ = inquire(case, World((frozenset(causes),), noise=random.Random(seed)))
    assert proven(conclusion) == causes and conclusion.together


def test_two_causes_that_were_seen_take_ten_runs() -> None:
    causes = {"entropy", "clock"}
    conclusion, trials = inquire(Case(steadying=levers(STEADYING, causes)), World((frozenset(causes),)))
    assert proven(conclusion) == causes and conclusion.together
    assert len(trials) - 1 <= 10


def test_what_is_hidden_behind_one_value_of_what_is_held_still_is_found_at_another() -> None:
    """A coin, and after tails the clock: with the coin held at heads, nothing is seen of the clock."""
    turns = itertools.count()

    class Hidden(World):
        def run(self, pulled: Levers) -> Trial:
            if "entropy" in pulled:
                heads = True
            elif "entropy otherwise" in pulled:
                heads = False
            else:
                heads = next(turns) % 2 == 0
            clock = "then" if "clock" in pulled else str(self.noise.random())
            return Trial(pulled, "heads" if heads else clock)

    plain = levers(STEADYING, ["entropy"])
    otherwise = (Lever("entropy otherwise", "entropy", like="entropy"),)
    case = Case(steadying=plain, otherwise=otherwise, most=600)
    conclusion, _ = inquire(case, Hidden())
    assert proven(conclusion) == {"entropy", "clock"} and conclusion.together
    told = [found for found in conclusion.found if found.lever.factor == "entropy"]
    assert [found.status for found in told] == [PROVEN], "and nothing else is said of it"


def test_of_what_holds_still_at_one_value_and_at_no_other_nothing_is_proven() -> None:
    turns = itertools.count()

    class Hidden(World):
        def run(self, pulled: Levers) -> Trial:
            heads = "entropy" in pulled or ("entropy otherwise" not in pulled and next(turns) % 5 != 2)
            return Trial(pulled, "heads" if heads else str(self.noise.random()))

    case = Case(
        steadying=levers(STEADYING, ["entropy"]), otherwise=(Lever("entropy otherwise", "entropy", like="entropy"),)
    )
    conclusion, _ = inquire(case, Hidden())
    assert conclusion.nature == "unsteady" and not proven(conclusion)
    assert "entropy" in {found.lever.name for found in conclusion.causes}


@untimed
@given(st.sets(st.sampled_from(RESTORING)), st.sets(st.sampled_from(RESTORING)), st.integers(0, 2**32))
def test_what_is_not_as_recorded_is_found_beneath_a_disagreement(differ: set[str], minded: set[str], seed: int) -> None:
    """It disagrees with itself, and besides, some of what differs here changes its output."""

    class Beneath(World):
        def run(self, pulled: Levers) -> Trial:
            noise = "" if "entropy" in pulled else str(self.noise.random())
            return Trial(pulled, f"{sorted(minded & pulled)} {noise}")

    case = Case(steadying=levers(STEADYING, ["entropy"]), restoring=levers(RESTORING, differ))
    conclusion, trials = inquire(case, Beneath(noise=random.Random(seed)))
    assert proven(conclusion) == {"entropy"}
    found = {one.lever.factor: one.status for one in conclusion.found}
    assert {factor for factor, status in found.items() if status == CONSISTENT} == minded & differ
    if not minded & differ:
        assert len(trials) - 1 <= 8
        assert {factor for factor, status in found.items() if status == RULED_OUT} == differ


def test_what_brings_the_record_back_beneath_a_disagreement_is_proven() -> None:
    class Beneath(World):
        def run(self, pulled: Levers) -> Trial:
            noise = "" if "clock" in pulled else str(self.noise.random())
            outcome = ("then" if "data" in pulled else "now") + noise
            return Trial(pulled, outcome, recorded=outcome == "then")

    case = Case(steadying=levers(STEADYING, ["clock"]), restoring=levers(RESTORING, ["data"]))
    conclusion, _ = inquire(case, Beneath())
    assert proven(conclusion) == {"clock", "data"} and not conclusion.together


def test_two_factors_of_which_either_helps_are_a_tie() -> None:
    world = World((frozenset({"entropy"}), frozenset({"clock"})))
    conclusion, _ = inquire(Case(steadying=levers(STEADYING)), world)
    assert proven(conclusion) == {"entropy", "clock"} and len(conclusion.either) == 2


@pytest.mark.parametrize("rate", [0.15, 0.3, 0.5])
def test_a_rare_disagreement_is_hardly_ever_blamed_on_a_factor_that_is_innocent(rate: float) -> None:
    wrong = right = 0
    for seed in range(60):
        case = Case(steadying=levers(STEADYING, ["clock"]), restoring=levers(["timezone"]), most=600)
        world = World((frozenset({"threads"}),), rate=rate, noise=random.Random(seed))
        conclusion, _ = inquire(case, world)
        wrong += bool(proven(conclusion) - {"threads"})
        right += proven(conclusion) == {"threads"}
    assert wrong <= 1, "two percent of doubt"
    assert right >= 45


@untimed
@given(st.sampled_from(RESTORING), st.booleans(), st.integers(0, 2**32))
def test_what_differs_here_and_brings_the_record_back_is_the_cause(cause: str, seen: bool, seed: int) -> None:
    case = Case(steadying=levers(STEADYING), restoring=levers(RESTORING, [cause] if seen else []))
    conclusion, trials = inquire(case, World(restored=(frozenset({cause}),), noise=random.Random(seed)))
    assert conclusion.nature == "drifted" and proven(conclusion) == {cause}
    assert {found.status for found in conclusion.found if found.lever.factor != cause} <= {RULED_OUT, NOT_TESTED}
    if seen:
        assert len(trials) - 1 <= 8


@untimed
@given(st.sets(st.sampled_from(RESTORING), min_size=2, max_size=3))
def test_ingredients_that_only_bring_it_back_together_are_an_interaction(causes: set[str]) -> None:
    conclusion, _ = inquire(Case(restoring=levers(RESTORING)), World(restored=(frozenset(causes),)))
    assert proven(conclusion) == causes and conclusion.together


def test_either_of_two_ingredients_is_a_tie() -> None:
    world = World(restored=(frozenset({"data"}), frozenset({"code"})))
    conclusion, _ = inquire(Case(restoring=levers(RESTORING)), world)
    assert proven(conclusion) == {"data", "code"} and len(conclusion.either) == 2


def test_what_nothing_explains_stays_unknown_and_says_what_was_ruled_out() -> None:
    conclusion, trials = inquire(Case(steadying=levers(STEADYING), restoring=levers(RESTORING)), World())
    assert conclusion.nature == "drifted" and not conclusion.causes
    assert {found.lever.factor for found in conclusion.found if found.status == RULED_OUT} == set(RESTORING)
    assert "19 runs" in conclusion.power and len(trials) <= 25
    conclusion, _ = inquire(Case(steadying=levers(STEADYING)), World(unsteady=(frozenset({"network"}),)))
    assert conclusion.nature == "unsteady" and not conclusion.causes
    assert {found.status for found in conclusion.found} == {RULED_OUT}


def test_a_lever_that_holds_still_in_part_rules_nothing_out_and_is_suspected_if_something_speaks_for_it() -> None:
    world = World(unsteady=(frozenset({"nothing here"}),))
    for suspicion, status in ((0, NOT_TESTED), (1, CONSISTENT)):
        partly = Lever("memory-addresses", "memory-addresses", suspicion=suspicion, limits="some", partly=True)
        conclusion, _ = inquire(Case(steadying=(partly, *levers(["entropy"]))), world)
        found = {one.lever.name: one.status for one in conclusion.found}
        assert found == {"memory-addresses": status, "entropy": RULED_OUT}


def test_what_cannot_be_set_back_and_moves_the_output_is_consistent_and_not_proven() -> None:
    case = Case(moving=levers(["path", "memory-addresses"]))
    conclusion, _ = inquire(case, World(moves=frozenset({"path"})))
    by_factor = {found.lever.factor: found.status for found in conclusion.found}
    assert by_factor == {"path": CONSISTENT, "memory-addresses": RULED_OUT}


def test_what_is_moved_to_where_it_was_by_good_luck_brings_the_record_back_and_is_proven() -> None:
    case = Case(moving=levers(["path", "directory-order", "memory-addresses"]))
    conclusion, trials = inquire(case, World(restored=(frozenset({"directory-order"}),)))
    assert proven(conclusion) == {"directory-order"} and len(trials) <= 12
    assert [found.lever.factor for found in conclusion.causes] == ["directory-order"]


def test_what_no_lever_reaches_is_named_and_only_suspected_if_something_speaks_for_it() -> None:
    case = Case(
        untested=(
            Lever("network", "network", suspicion=1, limits="answers are not recorded"),
            Lever("gpu", "hardware", limits="no GPU here"),
        )
    )
    conclusion, _ = inquire(case, World())
    assert {found.lever.name: found.status for found in conclusion.found} == {"network": CONSISTENT, "gpu": NOT_TESTED}


def test_what_is_the_same_in_every_run_is_not_suspected_of_making_two_runs_disagree() -> None:
    case = Case(
        untested=(Lever("variable MODE", "user-environment", suspicion=4, limits="only a digest is kept"),),
        unheld=(Lever("other programs", "unknown", suspicion=3, limits="nothing is held still in them"),),
    )
    conclusion, _ = inquire(case, World((frozenset({"nothing there is"}),)))
    assert conclusion.nature == "unsteady"
    assert [found.lever.name for found in conclusion.causes] == ["other programs"]
    assert {found.lever.name: found.status for found in conclusion.found}["variable MODE"] == NOT_TESTED


@untimed
@given(st.sampled_from(STEADYING), st.sampled_from(STEADYING))
def test_a_lever_that_breaks_the_step_is_left_out_and_named(cause: str, breaking: str) -> None:
    world = World((frozenset({cause}),), breaks=frozenset({breaking}))
    conclusion, _ = inquire(Case(steadying=levers(STEADYING)), world)
    if cause == breaking:
        assert not proven(conclusion)
    else:
        assert proven(conclusion) == {cause}
    reasons = {found.lever.factor: found.reason for found in conclusion.found}
    assert "does not run" in reasons[breaking]


def test_a_step_that_fails_here_and_runs_as_recorded_is_explained() -> None:
    class Failing(World):
        def run(self, pulled: Levers) -> Trial:
            if "environment" not in pulled:
                return Trial(pulled, "fails: no such name", failed=True)
            return Trial(pulled, "then", recorded=True)

    conclusion, _ = inquire(Case(restoring=levers(RESTORING)), Failing())
    assert proven(conclusion) == {"environment"}


def test_trials_run_out_without_anything_being_called_proven() -> None:
    world = World((frozenset({"clock"}),))
    conclusion, trials = inquire(Case(steadying=levers(STEADYING, ["clock"]), most=5), world)
    assert len(trials) <= 5 and conclusion.cut_short and not proven(conclusion)
    assert [found.lever.factor for found in conclusion.causes] == ["clock"]


def test_of_one_run_nothing_is_said_but_what_was_seen_while_it_ran() -> None:
    case = Case(steadying=levers(STEADYING, ["clock"]), restoring=levers(["timezone"]), most=0)
    conclusion = consider(case, [Trial(NONE, "other")])
    assert isinstance(conclusion, Conclusion) and conclusion.cut_short and conclusion.nature == ""
    assert [(found.lever.name, found.status) for found in conclusion.found] == [("clock", NOT_TESTED)]


@untimed
@given(st.data())
def test_an_inquiry_that_was_interrupted_goes_on_with_what_there_is(data: st.DataObject) -> None:
    cause = data.draw(st.sampled_from(STEADYING))
    seed = data.draw(st.integers(0, 2**32))
    case = Case(steadying=levers(STEADYING))
    whole, trials = inquire(case, World((frozenset({cause}),), noise=random.Random(seed)))
    shuffled = data.draw(st.permutations(trials))
    assert consider(case, shuffled) == whole, "the order in which trials were made says nothing"
    assert isinstance(consider(case, trials[: data.draw(st.integers(1, len(trials)))]), Ask | Conclusion)


def test_a_step_that_agrees_with_itself_and_the_record_has_nothing_to_explain() -> None:
    conclusion, trials = inquire(Case(steadying=levers(STEADYING)), World(recorded="now"))
    assert conclusion.nature == "steady" and not conclusion.found and len(trials) == 4


def test_how_much_chance_is_left() -> None:
    assert exact(4, 4, 0, 4) == pytest.approx(1 / 70)
    assert exact(3, 3, 0, 3) == pytest.approx(1 / 20)
    assert exact(8, 10, 1, 10) == pytest.approx(0.00274, rel=1e-2)
    assert exact(0, 5, 0, 5) == 1
    assert 1 / detectable(19) == pytest.approx(6.85, rel=0.01), "one run in seven is missed by 19 in 5 % of cases"


def test_two_levers_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="same name"):
        Case(steadying=levers(["clock"]), restoring=levers(["clock"]))


def test_how_many_runs_would_see_a_disagreement_is_said_where_outcomes_repeat() -> None:
    assert needed({"usual": 16, "other": 3}).endswith(": it takes 18 runs to see that in 95 % of cases")
    assert needed({"usual": 16, "other": 3}).startswith("3 of 19 runs in the same way gave something else")
    assert not needed({"one": 1, "two": 1, "three": 1}), "they never agree, which two runs show"


def test_of_many_levers_an_experiments_question_names_the_first_ones_only() -> None:
    levers = tuple(Lever(name, "entropy", name) for name in ("bb", "a", "dddd", "ccc"))
    trials = Trials(Case(steadying=levers), ())
    assert trials.named(frozenset({"a", "bb"})) == "a and bb"
    assert trials.named(frozenset({"a", "bb", "ccc", "dddd"})) == "a, bb and 2 more things"
