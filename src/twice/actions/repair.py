"""Mend what is damaged or missing, from what can be made or read again."""

from __future__ import annotations

from collections.abc import Iterator

from twice.actions.prepare import from_version
from twice.actions.run import carry_out
from twice.errors import Damaged, NotFound, TwiceError
from twice.execute.events import Listener, nobody
from twice.records.digest import Digest
from twice.records.run import RunRecord
from twice.records.trace import Trace
from twice.records.version import Version
from twice.store.check import Report
from twice.store.store import Store


def repair(store: Store, *, listener: Listener = nobody) -> tuple[str, ...]:
    """Put damaged and missing objects down again, where the same bytes can be had.

    Input files are read where they lie; outputs are made again by their step, alone, from its recorded inputs. An
    object is named by its bytes, so what does not come out the same mends nothing and is only another trace.

    Args:
        store: The vault.
        listener: Is told what runs.

    Returns:
        The objects that are whole again.
    """
    first = _broken(store.check())
    broken = first
    tried: set[tuple[Digest, str]] = set()
    while broken:
        for digest in broken:
            store.doubt(digest)
        _from_files(store, broken)
        for run, record, step in _steps(store, broken):
            if (run, step) not in tried:
                tried.add((run, step))
                _again(store, run, record, step, listener)
                break
        else:
            break
        broken = _broken(store.check())
    return tuple(sorted(first - _broken(store.check())))


def _broken(report: Report) -> set[Digest]:
    return {Digest(problem.name) for problem in report.problems if problem.kind == "object"}


def _from_files(store: Store, broken: set[Digest]) -> None:
    for _, version in store.versions():
        for file in version.files:
            place = store.path.parent / file.path
            if file.stored and not file.listing and file.root == "project" and file.content in broken:
                try:
                    if store.digest_file(place) == file.content:
                        store.put_file(place)
                except TwiceError:
                    continue


def _steps(store: Store, broken: set[Digest]) -> Iterator[tuple[Digest, RunRecord, str]]:
    """Steps of finished runs whose output, or what they printed, is broken, and all of whose inputs are whole."""
    for digest, record in store.runs():
        if record.status != "done" or record.purpose == "verify":
            continue
        try:
            traces = {one.step: store.load(one.trace, Trace) for one in record.steps if one.trace is not None}
            steps = store.load(record.version, Version).steps
        except (NotFound, Damaged):
            continue
        for step in steps:
            trace = traces.get(step.name)
            if trace is None or not broken & {*trace.output.objects, trace.stdout, trace.stderr}:
                continue
            inputs = [traces[source].output.objects for source in step.inputs.values() if source in traces]
            if not any(broken & {*objects} for objects in inputs):
                yield digest, record, step.name


def _again(store: Store, run: Digest, record: RunRecord, step: str, listener: Listener) -> None:
    try:
        plan = from_version(store, record)
        traces = {one.step: store.load(one.trace, Trace) for one in record.steps if one.trace is not None}
        inputs = {name: traces[source].output for name, source in plan.step(step).inputs.items()}
        carry_out(
            store,
            plan,
            purpose="verify",
            reuse=False,
            recorded={step: inputs},
            only=frozenset({step}),
            listener=listener,
            notes=("to mend the store",),
            of=run,
        )
    except TwiceError:
        return  # its code, a parameter or an input file is broken too: then nothing can be made again
