"""The version that a run was of: known only when the run is over, since the files that steps read belong to it."""

from __future__ import annotations

from collections.abc import Mapping

from twice.execute.plan import Plan
from twice.records.digest import Digest
from twice.records.environment import Environment
from twice.records.trace import Trace
from twice.records.version import InputFile, Version
from twice.store.store import Store


def version_of(store: Store, plan: Plan, traces: Mapping[str, Trace]) -> Digest:
    """File the version that was carried out.

    Args:
        store: The vault.
        plan: What was carried out.
        traces: The traces of the steps that finished, in their order.
    """
    return store.add(
        Version(
            pipeline=plan.pipeline,
            steps=plan.steps,
            code=plan.snapshot.code,
            seed=plan.seed,
            settings=plan.settings,
            files=_files(plan, traces),
            environment=store.add(_environment_reached(plan)),
            strict=plan.strict is not None,
        )
    )


def _environment_reached(plan: Plan) -> Environment:
    """The part of the environment that belongs to the version: without distributions that no step reaches."""
    here = plan.environment
    reached = {node.id.partition("==")[0] for node in plan.code.nodes if node.kind == "distribution"}
    return Environment(
        interpreter=here.interpreter,
        machine=here.machine,
        distributions=tuple(found for found in here.distributions if found.name in reached),
        variables=here.variables,
    )


def _files(plan: Plan, traces: Mapping[str, Trace]) -> tuple[InputFile, ...]:
    """Declared files, and those that steps read and no step before them had written."""
    found = {(file.root, file.path): file for file in plan.declared}
    written: set[tuple[str, str]] = set()
    for trace in traces.values():
        for file in trace.watched.files:
            place = (file.root, file.path)
            if file.what in ("file", "listing") and file.content is not None and place not in written:
                seen = InputFile(
                    root=file.root,
                    path=file.path,
                    content=file.content,
                    size=file.size,
                    stored=file.stored,
                    listing=file.what == "listing",
                )
                found.setdefault(place, seen)
        written |= set(trace.watched.written)
    return tuple(found[place] for place in sorted(found))
