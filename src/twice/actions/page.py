"""A verdict as a page of its own: what is drawn on it is looked up in the vault."""

from __future__ import annotations

from twice.actions.fetch import term
from twice.compare.comparison import Comparison
from twice.errors import Damaged, NotFound
from twice.present.page import page
from twice.present.reports import verdict_view
from twice.records.run import RunRecord
from twice.records.trace import Trace
from twice.records.version import Version
from twice.store.store import Store
from twice.values.drawn import Drawn, drawn


def page_of(store: Store, comparison: Comparison, name: str) -> str:
    """The HTML page of a verification; it needs nothing but itself.

    Args:
        store: The vault.
        comparison: The verdict.
        name: What the version is called.
    """
    verdict = comparison.verdict
    recorded, now = (store.load(run, RunRecord) for run in (verdict.left, verdict.right))
    version = store.load(recorded.version, Version)
    drawings: dict[str, tuple[Drawn, ...]] = {}
    for step in verdict.steps:
        sides = [_trace(store, run, step.step) for run in (recorded, now)]
        if step.verdict in ("different", "equivalent") and all(sides):
            before, after = (term(store, trace.output) for trace in sides if trace is not None)
            drawings[step.step] = drawn(before, after)
    wires = {step.name: tuple(dict.fromkeys(step.inputs.values())) for step in version.steps}
    return page(verdict_view(comparison, name), wires, drawings)


def _trace(store: Store, run: RunRecord, step: str) -> Trace | None:
    found = next((result.trace for result in run.steps if result.step == step), None)
    try:
        return store.load(found, Trace) if found is not None else None
    except (NotFound, Damaged):
        return None
