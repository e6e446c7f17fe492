"""Who is told what happens during a run: a drawing on a terminal, or nobody but those who read what steps print."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from twice.present.passing import Passing

if TYPE_CHECKING:
    from twice.execute.events import Listener


def is_quiet() -> bool:
    """Whether ``TWICE_QUIET`` asks for silence."""
    return os.environ.get("TWICE_QUIET", "") not in ("", "0")


def listener(*, data_on_stdout: bool = False) -> Listener:
    """Shows progress where standard error is a terminal, and hands on what steps print everywhere.

    With ``TWICE_QUIET=1`` in the environment nothing is drawn.

    Args:
        data_on_stdout: Standard output is for data only: what steps print there goes to standard error.
    """
    stdout = sys.stderr if data_on_stdout else None
    if is_quiet() or sys.stderr is None or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        return Passing(stdout, quiet=is_quiet())
    from twice.present.progress import Progress

    return Progress(stdout)
