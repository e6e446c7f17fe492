"""What clearing out the store frees."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from twice.present.findings import GcView
from twice.present.layout import indented, text
from twice.present.marks import mark
from twice.present.words import count, size


def draw_gc(view: GcView) -> RenderableType:
    """What goes in a sentence, and what stays."""
    if not view.counts:
        return Text(" ").join([mark("done"), text("nothing can go:", "bold"), text("all of it is needed")])
    parts: list[RenderableType] = [
        Text(" ").join([mark("done"), text(f"{size(view.size)} {view.state}:", "bold"), text(_what(view))]),
        indented(text(f"{count(view.kept_runs, 'run')} and all that labels and saved names need stay", "dim")),
    ]
    if view.state == "would be freed":
        parts.append(indented(text("nothing was changed; the same without --dry-run does it", "dim")))
    if view.state == "moved aside":
        parts.append(indented(text("twice gc --undo brings it back; twice gc ends it", "dim")))
    return Group(*parts)


def in_words(view: GcView) -> str:
    """What goes, in one line."""
    return f"{size(view.size)}: {_what(view)}"


def _what(view: GcView) -> str:
    return ", ".join(count(number, kind) for kind, number in view.counts.items())
