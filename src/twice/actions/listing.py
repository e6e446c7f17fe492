"""The versions and runs of a store, newest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from twice.actions.verifications import verifications
from twice.errors import Damaged, NotFound
from twice.execute.rebuilder import COMPATIBLE
from twice.history.notes import notes
from twice.present.views import Log, Output, RunView, StepOutcome, VersionRuns
from twice.present.words import timestamp
from twice.records.artifact import Artifact
from twice.records.digest import Digest
from twice.records.run import RunRecord, StepResult
from twice.records.trace import Trace
from twice.records.version import Version
from twice.store.store import Store

Names = Mapping[Digest, Sequence[str]]


def log(store: Store, name: str | None = None, *, limit: int | None = None) -> Log:
    """Versions with their runs, the version that ran last first.

    Args:
        store: The vault.
        name: Only this pipeline, or only this version or run's version.
        limit: At most so many versions.

    Raises:
        NotFound: There is no such pipeline, version or run.
    """
    versions = dict(store.versions())
    wanted = set(versions)
    if name is not None:
        wanted = {digest for digest, version in versions.items() if version.pipeline == name}
        wanted = wanted or {store.resolve(name).version}
    names = names_of(store)
    runs: dict[Digest, list[RunView]] = defaultdict(list)
    last: dict[Digest, int] = defaultdict(int)
    for digest, record in reversed(store.runs()):
        if record.version in wanted and record.version in versions:
            runs[record.version].append(run_view(store, digest, record, versions[record.version].pipeline))
            last[record.version] = max(last[record.version], record.started)
    order = sorted(wanted & versions.keys(), key=lambda digest: (-last[digest], digest))
    shown = order if limit is None else order[:limit]
    verified = verifications(store, shown)
    return Log(
        store=str(store.path),
        versions=tuple(
            VersionRuns(
                version=digest,
                pipeline=versions[digest].pipeline,
                names=tuple(names.get(digest, ())),
                runs=tuple(runs[digest]),
                verified=verified.get(digest, ()),
            )
            for digest in shown
        ),
        older=len(order) - len(shown),
    )


def names_of(store: Store) -> dict[Digest, list[str]]:
    """What each version can be loaded by: its labels, then its saved names."""
    names: dict[Digest, list[str]] = defaultdict(list)
    for ref in store.refs():
        names[ref.version].append(f"{ref.pipeline}@{ref.label}")
    for name, ref in store.names().items():
        names[ref.version].append(name)
    return names


def run_of(store: Store, version: Digest, run: Digest | None) -> Digest | None:
    """The run that was named, or a version's record: its first run that came to its end, or else its last one."""
    if run is not None:
        return run
    runs = store.runs(version=version)
    last = runs[-1][0] if runs else None
    return next((digest for digest, record in runs if record.status == "done"), last)


def run_view(store: Store, digest: Digest, record: RunRecord | None = None, pipeline: str = "") -> RunView:
    """What there is to say about a run.

    Args:
        store: The vault.
        digest: The run.
        record: Its record, where it is at hand.
        pipeline: The pipeline's name, where it is at hand.
    """
    record = record or store.load(digest, RunRecord)
    return RunView(
        run=digest,
        version=record.version,
        pipeline=pipeline or store.load(record.version, Version).pipeline,
        label=record.label,
        names=tuple(names_of(store).get(record.version, ())),
        status=record.status,
        purpose=record.purpose,
        started=timestamp(record.started),
        seconds=record.duration / 1e9,
        host=record.host,
        commit=record.git.commit if record.git else "",
        clean=record.git.clean if record.git else None,
        twice=record.twice,
        steps=tuple(outcome(store, result) for result in record.steps),
    )


def outcome(store: Store, result: StepResult) -> StepOutcome:
    """How a step fared; a trace that is not here any more leaves its output out, for `twice check` to tell."""
    trace = None
    if result.trace is not None:
        try:
            trace = store.load(result.trace, Trace)
        except (NotFound, Damaged):
            trace = None
    return StepOutcome(
        step=result.step,
        how=result.how,
        reason=result.reason,
        seconds=trace.duration / 1e9 if trace else 0.0,
        output=_output(trace.output) if trace else None,
        error=result.error,
        notes=(
            *(notes(trace, conflict=result.conflict is not None, meets=result.meets) if trace else ()),
            *((COMPATIBLE,) if result.reason == COMPATIBLE else ()),
        ),
    )


def _output(artifact: Artifact) -> Output:
    return Output(
        kind=artifact.kind,
        preview=artifact.preview,
        size=artifact.size,
        content=artifact.content,
        executes=artifact.executes,
    )
