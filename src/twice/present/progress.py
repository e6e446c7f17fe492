"""A run while it goes on, on a terminal: every step with its state, why it runs, how long, and what it gave."""

from __future__ import annotations

import atexit
import contextlib
import sys
import time
from dataclasses import dataclass
from typing import TextIO

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from twice.execute.events import Event, Experimenting, RunBegan, RunEnded, StepBegan, StepBroke, StepEnded, StepPrinted
from twice.present.layout import console_for, cut, table, text
from twice.present.marks import mark
from twice.present.passing import Passing, said, write_bytes
from twice.present.words import count, duration

_PREVIEW = 44
"""Characters of an output's preview, so that why a step runs is not pushed out of sight."""

_VERBS = {"run": "run", "rerun": "running again", "verify": "verifying"}


@dataclass
class _Row:
    step: str
    state: str = "waiting"
    reason: str = ""
    preview: str = ""
    began: float = 0.0
    seconds: float = 0.0
    spinner: Spinner | None = None


class Progress(Passing):
    """A listener that draws. What goes wrong while it draws ends the drawing, never the run.

    Args:
        stdout: Where a step's standard output goes; by default to the calling program's.
        stderr: The terminal.
    """

    def __init__(self, stdout: TextIO | None = None, stderr: TextIO | None = None) -> None:
        super().__init__(stdout, stderr)
        self._console = console_for(self.stream("stderr") or sys.__stderr__ or sys.stderr)
        self._live: Live | None = None
        self._began: RunBegan | None = None
        self._rows: dict[str, _Row] = {}
        self._notes: list[str] = []
        self._partial: dict[tuple[str, str], bytes] = {}
        self._given_up = False

    def __call__(self, event: Event) -> None:
        """Draw what happened."""
        if not self._given_up:
            try:
                self._draw(event)
                return
            except Exception:
                self._give_up()
        super().__call__(event)

    # -- what happens

    def _draw(self, event: Event) -> None:
        match event:
            case RunBegan():
                self._begin(event)
            case StepBegan():
                row = self._rows[event.step]
                row.state, row.reason, row.began = "running", event.reason, time.monotonic()
                row.spinner = Spinner("dots", style="cyan")
            case StepPrinted():
                self._printed(event)
            case StepEnded():
                self._flush(event.step)
                row = self._rows[event.step]
                row.state, row.reason, row.seconds, row.preview = event.how, event.reason, event.seconds, event.preview
                self._notes += [f"{event.step}: {note}" for note in event.notes]
            case StepBroke():
                self._flush(event.step)
                row = self._rows[event.step]
                row.state, row.reason, row.preview = "failed", "", event.summary
                row.seconds = time.monotonic() - row.began if row.began else 0.0
            case RunEnded():
                self._end(event)
            case Experimenting():
                self._console.print(text(said(event), "dim"))

    def _begin(self, event: RunBegan) -> None:
        self._began = event
        self._rows = {step: _Row(step) for step in event.steps}
        self._live = Live(
            self,
            console=self._console,
            refresh_per_second=10,
            redirect_stdout=False,
            redirect_stderr=False,
            transient=event.purpose == "verify",  # its verdict will tell about the same steps
        )
        self._live.start()
        atexit.register(self._stop)

    def _end(self, event: RunEnded) -> None:
        for row in self._rows.values():
            if row.state in ("waiting", "running"):
                row.state = "skipped"
        for step in self._rows:
            self._flush(step)
        self._stop()
        for note in self._notes:
            self._console.print(Text(" ").join([mark("note"), text(note)]), soft_wrap=True)
        states = [row.state for row in self._rows.values()]
        words = [f"{states.count('ran')} ran", f"{states.count('reused')} reused"]
        words += [f"{states.count(state)} {state}" for state in ("failed", "skipped") if state in states]
        ending = {"done": "done", "failed": "failed", "interrupted": "interrupted"}[event.status]
        self._console.print(Text(f"{ending} in {duration(event.seconds)}: {', '.join(words)}", style="dim"))

    def _stop(self) -> None:
        atexit.unregister(self._stop)
        if self._live is not None:
            live, self._live = self._live, None
            live.stop()

    def _give_up(self) -> None:
        self._given_up = True
        with contextlib.suppress(Exception):
            self._stop()
        for (_, name), data in self._partial.items():
            with contextlib.suppress(OSError, ValueError):
                write_bytes(self.stream(name), data)

    # -- what steps print

    def _printed(self, event: StepPrinted) -> None:
        out = self.stream(event.stream)
        if out is None:
            return
        if not out.isatty():
            write_bytes(out, event.data)  # a file or a pipe: it gets what it would have got without us
            return
        key = (event.step, event.stream)
        *lines, rest = (self._partial.get(key, b"") + event.data).split(b"\n")
        self._partial[key] = rest
        self._print(lines)

    def _flush(self, step: str) -> None:
        for key in [key for key in self._partial if key[0] == step]:
            if rest := self._partial.pop(key):
                self._print([rest])

    def _print(self, lines: list[bytes]) -> None:
        for line in lines:
            # Of a line that was drawn over and over, such as a progress bar, the last state stays.
            last = line.rstrip(b"\r").rpartition(b"\r")[2].decode("utf-8", "replace")
            self._console.print(Text.from_ansi(last), soft_wrap=True)

    # -- the drawing

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from console.render(self._picture(console.height), options)

    def _picture(self, height: int) -> RenderableType:
        began = self._began
        assert began is not None
        title = Text(began.pipeline, style="bold")
        title.append(f" {began.label}" if began.label else "", style="bold cyan")
        title.append(f"  {_VERBS.get(began.purpose, began.purpose)}", style="dim")
        parts: list[RenderableType] = [title]
        parts += [Text(" ").join([mark("note"), text(note)]) for note in began.notes]
        rows = list(self._rows.values())
        room = max(3, height - len(parts) - 3) if self._live is not None else len(rows)
        first = _window(rows, room)
        shown = rows[first : first + room]
        if first:
            parts.append(Text(f"  … {count(first, 'step')} before", style="dim"))
        made = table("fixed", "fixed", "right", "left", "left")
        for row in shown:
            seconds = time.monotonic() - row.began if row.state == "running" else row.seconds
            spent = duration(seconds) if row.state in ("running", "ran", "failed") else row.state
            sign = row.spinner if row.state == "running" and row.spinner else mark(row.state)
            name = Text(row.step, style="dim" if row.state in ("waiting", "skipped") else "bold")
            broke = "red" if row.state == "failed" else ""
            what = row.preview if row.state == "failed" else _short(row.preview)
            made.add_row(sign, name, Text(spent, style="dim"), cut(what, broke), cut(row.reason, "dim"))
        parts.append(made)
        if after := len(rows) - first - len(shown):
            parts.append(Text(f"  … {count(after, 'step')} after", style="dim"))
        return Group(*parts)


def _short(preview: str) -> str:
    return preview if len(preview) <= _PREVIEW else f"{preview[: _PREVIEW - 1]}…"


def _window(rows: list[_Row], room: int) -> int:
    """The first row to show of more than a terminal holds: what runs stays in sight."""
    if len(rows) <= room:
        return 0
    at_work = next((index for index, row in enumerate(rows) if row.state in ("waiting", "running")), len(rows))
    return max(0, min(at_work - 2, len(rows) - room))
