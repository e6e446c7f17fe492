"""Two runs held against each other, to look at and to ask."""

from __future__ import annotations

from twice.records.verdict import Cause, Diagnosis, StepVerdict, Verdict

MARKS = {"identical": "✓", "equivalent": "≈", "different": "✗", "inconclusive": "?", "fails": "✗"}


class Comparison:
    """The verdict on two runs, step by step.

    Attributes:
        verdict: The verdict as a record.
        interrupted: The search for causes was interrupted, so some are not known yet.
    """

    def __init__(self, verdict: Verdict, *, interrupted: bool = False) -> None:
        self.verdict = verdict
        self.interrupted = interrupted

    @property
    def reproducible(self) -> bool:
        """Whether all outputs are identical, or equivalent as their steps declare."""
        return bool(self.verdict.steps) and all(step.reproduces for step in self.verdict.steps)

    @property
    def steps(self) -> dict[str, StepVerdict]:
        """The verdicts by step."""
        return {step.step: step for step in self.verdict.steps}

    def __getitem__(self, step: str) -> StepVerdict:
        return self.steps[step]

    def __bool__(self) -> bool:
        return self.reproducible

    def __str__(self) -> str:
        width = max((len(step.step) for step in self.verdict.steps), default=0)
        lines = [self.headline]
        for step in self.verdict.steps:
            words = graded(step.verdict, step.grade)
            lines.append(
                f"  {MARKS[step.verdict]} {step.step:<{width}}  {words:<22}  {step.summary or step.reason}".rstrip()
            )
            if step.diagnosis is not None:
                lines += [f"    {'':<{width}}  {line}" for line in concluded(step.diagnosis, fixes=True)]
            elif not step.reproduces and step.verdict != "fails" and step.reason:
                lines.append(f"    {'':<{width}}  {step.reason}")
            lines += [f"    {'':<{width}}  {line}" for line in (step.spreads, *step.doubts) if line]
        lines += [f"  {line}" for line in [rarely(self.verdict)] if line]
        lines += [f"  not checked: {what}" for what in self.verdict.not_checked]
        return "\n".join(lines)

    @property
    def headline(self) -> str:
        """The verdict in one sentence."""
        count = len(self.verdict.steps)
        outputs = f"{count} output{'' if count == 1 else 's'}"
        good = sum(step.reproduces for step in self.verdict.steps)
        words = graded(self.verdict.verdict, self.verdict.grade).upper()
        if self.verdict.verdict == "identical":
            return f"{words}: {outputs} compared, all the same"
        if self.verdict.verdict == "equivalent" and self.reproducible:
            return f"{words}: {outputs} compared, all within what the steps declare"
        return f"{words}: {good} of {outputs} the same"

    def __repr__(self) -> str:
        return f"<comparison: {self.headline}>"


def rarely(verdict: Verdict) -> str:
    """What so many runs that agree may have missed, in words; empty if nothing that ran again agrees.

    Args:
        verdict: A verdict; the step counts that ran least often. Of one that differs it is not said.
    """
    same = all(step.reproduces for step in verdict.steps)
    runs = min((step.seen for step in verdict.steps if step.seen), default=0) if same else 0
    if runs < 2:
        return ""
    percent = 100 * (1 - 1 / _SELDOM) ** runs
    missed = f"{percent:.0f} %" if percent >= 1 else "fewer than 1 %"
    return f"the same so far, in {runs} runs; what happens in one run of {_SELDOM}, so many miss in {missed} of cases"


_SELDOM = 7
"""Some programs were seen to take a second value in one run of so many."""


def graded(verdict: str, grade: str) -> str:
    """A verdict and its grade in words."""
    return f"{verdict} ({grade})" if grade and grade != "bytes" else verdict


def named(cause: Cause) -> str:
    """A cause in words: ``entropy: os.urandom (flow.py:12)``."""
    detail = f": {cause.detail}" if cause.detail else ""
    return f"{cause.factor}{detail}" + (f" ({cause.location})" if cause.location else "")


def concluded(diagnosis: Diagnosis, *, fixes: bool = False) -> list[str]:
    """What is known of why a step's output is not as recorded, line by line, with how sure it is.

    Args:
        diagnosis: What was found out.
        fixes: Also tell what to do about it.
    """
    lines = []
    for cause in diagnosis.causes:
        lines.append(f"{cause.status}: {named(cause)}")
        if fixes and cause.fix:
            lines.append(f"  fix: {cause.fix}")
    if diagnosis.together:
        lines.append("only all of these together explain it")
    if not diagnosis.causes:
        steady = diagnosis.nature == "steady"
        lines.append("run again, it gave what was recorded: the same so far" if steady else "cause unknown")
    if diagnosis.unsettled:
        lines.append(f"not settled: {diagnosis.unsettled}")
    return lines
