"""Two logs of PyTorch's operations say where two runs part, and whether an operation did it."""

from __future__ import annotations

from twice.compare.operations import parting

ONE = ("aten.ones.default", "a", "b", "flow.py", 3)
TWO = ("aten.softmax.int", "b", "c", "flow.py", 4)


def test_nothing_is_said_of_logs_that_agree() -> None:
    assert parting([ONE, TWO], [ONE, TWO]) == "" and parting([], []) == ""


def test_an_operation_that_gives_something_else_for_the_same_is_named_with_its_line() -> None:
    found = parting([ONE, TWO], [ONE, (*TWO[:2], "other", *TWO[3:])])
    assert found.startswith(
        "aten.softmax.int (flow.py:4), operation 2 of 2, is the first of PyTorch whose result differs"
    )


def test_an_operation_that_was_given_something_else_is_not_accused() -> None:
    assert "comes into PyTorch from outside" in parting([TWO], [(TWO[0], "other", *TWO[2:])])


def test_other_operations_and_other_counts_of_them_are_told_apart() -> None:
    assert parting([ONE, TWO], [ONE, ONE]).startswith("from here on other operations")
    assert "1 of them and 2" in parting([ONE], [ONE, TWO])
