"""From what differs to a verdict. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence

from twice.records.artifact import Artifact
from twice.records.digest import Digest
from twice.records.verdict import ORDER, Finding, StepVerdict, Verdict
from twice.values.differences import FLOAT32, METADATA, ROUNDING, TOLERANCE, Difference

GRADES = ("bytes", "content", "order", "rounding", "tolerance", "decisions", "seed-noise", "")
"""Grades, best first."""

SHOWN = 12
"""How many parts of a finding are kept."""


def finding(difference: Difference) -> Finding:
    """A difference as a record: its figures are numbers, and long lists stay behind."""
    figures = {
        name: float(value)
        for name, value in difference.detail.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }
    return Finding(
        path=difference.path,
        what=difference.what,
        figures=figures,
        softer=difference.softer,
        children=tuple(finding(child) for child in difference.children[:SHOWN]),
    )


def judge(
    step: str,
    left: Artifact,
    right: Artifact,
    difference: Difference | None,
    *,
    accept: Collection[str] = (),
    why: str = "",
) -> StepVerdict:
    """The verdict on one output, on the ladder from the same bytes to a real difference.

    Args:
        step: The step.
        left: What was recorded.
        right: What it is held against.
        difference: What differs in content, under the tolerances that the version declares; None if nothing does.
        accept: The grades that the step's author lets count as reproduced, beside a declared tolerance.
        why: What is known of why it differs, in words.
    """
    if difference is None or difference.explained == {METADATA}:
        same = left.content == right.content and left.aside == right.aside
        grade = "bytes" if same else "content"
        return StepVerdict(
            step=step, verdict="identical", grade=grade, summary=right.preview, left=left.content, right=right.content
        )
    if difference.unread:
        return StepVerdict(
            step=step,
            verdict="inconclusive",
            summary="they differ, and cannot be looked into",
            finding=finding(difference),
            left=left.content,
            right=right.content,
            reason=difference.unread,
        )
    grades = _softened(difference, accept)
    accepted = bool(grades) and all(grade in (*accept, TOLERANCE) for grade in grades)
    return StepVerdict(
        step=step,
        verdict="equivalent" if grades else "different",
        grade=max(grades, key=GRADES.index, default=""),
        accepted=accepted or not grades,
        summary=" — ".join(text for text in (said(difference), difference.softer) if text),
        finding=finding(difference),
        left=left.content,
        right=right.content,
        reason="" if accepted else why,
    )


def _softened(difference: Difference, accept: Collection[str]) -> frozenset[str]:
    """The grades that explain a difference together; none if it is a real one.

    That the choices made from scores are the same is no softer finding of its own: it counts only where it is declared.
    """
    if difference.within:
        return frozenset({TOLERANCE})
    if difference.explained:
        return frozenset(ROUNDING if one == FLOAT32 else one for one in difference.explained if one != METADATA)
    return frozenset({"decisions"}) if difference.decisions and "decisions" in accept else frozenset()


def said(difference: Difference) -> str:
    """A difference in one line: its own sentence and its numbers, or those of its only part."""
    while difference.whole and len(difference.children) == 1 and difference.children[0].what:
        if _numbers(difference):
            break
        difference = difference.children[0]
    numbers = _numbers(difference)
    where = _name(difference.path)
    words = f"{where}: {difference.what}" if where else difference.what
    return f"{words}: {', '.join(numbers)}" if numbers else words


def _numbers(difference: Difference) -> list[str]:
    """The parts that are numbers, as ``accuracy 0.97 → 0.82``; the first three."""
    found = []
    for child in difference.children:
        before, after = child.detail.get("before"), child.detail.get("after")
        if before is not None and after is not None:
            inner = child.path.removeprefix(difference.path)
            found.append(f"{_name(inner)} {_rounded(before)} → {_rounded(after)}")
    return [*found[:3], *(["…"] if len(found) > 3 else [])]


def _rounded(number: float) -> str:
    return str(number) if isinstance(number, int) else f"{number:.4g}"


def _name(path: str) -> str:
    """A place as people say it: a plain key without its brackets."""
    if path.startswith("['") and path.endswith("']") and path.count("[") == 1:
        return path[2:-2]
    return path.lstrip(".")


def overall(
    steps: Sequence[StepVerdict], left: Digest, right: Digest, *, same_version: bool, not_checked: Iterable[str] = ()
) -> Verdict:
    """The verdict on a whole: the worst of its parts; nothing compared is inconclusive."""
    verdict = max((step.verdict for step in steps), key=ORDER.index, default="inconclusive")
    grades = [step.grade for step in steps if step.verdict == verdict]
    grade = max(grades, key=GRADES.index, default="")
    return Verdict(
        verdict=verdict,
        grade=grade,
        steps=tuple(steps),
        left=left,
        right=right,
        same_version=same_version,
        not_checked=tuple(dict.fromkeys(not_checked)),
    )
