"""The few shapes that all drawings are made of, and how they come onto a terminal or into a pipe."""

from __future__ import annotations

import io
import os
from typing import TextIO

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from twice.present.words import DIGITS, printable, short

_UNBOUNDED = 10_000
"""Columns of a pipe: nothing that is piped is cut or wrapped."""


def is_terminal(stream: TextIO) -> bool:
    """Whether somebody looks at a stream on a terminal that can draw."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def console_for(stream: TextIO) -> Console:
    """A console on a stream: with colours on a terminal (unless ``NO_COLOR`` is set), plain elsewhere."""
    terminal = is_terminal(stream)
    return Console(
        file=stream,
        force_terminal=terminal,
        force_jupyter=False,
        markup=False,
        highlight=False,
        emoji=False,
        width=None if terminal else _UNBOUNDED,
    )


def show(drawing: RenderableType, stream: TextIO) -> None:
    """Print a drawing."""
    if is_terminal(stream):
        console_for(stream).print(drawing)
    else:
        stream.write(plain(drawing))


def plain(drawing: RenderableType, width: int = _UNBOUNDED) -> str:
    """A drawing as text, without colours and without white space at the ends of lines.

    Args:
        drawing: The drawing.
        width: In columns.
    """
    buffer = io.StringIO()
    Console(
        file=buffer, width=width, color_system=None, force_terminal=False, force_jupyter=False, markup=False,
        highlight=False, emoji=False,
    ).print(drawing)  # fmt: skip
    return "".join(f"{line.rstrip()}\n" for line in buffer.getvalue().splitlines())


def text(words: str, style: str = "") -> Text:
    """Words as they are, over several lines if they are long."""
    return Text(printable(words), style=style)


def cut(words: str, style: str = "") -> Text:
    """Words on one line, cut with an ellipsis where the terminal is too narrow."""
    return Text(printable(words).replace("\n", " "), style=style, no_wrap=True, overflow="ellipsis")


def digest(name: str) -> Text:
    """A digest's first digits; always whole, since a part of them would name nothing."""
    return Text(short(name).ljust(DIGITS) if name else "", style="cyan", no_wrap=True)


def table(*columns: str) -> Table:
    """Columns without lines around them.

    Args:
        columns: For each ``left`` or ``right``, or ``fixed`` for a left one that is never made narrower.
    """
    made = Table.grid(padding=(0, 2, 0, 0))
    for column in columns:
        made.add_column(justify="right" if column == "right" else "left", no_wrap=column != "left")
    return made


def section(title: str, *body: RenderableType) -> RenderableType:
    """A title with something below it, indented."""
    return Group(Text(""), Text(title, style="bold"), *(indented(part) for part in body))


class indented:  # noqa: N801 - used like the functions beside it
    """Something moved to the right. Unlike rich's own padding it leaves no white space at the ends of lines.

    Args:
        body: What to move.
        columns: How far.
    """

    def __init__(self, body: RenderableType, columns: int = 2) -> None:
        self.body = body
        self.columns = columns

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = max(1, options.max_width - self.columns)
        for line in console.render_lines(self.body, options.update(width=width), pad=False, new_lines=True):
            yield Segment(" " * self.columns)
            yield from line


def joined(*parts: str | Text) -> Text:
    """Parts in a row with dots between them; empty ones are left out."""
    made = [part if isinstance(part, Text) else text(part) for part in parts if part]
    return Text("  ·  ", style="dim").join(made)
