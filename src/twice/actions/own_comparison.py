"""An author's own comparison of two outputs: captured with the version, and called in a process of its own."""

from __future__ import annotations

import os
from dataclasses import replace

from twice.actions.fetch import term
from twice.actions.ground import keep_files_up_to
from twice.actions.prepare import from_version
from twice.control import switches
from twice.errors import StepFailed
from twice.execute.task import Performer
from twice.execute.workers import Workers
from twice.records.artifact import Artifact
from twice.records.digest import digest_texts
from twice.records.run import RunRecord
from twice.records.version import StepSpec
from twice.store.store import Store
from twice.values.terms import Tagged, Term


def same_to_author(
    store: Store, run: RunRecord, spec: StepSpec, recorded: Artifact, other_store: Store, now: Artifact
) -> bool:
    """Whether two outputs are the same for the step's author.

    Args:
        store: Where the recorded run and output are.
        run: The recorded run, whose version holds the comparison's code.
        spec: The step.
        recorded: Its recorded output.
        other_store: Where the other output is.
        now: The other output.

    Raises:
        StepFailed: The comparison raised, or does not answer with True or False.
        WorkerLost: Its process died.
    """
    if other_store is not store:
        for digest in now.objects:
            store.put(other_store.get(digest))
    first, second = spec.compare
    asked = StepSpec(name=spec.comparison, inputs={first: "recorded", second: "now"}, parameters={})
    plan = replace(from_version(store, run), steps=(asked,), version=None)
    workers = Workers({**os.environ, **switches.variables(plan.settings)}, preload=plan.preload)
    try:
        performer = Performer(store, plan, workers, keep_files_up_to=keep_files_up_to())
        ingredients = {"code": plan.code.steps[asked.name].semantic, first: recorded.content, second: now.content}
        key = digest_texts("comparison", *(str(part) for part in ingredients.values()))
        texts = {name: str(part) for name, part in ingredients.items()}
        done = performer.perform(asked.name, key, texts, {first: recorded, second: now}, None)
    finally:
        workers.close()
    answer = _truth(term(store, done.trace.output))
    if answer is None:
        what = f"the comparison of step {spec.name!r} answered {done.trace.output.preview}, not True or False"
        raise StepFailed(asked.name, what, "")
    return answer


def _truth(answer: Term) -> bool | None:
    if isinstance(answer, Tagged) and answer.kind == "numpy.scalar":
        data = answer.part("data")
        answer = data != b"\0" if isinstance(data, bytes) and len(data) == 1 else None
    return answer if isinstance(answer, bool) else None
