"""Steps against variations, as a matrix."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from twice.present.findings import STOPPED, TIME_IS_UP, StressCell, StressView
from twice.present.layout import cut, section, table, text

_SIGNS = {
    "unaffected": ("=", "green"),
    "order": ("≈", "yellow"),
    "rounding": ("≈", "yellow"),
    "tolerance": ("≈", "green"),
    "different": ("✗", "bold red"),
    "fails": ("!", "bold red"),
    "inconclusive": ("?", "yellow"),
    "not tried": ("·", "dim"),
}
_LONGEST = 14


def draw_stress(view: StressView) -> RenderableType:
    """A row for each variation and a column for each step, then what was found, and each step's class.

    Args:
        view: What was found.
    """
    made = table("left", *("fixed" for _ in view.steps))
    made.add_row(Text(""), *(text(_shortened(step.step), "bold") for step in view.steps))
    for index, variation in enumerate(view.variations):
        made.add_row(text(variation), *(_sign(step.cells[index]) for step in view.steps))
    parts: list[RenderableType] = [made]
    for step in view.steps:
        lines = [
            cut(f"{cell.variation}: {cell.effect}  {cell.detail}")
            for cell in step.cells
            if cell.effect not in ("unaffected", "not tried")
        ]
        lines += [text(f"{factor}: {pin}", "dim") for factor, pin in step.pins.items()]
        parts.append(section(f"{step.step}: {step.reproducibility}", *lines))
    if any(cell.detail in (TIME_IS_UP, STOPPED) for step in view.steps for cell in step.cells):
        why = STOPPED if view.interrupted else f"{TIME_IS_UP} (--budget gives it more)"
        parts.append(section("Not tried", text(f"{why}. Run again, it goes on from here.", "yellow")))
    parts.append(text("= unaffected  ≈ equivalent  ✗ different  ! fails  ? inconclusive  · not tried", "dim"))
    return Group(*parts)


def _shortened(name: str) -> str:
    """A step's name as the head of a column of signs; it stands below in full."""
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def _sign(cell: StressCell) -> Text:
    return Text(*_SIGNS.get(cell.effect, ("?", "")))
