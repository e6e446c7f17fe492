"""Look for trouble before it strikes: vary one thing at a time, and see which step minds."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import partial

from twice.actions.compare import judged
from twice.actions.laboratory import Laboratory, Run, Subject
from twice.actions.prepare import from_version
from twice.actions.seed_noise import with_other_seeds
from twice.compare.diagnosis.steadying import still
from twice.compare.noise import spread
from twice.compare.variations import Variations, reproducibility, variations
from twice.control.conditions import Conditions
from twice.errors import NotFound, ParameterError
from twice.execute.events import Experimenting, Listener
from twice.execute.plan import Plan
from twice.present.findings import STOPPED, TIME_IS_UP, StressCell, StressedStep, StressView
from twice.records.digest import Digest
from twice.records.run import RunRecord
from twice.records.trace import Trace
from twice.records.version import StepSpec
from twice.store.store import Store

HELD: tuple[tuple[str, ...], ...] = (("clock",), ("entropy",), ("clock", "entropy", "path", "user-environment"))
"""What is held still, one after the other, to look further at a step that disagrees with itself."""

REPLICATES = 3
"""How often a step is run unchanged first, and how often a variation is repeated before it is accused."""


def stress(
    store: Store,
    run: Digest,
    *,
    name: str,
    steps: Iterable[str] | None = None,
    factors: Iterable[str] | None = None,
    jobs: int = 1,
    budget: float,
    listener: Listener,
) -> StressView:
    """Vary one thing at a time for each step of a version.

    What was tried before, in this way and here, is looked up and not tried again.

    Args:
        store: The vault.
        run: The run that is its record.
        name: What people call it.
        steps: Only these.
        factors: Vary only these factors.
        jobs: How many steps may be looked at at the same time.
        budget: Seconds that it may take in all.
        listener: Is told what is tried.

    Returns:
        What was found; also if it was interrupted, with what was not tried.

    Raises:
        NotFound: There is no such step.
        ParameterError: There is no such factor, or nothing here varies it.
    """
    record = store.load(run, RunRecord)
    chosen = _chosen(factors)
    plan = from_version(store, record, label=name)
    traces = {result.step: store.load(result.trace, Trace) for result in record.steps if result.trace is not None}
    known = [step.name for step in plan.steps]
    wanted = set(steps or ())
    for name_ in sorted(wanted):
        if name_ not in known:
            raise NotFound(f"the version has no step {name_!r}; its steps are {', '.join(known)}.")
    laboratory = Laboratory(store, plan, until=time.monotonic() + budget)
    subjects = []
    for spec in plan.steps:
        if not wanted or spec.name in wanted:
            inputs = {parameter: traces[source].output for parameter, source in spec.inputs.items()}
            subject = Subject(spec.name, inputs, traces[spec.name])
            subjects.append(_Stressed(store, record, plan, laboratory, spec, subject, listener, chosen))
    with closing(laboratory), ThreadPoolExecutor(jobs, thread_name_prefix="twice") as pool:
        try:
            list(pool.map(_Stressed.begin, subjects))
            for variation in chosen:  # each for all steps, so that a budget that runs out leaves no step out
                list(pool.map(partial(_Stressed.vary, variation=variation), subjects))
        except KeyboardInterrupt:
            laboratory.stop()
    return StressView(
        name=name,
        run=run,
        variations=tuple(chosen),
        steps=tuple(stressed.end(all_tried=factors is None) for stressed in subjects),
        interrupted=laboratory.stopped,
    )


def _chosen(factors: Iterable[str] | None) -> Variations:
    """The variations of some factors; of all if none is named."""
    known = variations(os.environ)
    if factors is None:
        return known
    names = list(dict.fromkeys(factor for factor, _ in known.values()))
    for factor in factors:
        if factor not in names:
            raise ParameterError(f"nothing here varies {factor!r}.", hint=f"the factors are {', '.join(names)}")
    return {variation: found for variation, found in known.items() if found[0] in set(factors)}


class _Stressed:
    def __init__(
        self,
        store: Store,
        record: RunRecord,
        plan: Plan,
        laboratory: Laboratory,
        spec: StepSpec,
        subject: Subject,
        listener: Listener,
        chosen: Variations,
    ) -> None:
        self.store, self.record, self.plan, self.laboratory = store, record, plan, laboratory
        self.spec, self.subject, self.listener, self.chosen = spec, subject, listener, chosen
        self.control: list[Run] = []
        self.base, self.held = Conditions(), tuple[str, ...]()
        self.cells: dict[str, StressCell] = {}

    @property
    def outcomes(self) -> set[str]:
        """What came out of it, run in the same way."""
        return {run.outcome for run in self.control}

    @property
    def steady(self) -> bool:
        """Whether it runs, and agrees with itself."""
        return len(self.outcomes) == 1 and len(self.control) >= REPLICATES and not self.control[0].failure

    @property
    def late(self) -> str:
        """Why nothing more is tried."""
        return STOPPED if self.laboratory.stopped else TIME_IS_UP

    def begin(self) -> None:
        """See whether it agrees with itself, and what has to be held still for that."""
        self.control = self._runs(Conditions(), REPLICATES, "unchanged")
        if len(self.outcomes) > 1:
            self.base, self.held, self.control = self._steadied(self.control)

    def vary(self, variation: str) -> None:
        """Try one variation."""
        factor, conditions = self.chosen[variation]
        if self.steady and factor not in self.held:
            cell = self._cell(variation, factor, self.base.with_(conditions), self.control[0])
            self.cells[variation] = self._measured(cell) if factor == "seed" else cell

    def end(self, *, all_tried: bool) -> StressedStep:
        """What was found, and the class that follows from it.

        Args:
            all_tried: Not only some factors were to be varied.
        """
        cells = [
            self.cells.get(variation)
            or StressCell(variation=variation, factor=factor, effect="not tried", detail=self._why_not(factor))
            for variation, (factor, _) in self.chosen.items()
        ]
        minded = {cell.factor: cell.effect for cell in cells if cell.effect not in ("unaffected", "not tried")}
        late = {cell.factor for cell in cells if cell.detail in (TIME_IS_UP, STOPPED)}
        found = f"not known: {self.late}"
        if self.steady:
            tried = {cell.factor for cell in cells} - late
            minded = {factor: effect for factor, effect in minded.items() if factor in tried}
            if tried:
                found = reproducibility(minded, held=self.held, tried=None if all_tried and not late else tried)
        elif len(self.outcomes) > 1:
            found = "unstable"
        elif self.control and self.control[0].failure:
            found = "fails"
        return StressedStep(step=self.spec.name, reproducibility=found, held=self.held, cells=tuple(cells))

    def _why_not(self, factor: str) -> str:
        if factor in self.held:
            return "held still, since it disagrees with itself without"
        if len(self.outcomes) > 1:
            return "it disagrees with itself unchanged"
        if self.control and self.control[0].failure:
            return "it does not run here unchanged"
        return self.late

    def _measured(self, cell: StressCell) -> StressCell:
        """The row of seeds, with the spread of each metric where the output has metrics."""
        if cell.effect in ("not tried", "unaffected", "fails", "inconclusive"):
            return cell
        seen = with_other_seeds(self.laboratory, self.subject, self.listener)
        found = list(spread(seen).items())
        if not found:
            return cell
        words = ", ".join(f"{name} {mean:.4g} ± {deviation:.2g}".strip() for name, (mean, deviation) in found[:4])
        return replace(cell, detail=f"{words} over {len(seen)} seeds", runs=cell.runs + len(seen))

    def _steadied(self, control: list[Run]) -> tuple[Conditions, tuple[str, ...], list[Run]]:
        """What has to be held still for the step to agree with itself, and its runs then; nothing if it never does."""
        for factors in HELD:
            base = Conditions()
            for factor in factors:
                base = base.with_(still(factor, seed=self.plan.seed, moment=self.subject.usual.started))
            words = f"with {' and '.join(factors)} held still"
            runs = self._runs(base, 2, words)
            if len({run.outcome for run in runs}) == 1 and len(runs) > 1 and not runs[0].failure:
                runs = self._runs(base, REPLICATES, words)
                if len({run.outcome for run in runs}) == 1:
                    return base, factors, runs
        return Conditions(), (), control

    def _runs(self, conditions: Conditions, count: int, words: str) -> list[Run]:
        known = self.laboratory.known(self.subject, conditions)
        if len(known) < count:
            missing = count - len(known)
            if self.laboratory.out_of_time:
                return known
            seconds = self.subject.usual.duration / 1e9
            self.listener(Experimenting(self.spec.name, words, "what does it do to the output?", missing, seconds))
            known += self.laboratory.run(self.subject, conditions, missing)
        return known

    def _cell(self, name: str, factor: str, conditions: Conditions, usual: Run) -> StressCell:
        first = self._runs(conditions, 1, name)
        if not first:
            return StressCell(variation=name, factor=factor, effect="not tried", detail=self.late)
        if first[0].outcome == usual.outcome:
            return StressCell(variation=name, factor=factor, effect="unaffected", runs=1)
        runs = self._runs(conditions, REPLICATES, f"{name}, replicated")
        if any(run.outcome == usual.outcome for run in runs):
            detail = "some runs gave the usual output: nothing is blamed on it"
            return StressCell(variation=name, factor=factor, effect="inconclusive", detail=detail, runs=len(runs))
        if len(runs) < REPLICATES:  # seen, but not often enough to accuse it
            return StressCell(variation=name, factor=factor, effect="inconclusive", detail=self.late, runs=len(runs))
        failed = next((run for run in runs if run.trace is None), None)
        if failed is not None:
            return StressCell(variation=name, factor=factor, effect="fails", detail=failed.failure, runs=len(runs))
        assert usual.trace is not None and runs[0].trace is not None
        verdict = judged(
            self.spec.name, self.spec, self.record, self.store, usual.trace.output, self.store, runs[0].trace.output
        )
        effect = verdict.grade if verdict.verdict == "equivalent" else verdict.verdict
        return StressCell(
            variation=name,
            factor=factor,
            effect=effect,
            detail=verdict.summary,
            runs=len(runs),
            finding=verdict.finding,
        )
