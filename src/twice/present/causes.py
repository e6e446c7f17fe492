"""What experiments showed about one step: causes first, then what was ruled out, and what the runs could detect."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType

from twice.compare.comparison import named
from twice.present.layout import indented, text
from twice.present.words import count
from twice.records.verdict import Cause, Diagnosis

_NATURES = {
    "unsteady": "run again here in the same way, it disagrees with itself",
    "drifted": "run again here in the same way, it agrees with itself, and not with the record",
    "steady": "run again here in the same way, it gave what was recorded: the same so far",
    "fails": "run again here, it fails again",
}
_STYLES = {"proven": "bold", "consistent with": "yellow"}


def draw_diagnosis(diagnosis: Diagnosis) -> list[RenderableType]:
    """Lines about one step.

    Args:
        diagnosis: What was found out.
    """
    if not diagnosis.nature:
        lines: list[RenderableType] = [text(f"not settled: {diagnosis.unsettled}", "yellow")]
        seen = [named(cause) for cause in diagnosis.others if cause.detail]
        return [*lines, text(f"seen, and not tested: {', '.join(seen)}", "dim")] if seen else lines
    lines = [text(_NATURES.get(diagnosis.nature, diagnosis.nature))]
    if diagnosis.spread:
        lines.append(indented(text(diagnosis.spread, "dim"), 2))
    if diagnosis.operation:
        lines.append(indented(text(diagnosis.operation), 2))
    for cause in diagnosis.causes:
        lines.append(text(f"{cause.status}: {named(cause)}", _STYLES.get(cause.status, "")))
        lines.append(indented(text(cause.reason, "dim"), 2))
        if cause.fix:
            lines.append(indented(text(f"fix: {cause.fix}"), 2))
    if diagnosis.together:
        lines.append(text("only all of these together explain it"))
    if not diagnosis.causes and diagnosis.nature != "steady":
        lines.append(text("cause unknown", "yellow"))
    for status in ("ruled out", "not tested"):
        if found := [cause for cause in diagnosis.others if cause.status == status]:
            lines.append(text(f"{status}: {_factors(found)}", "dim"))
    if diagnosis.power:
        lines.append(text(diagnosis.power, "dim"))
    if diagnosis.unsettled:
        lines.append(text(f"not settled: {diagnosis.unsettled}", "yellow"))
        if seen := [named(cause) for cause in diagnosis.others if cause.location and cause.status == "not tested"]:
            lines.append(text(f"seen, and not tested: {', '.join(seen)}", "dim"))
    lines.append(text(f"{count(diagnosis.runs, 'experiment')} with this step", "dim"))
    return lines


def _factors(causes: Sequence[Cause]) -> str:
    return ", ".join(dict.fromkeys(cause.factor for cause in causes))
