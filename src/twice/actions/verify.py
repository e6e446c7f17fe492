"""Run every step of a version again from its recorded inputs, and compare."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing

from msgspec.structs import replace

from twice.actions.compare import compare
from twice.actions.files_here import how_to_bring, original_of
from twice.actions.files_here import told as told_of
from twice.actions.prepare import from_version
from twice.actions.rerun import drift_notes
from twice.actions.run import carry_out
from twice.actions.so_far import so_far
from twice.compare.choice import BUDGET, LEVELS, sample
from twice.compare.comparison import Comparison
from twice.environment.drift import drift
from twice.environment.record import host
from twice.errors import Damaged, NotFound, ParameterError
from twice.execute.events import Listener
from twice.execute.launch import HERE, Launch
from twice.execute.plan import Plan
from twice.present.words import duration
from twice.records.digest import Digest
from twice.records.environment import Environment
from twice.records.run import RunRecord, StepResult
from twice.records.trace import Trace
from twice.records.verdict import INTERRUPTED
from twice.store.store import Store

LONG = 10.0
"""Seconds from which on it is said beforehand how long a verification takes."""


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
    level: str = "full",
) -> Comparison:
    """Verify a version: each step alone, fed its recorded inputs, so that one difference does not cascade.

    One that was interrupted is gone on with: the steps that it had finished are not run again.

    Args:
        store: The vault.
        run: The run that is its record.
        label: What people call it.
        steps: Only these steps.
        jobs: How many steps may run at the same time.
        listener: Is told what happens.
        launch: How worker processes are started: here by default, or in another environment.
        budget: Seconds that experiments may take that look for the cause of a difference; 0 for none.
        level: ``quick``: some of the steps; ``full``; or ``paranoid``: what agrees is run twice more.

    Returns:
        The verdict; its ``interrupted`` says whether the search for causes was. It is filed all the same.

    Raises:
        NotFound: A step of that name is not in the version, or the recorded run did not finish.
        KeyboardInterrupt: It was interrupted before all steps had run; what was finished is filed.
    """
    if level not in LEVELS:
        raise ParameterError(f"the level is one of {', '.join(LEVELS)}, and not {level!r}.")
    record = store.load(run, RunRecord)
    if record.status != "done":
        raise NotFound(
            f"{label or run.short} is a run that {record.status}, so there is no whole record to verify.",
            hint="name a version that ran to its end: `twice log` lists them",
        )
    plan = from_version(store, record, label=label, on=launch.environment, files_as_here=True)
    traces = {result.step: store.load(result.trace, Trace) for result in record.steps if result.trace is not None}
    names = [step.name for step in plan.steps]
    only = frozenset(steps) if steps is not None else frozenset(names)
    for name in sorted(only):
        if name not in names:
            raise NotFound(f"the version has no step {name!r}; its steps are {', '.join(names)}.")
    missing = [step.name for step in plan.steps if any(source not in traces for source in step.inputs.values())]
    if missing:
        raise NotFound(f"the recorded run did not finish, so {', '.join(missing)} cannot be given recorded inputs.")
    why_left_out = "they were not asked for"
    if level == "quick" and steps is None:
        only, why_left_out = _chosen(store, run, record, plan, names)
    recorded = {
        step.name: {parameter: traces[source].output for parameter, source in step.inputs.items()}
        for step in plan.steps
    }
    notes = (*drift_notes(store, record, plan), *(f"not as it was read: {told_of(*found)}" for found in plan.changed))
    left_out = [name for name in names if name not in only]
    finished = _finished(store, run, record, plan, only, launch)
    price = sum(traces[name].duration / 1e9 for name in only - finished.keys() if name in traces)
    price *= 3 if level == "paranoid" else 1
    told = [f"by the record this takes about {duration(price)}, shared by {jobs} at a time"] if price > LONG else []
    for file, _ in plan.changed:
        if original := original_of(store, file):
            told.append(f"{original}: {how_to_bring(store, file, original)}")
    if finished:
        told.append(f"going on from where it was interrupted: {', '.join(sorted(finished))} ran already")
    outcome = carry_out(
        store,
        plan,
        purpose="verify",
        reuse=False,
        recorded=recorded,
        only=only,
        jobs=jobs,
        listener=listener,
        notes=(*notes, *told),
        of=run,
        launch=launch,
        finished=finished,
    )
    if isinstance(outcome.problem, KeyboardInterrupt):
        raise outcome.problem
    if left_out:
        notes = (f"the steps {', '.join(left_out)}: {why_left_out}", *notes)
    found = compare(store, run, store, outcome.digest, notes=notes).verdict
    before = [verdict for _, verdict in store.verdicts(run) if verdict.left == run]
    made = {one.step: store.load(one.trace, Trace) for one in outcome.record.steps if one.trace is not None}
    found = replace(
        found,
        steps=tuple(
            so_far(store, one, traces[one.step], made[one.step], before, allowed=bool(plan.step(one.step).allow))
            if one.reproduces
            else one
            for one in found.steps
        ),
    )
    interrupted = False
    if level == "paranoid" or not all(step.reproduces for step in found.steps):
        from twice.actions.court import Court  # which what reproduces does without, and it brings much with it

        with closing(Court(store, record, plan, traces, recorded, jobs, budget, listener, launch)) as court:
            found = court.judge(found, outcome.record, again=2 if level == "paranoid" else 0)
            interrupted = court.interrupted
    verdict = replace(
        found,
        level=level,
        host=outcome.record.host,
        environment=outcome.record.environment,
        made=outcome.record.started,
    )
    store.add(verdict)
    return Comparison(verdict, interrupted=interrupted)


def _chosen(store: Store, run: Digest, record: RunRecord, plan: Plan, names: list[str]) -> tuple[frozenset[str], str]:
    """The steps that a quick verification looks at, and why not the others."""
    then = _environment(store, record, plan)
    drifted = set()
    for name in names:
        reached = {id_.partition("==")[0] for id_ in plan.code.steps[name].reaches if "==" in id_}
        if any(found.what in ("interpreter", "distribution") for found in drift(then, plan.environment, reached)):
            drifted.add(name)
    last: dict[str, int] = {}
    for _, verdict in store.verdicts(run):
        last |= {step.step: verdict.made for step in verdict.steps if verdict.left == run}
    only = frozenset(sample(names, drifted, last))
    why = "nothing that they reach is another than recorded" if drifted else "a quick look is at a sample"
    return only, f"{why} (--level full looks at all)"


def _environment(store: Store, record: RunRecord, plan: Plan) -> Environment:
    try:
        return store.load(record.environment, Environment)
    except (NotFound, Damaged):
        return plan.environment


def _finished(
    store: Store, run: Digest, record: RunRecord, plan: Plan, only: frozenset[str], launch: Launch
) -> dict[str, StepResult]:
    """What the last verification had finished, if it was interrupted here and nothing is different since."""
    attempts = [(digest, found) for digest, found in store.runs(version=record.version) if found.of == run]
    if not attempts:
        return {}
    digest, last = attempts[-1]
    same = last.environment == plan.environment_digest and last.host == host() and last.launch == launch.record()
    if not same or plan.changed:
        return {}
    verdicts = [verdict for _, verdict in store.verdicts(digest) if verdict.right == digest]
    cut_short = any(
        step.diagnosis is not None and step.diagnosis.unsettled == INTERRUPTED
        for verdict in verdicts
        for step in verdict.steps
    )
    if verdicts and not cut_short:
        return {}
    return {result.step: result for result in last.steps if result.trace is not None and result.step in only}
