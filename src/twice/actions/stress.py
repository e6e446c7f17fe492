"""Look for trouble before it strikes: vary one thing at a time, and see which step minds."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

from twice.actions.compare import judged
from twice.actions.fetch import term
from twice.actions.laboratory import Laboratory, Run, Subject
from twice.actions.prepare import from_version
from twice.actions.seed_noise import with_other_seeds
from twice.compare.diagnosis.levers import FIXES
from twice.compare.diagnosis.steadying import UNWRITTEN, still
from twice.compare.noise import spread
from twice.compare.variations import PINS, Variations, reproducibility, together, variations
from twice.control.conditions import Conditions
from twice.control.draws import CONDITION as DRAWS
from twice.errors import NotFound, ParameterError
from twice.execute.events import Experimenting, Listener
from twice.execute.plan import Plan
from twice.present.findings import STOPPED, TIME_IS_UP, StressCell, StressedStep, StressView
from twice.present.words import count
from twice.records.digest import Digest
from twice.records.run import RunRecord
from twice.records.trace import Trace
from twice.records.version import StepSpec
from twice.store.store import Store
from twice.values.measures import measures

HELD: tuple[tuple[str, ...], ...] = (
    ("clock",),
    ("entropy",),
    ("clock", "memory-addresses", UNWRITTEN),
    ("clock", "entropy", "path", "user-environment", "memory-addresses", UNWRITTEN),
)
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
        jobs: How many runs may be made at the same time.
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
    laboratory = Laboratory(store, plan, jobs=jobs, until=time.monotonic() + budget)
    subjects = []
    for spec in plan.steps:
        if not wanted or spec.name in wanted:
            inputs = {parameter: traces[source].output for parameter, source in spec.inputs.items()}
            subject = Subject(spec.name, inputs, traces[spec.name])
            subjects.append(_Stressed(store, record, plan, laboratory, spec, subject, listener, chosen))
    with closing(laboratory), ThreadPoolExecutor(jobs, thread_name_prefix="twice") as pool:
        try:
            list(pool.map(_Stressed.begin, subjects))
            # The same for all steps before the next, so that a budget that runs out leaves no step out.
            list(pool.map(lambda one: one[1].vary(one[0]), itertools.product(together(chosen), subjects)))
            list(pool.map(_Stressed.measure, subjects))  # last: what is minded matters more than how far seeds go
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
        self.witnesses = 0

    @property
    def outcomes(self) -> set[str]:
        """What came out of it, run in the same way."""
        return {run.outcome for run in self.control}

    @property
    def steady(self) -> bool:
        """Whether it runs, and agrees with itself."""
        runs = len(self.control) + (0 if self.held else self.witnesses)
        return len(self.outcomes) == 1 and runs >= REPLICATES and not self.control[0].failure

    @property
    def late(self) -> str:
        """Why nothing more is tried."""
        return STOPPED if self.laboratory.stopped else TIME_IS_UP

    def begin(self) -> None:
        """See whether it agrees with itself, and what has to be held still for that."""
        self.control = self._runs(Conditions(), 1, "unchanged")
        self.witnesses = self._witnesses()
        self.control = self._runs(Conditions(), REPLICATES - self.witnesses, "unchanged") or self.control
        if len(self.outcomes) > 1:
            self.base, self.held, self.control = self._steadied(self.control)

    def _witnesses(self) -> int:
        """How many runs that were made here for another reason gave the same, as the recorded one and verifications."""
        now = self.control[0].trace if self.control else None
        if now is None:
            return 0
        return sum(
            (trace.output.content, trace.environment, trace.host) == (now.output.content, now.environment, now.host)
            for trace in self.store.traces(self.subject.usual.key)
        )

    def vary(self, variations: Sequence[str]) -> None:
        """Try some variations at once, and apart if that does anything."""
        tried = [one for one in variations if self.steady and self.chosen[one][0] not in self.held]
        if tried:
            self._together(tried)

    def _together(self, variations: Sequence[str], *, minded: bool = False) -> bool:
        """Whether any of them does something; what does is found by halves.

        Args:
            variations: What to vary at once.
            minded: It is known that together they do something.
        """
        if len(variations) == 1:
            self.cells[variations[0]] = cell = self._cell(variations[0], self.control[0])
            return cell.effect not in ("unaffected", "not tried")
        names = ", ".join(variations)
        if not minded:
            conditions = self.base
            for variation in variations:
                conditions = conditions.with_(self.chosen[variation][1])
            made = self._runs(conditions, 1, f"{len(variations)} things at once, from {variations[0]} on")
            if not made:
                return False
            if made[0].outcome == self.control[0].outcome:
                for variation in variations:
                    self._put(variation, "unaffected", f"varied at once: {names}", 1)
                return False
        half = (len(variations) + 1) // 2
        first = self._together(variations[:half])
        second = self._together(variations[half:], minded=not first and not self.laboratory.out_of_time)
        if not (minded or first or second or self.laboratory.out_of_time):
            for variation in variations:
                told = f"alone it does nothing; at once there was another output: {names}"
                self._put(variation, "inconclusive", told, self.cells[variation].runs)
        return first or second

    def _put(self, variation: str, effect: str, detail: str, runs: int) -> None:
        factor, _ = self.chosen[variation]
        self.cells[variation] = StressCell(variation=variation, factor=factor, effect=effect, detail=detail, runs=runs)

    def measure(self) -> None:
        """Say beside the seed where it enters, and how far it moves each metric, where the output has metrics."""
        cell = self.cells.get("seed")
        if cell is not None and cell.effect not in ("not tried", "unaffected", "fails", "inconclusive"):
            self.cells["seed"] = self._measured(self._located(cell))

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
        return StressedStep(
            step=self.spec.name,
            reproducibility=found,
            held=self.held,
            cells=tuple(cells),
            pins={
                factor: PINS.get(factor) or FIXES[factor]
                for factor in (*self.held, *minded)
                if factor != "seed" and minded.get(factor) != "inconclusive"
            },
        )

    def _why_not(self, factor: str) -> str:
        if factor in self.held:
            return "held still, since it disagrees with itself without"
        if len(self.outcomes) > 1:
            return "it disagrees with itself unchanged"
        if self.control and self.control[0].failure:
            return "it does not run here unchanged"
        return self.late

    def _located(self, cell: StressCell) -> StressCell:
        """The row of seeds, with the lines that draw from a generator which nothing but the pipeline's seed governs."""
        runs = self._runs(self.base.with_(Conditions(inside={DRAWS: "located"})), 1, "the lines that draw noted")
        observed = runs[0].trace.watched.observed if runs and runs[0].trace is not None else ()
        found = [one for one in observed if one.what == "global generator" and one.path]
        if not found:
            return cell
        places = list(dict.fromkeys(f"{one.path}:{one.line}" for one in found))
        more = f" and {count(len(places) - 1, 'more line')}" if len(places) > 1 else ""
        told = f"nothing but the pipeline's seed governs {found[0].which}, drawn from at {places[0]}{more}"
        return replace(cell, detail=f"{cell.detail}; {told}", location=places[0], runs=cell.runs + 1)

    def _measured(self, cell: StressCell) -> StressCell:
        usual = self.control[0].trace
        assert usual is not None
        here = measures(term(self.store, usual.output))
        if not here:
            return cell
        seen = with_other_seeds(self.laboratory, self.subject, self.listener, base=self.base, moving=here)
        moved = {name: pair for name, pair in spread(seen).items() if pair[1] or pair[0] != here.get(name)}
        first = sorted(moved.items(), key=lambda pair: -pair[1][1] / (abs(pair[1][0]) or 1))[:4]
        words = ", ".join(f"{name} {mean:.4g} ± {deviation:.2g}".strip() for name, (mean, deviation) in first)
        told = f"{words}{' …' if len(moved) > len(first) else ''}" if moved else "no number that is a metric moved"
        return replace(cell, detail=f"{cell.detail}; {told} over {len(seen)} seeds", runs=cell.runs + len(seen))

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
            why = "what does it do to the output?" if conditions != self.base else "does it agree with itself?"
            self.listener(Experimenting(self.spec.name, words, why, missing, seconds))
            known += self.laboratory.run(self.subject, conditions, missing)
        return known

    def _cell(self, name: str, usual: Run) -> StressCell:
        factor, conditions = self.chosen[name][0], self.base.with_(self.chosen[name][1])
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
