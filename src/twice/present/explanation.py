"""Why steps ran, or did not."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from twice.present.difference import draw_changes
from twice.present.findings import ExplainedStep, Explanation
from twice.present.layout import indented, text
from twice.present.marks import mark
from twice.present.words import short

_MOST = 12


def draw_explanation(explanation: Explanation) -> RenderableType:
    """Each step with its reason, and what that rests on."""
    parts: list[RenderableType] = [
        text(f"run {short(explanation.run)}  ·  version {short(explanation.version)}", "cyan")
    ]
    for step in explanation.steps:
        parts += [Text(""), _headline(step)]
        parts += [indented(line, 2) for line in _ground(step)]
    return Group(*parts)


def _headline(step: ExplainedStep) -> Text:
    return Text(" ").join([mark(step.how), text(step.step, "bold"), text(f"{step.how}: {step.reason}")])


def _ground(step: ExplainedStep) -> list[RenderableType]:
    found: list[RenderableType] = []
    if step.how == "reused":
        found += [text(f"· {what}", "dim") for what in step.assumed[:_MOST]]
        if len(step.assumed) > _MOST:
            found.append(text(f"… and {len(step.assumed) - _MOST} more", "dim"))
        found += draw_changes(step.changes)
        return found or [
            text("its code, inputs, parameters and settings are the same; it looked at nothing else", "dim")
        ]
    if step.against:
        found.append(text(f"against run {short(step.against)}, the most like it", "dim"))
    found += draw_changes(step.changes)
    told = {change.name for change in step.changes}
    for name, (before, now) in step.ingredients.items():
        if name == "code" and step.changes:
            continue
        if name.removeprefix("parameter ") not in {one.rpartition(".")[2] for one in told}:
            found.append(text(f"{name}  {_shown(before)}  →  {_shown(now)}"))
    return found


def _shown(value: str) -> str:
    return short(value) if value.startswith("blake3:") else value or "(nothing)"
