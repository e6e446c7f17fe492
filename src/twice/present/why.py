"""Which changes made outputs differ, and how much of a number's difference is whose."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import RenderableType

from twice.present.findings import CauseView, DifferenceView, WhyView
from twice.present.layout import indented, table, text
from twice.present.words import count


def draw_why(why: WhyView) -> Iterable[RenderableType]:
    """Each difference with its causes, then what was ruled out, then what was not checked.

    Args:
        why: What was found.
    """
    for found in why.differences:
        yield from _difference(found)
    if not why.differences:
        yield text("no output differs because of what changed" if not why.not_checked else "not divided", "yellow")
    if why.ruled_out:
        names = ", ".join(named(cause) for cause in why.ruled_out)
        yield text(f"without effect: {names}", "dim")
    for line in why.not_checked:
        yield text(f"not checked: {line}", "yellow")
    yield text(f"{count(len(why.experiments), 'mixture')} of both versions, {count(why.runs, 'run')} of steps", "dim")


def _difference(found: DifferenceView) -> Iterable[RenderableType]:
    line = text(found.name, "bold")
    yield line.append(f"  {found.difference}", style="")
    rows = table("right", "left", "left")
    for cause in found.causes:
        number = f"{cause.share:+.4g}" if cause.share is not None else ""
        rows.add_row(text(number, "bold"), text(named(cause)), text(cause.reason, "dim"))
    yield indented(rows)
    if ending(found):
        yield indented(text(ending(found), "dim"))


def named(cause: CauseView) -> str:
    """A cause with where it is."""
    where = f" ({cause.location})" if cause.location and cause.location not in cause.detail else ""
    return f"{cause.factor}: {cause.detail}{where}"


def ending(found: DifferenceView) -> str:
    """How the parts make up the whole."""
    if len(found.causes) < 2:
        return ""
    if found.either:
        return "each of several does it all by itself"
    if found.before is None:
        return "" if found.additive else "only together: none of them does it alone"
    if found.additive:
        return "together, not more: each does alone what it does after the others"
    more = "more" if found.off * ((found.after or 0) - found.before) > 0 else "less"
    return f"they interact: together {abs(found.off):.4g} {more} than the sum of what each does alone"
