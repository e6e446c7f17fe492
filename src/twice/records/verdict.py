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


class Experiment(Record, frozen=True, kw_only=True):
    """Runs of one step under the same conditions.

    Attributes:
        conditions: What was held still, moved, or set as recorded, in words; nothing for a step run unchanged.
        outcomes: What came out, run by run: a content, or ``fails: …``.
        traces: The traces of the runs that did not fail.
        recorded: How many of the outcomes count as what was recorded.
    """

    conditions: tuple[str, ...]
    outcomes: tuple[str, ...]
    traces: tuple[Digest, ...] = ()
    recorded: int = 0


class Cause(Record, frozen=True, kw_only=True):
    """What is known of one factor.

    Attributes:
        factor: Its name: ``entropy``, ``clock``, ``environment`` …
        status: ``proven``, ``consistent with``, ``ruled out`` or ``not tested``.
        detail: What exactly.
        location: Where it enters, as ``flow.py:12``; empty if that was not seen.
        reason: What was tried and what came of it, or why nothing was.
        fix: What to do about it.
        evidence: The experiments that show it.
    """

    factor: str
    status: str
    detail: str = ""
    location: str = ""
    reason: str = ""
    fix: str = ""
    evidence: tuple[Experiment, ...] = ()


INTERRUPTED = "it was interrupted; verify again to go on from here"
"""What is said to be unsettled where somebody stopped the search for causes."""


class Diagnosis(Record, frozen=True, kw_only=True):
    """Why one step's output is not what was recorded, by experiment.

    Attributes:
        nature: ``unsteady`` (it disagrees with itself here), ``drifted`` (it agrees with itself, and not with the
            record), ``fails``, or ``steady`` (it agreed with the record when it was run again).
        causes: What is proven, and what is consistent with it.
        others: What was ruled out or not tested.
        together: More than one factor is needed.
        runs: How many experiments were made.
        power: What the unchanged runs could have detected, in words.
        unsettled: Why it was not brought to its end; empty if it was.
        spread: How far the outputs of unchanged runs are apart, in words.
        operation: Which operation of PyTorch is the first to give something else, in words; empty if that is not known.
    """

    nature: str
    causes: tuple[Cause, ...] = ()
    others: tuple[Cause, ...] = ()
    together: bool = False
    runs: int = 0
    power: str = ""
    unsettled: str = ""
    spread: str = ""
    operation: str = ""


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
        accepted: Of equivalent: whether the step's author lets that grade count as reproduced.
        diagnosis: Why it differs, by experiment.
        spreads: What the other output changes downstream, in words.
        seen: Of a verification: how many runs from the same inputs gave it so far, the record and this one included.
        doubts: What speaks against the same coming again, though it did: other outputs before, entropy drawn.
    """

    step: str
    verdict: str
    grade: str = ""
    summary: str = ""
    finding: Finding | None = None
    left: Digest | None = None
    right: Digest | None = None
    reason: str = ""
    accepted: bool = True
    diagnosis: Diagnosis | None = None
    spreads: str = ""
    seen: int = 0
    doubts: tuple[str, ...] = ()

    @property
    def reproduces(self) -> bool:
        """Whether the output counts as reproduced."""
        return self.verdict == "identical" or (self.verdict == "equivalent" and self.accepted)


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
        level: Of a verification: ``quick``, ``full`` or ``paranoid``.
        host: Of a verification: where it was made.
        environment: Of a verification: the environment that it was made on.
        made: Of a verification: when, in nanoseconds since 1970, UTC.
    """

    verdict: str
    grade: str = ""
    steps: tuple[StepVerdict, ...]
    left: Digest
    right: Digest
    same_version: bool
    not_checked: tuple[str, ...] = ()
    level: str = ""
    host: str = ""
    environment: Digest | None = None
    made: int = 0
