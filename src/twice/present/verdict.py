"""A verdict, step by step."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from twice.compare.comparison import rarely
from twice.errors import last_line
from twice.present.causes import draw_diagnosis
from twice.present.layout import cut, indented, section, table, text
from twice.present.marks import mark, style_of
from twice.present.words import count, short
from twice.records.verdict import Finding, StepVerdict, Verdict

_CONCLUSIONS = {
    "identical": "every output that was compared is the same as recorded",
    "equivalent": "every output that was compared is equivalent to what was recorded",
    "different": "an output is not what was recorded",
    "inconclusive": "it could not be decided whether every output is as recorded",
    "fails": "a step does not run any more",
}
_MOST_FINDINGS = 12


def draw_verdict(verdict: Verdict, *, reproducible: bool, name: str = "") -> RenderableType:
    """Each step's verdict with what was found, then the verdict on all, then what was not checked.

    Args:
        verdict: The verdict.
        reproducible: Whether it counts as reproduced.
        name: What the version is called.
    """
    sides = table("fixed", "fixed", "left")
    sides.add_row(text("recorded", "dim"), text(f"run {short(verdict.left)}", "cyan"), text(name, "bold"))
    sides.add_row(text("now", "dim"), text(f"run {short(verdict.right)}", "cyan"))
    parts: list[RenderableType] = [sides, Text("")]
    made = table("fixed", "fixed", "fixed", "left")
    for step in verdict.steps:
        made.add_row(
            mark(step.verdict), text(step.step, "bold"), text(_said(step), style_of(step.verdict)), cut(_summary(step))
        )
    parts.append(made)
    for step in verdict.steps:
        if step.finding is not None and step.verdict not in ("identical", "inconclusive"):
            # What is only one difference has been said in the table.
            tree = _tree(step.finding) if step.finding.children or step.finding.softer else []
            why: list[RenderableType] = []
            if step.reason and step.diagnosis is None:
                why = [text(step.reason, "dim" if step.reproduces else style_of(step.verdict))]
            if tree or why:
                parts.append(section(f"{step.step}: where it differs" if tree else f"{step.step}: why", *tree, *why))
        if step.diagnosis is not None:
            goes = [text(step.spreads, "dim")] if step.spreads else []
            parts.append(section(f"{step.step}: why", *draw_diagnosis(step.diagnosis), *goes))
        if step.verdict == "fails" and "\n" in step.reason:
            parts.append(section(f"{step.step}: why it fails", text(step.reason.rstrip())))
    conclusion = _CONCLUSIONS.get(verdict.verdict, verdict.verdict)
    failing = [step.diagnosis for step in verdict.steps if step.verdict == "fails"]
    if failing and all(found is not None and found.nature == "unsteady" for found in failing):
        conclusion = "a step does not run every time"
    if verdict.verdict == "equivalent" and not reproducible:
        conclusion += ", by a grade that its step does not let count as reproduced"
    if not verdict.same_version:
        conclusion += " (the two are runs of different versions)"
    word = "reproducible" if reproducible else verdict.verdict
    style = "bold green" if reproducible else style_of(verdict.verdict)
    parts += [Text(""), Text(" ").join([mark(verdict.verdict), text(f"{word}:", style), text(conclusion)])]
    if seldom := rarely(verdict):
        parts.append(indented(text(seldom, "dim"), 2))
    if doubts := [(step.step, doubt) for step in verdict.steps for doubt in step.doubts]:
        parts.append(section("In doubt", *(text(f"! {step}: {doubt}", "yellow") for step, doubt in doubts)))
    if verdict.not_checked:
        parts.append(section("Not checked", *(text(f"· {what}", "dim") for what in verdict.not_checked)))
    return Group(*parts)


def _said(step: StepVerdict) -> str:
    return f"{step.verdict} ({step.grade})" if step.grade else step.verdict


def _summary(step: StepVerdict) -> str:
    if step.verdict in ("inconclusive", "fails"):
        return last_line(step.reason) or step.summary
    return step.summary or step.reason.partition("\n")[0]


def _tree(finding: Finding, depth: int = 0) -> list[RenderableType]:
    """A finding and those below it; wide trees are cut short, and figures are left to ``--json``."""
    line = text(finding.path or "the whole", "bold").append(f"  {text(finding.what).plain}")
    if finding.softer:
        line.append(f"  {text(finding.softer).plain}", style="dim")
    found: list[RenderableType] = [indented(line, 2 * depth)]
    for child in finding.children[:_MOST_FINDINGS]:
        found += _tree(child, depth + 1)
    if len(finding.children) > _MOST_FINDINGS:
        more = count(len(finding.children) - _MOST_FINDINGS, "more", "more")
        found.append(indented(text(f"… and {more}", "dim"), 2 * (depth + 1)))
    return found
