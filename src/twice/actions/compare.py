"""Hold two recorded runs against each other. Nothing is constructed or executed by looking."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twice.actions.fetch import term
from twice.actions.own_comparison import same_to_author
from twice.compare.comparison import Comparison
from twice.compare.judge import judge, overall
from twice.compare.suspects import sentence, suspects
from twice.errors import TwiceError
from twice.history.notes import not_checked
from twice.records.artifact import Artifact
from twice.records.digest import Digest
from twice.records.run import RunRecord, StepResult
from twice.records.trace import Trace
from twice.records.verdict import StepVerdict
from twice.records.version import StepSpec, Version
from twice.store.store import Store
from twice.values.compare import difference
from twice.values.tolerance import Tolerance


def compare(
    left_store: Store, left_run: Digest, right_store: Store, right_run: Digest, *, notes: tuple[str, ...] = ()
) -> Comparison:
    """Compare every output of two runs.

    Args:
        left_store: Where the recorded run is.
        left_run: It.
        right_store: Where the other run is.
        right_run: It.
        notes: What else was not checked.

    Returns:
        The verdict; tolerances are those that the left run's version declares.
    """
    left, right = left_store.load(left_run, RunRecord), right_store.load(right_run, RunRecord)
    specs = {step.name: step for step in left_store.load(left.version, Version).steps}
    others = {result.step: result for result in right.steps}
    names = [result.step for result in left.steps]
    if right.purpose == "verify":  # it may have been of some steps only
        names = [name for name in names if name in others]
    names += [name for name in others if name not in names]
    befores = {result.step: result for result in left.steps}
    recorded = {result.step: left_store.load(result.trace, Trace) for result in left.steps if result.trace is not None}
    steps = [
        _step(
            name,
            specs.get(name),
            left,
            left_store,
            befores.get(name),
            recorded.get(name),
            right_store,
            others.get(name),
        )
        for name in names
    ]
    return Comparison(
        overall(
            steps,
            left_run,
            right_run,
            same_version=left.version == right.version,
            not_checked=[*notes, *not_checked([trace.watched for trace in recorded.values()])],
        )
    )


def _step(
    name: str,
    spec: StepSpec | None,
    recorded: RunRecord,
    left_store: Store,
    left: StepResult | None,
    before: Trace | None,
    right_store: Store,
    right: StepResult | None,
) -> StepVerdict:
    if left is None or right is None:
        return StepVerdict(
            step=name, verdict="different", summary="a step of only one of them", reason="no counterpart"
        )
    if right.how == "failed":
        return StepVerdict(step=name, verdict="fails", summary=right.reason, reason=right.error)
    if before is None or right.trace is None:
        why = "it did not finish" if right.trace is None else "the recorded run did not finish it"
        return StepVerdict(step=name, verdict="inconclusive", summary=why, reason=why)
    after = right_store.load(right.trace, Trace)
    why = sentence(suspects(before, after))
    return judged(name, spec, recorded, left_store, before.output, right_store, after.output, why=why)


def judged(
    name: str,
    spec: StepSpec | None,
    recorded: RunRecord,
    left_store: Store,
    before: Artifact,
    right_store: Store,
    after: Artifact,
    *,
    why: str = "",
) -> StepVerdict:
    """The verdict on one output.

    Args:
        name: The step.
        spec: What its author declared.
        recorded: The recorded run, in whose code a comparison of the author's own is.
        left_store: Where the recorded output is.
        before: It.
        right_store: Where the other is.
        after: It.
        why: What is known of why they differ, in words.
    """
    if before.content == after.content:
        return judge(name, before, after, None)
    if before.unstable or after.unstable:
        why = why or "its pickled form is another in every process, whatever the step does"
    try:
        found = difference(
            term(left_store, before),
            term(right_store, after),
            **tolerances(spec),
        )
    except TwiceError as problem:
        return StepVerdict(
            step=name,
            verdict="inconclusive",
            summary="they differ, and cannot be looked at",
            reason=problem.message,
            left=before.content,
            right=after.content,
        )
    if found is not None and not found.within and spec is not None and spec.compare:
        try:
            same = same_to_author(left_store, recorded, spec, before, right_store, after)
        except TwiceError as problem:
            return StepVerdict(
                step=name,
                verdict="inconclusive",
                summary="they differ, and the step's own comparison failed",
                reason=problem.message,
                left=before.content,
                right=after.content,
            )
        if same:
            found = replace(found, within=True, softer="the same by the step's own comparison")
    return judge(name, before, after, found, accept=spec.accept if spec else (), why=why)


def counts_as_recorded(store: Store, spec: StepSpec, run: RunRecord, recorded: Artifact, other: Artifact) -> bool:
    """Whether an output counts as what was recorded, as the step declares."""
    return judged(spec.name, spec, run, store, recorded, store, other).reproduces


def tolerances(spec: StepSpec | None) -> dict[str, Any]:
    """What a step declares, in the words of :func:`~twice.values.compare.difference`."""
    if spec is None:
        return {}
    places = {place: Tolerance(found.rtol, found.atol, found.ulps) for place, found in spec.tolerance.items()}
    return {"rtol": spec.rtol, "atol": spec.atol, "ulps": spec.ulps, "places": places}
