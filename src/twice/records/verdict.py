"""What came of holding two runs against each other."""

from __future__ import annotations

from twice.records.canonical import Record
from twice.records.digest import Digest

ORDER = ("identical", "equivalent", "inconclusive", "different", "fails")
"""Verdicts, best first; the verdict on a whole is the worst of its parts."""


class Finding(Record, frozen=True, kw_only=True):
    """One difference, and what it consists of.

    Attributes:
        path: Where, as an expression: ``["model"].coef_``; empty for the whole value.
        what: One sentence for people.
        figures: Figures behind the sentence, by name.
        softer: What is the same in spite of the difference, such as ``same rows in another order``.
        children: Differences of parts.
    """

    path: str
    what: str
    figures: dict[str, float] = {}  # noqa: RUF012 - msgspec copies it
    softer: str = ""
    children: tuple[Finding, ...] = ()


class StepVerdict(Record, frozen=True, kw_only=True):
    """The verdict on one step's output.

    Attributes:
        step: The step's name.
        verdict: ``identical``, ``equivalent``, ``different``, ``inconclusive`` or ``fails``.
        grade: Of identical: ``bytes`` or ``content``; of equivalent: ``order``, ``rounding``, ``tolerance`` …
        summary: One line for people, in the terms of the type.
        finding: The difference, if there is one.
        left: The recorded content.
        right: The content it was held against.
        reason: What is known of why it differs; why the verdict is inconclusive; or the error, if it fails.
    """

    step: str
    verdict: str
    grade: str = ""
    summary: str = ""
    finding: Finding | None = None
    left: Digest | None = None
    right: Digest | None = None
    reason: str = ""


class Verdict(Record, frozen=True, kw_only=True):
    """The verdict on a whole run.

    Attributes:
        verdict: The worst of its steps' verdicts.
        grade: The grade of that.
        steps: Step by step.
        left: The recorded run.
        right: The run it was held against.
        same_version: Whether both are runs of one version.
        not_checked: What was not checked, in words.
    """

    verdict: str
    grade: str = ""
    steps: tuple[StepVerdict, ...]
    left: Digest
    right: Digest
    same_version: bool
    not_checked: tuple[str, ...] = ()
