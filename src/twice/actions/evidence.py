"""Judge verifications again from what they left in the store: nothing is run, and no project is needed.

Whoever made a verdict says what it rests on: two runs with their outputs, and for each cause the traces of its
experiments. Whether that says what the verdict says can be looked at by anybody who has the store.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from twice.actions.compare import counts_as_recorded, judged
from twice.compare.judge import overall
from twice.errors import Damaged, NotFound
from twice.records.digest import Digest
from twice.records.run import RunRecord
from twice.records.trace import Trace
from twice.records.verdict import Experiment, StepVerdict, Verdict
from twice.records.version import StepSpec, Version
from twice.store.store import Store


def unfounded(store: Store) -> tuple[int, list[tuple[Digest, Digest | None, str, str]]]:
    """How many verdicts there are, and what in them does not follow from their evidence.

    What takes more than looking is taken as it is said: an author's own comparison, a spread over seeds, an error.

    Args:
        store: The vault.

    Returns:
        Their number, and for each fault the verdict, the version (None if its record is gone), the step (empty for the
        whole) and what is wrong.
    """
    verdicts = store.verdicts()
    found: list[tuple[Digest, Digest | None, str, str]] = []
    for digest, verdict in verdicts:
        version = None
        try:
            recorded = store.load(verdict.left, RunRecord)
            version = recorded.version
            found += [(digest, version, step, why) for step, why in _faults(store, verdict, recorded)]
        except (NotFound, Damaged) as problem:
            found.append((digest, version, "", problem.message))
    return len(verdicts), found


def _faults(store: Store, verdict: Verdict, recorded: RunRecord) -> Iterator[tuple[str, str]]:
    now = store.load(verdict.right, RunRecord)
    specs = {step.name: step for step in store.load(recorded.version, Version).steps}
    before, after = (
        {result.step: store.load(result.trace, Trace) for result in run.steps if result.trace is not None}
        for run in (recorded, now)
    )
    for step in verdict.steps:
        spec, left, right = specs.get(step.step), before.get(step.step), after.get(step.step)
        if spec is None:
            continue
        if left is not None and right is not None:
            yield from (
                (step.step, why) for why in _judged_again(store, recorded, spec, step, left, right, verdict.level)
            )
        if left is not None:
            for experiment in _experiments(step):
                yield from ((step.step, why) for why in _held(store, recorded, spec, left, experiment))
    whole = overall(verdict.steps, verdict.left, verdict.right, same_version=verdict.same_version)
    if (whole.verdict, whole.grade) != (verdict.verdict, verdict.grade):
        yield "", f"it says {_said(verdict)}, and its steps amount to {_said(whole)}"


def _said(verdict: Verdict | StepVerdict) -> str:
    return f"{verdict.verdict} ({verdict.grade})" if verdict.grade else verdict.verdict


def _judged_again(
    store: Store, recorded: RunRecord, spec: StepSpec, step: StepVerdict, left: Trace, right: Trace, level: str
) -> Iterator[str]:
    if step.verdict in ("inconclusive", "fails"):
        return
    if step.left != left.output.content:
        yield "the recorded output that it names is not the recorded run's"
        return
    if step.right != right.output.content:
        if level != "paranoid":  # which ran it again, and names what did not agree then
            yield "the output that it was held against is not that of its run"
        return
    if spec.compare and left.output.content != right.output.content:
        return
    again = judged(spec.name, spec, recorded, store, left.output, store, right.output)
    if step.grade == "seed-noise":
        if again.verdict == "identical":
            yield f"it says {_said(step)}, and the outputs are identical"
    elif (again.verdict, again.grade) != (step.verdict, step.grade):
        yield f"it says {_said(step)}, and the outputs are {_said(again)}"


def _experiments(step: StepVerdict) -> Iterator[Experiment]:
    if step.diagnosis is not None:
        for cause in (*step.diagnosis.causes, *step.diagnosis.others):
            yield from cause.evidence


def _held(store: Store, recorded: RunRecord, spec: StepSpec, left: Trace, experiment: Experiment) -> Iterator[str]:
    traces = [store.load(digest, Trace) for digest in experiment.traces]
    named = Counter(outcome for outcome in experiment.outcomes if not outcome.startswith("fails: "))
    words = " · ".join(experiment.conditions) or "unchanged"
    if Counter(str(trace.output.content) for trace in traces) != named:
        yield f"its experiment ({words}) names outcomes that its traces did not have"
    elif not spec.compare:
        agreed = sum(counts_as_recorded(store, spec, recorded, left.output, trace.output) for trace in traces)
        if agreed != experiment.recorded:
            yield f"its experiment ({words}) counts {experiment.recorded} runs as recorded, and {agreed} were"
