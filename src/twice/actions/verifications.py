"""The verifications of versions, newest first: did it reproduce, when, and where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace as replace_of

from msgspec.structs import replace

from twice.compare.comparison import Comparison, concluded
from twice.errors import Damaged, NotFound, last_line
from twice.present.views import UnlikeRecord, VerificationView
from twice.present.words import timestamp
from twice.records.digest import Digest
from twice.records.run import RunRecord
from twice.records.verdict import StepVerdict, Verdict
from twice.records.version import Version
from twice.store.store import Store

Verifications = Mapping[Digest, tuple[VerificationView, ...]]


def verifications(store: Store, versions: Iterable[Digest]) -> Verifications:
    """The verifications of each version; a version that has none is left out.

    Args:
        store: The vault.
        versions: The versions.
    """
    verdicts = store.verdicts()
    if not verdicts:
        return {}
    wanted = set(versions)
    runs = dict(store.runs())
    found: dict[Digest, list[VerificationView]] = defaultdict(list)
    for _, verdict in reversed(verdicts):
        recorded = runs.get(verdict.left)
        if recorded is not None and recorded.version in wanted:
            found[recorded.version].append(_view(store, verdict, recorded, runs.get(verdict.right)))
    return {version: tuple(views) for version, views in found.items()}


def verifications_of_step(store: Store, version: Digest, step: str) -> tuple[VerificationView, ...]:
    """The verifications in which one step was looked at, newest first; each tells of this step only.

    Args:
        store: The vault.
        version: The version.
        step: The step's name.
    """
    runs = dict(store.runs())
    found = []
    for _, verdict in reversed(store.verdicts()):
        recorded = runs.get(verdict.left)
        own = tuple(one for one in verdict.steps if one.step == step)
        if recorded is not None and recorded.version == version and own:
            only = replace(verdict, steps=own, verdict=own[0].verdict, grade=own[0].grade)
            found.append(replace_of(_view(store, only, recorded, runs.get(verdict.right)), of=1))
    return tuple(found)


def _view(store: Store, verdict: Verdict, recorded: RunRecord, now: RunRecord | None) -> VerificationView:
    try:
        steps = len(store.load(recorded.version, Version).steps)
    except (NotFound, Damaged):
        steps = len(recorded.steps)
    launched = now.launch.kind if now is not None and now.launch is not None else "here"
    return VerificationView(
        verified=timestamp(verdict.made),
        host=verdict.host,
        env=launched if now is not None else "",
        environment=verdict.environment or "",
        as_recorded=verdict.environment == recorded.environment,
        verdict=verdict.verdict,
        grade=verdict.grade,
        reproducible=Comparison(verdict).reproducible,
        checked=len(verdict.steps),
        of=steps,
        recorded=verdict.left,
        run=verdict.right,
        unlike=tuple(_unlike(step) for step in verdict.steps if not step.reproduces),
    )


def _unlike(step: StepVerdict) -> UnlikeRecord:
    diagnosed = step.diagnosis is not None
    reason = last_line(step.reason)
    return UnlikeRecord(
        step=step.step,
        verdict=step.verdict,
        grade=step.grade,
        summary=step.summary or reason,
        causes=tuple(concluded(step.diagnosis)) if step.diagnosis is not None else (),
        reason="" if diagnosed or not step.summary else reason,
    )
