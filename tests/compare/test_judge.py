"""From a difference to a verdict and one line that says it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from twice.compare.comparison import Comparison
from twice.compare.judge import finding, judge, overall, said
from twice.records.artifact import Artifact
from twice.records.canonical import decode, encode
from twice.records.digest import digest_bytes
from twice.records.verdict import StepVerdict, Verdict
from twice.values.compare import difference
from twice.values.differences import Difference
from twice.values.encode import encode as take_apart
from twice.values.terms import Term, parse

LEFT, RIGHT = digest_bytes(b"left"), digest_bytes(b"right")


def term(value: object) -> Term:
    encoded = take_apart(value)
    return parse(encoded.skeleton, [memoryview(part) for part in encoded.buffers])  # type: ignore[arg-type]


def between(left: object, right: object, **tolerance: Any) -> Difference:
    found = difference(term(left), term(right), **tolerance)
    assert found is not None
    return found


def artifact(content: bytes = b"content", aside: bytes | None = None) -> Artifact:
    name = digest_bytes(content)
    return Artifact(kind="int", content=name, skeleton=name, size=1, aside=digest_bytes(aside) if aside else None)


def test_metrics_are_said_by_their_numbers() -> None:
    line = said(between({"accuracy": 0.97222, "loss": 0.25, "n": 3}, {"accuracy": 0.81944, "loss": 0.5, "n": 3}))
    assert line == "2 keys changed: accuracy 0.9722 → 0.8194, loss 0.25 → 0.5"


def test_a_single_difference_is_said_with_its_place() -> None:
    assert said(between({"model": [1, 2, 3]}, {"model": [1, 2, 4]})).endswith("[2] 3 → 4")


def test_what_is_covered_by_the_declared_tolerance_is_equivalent() -> None:
    found = between(np.ones(3), np.ones(3) + 1e-9, rtol=1e-6)
    verdict = judge("fit", artifact(b"1"), artifact(b"2"), found)
    assert (verdict.verdict, verdict.grade) == ("equivalent", "tolerance")
    found = between(np.ones(3), np.ones(3) + 1e-3, rtol=1e-6)
    assert judge("fit", artifact(b"1"), artifact(b"2"), found).verdict == "different"


def test_the_same_content_in_another_wrapping_is_identical_in_content() -> None:
    assert judge("fit", artifact(), artifact(), None).grade == "bytes"
    assert judge("fit", artifact(aside=b"1"), artifact(aside=b"2"), None).grade == "content"


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        (["identical", "identical"], "identical"),
        (["identical", "equivalent"], "equivalent"),
        (["equivalent", "inconclusive"], "inconclusive"),
        (["inconclusive", "different"], "different"),
        (["different", "fails"], "fails"),
        ([], "inconclusive"),
    ],
)
def test_the_verdict_on_a_whole_is_the_worst_of_its_parts(parts: list[str], whole: str) -> None:
    steps = [StepVerdict(step=f"s{number}", verdict=part) for number, part in enumerate(parts)]
    verdict = overall(steps, LEFT, RIGHT, same_version=True)
    assert verdict.verdict == whole
    assert Comparison(verdict).reproducible == (whole in ("identical", "equivalent"))


def test_a_verdict_with_any_figures_survives_being_written_down() -> None:
    found = between(np.array([0.0, 1.0, np.nan]), np.array([1.0, 1.0, np.inf]))
    verdict = overall(
        [judge("fit", artifact(b"1"), artifact(b"2"), found)], LEFT, RIGHT, same_version=True, not_checked=["x", "x"]
    )
    assert decode(encode(verdict), Verdict) == verdict
    assert verdict.not_checked == ("x",)
    assert finding(found).what


def test_a_softer_grade_counts_only_where_the_step_says_so() -> None:
    reordered = between([3, 1, 2], [1, 2, 3])
    verdict = judge("fit", artifact(b"1"), artifact(b"2"), reordered)
    assert (verdict.verdict, verdict.grade, verdict.reproduces) == ("equivalent", "order", False)
    assert not Comparison(overall([verdict], LEFT, RIGHT, same_version=True)).reproducible
    declared = judge("fit", artifact(b"1"), artifact(b"2"), reordered, accept=["order"])
    assert declared.reproduces and Comparison(overall([declared], LEFT, RIGHT, same_version=True)).reproducible


def test_that_choices_are_the_same_is_a_grade_only_where_it_is_declared() -> None:
    scores = between(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([[0.2, 0.7], [0.9, 0.3]]))
    assert judge("fit", artifact(b"1"), artifact(b"2"), scores).verdict == "different"
    assert judge("fit", artifact(b"1"), artifact(b"2"), scores, accept=["decisions"]).grade == "decisions"


def test_what_came_or_went_is_said_though_only_one_part_changed() -> None:
    assert said(between([1, "a"], [1, "b", 2])) == "the list grew from 2 to 3 items; 1 of the first 2 differ"
    assert said(between({"a": "x"}, {"a": "y", "b": 1})) == "1 key changed, 1 key added"
    assert said(between({"a": ["x"]}, {"a": ["y"]})).startswith("['a'][0]: was 'x'")
