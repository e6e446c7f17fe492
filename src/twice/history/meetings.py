"""Steps that meet in a file, though nothing says which of them comes first."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from twice.records.trace import Trace, Watched


def meetings(trace: Trace, others: Mapping[str, Trace], related: Collection[str]) -> tuple[tuple[str, str], ...]:
    """Files that a step and another one use, where one of them writes, as (step, path).

    Args:
        trace: The step's.
        others: Those of steps that were carried out before it, or beside it.
        related: Steps that it gets something from, or gives something to, through however many others.
    """
    found: set[tuple[str, str]] = set()
    for name, other in others.items():
        if name not in related and name != trace.step:
            met = _meet(trace.watched, other.watched) | _meet(other.watched, trace.watched)
            found |= {(name, path) for path in met}
    return tuple(sorted(found))


def _meet(writes: Watched, uses: Watched) -> set[str]:
    """The files that one step wrote and another one wrote, read, looked for, or saw in a listing."""
    used = {*uses.written, *((file.root, file.path) for file in uses.files)}
    listed = {(file.root, file.path) for file in uses.files if file.what == "listing"}
    return {
        path
        for root, path in writes.written
        if (root, path) in used or (root, path.rpartition("/")[0] or ".") in listed
    }


def related(step: str, inputs: Mapping[str, Collection[str]]) -> set[str]:
    """The steps that come before a step or after it, whichever way they are wired.

    Args:
        step: The step.
        inputs: Step → the steps whose outputs it receives.
    """
    above = _closure(step, inputs)
    return above | {name for name in inputs if step in _closure(name, inputs)}


def _closure(step: str, inputs: Mapping[str, Collection[str]]) -> set[str]:
    found: set[str] = set()
    pending = list(inputs.get(step, ()))
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += inputs.get(name, ())
    return found
