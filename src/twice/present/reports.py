"""A verdict as other programs read it: what ``--json`` prints, and what JUnit's XML and the HTML page are made from.

The names of the attributes are the keys of the JSON; ``docs/json.md`` says them all.
"""

from __future__ import annotations

from dataclasses import dataclass

from twice.compare.comparison import Comparison
from twice.present.findings import CauseView, ExperimentView
from twice.present.words import timestamp
from twice.records.verdict import Cause, Diagnosis, Finding, StepVerdict


@dataclass(frozen=True, kw_only=True)
class FindingView:
    """A difference, and what it consists of.

    Attributes:
        path: Where, as an expression: ``["model"].coef_``; empty for the whole value.
        what: One sentence.
        figures: Figures behind the sentence, by name.
        softer: What is the same in spite of it, such as ``same rows in another order``.
        children: Differences of parts.
    """

    path: str
    what: str
    figures: dict[str, float]
    softer: str
    children: tuple[FindingView, ...]


@dataclass(frozen=True, kw_only=True)
class StepVerdictView:
    """The verdict on one step's output.

    Attributes:
        name: The step.
        verdict: ``identical``, ``equivalent``, ``different``, ``inconclusive`` or ``fails``.
        grade: Of identical: ``bytes`` or ``content``; of equivalent: ``order``, ``rounding``, ``tolerance``,
            ``decisions`` or ``seed-noise``.
        reproduces: Whether that counts as reproduced, as the step's author declares.
        difference: What differs, in one line in the terms of the type; empty if nothing does.
        finding: The same part by part; null if nothing differs.
        causes: What makes it differ: what is proven, and what is consistent with it. One with the factor ``unknown``
            if it was looked for and not found.
        others: What was ruled out, or not tested, with the reason.
        together: Only all causes together explain it.
        nature: ``unsteady`` (it disagrees with itself here), ``drifted`` (it agrees with itself, and not with the
            record), ``fails``, ``steady`` (run again, it agreed with the record); empty if no cause was looked for.
        runs: How many experiments were made with it.
        power: What the unchanged runs could have detected, in words.
        spread: How far the outputs of unchanged runs are apart, in words.
        operation: Which operation of PyTorch is the first to give something else, in words; empty if that is not known.
        unsettled: Why the search for causes was not brought to its end; empty if it was.
        reason: Why the verdict is inconclusive, the error if it fails, or what is known of why it differs.
        spreads: What the other output changes downstream, in words.
        seen: Of a verification: how many runs from the same inputs gave it so far, the record and this one included.
        doubts: What speaks against the same coming again, though it did: other outputs before, entropy drawn.
        recorded: The recorded content's digest; null if there is none.
        now: The digest of the content that it was held against.
    """

    name: str
    verdict: str
    grade: str
    reproduces: bool
    difference: str
    finding: FindingView | None
    causes: tuple[CauseView, ...]
    others: tuple[CauseView, ...]
    together: bool
    nature: str
    runs: int
    power: str
    spread: str
    operation: str
    unsettled: str
    reason: str
    spreads: str
    seen: int
    doubts: tuple[str, ...]
    recorded: str | None
    now: str | None


@dataclass(frozen=True, kw_only=True)
class VerdictView:
    """The verdict on a whole run.

    Attributes:
        name: What the version was called.
        verdict: The worst of its steps' verdicts.
        grade: The grade of that.
        reproducible: Whether everything that was compared counts as reproduced.
        steps: Step by step.
        not_checked: What was not checked, in words.
        recorded: The recorded run's digest.
        now: The digest of the run that it was held against.
        same_version: Whether both are runs of one version.
        level: Of a verification: ``quick``, ``full`` or ``paranoid``.
        host: Of a verification: where it was made.
        environment: Of a verification: the digest of the environment that it was made on; null for a comparison.
        made: Of a verification: when, in UTC; null for a comparison.
    """

    name: str
    verdict: str
    grade: str
    reproducible: bool
    steps: tuple[StepVerdictView, ...]
    not_checked: tuple[str, ...]
    recorded: str
    now: str
    same_version: bool
    level: str
    host: str
    environment: str | None
    made: str | None


def verdict_view(comparison: Comparison, name: str = "") -> VerdictView:
    """A verdict, to be printed as data.

    Args:
        comparison: The verdict.
        name: What the version is called.
    """
    verdict = comparison.verdict
    return VerdictView(
        name=name,
        verdict=verdict.verdict,
        grade=verdict.grade,
        reproducible=comparison.reproducible,
        steps=tuple(_step(step) for step in verdict.steps),
        not_checked=verdict.not_checked,
        recorded=verdict.left,
        now=verdict.right,
        same_version=verdict.same_version,
        level=verdict.level,
        host=verdict.host,
        environment=verdict.environment,
        made=timestamp(verdict.made) if verdict.made else None,
    )


def _step(step: StepVerdict) -> StepVerdictView:
    found = step.diagnosis or Diagnosis(nature="")
    causes = tuple(_cause(cause) for cause in found.causes)
    if found.nature not in ("", "steady") and not causes:
        causes = (_unknown(found),)
    return StepVerdictView(
        name=step.step,
        verdict=step.verdict,
        grade=step.grade,
        reproduces=step.reproduces,
        difference="" if step.verdict == "identical" else step.summary,
        finding=_finding(step.finding) if step.finding is not None else None,
        causes=causes,
        others=tuple(_cause(cause) for cause in found.others),
        together=found.together,
        nature=found.nature,
        runs=found.runs,
        power=found.power,
        spread=found.spread,
        operation=found.operation,
        unsettled=found.unsettled,
        reason=step.reason,
        spreads=step.spreads,
        seen=step.seen,
        doubts=step.doubts,
        recorded=step.left,
        now=step.right,
    )


def _unknown(found: Diagnosis) -> CauseView:
    tried = ", ".join(dict.fromkeys(cause.factor for cause in found.others if cause.status == "ruled out"))
    reason = f"none of these explains it: {tried}" if tried else "nothing could be tried"
    return CauseView(factor="unknown", detail="", location="", status="unknown", reason=found.unsettled or reason)


def _cause(cause: Cause) -> CauseView:
    return CauseView(
        factor=cause.factor,
        detail=cause.detail,
        location=cause.location,
        status=cause.status,
        reason=cause.reason,
        fix=cause.fix,
        evidence=tuple(
            ExperimentView(
                conditions=one.conditions or ("unchanged",),
                outcomes=one.outcomes,
                traces=one.traces,
                recorded=one.recorded,
            )
            for one in cause.evidence
        ),
    )


def _finding(found: Finding) -> FindingView:
    return FindingView(
        path=found.path,
        what=found.what,
        figures=found.figures,
        softer=found.softer,
        children=tuple(_finding(child) for child in found.children),
    )
