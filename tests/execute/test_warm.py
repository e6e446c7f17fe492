"""Experiments share workers with each other, and the turns of one experiment never do."""

from __future__ import annotations

import os
from contextlib import closing

from twice.execute import warm
from twice.execute.launch import HERE, Launch
from twice.execute.warm import KEPT, TURNS, Warm
from twice.execute.workers import Workers


def _taken(from_: Warm, turn: int, launch: Launch = HERE) -> Workers:
    with from_.workers(os.environ, preload=["json"], launch=launch, turn=turn) as workers:
        return workers


def _ended(*workers: Workers) -> list[bool]:
    return [one.closed for one in workers]


def test_turns_have_workers_of_their_own_and_the_next_experiment_gets_the_same_ones() -> None:
    with closing(Warm()) as shared:
        first, second = _taken(shared, 0), _taken(shared, 1)
        assert first is not second
        assert _taken(shared, 0) is first and _taken(shared, 1) is second


def test_other_variables_are_other_workers() -> None:
    with closing(Warm()) as shared:
        assert _taken(shared, 0) is not _taken(shared, 0, Launch(kind="experiment", variables={"OMP_NUM_THREADS": "3"}))


def test_late_turns_start_a_process_each() -> None:
    with closing(Warm()) as shared:
        late = _taken(shared, TURNS)
        assert late.closed and _taken(shared, TURNS) is not late


def test_what_was_ended_for_taking_too_long_is_not_handed_out_again() -> None:
    with closing(Warm()) as shared:
        with shared.workers(os.environ, preload=[], launch=HERE, turn=0) as stuck:
            stuck.close()
        with shared.workers(os.environ, preload=[], launch=HERE, turn=0) as next_:
            assert not next_.closed and next_ is not stuck


def test_only_so_many_are_kept_and_none_that_is_at_work_is_ended() -> None:
    with closing(Warm()) as shared:
        with shared.workers(os.environ, preload=[], launch=HERE, turn=0) as busy:
            others = [_taken(shared, 1, Launch(variables={"N": str(number)})) for number in range(KEPT + 3)]
            assert _ended(busy) == [False]
        assert _ended(*others).count(False) <= KEPT
        assert _ended(others[0], others[-1]) == [True, False]
    assert all(_ended(busy, *others))
    assert warm.TURNS <= KEPT
