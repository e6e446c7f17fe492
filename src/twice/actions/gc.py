"""Clear the store out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from twice.actions import rebuild
from twice.present.findings import GcView
from twice.store.gc import Progress, silent
from twice.store.needed import Policy
from twice.store.store import Store

KEEP_RUNS = 10
"""Runs of each pipeline that stay where nothing else is asked for, besides those that are younger than a month."""

MONTH = 30 * 86_400.0
_DAY = 86_400.0


def policy(keep_runs: int | None, older_than: float | None, now: int | None = None) -> Policy:
    """Which runs stay.

    Args:
        keep_runs: So many of each pipeline, however old; by default 10, or 1 where an age is given.
        older_than: In seconds: younger runs stay; by default a month, or no age where a number is given.
        now: In nanoseconds since 1970.
    """
    now = time.time_ns() if now is None else now
    if keep_runs is None and older_than is None:
        keep_runs, older_than = KEEP_RUNS, MONTH
    since = None if older_than is None else now - int(older_than * 1e9)
    traces_since = now - int((_DAY if older_than is None else older_than) * 1e9)
    return Policy(keep_runs=1 if keep_runs is None else keep_runs, since=since, traces_since=traces_since)


def collect(
    store: Store,
    *,
    keep_runs: int | None = None,
    older_than: float | None = None,
    dry: bool = False,
    keep_aside: bool = False,
    progress: Progress = silent,
    beforehand: Callable[[GcView], object] | None = None,
) -> GcView:
    """Remove what no label, no saved name and no recent run needs, and rebuilt environments that nobody used since.

    Args:
        store: The vault.
        keep_runs: As for :func:`policy`.
        older_than: As for :func:`policy`.
        dry: Only say what would go.
        keep_aside: Stop when it was moved aside, so that it can be undone.
        progress: Is told what is being done.
        beforehand: Is told what will be freed, while all of it can still be brought back.
    """
    kept = policy(keep_runs, older_than)
    collector = store.collector
    plan = collector.plan(kept) if dry else collector.set_aside(kept, progress)
    age = MONTH if older_than is None else older_than
    environments = [] if keep_aside else rebuild.collect(store, older_than=age, dry=True)  # they lie nowhere aside
    counts = dict(plan.counts) | ({"rebuilt environment": len(environments)} if environments else {})
    found = GcView(
        store=str(store.path),
        state="would be freed" if dry else "moved aside",
        size=plan.size + sum(size for _, size in environments),
        counts=dict(sorted(counts.items())),
        runs=tuple(plan.runs),
        kept_runs=plan.kept_runs,
    )
    if dry or keep_aside:
        return found
    if beforehand is not None:
        beforehand(found)
    collector.delete(progress)
    rebuild.collect(store, older_than=age)
    return replace(found, state="freed")


def undo(store: Store, progress: Progress = silent) -> int:
    """Move back what lies aside.

    Returns:
        How many things came back.
    """
    return store.collector.undo(progress)
