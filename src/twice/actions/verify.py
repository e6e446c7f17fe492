"""Run every step of a version again from its recorded inputs, and compare."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from contextlib import closing

from msgspec.structs import replace

from twice.actions.compare import compare, judged
from twice.actions.diagnose import BUDGET, Diagnoser
from twice.actions.fetch import term
from twice.actions.laboratory import Subject
from twice.actions.prepare import from_version
from twice.actions.rerun import drift_notes
from twice.actions.run import carry_out
from twice.actions.seed_noise import with_other_seeds
from twice.actions.spread import Spread
from twice.compare.choice import LEVELS, sample
from twice.compare.comparison import Comparison
from twice.compare.judge import overall
from twice.compare.noise import noise
from twice.control.conditions import Conditions
from twice.environment.drift import drift
from twice.environment.record import host
from twice.errors import Damaged, NotFound, ParameterError
from twice.execute.events import Listener
from twice.execute.launch import HERE, Launch
from twice.execute.plan import Plan
from twice.present.words import duration
from twice.records.artifact import Artifact
from twice.records.digest import Digest
from twice.records.environment import Environment
from twice.records.run import RunRecord, StepResult
from twice.records.trace import Trace
from twice.records.verdict import Diagnosis, StepVerdict, Verdict
from twice.records.version import StepSpec
from twice.store.store import Store
from twice.values.measures import measures

LONG = 10.0
"""Seconds from which on it is said beforehand how long a verification takes."""

SEED_NOISE = "seed-noise"

INTERRUPTED = "it was interrupted; verify again to go on from here"


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
    why_left_out = "they were not asked for"
    if level == "quick" and steps is None:
        only, why_left_out = _chosen(store, run, record, plan, names)
    recorded = {
        step.name: {parameter: traces[source].output for parameter, source in step.inputs.items()}
        for step in plan.steps
    }
    notes = drift_notes(store, record, plan)
    left_out = [name for name in names if name not in only]
    finished = _finished(store, run, record, plan, only, launch)
    price = sum(traces[name].duration / 1e9 for name in only - finished.keys() if name in traces)
    price *= 3 if level == "paranoid" else 1
    told = [f"by the record this takes about {duration(price)}, shared by {jobs} at a time"] if price > LONG else []
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
    court = _Court(store, record, plan, traces, recorded, jobs, budget, listener, launch)
    with closing(court.diagnoser.laboratory):
        found = court.judge(found, outcome.record, again=2 if level == "paranoid" else 0)
    verdict = replace(
        found,
        level=level,
        host=outcome.record.host,
        environment=outcome.record.environment,
        made=outcome.record.started,
    )
    store.add(verdict)
    return Comparison(verdict, interrupted=court.interrupted)


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
    if not same:
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


class _Court:
    """Looks for the causes of differences, as far as the budget goes."""

    def __init__(
        self,
        store: Store,
        record: RunRecord,
        plan: Plan,
        traces: Mapping[str, Trace],
        recorded: Mapping[str, Mapping[str, Artifact]],
        jobs: int,
        budget: float,
        listener: Listener,
        launch: Launch,
    ) -> None:
        self.store, self.record, self.plan, self.traces, self.recorded = store, record, plan, traces, recorded
        self.budget, self.interrupted = budget, False
        self.apart: frozenset[str] = frozenset()
        self.others = 0
        self.diagnoser = Diagnoser(store, record, plan, jobs=jobs, budget=budget, listener=listener, launch=launch)
        self.spread = Spread(store, record, plan, traces, launch, listener)

    def judge(self, verdict: Verdict, now: RunRecord, *, again: int) -> Verdict:
        """The verdict with the cause of each difference, and how far it goes.

        Args:
            verdict: What comparing gave.
            now: The run that was compared.
            again: How often what agrees is run once more.
        """
        results = {result.step: result for result in now.steps}
        self.apart = frozenset(step.step for step in verdict.steps if not step.reproduces)
        steps: list[StepVerdict] = []
        for step in verdict.steps:
            self.others = len(self.apart - {one.step for one in steps} - {step.step})
            result = results.get(step.step)
            if result is None or step.step not in self.traces:
                steps.append(step)
                continue
            trace = self.store.load(result.trace, Trace) if result.trace is not None else None
            if step.reproduces and trace is not None and again and not self.interrupted:
                step, trace = self._again(step, trace, again)
            steps.append(self._looked_into(step, trace, result))
        return overall(
            steps, verdict.left, verdict.right, same_version=verdict.same_version, not_checked=verdict.not_checked
        )

    def _again(self, step: StepVerdict, trace: Trace, times: int) -> tuple[StepVerdict, Trace]:
        """Run what agreed again, in processes of its own; the first that does not agree takes its place."""
        subject = Subject(step.step, self.recorded[step.step], trace)
        try:
            runs = self.diagnoser.laboratory.run(subject, Conditions(), times)
        except KeyboardInterrupt:
            self.interrupted = True
            return step, trace
        spec = self.plan.step(step.step)
        for made in runs:
            if made.trace is None:
                found = StepVerdict(step=step.step, verdict="fails", summary=made.failure, reason=made.failure)
                return found, trace
            found = judged(
                spec.name, spec, self.record, self.store, self.traces[spec.name].output, self.store, made.trace.output
            )
            if not found.reproduces:
                return replace(found, reason="it agreed at first, and not when it was run again"), made.trace
        return step, trace

    def _looked_into(self, step: StepVerdict, trace: Trace | None, result: StepResult) -> StepVerdict:
        if step.reproduces or step.verdict == "inconclusive" or not self.budget:
            return step
        if self.interrupted:
            return replace(step, diagnosis=Diagnosis(nature="", unsettled=INTERRUPTED))
        spec = self.plan.step(step.step)
        failure = f"fails: {result.reason}" if trace is None else ""
        try:
            step = self._by_seeds(step, spec, trace)
            if step.reproduces:
                return step
            diagnosis = self.diagnoser.diagnose(
                spec, self.traces[spec.name], self.recorded[spec.name], trace, failure, others=self.others
            )
            spreads = self._followed(step.step, trace)
        except KeyboardInterrupt:
            self.interrupted = True
            return replace(step, diagnosis=Diagnosis(nature="", unsettled=INTERRUPTED))
        return replace(step, diagnosis=diagnosis, spreads=spreads)

    def _by_seeds(self, step: StepVerdict, spec: StepSpec, trace: Trace | None) -> StepVerdict:
        """The verdict on metrics that may differ, in terms of their spread over seeds."""
        if trace is None or not (spec.allow or SEED_NOISE in spec.accept):
            return step
        before, after = (measures(term(self.store, one.output)) for one in (self.traces[spec.name], trace))
        if not before or before.keys() != after.keys():
            return step
        subject = Subject(spec.name, self.recorded[spec.name], trace)
        found = noise(before, after, with_other_seeds(self.diagnoser.laboratory, subject, self.diagnoser.listener))
        said = f"{found.words}; {step.summary}" if found.words else step.summary
        if not found.within:
            return replace(step, summary=said)
        reason = f"it may differ: {spec.allow}" if spec.allow else ""
        return replace(step, verdict="equivalent", grade=SEED_NOISE, summary=said, accepted=True, reason=reason)

    def _followed(self, step: str, trace: Trace | None) -> str:
        if trace is None:
            return ""
        if time.monotonic() + self.spread.seconds(step) > self.diagnoser.until:
            return "not followed downstream: the budget for experiments was used up"
        return self.spread.follow(step, trace.output, self.apart)
