"""What a run of a pipeline would do now, and why, without running anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import msgspec

from twice.actions.assumed import assumed, counted, unchecked
from twice.actions.earlier import earlier_traces
from twice.actions.explain import no_such_step
from twice.actions.ingredients import Asked, asked_in, changed, differing
from twice.actions.keys import Keys
from twice.control.facts import names_in
from twice.execute.plan import Plan
from twice.execute.rebuilder import World, decide, key, unlikeness
from twice.execute.testimony import written_names
from twice.present.findings import ExplainedStep, Explanation
from twice.present.words import ago
from twice.records.artifact import Artifact
from twice.records.digest import Digest
from twice.records.run import RunRecord
from twice.records.trace import FileRead, Trace, VariableRead, Watched
from twice.records.version import StepSpec
from twice.store.store import Store


def explain_now(store: Store, plan: Plan, name: str, step: str | None = None) -> Explanation:
    """Say what a run of a plan would do now, without running anything.

    Args:
        store: The vault.
        plan: The pipeline as it is.
        name: What it was asked for by.
        step: Only this step.

    Raises:
        NotFound: There is no such step.
    """
    names = [spec.name for spec in plan.steps]
    if step is not None and step not in names:
        raise no_such_step(step, names, "the pipeline")
    steps = _Now(store, plan).steps()
    return Explanation(name=name, run="", version="", steps=tuple(one for one in steps if step in (None, one.step)))


class _Now:
    """What a run would do with each step: what it would receive is known as long as nothing before it would run."""

    def __init__(self, store: Store, plan: Plan) -> None:
        self.store = store
        self.plan = plan
        self.keys = Keys(store, plan)
        self.world = self.keys.world()
        self.outputs: dict[str, Artifact] = {}

    def steps(self) -> Iterator[ExplainedStep]:
        for spec in self.plan.steps:
            yield self._step(spec)

    def _step(self, spec: StepSpec) -> ExplainedStep:
        step = spec.name
        inputs = {name: self.outputs[source] for name, source in spec.inputs.items() if source in self.outputs}
        waits = [source for source in spec.inputs.values() if source not in self.outputs]
        earlier = list(earlier_traces(self.store, self.plan.pipeline, step))
        traces = [self.store.load(digest, Trace) for digest in reversed(dict.fromkeys(trace for _, trace in earlier))]
        wanted = self.keys.ingredients(step, inputs)
        if waits and traces:
            # What it received last stands for what is not known yet, so that what is told is known to differ.
            unknown = {f"input {name}" for name, source in spec.inputs.items() if source in waits}
            last = traces[-1].ingredients.items()
            wanted |= {name: value for name, value in last if name in unknown or name.startswith("class ")}
        always = step in self.plan.always
        decision = decide(wanted, () if always else self.store.traces(key(wanted)), traces, self.world)
        if decision.trace is None:
            reason = "it is set to run always" if always else decision.reason
            return self._would_run(spec, reason, wanted, inputs, earlier)
        if waits:
            before = " or ".join(dict.fromkeys(waits))
            return ExplainedStep(step=step, how="may run", reason=f"only if {before} gives something else than it did")
        self.outputs[step] = decision.trace.output
        return ExplainedStep(
            step=step,
            how="would be reused",
            reason=decision.reason,
            checked=counted(decision.trace.watched),
            assumed=assumed(decision.trace.watched),
            unchecked=unchecked(decision.trace.watched),
        )

    def _would_run(
        self,
        spec: StepSpec,
        reason: str,
        wanted: dict[str, str],
        inputs: dict[str, Artifact],
        earlier: list[tuple[Digest, Digest]],
    ) -> ExplainedStep:
        found = ExplainedStep(step=spec.name, how="would run", reason=reason)
        if not earlier:
            return found
        pairs = [(run, self.store.load(digest, Trace)) for run, digest in earlier]
        against, trace = min(pairs, key=lambda pair: unlikeness(pair[1].ingredients, wanted))
        record = self.store.load(against, RunRecord)
        before = asked_in(self.store, record, spec.name, trace)
        after = Asked(
            step=spec.name,
            ingredients=wanted,
            watched=_as_it_is(trace.watched, self.world),
            spec=spec,
            code=self.plan.code,
            snapshot=self.plan.snapshot,
            environment=self.plan.environment,
            declared=self.plan.declared,
            inputs={**before.inputs, **inputs},
            read=self._read,
        )
        return replace(
            found,
            against=against,
            since=ago(record.started),
            ingredients=differing(before, after),
            changes=changed(self.store, before, after),
        )

    def _read(self, root: str, path: str, content: Digest | None, stored: bool) -> bytes | None:
        del content, stored
        where = self.plan.ground.absolute(root, path)
        try:
            return written_names(names_in(str(where))) if where.is_dir() else where.read_bytes()
        except OSError:
            return None


def _as_it_is(watched: Watched, world: World) -> Watched:
    """What a step was seen to use, as that is now."""
    files = [now for file in watched.files if (now := _file_as_it_is(file, world)) is not None]
    loaded = [name.partition("==")[0] for name in watched.distributions]
    return msgspec.structs.replace(
        watched,
        files=tuple(files),
        variables=tuple(VariableRead(name=one.name, content=world.variable(one.name)) for one in watched.variables),
        distributions=tuple(f"{name}=={version}" for name in loaded if (version := world.distribution(name))),
    )


def _file_as_it_is(file: FileRead, world: World) -> FileRead | None:
    root, path, what = file.root, file.path, file.what
    if what in ("missing", "exists"):
        return file if world.exists(root, path) == (what == "exists") else None
    if what == "listing":
        return msgspec.structs.replace(file, content=world.listing(root, path))
    if what == "file":
        return msgspec.structs.replace(file, content=world.file(root, path))
    return msgspec.structs.replace(file, content=world.fact(what, root, path))
