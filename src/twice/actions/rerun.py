"""Carry a saved version out again, in an empty place."""

from __future__ import annotations

from collections.abc import Mapping

from twice.actions.prepare import from_version
from twice.actions.run import Outcome, carry_out
from twice.control.environ import ALL
from twice.environment.drift import drift, sentence
from twice.execute.events import Listener
from twice.execute.launch import HERE, Launch
from twice.execute.plan import Plan
from twice.execute.testimony import variable_here
from twice.records.digest import Digest
from twice.records.environment import Environment
from twice.records.run import RunRecord
from twice.records.trace import Trace
from twice.store.store import Store


def rerun(
    store: Store,
    run: Digest,
    params: Mapping[str, object] | None = None,
    *,
    label: str = "",
    jobs: int = 1,
    listener: Listener,
    launch: Launch = HERE,
) -> Outcome:
    """Run all steps of a version, with its own code, settings and input files.

    Args:
        store: The vault.
        run: The run that is the version's record.
        params: Parameters to set otherwise.
        label: What people call it.
        jobs: How many steps may run at the same time.
        listener: Is told what happens.
        launch: How worker processes are started: here by default, or in another environment.
    """
    record = store.load(run, RunRecord)
    plan = from_version(store, record, params, label=label, on=launch.environment)
    notes = drift_notes(store, record, plan)
    return carry_out(
        store, plan, purpose="rerun", reuse=False, jobs=jobs, listener=listener, notes=notes, launch=launch
    )


def drift_notes(store: Store, run: RunRecord, plan: Plan) -> tuple[str, ...]:
    """One line on how this environment differs from the recorded one, if it does."""
    recorded = store.load(run.environment, Environment)
    reached = {node.id.partition("==")[0] for node in plan.code.nodes if node.kind == "distribution"}
    found = drift(recorded, plan.environment, reached)
    notes = [f"this environment is not the recorded one: {sentence(found)}"] if found else []
    if moved := _variables_moved(store, run):
        notes.append(f"the recorded steps looked at variables that are not as they were: {', '.join(moved)}")
    return tuple(notes)


def _variables_moved(store: Store, run: RunRecord) -> list[str]:
    """The environment variables that the recorded steps looked at and that have another value here, or none."""
    traces = [store.load(result.trace, Trace) for result in run.steps if result.trace is not None]
    recorded = {read.name: read.content for trace in traces for read in trace.watched.variables}
    return sorted(name for name, content in recorded.items() if name != ALL and variable_here(name) != content)
