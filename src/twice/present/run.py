"""A run that is over: its output, and how its steps fared."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from twice.present.layout import cut, joined, table, text
from twice.present.log import fared
from twice.present.marks import mark
from twice.present.views import RunView
from twice.present.words import duration, short


def draw_output(run: RunView) -> RenderableType:
    """The preview of a run's output: what its last step gave."""
    output = run.steps[-1].output
    return text(output.preview if output else "")


def draw_summary(run: RunView, saved: Sequence[str], *, steps: bool) -> RenderableType:
    """How a run went, and what it was saved as.

    Args:
        run: The run.
        saved: The names that its version can now be loaded by.
        steps: Whether to tell about every step; a live view has done that already.
    """
    parts: list[RenderableType] = []
    if steps:
        made = table("fixed", "fixed", "right", "left", "left")
        for step in run.steps:
            spent = duration(step.seconds) if step.how == "ran" else step.how
            shown = step.output.preview if step.output else ""
            made.add_row(mark(step.how), text(step.step, "bold"), text(spent), cut(shown), cut(step.reason, "dim"))
        parts.append(made)
        for step in run.steps:
            parts += [Text(" ").join([mark("note"), text(f"{step.step}: {note}")]) for note in step.notes]
        parts.append(text(f"{run.status} in {duration(run.seconds)}: {fared(run)}", "dim"))
    if saved:
        name = f"saved as {' and '.join(saved)}"
    elif run.names:
        name = f"the same as {' and '.join(run.names)}"
    else:
        name = "not saved: --version v1.0 gives it a name"
    parts.append(
        joined(text(name, "bold" if saved or run.names else "dim"), text(f"version {short(run.version)}", "cyan"))
    )
    return Group(*parts)
