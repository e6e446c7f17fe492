"""What is varied, and the class that a step gets by what it minds."""

from __future__ import annotations

import pytest

from twice.compare.diagnosis.case import FACTORS
from twice.compare.variations import reproducibility, variations

OF_A_USER = {"PATH": "/bin", "HOME": "/home/me", "TZ": "UTC", "OMP_NUM_THREADS": "2", "EDITOR": "vi", "MODE": "fast"}


def test_what_no_process_needs_is_taken_away_and_nothing_else() -> None:
    factor, conditions = variations(OF_A_USER)["no variables"]
    assert factor == "user-environment" and conditions.removed == {"EDITOR", "MODE"}
    assert "no variables" not in variations({"PATH": "/bin"})


def test_factors_have_the_names_that_causes_have() -> None:
    assert {factor for factor, _ in variations(OF_A_USER).values()} <= set(FACTORS)


@pytest.mark.parametrize(
    ("minded", "said"),
    [
        ({}, "bitwise anywhere, as far as it was tried"),
        ({"seed": "different"}, "bitwise anywhere with its seed, as far as it was tried"),
        ({"threads": "rounding"}, "bitwise at this thread count"),
        ({"hardware": "rounding"}, "bitwise on this instruction set"),
        ({"hardware": "rounding", "threads": "rounding"}, "rounding"),
        ({"hash-seed": "order"}, "order"),
        ({"hash-seed": "order", "threads": "rounding"}, "rounding"),
        ({"clock": "different", "timezone": "different"}, "depends on clock, timezone"),
        ({"clock": "inconclusive"}, "unstable: seldom, it gives another output for no reason that was found"),
    ],
)
def test_a_step_is_of_the_class_of_what_it_minds(minded: dict[str, str], said: str) -> None:
    assert reproducibility(minded) == said
    assert reproducibility(minded, held=["clock"]) == f"unstable; with clock held still: {said}"


def test_of_what_was_not_tried_nothing_is_said() -> None:
    assert reproducibility({}, tried={"threads", "seed", "clock"}) == "does not mind clock, threads"
    assert reproducibility({}, tried={"seed"}) == "does not mind what was tried"
