"""Find out why a step's output is not what was recorded: ask the courtroom what to try, try it, and ask again."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from twice.actions.compare import counts_as_recorded
from twice.actions.environments import Experiments
from twice.actions.files_here import told
from twice.actions.laboratory import Laboratory, Run, Subject
from twice.compare.diagnosis.case import CONSISTENT, PROVEN, Ask, Case, Conclusion, Found, Levers, Trial
from twice.compare.diagnosis.inquiry import consider
from twice.compare.diagnosis.levers import FIXES, Bench, bench
from twice.compare.operations import parting
from twice.control.conditions import Conditions
from twice.control.held import LIMITS
from twice.control.operators import CONDITION as OPERATORS
from twice.environment import uv
from twice.errors import Damaged, NotFound
from twice.execute.events import Experimenting, Listener
from twice.execute.launch import HERE, Launch
from twice.execute.plan import Plan
from twice.execute.testimony import variable_here
from twice.records.artifact import Artifact
from twice.records.canonical import digest as digest_of
from twice.records.digest import Digest
from twice.records.environment import Environment
from twice.records.run import RunRecord
from twice.records.trace import Trace
from twice.records.verdict import Cause, Diagnosis, Experiment
from twice.records.version import StepSpec
from twice.source.hints import GROUPS, hints
from twice.store.store import Store

USUAL_RUNS = 8
"""How many runs of a step a cause that was seen takes, with one to spare."""


class Diagnoser:
    """Diagnoses steps of one version, with one budget for all of them.

    Args:
        store: The vault.
        record: The run that is its record.
        plan: The version, brought back.
        jobs: How many runs may be made at the same time.
        budget: Seconds that experiments may take in all.
        listener: Is told what is tried.
        launch: How workers are started.
    """

    def __init__(
        self,
        store: Store,
        record: RunRecord,
        plan: Plan,
        *,
        jobs: int,
        budget: float,
        listener: Listener,
        launch: Launch = HERE,
    ) -> None:
        self.store = store
        self.record = record
        self.plan = plan
        self.listener = listener
        self.until = time.monotonic() + budget
        self.mixtures = (
            Experiments(store, store.load(record.environment, Environment), plan.environment)
            if launch is HERE and uv.available()
            else None
        )
        self.laboratory = Laboratory(store, plan, jobs=jobs, until=self.until, launch=launch, mixtures=self.mixtures)
        self.reached = {
            step: {
                node.id.partition("==")[0]
                for node in plan.code.nodes
                if node.kind == "distribution" and node.id in own.reaches
            }
            for step, own in plan.code.steps.items()
        }

    def diagnose(
        self,
        spec: StepSpec,
        recorded: Trace,
        inputs: Mapping[str, Artifact],
        now: Trace | None,
        failure: str = "",
        *,
        others: int = 0,
    ) -> Diagnosis:
        """Find out about one step.

        Args:
            spec: The step.
            recorded: Its recorded trace.
            inputs: Its recorded inputs.
            now: The trace that is not as recorded; None if it failed.
            failure: How it failed.
            others: How many steps wait to be diagnosed after it. It leaves them their part of the time, unless its own
                part is too short for a cause that was seen.
        """
        usual = now or recorded
        subject = Subject(spec.name, inputs, usual)
        case = self._bench(subject, recorded)
        inquiry = _Inquiry(self, spec, recorded, subject, case, now, failure, self._until(usual, others))
        return inquiry.hold()

    def _until(self, usual: Trace, others: int) -> float:
        now = time.monotonic()
        part = max((self.until - now) / (1 + others), USUAL_RUNS * usual.duration / 1e9)
        return min(self.until, now + part)

    def _bench(self, subject: Subject, recorded: Trace) -> Bench:
        loaded = {name.partition("==")[0] for name in subject.usual.watched.distributions}
        return bench(
            recorded,
            subject.usual,
            self.environment(recorded.environment),
            self.environment(subject.usual.environment),
            reached=self.reached.get(subject.step, set()),
            seed=self.plan.seed,
            variable_here=variable_here,
            limits=LIMITS,
            loaded=loaded,
            hints=self.hints(subject.step),
            swaps=self.swaps(self.reached.get(subject.step, set()) | loaded),
            text=self._text(subject.usual.output),
            changed={
                file.path: (told(file, now), str(self.store.file(file.content)) if file.stored else "")
                for file, now in self.plan.changed
            },
        )

    def uses(self, subject: Subject, distribution: str) -> bool:
        """Whether a distribution is at work in a step."""
        loaded = {name.partition("==")[0] for name in subject.usual.watched.distributions}
        return distribution in loaded | self.reached.get(subject.step, set())

    def _text(self, output: Artifact) -> bytes:
        """What is stored of an output, but for its large parts; nothing if it is gone."""
        try:
            return self.store.get(output.skeleton)
        except (NotFound, Damaged):
            return b""

    def swaps(self, used: Collection[str]) -> dict[str, tuple[str, str]]:
        """The distributions that a step uses and that have another version here, with both versions."""
        if self.mixtures is None:
            return {}
        then, now = (
            {found.name: found.version for found in side.distributions}
            for side in (self.mixtures.recorded, self.mixtures.here)
        )
        return {name: (then.get(name, ""), now.get(name, "")) for name in self.mixtures.names if name in used}

    def hints(self, step: str) -> dict[str, tuple[str, str]]:
        """Factor, or lever → the first call in the step's code that it may enter through, and where."""
        found = dict[str, tuple[str, str]]()
        for path, source, spans in self._own(step):
            for factor, call, line in hints(source, spans):
                found.setdefault(factor, (call, f"{path}:{line}"))
                if call.rpartition(".")[2] == GROUPS:
                    found.setdefault("groups", (call, f"{path}:{line}"))
            lines = source.decode("utf-8", "replace").splitlines()
            for file, _ in self.plan.changed:
                numbers = (number for first, last in spans for number in range(first, last + 1))
                if line := next((number for number in numbers if Path(file.path).name in lines[number - 1]), 0):
                    found.setdefault(f"file {file.path}", (file.path, f"{path}:{line}"))
        return found

    def _own(self, step: str) -> Iterator[tuple[str, bytes, list[tuple[int, int]]]]:
        """The files of a step's own code, with the first and last lines of what it reaches in each."""
        snapshot = self.plan.snapshot
        places = [snapshot.places[id_] for id_ in self.plan.code.steps[step].reaches if id_ in snapshot.places]
        for module in snapshot.modules:
            spans = [(place.line, place.end_line) for place in places if place.module == module.name and place.line]
            if spans and not module.namespace:
                yield module.path, self.store.get(module.source), spans

    def environment(self, digest: Digest) -> Environment:
        """An environment's record; the present one where it is not here."""
        try:
            return self.store.load(digest, Environment)
        except (NotFound, Damaged):
            return self.plan.environment


