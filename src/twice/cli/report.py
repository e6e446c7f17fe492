"""How the command line tells what went wrong: the error, a blank line, and what to try."""

from __future__ import annotations

import os
import sys
import warnings
from typing import TextIO

import click

from twice.errors import Damaged, StepFailed, StoreWarning, TwiceError, ValueNotStorable, WorkerLost
from twice.present.words import printable

FAILED, USAGE, INCONCLUSIVE, INTERRUPTED = 1, 2, 3, 130
"""Exit statuses: something ran and failed or differs; the call was wrong; no answer; Ctrl-C."""


class TargetFailed(TwiceError):  # noqa: N818 - as StepFailed
    """The file or module that holds the pipeline raised while it was executed.

    Attributes:
        traceback: The user's part of the traceback.
    """

    def __init__(self, message: str, traceback: str) -> None:
        super().__init__(message)
        self.traceback = traceback


_RAN_AND_FAILED = (StepFailed, TargetFailed, WorkerLost, ValueNotStorable, Damaged)
_RESUME = "finished steps are kept: mend the step, and run again to go on"


def tell_warnings() -> None:
    """From now on, say in one line what was left out of a store, without the place in the code that says it."""
    usual = warnings.showwarning

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if issubclass(category, StoreWarning) and file is None:
            click.echo(f"note: {message}", err=True)
        else:
            usual(message, category, filename, lineno, file, line)

    warnings.showwarning = show


def report(problem: TwiceError) -> int:
    """Tell about an error on standard error.

    Returns:
        The exit status that goes with it.
    """
    if isinstance(problem, StepFailed):
        _say(printable(problem.traceback.rstrip()) + "\n")
        _error(f"step {problem.step!r} failed: {problem.exception}", problem.hint or _RESUME)
    elif isinstance(problem, TargetFailed):
        _say(printable(problem.traceback.rstrip()) + "\n")
        _error(problem.message, problem.hint)
    else:
        _error(problem.message, problem.hint)
    return FAILED if isinstance(problem, _RAN_AND_FAILED) else USAGE


def report_usage(problem: click.ClickException) -> None:
    """Tell that the command line cannot be understood."""
    context = getattr(problem, "ctx", None)
    if isinstance(problem, click.exceptions.NoArgsIsHelpError) and context is not None:
        _say(context.get_help())
        return
    path = context.command_path if context is not None else "twice"
    _error(problem.format_message(), f"see {path} --help")


def report_interrupt() -> None:
    """Tell that Ctrl-C was heard."""
    _say("interrupted: finished steps are kept; run again to go on")


def _error(message: str, hint: str) -> None:
    _say(click.style("error: ", fg="red", bold=True) + printable(message))
    if hint:
        _say("\n" + click.style("hint: ", fg="cyan") + printable(hint))


def _say(words: str) -> None:
    click.echo(words, err=True, color=None if _colours() else False)


def _colours() -> bool:
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
