"""Why steps ran, or did not."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from twice.present.difference import draw_changes
from twice.present.findings import ExplainedStep, Explanation
from twice.present.layout import indented, plain, text
from twice.present.marks import mark
from twice.present.words import short

_MOST = 12
_MARKS = {"would run": "ran", "would be reused": "reused", "may run": "skipped"}


def draw_explanation(explanation: Explanation) -> RenderableType:
    """Each step with its reason, and what that rests on."""
    headline = (
        f"run {short(explanation.run)}  ·  version {short(explanation.version)}"
        if explanation.run
        else f"{explanation.name}  ·  as it is now; nothing was run"
    )
    parts: list[RenderableType] = [text(headline, "cyan")]
    for step in explanation.steps:
        parts += [Text(""), *draw_step(step)]
    return Group(*parts)


def draw_step(step: ExplainedStep) -> list[RenderableType]:
    """One step: how it fared, and why."""
    shown = Text(" ").join(
        [mark(_MARKS.get(step.how, step.how)), text(step.step, "bold"), text(f"{step.how}: {step.reason}")]
    )
    return [shown, *(indented(line, 2) for line in _ground(step))]


def _ground(step: ExplainedStep) -> list[RenderableType]:
    found: list[RenderableType] = []
    if step.how in ("reused", "would be reused"):
        looked_at = ", ".join(step.checked) or "it looked at nothing else"
        found.append(text(f"checked: its code, inputs, parameters and settings; {looked_at}", "dim"))
        listed = [*step.unchecked, *step.assumed]
        found += [text(f"· {what}", "dim") for what in listed[:_MOST]]
        if len(listed) > _MOST:
            found.append(text(f"… and {len(listed) - _MOST} more; --json prints all", "dim"))
    if step.against:
        since = f", {step.since}" if step.since else ""
        found.append(text(f"against run {short(step.against)}{since}", "dim"))
        found += draw_changes(step.changes)
        if not step.changes:
            found.append(text("nothing that was recorded differs", "dim"))
    if step.output:
        found.append(text("its output: ", "dim").append(step.output))
    return found


class Explained(dict[str, str]):
    """Step → why it ran or was reused, as text: the reason first, then what it rests on.

    Args:
        explanation: What was found.
    """

    def __init__(self, explanation: Explanation) -> None:
        super().__init__({step.step: _written(step) for step in explanation.steps})

    def __repr__(self) -> str:
        return "\n\n".join(f"{step}: {told}" for step, told in self.items())


def _written(step: ExplainedStep) -> str:
    rest = plain(Group(*(indented(line, 2) for line in _ground(step))))
    return f"{step.how}: {step.reason}\n{rest}".rstrip()
