"""What steps print, handed on to where the user's own program prints."""

from __future__ import annotations

import contextlib
import sys
from typing import TextIO

from twice.execute.events import Event, Experimenting, RunBegan, StepPrinted
from twice.present.words import duration


class Passing:
    """A listener that hands on what steps print, as they print it, and shows nothing else but warnings.

    Args:
        quiet: Show no warnings either.
        stdout: Where a step's standard output goes; by default to the calling program's.
        stderr: Where its standard error goes.
    """

    def __init__(self, stdout: TextIO | None = None, stderr: TextIO | None = None, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._stdout = stdout
        self._stderr = stderr

    def __call__(self, event: Event) -> None:
        """Hand on what a step printed, and a line for what a person should know before it runs."""
        if isinstance(event, RunBegan) and not self._quiet:
            with contextlib.suppress(OSError, ValueError):
                for note in event.notes:
                    write_bytes(self.stream("stderr"), f"note: {note}\n".encode())
        if isinstance(event, Experimenting) and not self._quiet:
            with contextlib.suppress(OSError, ValueError):
                write_bytes(self.stream("stderr"), f"{said(event)}\n".encode())
        if isinstance(event, StepPrinted):
            # A closed pipe or a full disk behind the user's output must not end the run.
            with contextlib.suppress(OSError, ValueError):
                write_bytes(self.stream(event.stream), event.data)

    def stream(self, name: str) -> TextIO | None:
        """Where what is printed on ``stdout`` or ``stderr`` goes."""
        # Looked up late: pytest, notebooks and redirect_stdout exchange the streams.
        return (self._stdout or sys.stdout) if name == "stdout" else (self._stderr or sys.stderr)


def said(event: Experimenting) -> str:
    """An experiment in one line, with its price where it takes a second or more."""
    seconds = event.runs * event.seconds
    price = f", about {duration(seconds)}" if seconds >= 1 else ""
    return f"{event.step}: {event.why} ({event.conditions}, {event.runs} more{price})"


def write_bytes(stream: TextIO | None, data: bytes) -> None:
    """Write bytes to a text stream as they are, or as text where it takes nothing else."""
    if stream is None:
        return
    binary = getattr(stream, "buffer", None)
    stream.flush()
    if binary is None:
        stream.write(data.decode("utf-8", "replace"))
    else:
        binary.write(data)
    stream.flush()
