"""Which watcher is wanted. Nothing but the standard library, since workers ask this too."""

from __future__ import annotations

from collections.abc import Mapping

WATCHERS = ("seccomp", "strace", "audit")
"""Ways to watch a step, the best first; each is used where those before it do not work."""


def wanted_watcher(environ: Mapping[str, str]) -> str:
    """The one watcher that is to be used, as ``TWICE_WATCHER`` says; empty for the best that works here."""
    return environ.get("TWICE_WATCHER", "").strip().lower()
