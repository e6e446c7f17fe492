"""One sign and colour for each state of a step and each verdict, the same everywhere."""

from __future__ import annotations

from rich.text import Text

_SIGNS = {
    "waiting": ("○", "dim"),
    "ran": ("✓", "green"),
    "reused": ("=", "cyan"),
    "failed": ("✗", "bold red"),
    "skipped": ("–", "dim"),
    "done": ("✓", "green"),
    "interrupted": ("–", "yellow"),
    "identical": ("✓", "green"),
    "equivalent": ("≈", "green"),
    "different": ("✗", "bold red"),
    "inconclusive": ("?", "yellow"),
    "fails": ("✗", "bold red"),
    "note": ("!", "yellow"),
}


def mark(state: str) -> Text:
    """The sign of a state."""
    sign, style = _SIGNS.get(state, ("·", ""))
    return Text(sign, style=style, no_wrap=True)


def style_of(state: str) -> str:
    """The colour of a state."""
    return _SIGNS.get(state, ("", ""))[1]
