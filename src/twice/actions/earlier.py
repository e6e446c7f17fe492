"""What a step gave in the runs before, to say what changed since."""

from __future__ import annotations

from collections.abc import Iterator

from twice.records.digest import Digest
from twice.store.store import Store

LOOK_BACK = 50
"""How many runs are looked at."""


def earlier_traces(
    store: Store, pipeline: str, step: str, *, before: int | None = None
) -> Iterator[tuple[Digest, Digest]]:
    """The runs of a pipeline in which a step has a trace, newest first, as (run, trace).

    Args:
        store: The vault.
        pipeline: The pipeline.
        step: The step.
        before: Only runs that began before this time (ns).
    """
    runs = [(digest, run) for digest, run in store.runs(pipeline=pipeline) if before is None or run.started < before]
    for digest, run in reversed(runs[-LOOK_BACK:]):
        for result in run.steps:
            if result.step == step and result.trace is not None:
                yield digest, result.trace
