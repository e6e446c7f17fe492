"""Look for trouble before it strikes: vary one thing at a time, and see which step minds."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import partial

from twice.actions.compare import judged
from twice.actions.laboratory import Laboratory, Run, Subject
from twice.actions.prepare import from_version
from twice.actions.seed_noise import with_other_seeds
from twice.compare.noise import spread
from twice.compare.steadying import still
from twice.control.conditions import Conditions
from twice.errors import NotFound
from twice.execute.events import Experimenting, Listener
from twice.execute.plan import Plan
from twice.present.findings import TIME_IS_UP, StressCell, StressedStep, StressView
from twice.records.digest import Digest
from twice.records.run import RunRecord
from twice.records.trace import Trace
from twice.records.version import StepSpec
from twice.store.store import Store

_HOUR, _DAY = 3600, 86400
VARIATIONS: Mapping[str, tuple[str, Conditions]] = {
    "seed": ("seed", Conditions(seed=987654321)),
    "hash-seed": ("hash-seed", Conditions(settings={"hash_seed": 12345})),
    "threads 1": ("threads", Conditions(settings={"threads": 1})),
    "threads 3": ("threads", Conditions(settings={"threads": 3})),
    "addresses": ("memory-addresses", Conditions(addresses=True)),
    "timezone east": ("timezone", Conditions(settings={"timezone": "XST-14"})),
    "timezone west": ("timezone", Conditions(settings={"timezone": "XST+12"})),
    "locale C": ("locale", Conditions(settings={"locale": "C"})),
    "an hour later": ("clock", Conditions(inside={"clock": f"shifted {_HOUR}"})),
    "a day later": ("clock", Conditions(inside={"clock": f"shifted {_DAY}"})),
    "398 days later": ("clock", Conditions(inside={"clock": f"shifted {398 * _DAY}"})),
    "another folder": ("path", Conditions(folder="another/folder/that/is/deeper/down")),
    "listings backwards": ("directory-order", Conditions(inside={"directory-order": "reversed"})),
    "no home": ("user-environment", Conditions(variables={"HOME": "/nonexistent/home"})),
    "umask": ("user-environment", Conditions(inside={"umask": str(0o002)})),
    "host name": ("user-environment", Conditions(inside={"identity": "fixed"})),
    "older processor": (
        "hardware",
        Conditions(
            variables={
                "OPENBLAS_CORETYPE": "Haswell",
                "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX512_ICL AVX512_SPR X86_V4",
                "ATEN_CPU_CAPABILITY": "avx2",
                "MKL_CBWR": "AVX2",
            }
        ),
    ),
}
"""What is varied → the factor, and the conditions: what is minded most often first, for budgets that run out. A year, a
month, a leap day and one more are 398 days."""

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
    jobs: int = 1,
    budget: float,
    listener: Listener,
) -> StressView:
    """Vary one thing at a time for each step of a version.

    Args:
        store: The vault.
        run: The run that is its record.
        name: What people call it.
        steps: Only these.
        jobs: How many steps may be looked at at the same time.
        budget: Seconds that it may take in all.
        listener: Is told what is tried.

    Raises:
        NotFound: There is no such step.
    """
    record = store.load(run, RunRecord)
    plan = from_version(store, record, label=name)
    traces = {result.step: store.load(result.trace, Trace) for result in record.steps if result.trace is not None}
    known = [step.name for step in plan.steps]
    wanted = set(steps or ())
    for name_ in sorted(wanted):
        if name_ not in known:
            raise NotFound(f"the version has no step {name_!r}; its steps are {', '.join(known)}.")
    until = time.monotonic() + budget
    laboratory = Laboratory(store, plan, until=until)

    def begun(spec: StepSpec) -> _Stressed:
        inputs = {parameter: traces[source].output for parameter, source in spec.inputs.items()}
        subject = Subject(spec.name, inputs, traces[spec.name])
        stressed = _Stressed(store, record, plan, laboratory, spec, subject, listener)
        stressed.begin()
        return stressed

    with closing(laboratory), ThreadPoolExecutor(jobs, thread_name_prefix="twice") as pool:
        subjects = list(pool.map(begun, [spec for spec in plan.steps if not wanted or spec.name in wanted]))
        for variation in VARIATIONS:  # each for all steps, so that a budget that runs out leaves no step out
            list(pool.map(partial(_Stressed.vary, variation=variation), subjects))
    return StressView(
        name=name, run=run, variations=tuple(VARIATIONS), steps=tuple(stressed.end() for stressed in subjects)
    )


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
    ) -> None:
        self.store, self.record, self.plan, self.laboratory = store, record, plan, laboratory
        self.spec, self.subject, self.listener = spec, subject, listener

    def begin(self) -> None:
        """See whether it agrees with itself, and what has to be held still for that."""
        self.control = self._runs(Conditions(), REPLICATES, "unchanged")
        self.base, self.held = Conditions(), tuple[str, ...]()
        if len({run.outcome for run in self.control}) > 1:
            self.base, self.held, self.control = self._steadied(self.control)
        self.seen = {run.outcome for run in self.control}
        self.steady = len(self.seen) == 1 and len(self.control) > 1 and not self.control[0].failure
        self.cells: list[StressCell] = []

    def vary(self, variation: str) -> None:
        """Try one variation."""
        factor, conditions = VARIATIONS[variation]
        if self.steady and factor not in self.held:
            cell = self._cell(variation, factor, self.base.with_(conditions), self.control[0])
            self.cells.append(self._measured(cell) if factor == "seed" else cell)
            return
        why = TIME_IS_UP
        if factor in self.held:
            why = "held still, since it disagrees with itself without"
        elif len(self.seen) > 1:
            why = "it disagrees with itself unchanged"
        elif self.control and self.control[0].failure:
            why = "it does not run here unchanged"
        self.cells.append(StressCell(variation=variation, factor=factor, effect="not tried", detail=why))

    def end(self) -> StressedStep:
        """The class that follows from them."""
        return StressedStep(
            step=self.spec.name,
            reproducibility=self._judged(),
            held=self.held,
            cells=tuple(self.cells),
        )

    def _judged(self) -> str:
        if self.steady:
            return self._class(self.held, self.cells)
        if len(self.seen) > 1:
            return "unstable"
        return "fails" if self.control and self.control[0].failure else "not known: the time was up"

    def _measured(self, cell: StressCell) -> StressCell:
        """The row of seeds, with the spread of each metric where the output has metrics."""
        if cell.effect in ("not tried", "unaffected", "fails"):
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
            return StressCell(variation=name, factor=factor, effect="not tried", detail=TIME_IS_UP)
        if first[0].outcome == usual.outcome:
            return StressCell(variation=name, factor=factor, effect="unaffected", runs=1)
        runs = self._runs(conditions, REPLICATES, f"{name}, replicated")
        if any(run.outcome == usual.outcome for run in runs):
            detail = "some runs gave the usual output: nothing is blamed on it"
            return StressCell(variation=name, factor=factor, effect="inconclusive", detail=detail, runs=len(runs))
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

    @staticmethod
    def _class(held: Collection[str], cells: Iterable[StressCell]) -> str:
        """What later verdicts may expect of this step, which agrees with itself while these are held still."""
        if held:
            return f"unstable; with {' and '.join(held)} held still: {_Stressed._class((), cells)}"
        minded = {cell.factor: cell.effect for cell in cells if cell.effect not in ("unaffected", "not tried")}
        if "inconclusive" in minded.values():
            return "unstable: seldom, it gives another output for no reason that was found"
        sensitive = {factor for factor in minded if factor != "seed"}
        if not sensitive:
            return "bitwise anywhere, as far as it was tried"
        if sensitive == {"threads"}:
            return "bitwise at this thread count"
        if sensitive == {"hardware"}:
            return "bitwise on this instruction set"
        effects = {minded[factor] for factor in sensitive}
        if effects <= {"rounding", "order"}:
            return "rounding" if "rounding" in effects else "order"
        return f"depends on {', '.join(sorted(sensitive))}"
