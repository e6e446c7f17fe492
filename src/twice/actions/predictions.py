"""How far the models in two outputs are apart in what they predict: asked in a worker, on data that is at hand.

Only a verification asks: it runs the version's code anyway. Comparing and listing call nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from twice.actions.fetch import term, value
from twice.actions.ground import keep_files_up_to
from twice.compare.judge import SHOWN
from twice.control import switches
from twice.errors import TwiceError
from twice.execute.launch import Launch
from twice.execute.plan import Plan
from twice.execute.task import Performer
from twice.execute.workers import Workers
from twice.records.artifact import Artifact
from twice.records.digest import digest_texts
from twice.records.trace import Trace
from twice.records.verdict import Finding, StepVerdict
from twice.store.store import Store
from twice.values import terms
from twice.values.predictions import NOW, RECORDED
from twice.values.terms import Term

_MODELS = ("sklearn.", "xgboost.", "lightgbm.", "catboost.", "torch.object", "instance", "object", "dataclass", "attrs")
"""Kinds that a model can be of, or begin with."""

_PARTS = 100_000
"""Parts of a value among which a model is looked for."""


def with_predictions(
    store: Store,
    plan: Plan,
    launch: Launch,
    verdict: StepVerdict,
    recorded: Mapping[str, Trace],
    now: Artifact,
) -> StepVerdict:
    """A verdict on an output that differs, with how far its models are apart in what they predict.

    Args:
        store: The vault.
        plan: The version, brought back.
        launch: How workers are started.
        verdict: The verdict without that.
        recorded: The recorded traces, by step.
        now: The output that was held against the recorded one.
    """
    before = recorded[verdict.step].output
    if verdict.finding is None or not _may_hold_models(term(store, before)):
        return verdict
    told = list(_asked(store, plan, launch, verdict.step, recorded, before, now))
    if not told:
        return verdict
    children = (*verdict.finding.children[: SHOWN - len(told)], *told)
    summary = " — ".join((verdict.summary, *(f"{found.path} {found.what}".strip() for found in told)))
    return replace(verdict, summary=summary, finding=replace(verdict.finding, children=children))


def _asked(
    store: Store,
    plan: Plan,
    launch: Launch,
    step: str,
    recorded: Mapping[str, Trace],
    before: Artifact,
    now: Artifact,
) -> Iterator[Finding]:
    given = {RECORDED: before, NOW: now}
    for name, data in _at_hand(plan, step, recorded):
        if data.content not in {one.content for one in given.values()}:
            given[name] = data
    ingredients = {"code": str(plan.code.steps[step].semantic)}
    ingredients |= {name: str(one.content) for name, one in given.items()}
    key = digest_texts("predictions", *(f"{name} {text}" for name, text in ingredients.items()))
    environment = {**os.environ, **switches.variables(plan.settings)}
    try:
        with Workers(environment, preload=plan.preload, launch=launch) as workers:
            performer = Performer(store, plan, workers, keep_files_up_to=keep_files_up_to(), launch=launch)
            done = performer.perform(step, key, ingredients, given, None, predictions=True)
    except TwiceError as problem:
        yield Finding(path="", what=f"predictions could not be compared: {problem.message}")
        return
    for one in value(store, done.trace.output):
        yield Finding(path=one["path"], what=one["what"], figures=one["figures"])


def _at_hand(plan: Plan, step: str, recorded: Mapping[str, Trace]) -> Iterator[tuple[str, Artifact]]:
    """Data on which models may be asked: what the step received, and what later steps receive beside its output."""
    for parameter, source in plan.step(step).inputs.items():
        yield f"the recorded input {parameter!r}", recorded[source].output
    for later in plan.steps:
        if step in later.inputs.values():
            for parameter, source in later.inputs.items():
                if source != step and source in recorded:
                    yield f"{parameter!r}, which step {later.name!r} receives with it", recorded[source].output


def _may_hold_models(whole: Term) -> bool:
    pending = [whole]
    for _ in range(_PARTS):
        if not pending:
            return False
        part = pending.pop()
        if isinstance(part, terms.Tagged):
            if part.kind.startswith(_MODELS):
                return True
            pending.append(part.state)
        elif isinstance(part, terms.Container) and not part.leaves:
            pending += part.items
        elif isinstance(part, terms.Mapping):
            pending += part.values
        elif isinstance(part, terms.Record):
            pending += part.parts
    return False