_UNCHANGED: Levers = frozenset()


class _Inquiry:
    def __init__(
        self,
        diagnoser: Diagnoser,
        spec: StepSpec,
        recorded: Trace,
        subject: Subject,
        found: Bench,
        now: Trace | None,
        failure: str,
        until: float,
    ) -> None:
        self.all = diagnoser
        self.until = until
        self.spec = spec
        self.recorded = recorded
        self.subject = subject
        self.bench = found
        self.first = Run(now, digest_of(now) if now is not None else None, failure)
        self.runs: dict[Levers, list[Run]] = {frozenset(): [self.first]}
        self.looked: set[Levers] = set()
        self.judged: dict[str, bool] = {}

    def hold(self) -> Diagnosis:
        """Try what is asked for until there is a conclusion, or no more time."""
        unsettled = ""
        self._look_up(frozenset())
        while True:
            answer = consider(self.bench.case, self._trials())
            if isinstance(answer, Conclusion):
                return self._told(answer, "too many experiments would be needed" if answer.cut_short else "")
            if not self._look_up(answer.levers):
                if self._too_late():
                    unsettled = f"the budget for experiments was used up; next would have been: {answer.why}"
                    break
                self._make(answer)
        closed = consider(self._closed(), self._trials())
        assert isinstance(closed, Conclusion), "nothing more may be asked for"
        return self._told(closed, unsettled)

    def _look_up(self, levers: Levers) -> bool:
        """Whether there are runs in the vault that were not taken into account yet."""
        if levers in self.looked:
            return False
        self.looked.add(levers)
        known = self.all.laboratory.known(self.subject, self.bench.together(levers))
        self._take(levers, known)
        return bool(known)

    def _take(self, levers: Levers, made: Sequence[Run]) -> None:
        """Runs that were made; what was seen while they ran tells what to try next."""
        self.runs.setdefault(levers, []).extend(made)
        for run in made:
            if levers and run.trace is not None:
                self.bench = self.bench.having_seen(run.trace.watched)

    def _too_late(self) -> bool:
        return time.monotonic() + self.subject.usual.duration / 1e9 >= self.until

    def _make(self, asked: Ask) -> None:
        conditions = self.bench.together(asked.levers)
        words = ", ".join(self.bench.said(asked.levers)) or "unchanged"
        self.all.listener(
            Experimenting(self.spec.name, words, asked.why, asked.runs, self.subject.usual.duration / 1e9)
        )
        made = self.all.laboratory.run(self.subject, conditions, asked.runs)
        self._take(asked.levers, made)

    def _trials(self) -> list[Trial]:
        return [
            Trial(
                levers,
                run.outcome,
                recorded=self._recorded(run),
                failed=run.trace is None,
                evidence=run.digest or "",
            )
            for levers, runs in self.runs.items()
            for run in runs
        ]

    def _recorded(self, run: Run) -> bool:
        if run.trace is None:
            return False
        content = run.trace.output.content
        if content not in self.judged:
            self.judged[content] = counts_as_recorded(
                self.all.store, self.spec, self.all.record, self.recorded.output, run.trace.output
            )
        return self.judged[content]

    def _closed(self) -> Case:
        """The case as it is when no more trials may be made."""
        return replace(self.bench.case, most=0)

    # -- in the words of the record

    def _told(self, found: Conclusion, unsettled: str) -> Diagnosis:
        return Diagnosis(
            nature=found.nature,
            causes=tuple(self._cause(one) for one in found.causes),
            others=tuple(self._cause(one) for one in found.found if one.status not in (PROVEN, CONSISTENT)),
            together=found.together,
            runs=sum(len(runs) for runs in self.runs.values()) - 1,
            power=found.power,
            unsettled=unsettled,
            spread=_spread(self.runs[_UNCHANGED]),
            operation=self._operation(found),
        )

    def _operation(self, found: Conclusion) -> str:
        """Where two runs part that differ, if the step uses PyTorch: two unchanged ones, or one as recorded."""
        proven = next((one.levers[0] for one in found.causes if one.status == PROVEN and one.levers), None)
        sides = {"unsteady": (_UNCHANGED, _UNCHANGED), "drifted": (_UNCHANGED, proven)}.get(found.nature)
        if not self.all.uses(self.subject, "torch") or sides is None or sides[1] is None or self._too_late():
            return ""
        seconds = self.subject.usual.duration / 1e9
        why = "which operation of PyTorch gives something else?"
        self.all.listener(Experimenting(self.spec.name, "PyTorch's operations noted", why, 2, seconds))
        noted = [self.bench.together(side or ()).with_(Conditions(inside={OPERATORS: "noted"})) for side in sides]
        laboratory = self.all.laboratory
        if noted[0] == noted[1]:
            runs = laboratory.run(self.subject, noted[0], 2)
        else:
            runs = [run for conditions in noted for run in laboratory.run(self.subject, conditions, 1)]
        logs = [run.operators for run in runs if run.trace is not None]
        return parting(*logs) if len(logs) == 2 else ""

    def _cause(self, found: Found) -> Cause:
        lever = found.lever
        return Cause(
            factor=lever.factor,
            status=found.status,
            detail=lever.detail,
            location=lever.location,
            reason=found.reason,
            fix=FIXES.get(lever.name, FIXES.get(lever.factor, "")) if found.status in (PROVEN, CONSISTENT) else "",
            evidence=tuple(self._experiment(levers) for levers in found.levers if levers in self.runs),
        )

    def _experiment(self, levers: Levers) -> Experiment:
        runs = self.runs[levers]
        return Experiment(
            conditions=self.bench.said(levers),
            outcomes=tuple(run.outcome for run in runs),
            traces=tuple(run.digest for run in runs if run.digest is not None),
            recorded=sum(self._recorded(run) for run in runs),
        )


def _spread(runs: Sequence[Run]) -> str:
    """What came out of unchanged runs, most often first, in a few words; empty if it was always the same."""
    counts = Counter(run.outcome for run in runs)
    if len(counts) < 2:
        return ""
    words = {run.outcome: run.failure if run.trace is None else run.trace.output.preview for run in runs}
    often = len(counts) < len(runs)
    told = [f"{words[one]} ({many} ×)" if often else words[one] for one, many in counts.most_common(3)]
    kinds = "outputs" if all(run.trace is not None for run in runs) else "outcomes"
    return f"{len(counts)} {kinds} in {len(runs)} runs: {' · '.join(told)}{' …' if len(counts) > 3 else ''}"
