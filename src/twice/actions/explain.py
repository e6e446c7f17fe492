"""Why a step ran, or why it was reused and what that assumed."""

from __future__ import annotations

from collections.abc import Iterator

from twice.actions.diff import diff
from twice.actions.earlier import earlier_traces
from twice.actions.listing import run_of
from twice.control.environ import ALL
from twice.errors import NotFound
from twice.execute.rebuilder import COMPATIBLE, unlikeness
from twice.history.notes import observed, unfollowed
from twice.present.findings import ChangeView, ExplainedStep, Explanation
from twice.records.digest import Digest
from twice.records.run import RunRecord, StepResult
from twice.records.trace import Trace, Watched
from twice.records.version import Version
from twice.store.resolve import Found
from twice.store.store import Store


def explain(store: Store, found: Found, step: str | None = None) -> Explanation:
    """Say for each step of a run, or for one, why it ran or did not.

    Args:
        store: The vault.
        found: What a name means.
        step: Only this step.

    Raises:
        NotFound: The version has no run, or no step of that name.
    """
    run = run_of(store, found.version, found.run)
    if run is None:
        raise NotFound(f"the version {found.version.short} has no run to explain.", hint="`twice log` lists runs")
    record = store.load(run, RunRecord)
    results = [result for result in record.steps if step in (None, result.step)]
    if not results:
        names = ", ".join(result.step for result in record.steps)
        raise NotFound(f"the run has no step {step!r}; its steps are {names}.")
    return Explanation(
        name=found.text,
        run=run,
        version=record.version,
        steps=tuple(_explained(store, run, record, result) for result in results),
    )


def _explained(store: Store, run: Digest, record: RunRecord, result: StepResult) -> ExplainedStep:
    if result.trace is None:
        return ExplainedStep(step=result.step, how=result.how, reason=result.reason)
    trace = store.load(result.trace, Trace)
    if result.how == "reused" and result.reason == COMPATIBLE:
        return _kept(store, run, record, result, trace)
    if result.how == "reused":
        return ExplainedStep(step=result.step, how="reused", reason=result.reason, assumed=_assumed(trace))
    other = min(
        _before(store, record, result),
        key=lambda pair: unlikeness(pair[1].ingredients, trace.ingredients),
        default=None,
    )
    if other is None:
        return ExplainedStep(step=result.step, how=result.how, reason=result.reason)
    against, earlier = other
    return ExplainedStep(
        step=result.step,
        how=result.how,
        reason=result.reason,
        against=against,
        ingredients={
            name: (earlier.ingredients.get(name, ""), trace.ingredients.get(name, ""))
            for name in sorted({*earlier.ingredients, *trace.ingredients})
            if earlier.ingredients.get(name) != trace.ingredients.get(name)
        },
        changes=_changes(store, against, run, result.step),
    )


def _kept(store: Store, run: Digest, record: RunRecord, result: StepResult, trace: Trace) -> ExplainedStep:
    """A step that was reused over an edit that somebody called compatible, with the edit."""
    assumed = ("the edit below changes nothing that matters: somebody said so", *_assumed(trace))
    pipeline = store.load(record.version, Version).pipeline
    runs = earlier_traces(store, pipeline, result.step, before=record.started)
    against = next((digest for digest, other in runs if other == result.trace), run)
    return ExplainedStep(
        step=result.step,
        how="reused",
        reason=result.reason,
        assumed=assumed,
        against=against,
        changes=_changes(store, against, run, result.step),
    )


def _before(store: Store, record: RunRecord, result: StepResult) -> Iterator[tuple[Digest, Trace]]:
    """Earlier runs of the pipeline in which the step has another trace, the last one first."""
    pipeline = store.load(record.version, Version).pipeline
    for digest, other in earlier_traces(store, pipeline, result.step, before=record.started):
        if other != result.trace:
            yield digest, store.load(other, Trace)


def _changes(store: Store, before: Digest, after: Digest, step: str) -> tuple[ChangeView, ...]:
    """What differs between two runs' versions, as far as this step is concerned."""
    sides = [Found(store.load(run, RunRecord).version, run, run) for run in (before, after)]
    concerned = [change for change in diff(store, *sides).changes if step in change.steps]
    return tuple(change for change in concerned if change.what != "cosmetic")


_ASSUMED = {
    "file": "{} is as it was",
    "missing": "{} is still not there",
    "exists": "{} is there",
    "listing": "the names in {} are the same",
    "link": "{} leads where it did",
    "size": "{} is as large as it was",
    "times": "{} was not touched",
    "attributes": "the extended attributes of {} are the same",
    "modules": "the same can be imported from {}",
}


def _assumed(trace: Trace) -> tuple[str, ...]:
    """What was checked before a trace was reused."""
    watched = trace.watched
    found = [_ASSUMED[file.what].format(file.path) for file in watched.files]
    for variable in watched.variables:
        if variable.name == ALL:
            found.append("there are no other environment variables")
        else:
            found.append(f"the environment variable {variable.name} is as it was")
    return (*_granted(watched), *found, *(f"{name} is installed" for name in watched.distributions))


def _granted(watched: Watched) -> tuple[str, ...]:
    """What nobody could check before a trace was reused."""
    found = [f"{address} would answer the same (not checked)" for address in watched.connected]
    read = {file.path for file in watched.files if file.what == "file"}
    found += [
        f"the program {program} does the same: it belongs to the system (not checked)"
        for program in watched.executed
        if program not in read
    ]
    found += [f"another {observed(one)} would do as well (not checked)" for one in watched.ungoverned]
    return (*found, *(f"{thing} was the same (not checked)" for thing in unfollowed(watched)))
