"""From what differs to a verdict. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from twice.records.artifact import Artifact
from twice.records.digest import Digest
from twice.records.verdict import ORDER, Finding, StepVerdict, Verdict
from twice.values.compare import Difference

_GRADES = ("bytes", "content", "order", "rounding", "tolerance", "decisions", "seed-noise", "")
"""Grades, best first."""

SHOWN = 12
"""How many parts of a finding are kept."""


def finding(difference: Difference) -> Finding:
    """A difference as a record: its figures are numbers, and long lists stay behind."""
    figures = {
        name: float(value)
        for name, value in difference.detail.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    return Finding(
        path=difference.path,
        what=difference.what,
        figures=figures,
        softer=difference.softer,
        children=tuple(finding(child) for child in difference.children[:SHOWN]),
    )


def judge(step: str, left: Artifact, right: Artifact, difference: Difference | None) -> StepVerdict:
    """The verdict on one output.

    Args:
        step: The step.
        left: What was recorded.
        right: What it is held against.
        difference: What differs in content, under the tolerances that the version declares; None if nothing does.
    """
    if difference is None:
        same = left.content == right.content and left.aside == right.aside
        grade = "bytes" if same else "content"
        return StepVerdict(
            step=step, verdict="identical", grade=grade, summary=right.preview, left=left.content, right=right.content
        )
    verdict, grade = ("equivalent", "tolerance") if difference.within else ("different", "")
    return StepVerdict(
        step=step,
        verdict=verdict,
        grade=grade,
        summary=" — ".join(text for text in (said(difference), difference.softer) if text),
        finding=finding(difference),
        left=left.content,
        right=right.content,
    )


def said(difference: Difference) -> str:
    """A difference in one line: its own sentence, or the place and sentence of its only part."""
    while len(difference.children) == 1 and difference.children[0].what:
        difference = difference.children[0]
    where = difference.path.lstrip(".")
    return f"{where}: {difference.what}" if where else difference.what


def overall(
    steps: Sequence[StepVerdict], left: Digest, right: Digest, *, same_version: bool, not_checked: Iterable[str] = ()
) -> Verdict:
    """The verdict on a whole: the worst of its parts; nothing compared is inconclusive."""
    verdict = max((step.verdict for step in steps), key=ORDER.index, default="inconclusive")
    grades = [step.grade for step in steps if step.verdict == verdict]
    grade = max(grades, key=_GRADES.index, default="")
    return Verdict(
        verdict=verdict,
        grade=grade,
        steps=tuple(steps),
        left=left,
        right=right,
        same_version=same_version,
        not_checked=tuple(dict.fromkeys(not_checked)),
    )
