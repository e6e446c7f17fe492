"""Run every step of a version again from its recorded inputs, and compare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from twice.actions.compare import compare
from twice.actions.diagnose import BUDGET, Diagnoser
from twice.actions.prepare import from_version
from twice.actions.rerun import drift_notes
from twice.actions.run import carry_out
from twice.compare.comparison import Comparison
from twice.errors import NotFound
from twice.execute.events import Listener
from twice.execute.launch import HERE, Launch
from twice.execute.plan import Plan
from twice.records.artifact import Artifact
from twice.records.digest import Digest
from twice.records.run import RunRecord
from twice.records.trace import Trace
from twice.records.verdict import Verdict
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
    budget: float = BUDGET,
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
        budget: Seconds that experiments may take that look for the cause of a difference; 0 for none.

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
    found = compare(store, run, store, outcome.digest, notes=notes).verdict
    found = _with_causes(store, record, plan, found, outcome.record, traces, recorded, jobs, budget, listener, launch)
    verdict = replace(
        found,
        level="full",
        host=outcome.record.host,
        environment=outcome.record.environment,
        made=outcome.record.started,
    )
    store.add(verdict)
    return Comparison(verdict)


def _with_causes(
    store: Store,
    record: RunRecord,
    plan: Plan,
    verdict: Verdict,
    now: RunRecord,
    traces: Mapping[str, Trace],
    recorded: Mapping[str, Mapping[str, Artifact]],
    jobs: int,
    budget: float,
    listener: Listener,
    launch: Launch,
) -> Verdict:
    """The verdict with the cause of each difference, as far as the budget goes."""
    if not budget:
        return verdict
    results = {result.step: result for result in now.steps}
    diagnoser = Diagnoser(store, record, plan, jobs=jobs, budget=budget, listener=listener, launch=launch)
    steps = []
    for step in verdict.steps:
        result = results.get(step.step)
        known = step.step in traces and result is not None
        if step.reproduces or not known or step.verdict == "inconclusive":
            steps.append(step)
            continue
        assert result is not None
        trace = store.load(result.trace, Trace) if result.trace is not None else None
        failure = f"fails: {result.reason}" if trace is None else ""
        spec = plan.step(step.step)
        diagnosis = diagnoser.diagnose(spec, traces[spec.name], recorded[spec.name], trace, failure)
        steps.append(replace(step, diagnosis=diagnosis))
    return replace(verdict, steps=tuple(steps))
