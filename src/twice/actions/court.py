"""What becomes of a comparison: what agreed is run again, if that is asked for, and causes are looked for."""

from __future__ import annotations

import time
from collections.abc import Mapping

from msgspec.structs import replace

from twice.actions.compare import judged
from twice.actions.diagnose import Diagnoser
from twice.actions.fetch import term
from twice.actions.laboratory import Subject
from twice.actions.predictions import with_predictions
from twice.actions.seed_noise import with_other_seeds
from twice.actions.spread import Spread
from twice.compare.judge import overall
from twice.compare.noise import noise
from twice.control.conditions import Conditions
from twice.execute.events import Listener
from twice.execute.launch import Launch
from twice.execute.plan import Plan
from twice.records.artifact import Artifact
from twice.records.run import RunRecord, StepResult
from twice.records.trace import Trace
from twice.records.verdict import INTERRUPTED, Diagnosis, StepVerdict, Verdict
from twice.records.version import StepSpec
from twice.store.store import Store
from twice.values.measures import measures

SEED_NOISE = "seed-noise"


class Court:
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
        self.launch = launch
        self.apart: frozenset[str] = frozenset()
        self.others = 0
        self.diagnoser = Diagnoser(store, record, plan, jobs=jobs, budget=budget, listener=listener, launch=launch)
        self.spread = Spread(store, record, plan, traces, launch, listener)

    def close(self) -> None:
        """End the processes that experiments share."""
        self.diagnoser.laboratory.close()

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
        return replace(step, seen=step.seen + len(runs)), trace

    def _looked_into(self, step: StepVerdict, trace: Trace | None, result: StepResult) -> StepVerdict:
        if step.reproduces or step.verdict == "inconclusive" or (self.interrupted and not self.budget):
            return step
        if self.interrupted:
            return replace(step, diagnosis=Diagnosis(nature="", unsettled=INTERRUPTED))
        spec = self.plan.step(step.step)
        failure = f"fails: {result.reason}" if trace is None else ""
        try:
            if trace is not None:
                step = with_predictions(self.store, self.plan, self.launch, step, self.traces, trace.output)
            if not self.budget:
                return step
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
        if trace is None or not self.spread.below(step):
            return ""
        if time.monotonic() + self.spread.seconds(step) > self.diagnoser.until:
            return "not followed downstream: the budget for experiments was used up"
        return self.spread.follow(step, trace.output, self.apart)
