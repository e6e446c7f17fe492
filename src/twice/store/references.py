"""What a record refers to: the one list that adding, checking, and later copying and collecting go by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from twice.records.artifact import Artifact
from twice.records.canonical import Record
from twice.records.code import Code, Snapshot
from twice.records.digest import Digest
from twice.records.environment import Environment
from twice.records.lock import Lock
from twice.records.run import Ref, RunRecord
from twice.records.trace import Trace
from twice.records.verdict import StepVerdict, Verdict
from twice.records.version import Version


class Reference(NamedTuple):
    """Something that a record refers to.

    Attributes:
        digest: Its name.
        kind: Which record it is; None for an object.
        step: The step that it belongs to; empty where it belongs to all.
    """

    digest: Digest
    kind: type[Record] | None = None
    step: str = ""


def references(record: Record) -> Iterator[Reference]:
    """Everything that a record refers to itself, without what that refers to in turn."""
    match record:
        case Version():
            yield Reference(record.code, Code)
            yield Reference(record.environment, Environment)
            for step in record.steps:
                for parameter in step.parameters.values():
                    yield from _artifact(parameter, step.name)
            for file in record.files:
                if file.stored:
                    yield Reference(file.content)
        case Trace():
            yield Reference(record.environment, Environment, record.step)
            yield from _artifact(record.output, record.step)
            for text in (record.stdout, record.stderr):
                if text is not None:
                    yield Reference(text, None, record.step)
            for read in record.watched.files:
                if read.stored and read.content is not None:
                    yield Reference(read.content, None, record.step)
        case RunRecord():
            yield Reference(record.version, Version)
            yield Reference(record.snapshot, Snapshot)
            yield Reference(record.environment, Environment)
            if record.of is not None:
                yield Reference(record.of, RunRecord)
            for result in record.steps:
                for trace in (result.trace, result.conflict):
                    if trace is not None:
                        yield Reference(trace, Trace, result.step)
        case Verdict():
            yield Reference(record.left, RunRecord)
            yield Reference(record.right, RunRecord)
            if record.environment is not None:
                yield Reference(record.environment, Environment)
            for judged in record.steps:
                for trace in traces_of(judged):
                    yield Reference(trace, Trace, judged.step)
        case Snapshot():
            yield Reference(record.code, Code)
            for module in record.modules:
                if not module.namespace:
                    yield Reference(module.source)
            yield Reference(record.outline)
            for value in record.values:
                yield from _artifact(value, "")
        case Lock():
            for package in record.packages:
                for kept in (file.kept for file in package.files):
                    if kept is not None:
                        yield Reference(kept)
        case Ref():
            yield Reference(record.version, Version)
            yield Reference(record.run, RunRecord)
        case _:
            return


def traces_of(judged: StepVerdict) -> Iterator[Digest]:
    """The traces of the experiments that a verdict on a step rests on."""
    if judged.diagnosis is not None:
        for cause in (*judged.diagnosis.causes, *judged.diagnosis.others):
            for experiment in cause.evidence:
                yield from experiment.traces


def _artifact(artifact: Artifact, step: str) -> Iterator[Reference]:
    for digest in artifact.objects:
        yield Reference(digest, None, step)
