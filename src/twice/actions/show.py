"""Who is told what happens during a run."""

from __future__ import annotations

from twice.execute.events import Listener, nobody


def listener() -> Listener:
    """Shows progress where there is a terminal, and nothing where there is none."""
    return nobody
