"""Run every step of a version again from its recorded inputs, and compare."""

from __future__ import annotations

from collections.abc import Iterable

from twice.actions.compare import compare
from twice.actions.prepare import from_version
from twice.actions.rerun import drift_notes
from twice.actions.run import carry_out
from twice.compare.comparison import Comparison
from twice.errors import NotFound
from twice.execute.events import Listener
from twice.execute.launch import HERE, Launch
from twice.records.digest import Digest
from twice.records.run import RunRecord
from twice.records.trace import Trace
from twice.store.store import Store


def verify(
    store: Store,
    run: Digest,
    *,
    label: str = "",
    steps: Iterable[str] | None = None,
    jobs: int = 1,
    listener: Listener,
    launch: Launch = HERE,
) -> Comparison:
    """Verify a version: each step alone, fed its recorded inputs, so that one difference does not cascade.

    Args:
        store: The vault.
        run: The run that is its record.
        label: What people call it.
        steps: Only these steps.
        jobs: How many steps may run at the same time.
        listener: Is told what happens.
        launch: How worker processes are started: here by default, or in another environment.

    Raises:
        NotFound: A step of that name is not in the version, or the recorded run did not finish.
        KeyboardInterrupt: It was interrupted; what was finished is filed.
    """
    record = store.load(run, RunRecord)
    if record.status != "done":
        raise NotFound(
            f"{label or run.short} is a run that {record.status}, so there is no whole record to verify.",
            hint="name a version that ran to its end: `twice log` lists them",
        )
    plan = from_version(store, record, label=label, on=launch.environment)
    traces = {result.step: store.load(result.trace, Trace) for result in record.steps if result.trace is not None}
    names = [step.name for step in plan.steps]
    only = frozenset(steps) if steps is not None else frozenset(names)
    for name in sorted(only):
        if name not in names:
            raise NotFound(f"the version has no step {name!r}; its steps are {', '.join(names)}.")
    missing = [step.name for step in plan.steps if any(source not in traces for source in step.inputs.values())]
    if missing:
        raise NotFound(f"the recorded run did not finish, so {', '.join(missing)} cannot be given recorded inputs.")
    recorded = {
        step.name: {parameter: traces[source].output for parameter, source in step.inputs.items()}
        for step in plan.steps
    }
    notes = drift_notes(store, record, plan)
    left_out = [name for name in names if name not in only]
    outcome = carry_out(
        store,
        plan,
        purpose="verify",
        reuse=False,
        recorded=recorded,
        only=only,
        jobs=jobs,
        listener=listener,
        notes=notes,
        of=run,
        launch=launch,
    )
    if isinstance(outcome.problem, KeyboardInterrupt):
        raise outcome.problem
    if left_out:
        notes = (f"the steps {', '.join(left_out)}: they were not asked for", *notes)
    return compare(store, run, store, outcome.digest, notes=notes)
