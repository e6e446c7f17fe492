"""Why a step ran, or was reused and what that assumed; and why it differs between two runs."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import replace

from twice.actions.assumed import assumed, counted, unchecked
from twice.actions.earlier import earlier_traces
from twice.actions.ingredients import asked_in, changed, differing
from twice.actions.listing import run_of
from twice.errors import NotFound
from twice.execute.rebuilder import COMPATIBLE, unlikeness
from twice.present.findings import ExplainedStep, Explanation
from twice.present.words import ago
from twice.records.artifact import Artifact
from twice.records.digest import Digest
from twice.records.run import RunRecord, StepResult
from twice.records.trace import Trace
from twice.records.version import Version
from twice.store.resolve import Found
from twice.store.store import Store


def explain(store: Store, found: Found, step: str | None = None, against: Found | None = None) -> Explanation:
    """Say for each step of a run, or for one, why it ran or did not.

    Args:
        store: The vault.
        found: What a name means.
        step: Only this step.
        against: Hold it against this run, and not against the one before that was most like it.

    Raises:
        NotFound: The version has no run, or no step of that name.
    """
    run = _run(store, found)
    record = store.load(run, RunRecord)
    results = [result for result in record.steps if step in (None, result.step)]
    if not results:
        raise no_such_step(step or "", (result.step for result in record.steps), "the run")
    other = _run(store, against) if against is not None else None
    return Explanation(
        name=found.text,
        run=run,
        version=record.version,
        steps=tuple(_Explained(store, run, record, result).told(other) for result in results),
    )


def no_such_step(step: str, names: Iterable[str], whose: str) -> NotFound:
    """The error that names the steps that there are."""
    known = list(names)
    near = difflib.get_close_matches(step, known, n=1)
    return NotFound(
        f"{whose} has no step {step!r}; its steps are {', '.join(known)}.",
        hint=f"did you mean {near[0]}?" if near else "`twice log` lists versions and runs",
    )


def _run(store: Store, found: Found) -> Digest:
    run = run_of(store, found.version, found.run)
    if run is None:
        raise NotFound(f"the version {found.version.short} has no run to explain.", hint="`twice log` lists runs")
    return run


def _came_out(before: Artifact, after: Artifact) -> str:
    """What became of the output, in words."""
    if before.content == after.content:
        return "the same"
    return "differs" if before.preview == after.preview else f"{before.preview} → {after.preview}"


class _Explained:
    def __init__(self, store: Store, run: Digest, record: RunRecord, result: StepResult) -> None:
        self.store = store
        self.run = run
        self.record = record
        self.result = result
        self.trace = store.load(result.trace, Trace) if result.trace is not None else None

    def told(self, other: Digest | None) -> ExplainedStep:
        """The explanation; against a run that was named, or else against the earlier one that was most like it."""
        step, how, reason = self.result.step, self.result.how, self.result.reason
        found = ExplainedStep(step=step, how=how, reason=reason)
        if how == "reused" and self.trace is not None:
            word = ("the edit below changes nothing that matters: somebody said so",) if reason == COMPATIBLE else ()
            found = replace(
                found,
                checked=counted(self.trace.watched),
                assumed=(*word, *assumed(self.trace.watched)),
                unchecked=unchecked(self.trace.watched),
            )
        if self.trace is None:
            return found
        if other is not None:
            return self._held_against(found, other, self._in(other))
        if how == "reused" and reason == COMPATIBLE:
            runs = earlier_traces(self.store, self._pipeline, step, before=self.record.started)
            against = next((digest for digest, trace in runs if trace == self.result.trace), self.run)
            return self._held_against(found, against, self.trace)
        if how == "reused":
            return found
        nearest = min(
            self._before(), key=lambda pair: unlikeness(pair[1].ingredients, self._trace.ingredients), default=None
        )
        return found if nearest is None else self._held_against(found, *nearest)

    @property
    def _trace(self) -> Trace:
        assert self.trace is not None
        return self.trace

    @property
    def _pipeline(self) -> str:
        return self.store.load(self.record.version, Version).pipeline

    def _in(self, other: Digest) -> Trace:
        results = self.store.load(other, RunRecord).steps
        found = next((result for result in results if result.step == self.result.step), None)
        if found is None:
            raise no_such_step(self.result.step, [result.step for result in results], f"the run {other.short}")
        if found.trace is None:
            raise NotFound(
                f"in the run {other.short} the step {found.step!r} {found.how}: there is nothing to hold it against.",
                hint=found.reason,
            )
        return self.store.load(found.trace, Trace)

    def _held_against(self, found: ExplainedStep, against: Digest, trace: Trace) -> ExplainedStep:
        record = self.store.load(against, RunRecord)
        step = self.result.step
        before, after = asked_in(self.store, record, step, trace), asked_in(self.store, self.record, step, self._trace)
        return replace(
            found,
            against=against,
            since=ago(record.started),
            ingredients=differing(before, after),
            output=_came_out(trace.output, self._trace.output),
            changes=changed(self.store, before, after, edited=found.reason == COMPATIBLE),
        )

    def _before(self) -> Iterator[tuple[Digest, Trace]]:
        """Earlier runs of the pipeline in which the step has another trace, the last one first."""
        for digest, other in earlier_traces(self.store, self._pipeline, self.result.step, before=self.record.started):
            if other != self.result.trace:
                yield digest, self.store.load(other, Trace)
