"""From a drawing, or from a saved version, to a plan."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from inspect import signature
from pathlib import Path

from twice.actions.declared import declared_here, declared_then, files_of
from twice.actions.files_here import files_here
from twice.actions.ground import scratch_ground
from twice.control.switches import default_settings
from twice.define.pipeline import Drawing
from twice.environment.python import distribution_of
from twice.environment.record import environment, with_edits
from twice.environment.requirements import requirements
from twice.errors import CaptureError, DefinitionError, ParameterError, ValueNotStorable
from twice.execute.plan import Ground, Plan
from twice.execute.worker import step_at_work
from twice.records.artifact import Artifact
from twice.records.code import Code, ModuleSource, Snapshot
from twice.records.digest import Digest
from twice.records.environment import Environment
from twice.records.run import RunRecord
from twice.records.version import InputFile, StepSpec, Version
from twice.source.memory import Memory
from twice.source.pieces import modules_imported
from twice.source.snapshot import Capture, capture
from twice.store.store import Store
from twice.values import artifact as artifacts
from twice.values.encode import Encoded, encode
from twice.values.kind import BufferSource, FileSource, Hook

_LARGE = 1 << 24
"""Bytes of captured values, taken apart, that may wait to be put into the vault together."""


class Installed:
    """What is installed in this interpreter."""

    def owner(self, module: str) -> tuple[str, str] | None:
        """Name and version of the distribution that provides a module."""
        return distribution_of(module)

    def requirements(self, name: str) -> list[tuple[str, str]]:
        """Name and version of the installed distributions that one needs."""
        return requirements(name)


def from_drawing(
    store: Store,
    drawing: Drawing,
    params: Mapping[str, object] | None,
    project: Path,
    compatible: Iterable[str] = (),
) -> tuple[Plan, Capture]:
    """Capture a pipeline that is being worked on.

    Args:
        store: The vault; sources and captured values are put into it.
        drawing: The pipeline.
        params: What is set otherwise than by default.
        project: The project's folder.
        compatible: Steps whose edits the user calls compatible.

    Raises:
        CaptureError: A step reaches what cannot be brought back elsewhere.
        ParameterError: There is no such parameter, or its value cannot be stored.
    """
    _not_inside_a_step()
    values = drawing.parameters(params)
    compatible = frozenset([compatible] if isinstance(compatible, str) else compatible)
    if unknown := sorted(compatible - {step.name for step in drawing.steps}):
        names = ", ".join(step.name for step in drawing.steps)
        raise DefinitionError(f"there is no step {unknown[0]!r} whose edit could be compatible; the steps are {names}.")
    cwd = Path.cwd()
    captured = capture(
        {**{step.name: step.function for step in drawing.steps}, **comparisons(drawing)},
        project=project,
        cwd=cwd,
        search=sys.path,
        distributions=Installed(),
        memory=_memory(store),
    )
    ground = Ground(
        roots=dict(captured.roots.folders),
        cwd=cwd,
        search=tuple(str(Path(entry or ".").absolute()) for entry in sys.path),
        live=True,
    )
    specs = tuple(
        StepSpec(
            name=step.name,
            inputs=dict(drawing.wiring.inputs[step.name]),
            parameters={
                name: _put_parameter(store, f"{step.name}.{name}", value) for name, value in values[step.name].items()
            },
            files=tuple(dict.fromkeys([*step.options.inputs, *drawing.inputs])),
            rtol=step.options.rtol,
            atol=step.options.atol,
            ulps=step.options.ulps,
            tolerance=dict(step.options.tolerance),
            compare=required(step.options.compare) if step.options.compare is not None else (),
            allow=step.options.allow,
            accept=step.options.accept,
        )
        for step in drawing.steps
    )
    code = Code(nodes=tuple(captured.nodes.values()), steps=dict(captured.steps))
    snapshot = _put_snapshot(store, captured, store.add(code))
    here = with_edits(environment(()), _reached(code))
    plan = Plan(
        pipeline=drawing.name,
        label=drawing.version or "",
        steps=specs,
        seed=drawing.seed,
        settings=default_settings(deterministic=drawing.deterministic),
        code=code,
        snapshot=snapshot,
        snapshot_digest=store.add(snapshot),
        declared=tuple(_declared(store, (pattern for spec in specs for pattern in spec.files), ground)),
        environment=here,
        environment_digest=store.add(here),
        ground=ground,
        always=frozenset(step.name for step in drawing.steps if step.options.always),
        compatible=compatible,
        imports=captured.imports,
        strict=declared_here(specs, ground) if drawing.strict else None,
    )
    return plan, captured


def comparisons(drawing: Drawing) -> dict[str, Callable[..., object]]:
    """The authors' own comparisons by the names under which they are captured beside the steps."""
    given = ((step.name, step.options.compare) for step in drawing.steps)
    return {f"{name}:compare": compare for name, compare in given if compare is not None}


def required(function: Callable[..., object]) -> tuple[str, ...]:
    """The names of a function's parameters that have no default, in their order."""
    taken = signature(function).parameters.values()
    return tuple(parameter.name for parameter in taken if parameter.default is parameter.empty)


def from_version(
    store: Store,
    run: RunRecord,
    params: Mapping[str, object] | None = None,
    *,
    label: str = "",
    on: Environment | None = None,
    files_as_here: bool = False,
) -> Plan:
    """Bring a saved version back, in an empty place.

    Args:
        store: The vault.
        run: The run that is the version's record.
        params: What is set otherwise than in the version; then the plan is for another version of the same code.
        label: What people call it.
        on: The environment that it is to run on; by default this process's.
        files_as_here: Files that cannot be brought back are read as they are here, and the plan says which.

    Raises:
        InputChanged: A file that it reads cannot be brought back.
        ParameterError: There is no such parameter.
    """
    _not_inside_a_step()
    version = store.load(run.version, Version)
    snapshot = store.load(run.snapshot, Snapshot)
    code = store.load(version.code, Code)
    here = on or with_edits(environment(()), _reached(code))
    specs = _with_parameters(store, version.steps, params)
    files, changed = files_here(store, version.files) if files_as_here else (version.files, ())
    return Plan(
        pipeline=version.pipeline,
        label=label,
        steps=specs,
        seed=version.seed,
        settings=version.settings,
        code=code,
        snapshot=snapshot,
        snapshot_digest=run.snapshot,
        declared=files,
        environment=here,
        environment_digest=store.add(here),
        ground=scratch_ground(store, snapshot, files),
        version=run.version if specs == version.steps else None,
        imports=imports_of(store, snapshot),
        strict=declared_then(specs, version.files) if version.strict else None,
        changed=changed,
    )


def _reached(code: Code) -> list[str]:
    """The names of the distributions that some code reaches."""
    return [node.id.partition("==")[0] for node in code.nodes if node.kind == "distribution"]


def _not_inside_a_step() -> None:
    """Refuse to run a pipeline while a step's process imports the module that does so: it would go on for ever."""
    if step := step_at_work():
        raise DefinitionError(
            f"a pipeline is run by the process of the step {step!r} of a pipeline: most likely a module that the step "
            "needs runs one when it is imported.",
            hint='put the call of run() below `if __name__ == "__main__":`, or into a function',
        )


def put_value(store: Store, value: object, *, describe: str, hook: Hook | None = None) -> Artifact:
    """Put a value of this process into the vault.

    Raises:
        ValueNotStorable: No kind of value can hold it.
    """
    return _put_together(store, [encode(value, describe=describe, hook=hook)])[0]


def _put_together(store: Store, values: Sequence[Encoded]) -> list[Artifact]:
    """Put values that were taken apart into the vault, their bytes all at once."""
    parts = {
        id(part): part
        for value in values
        for part in (value.skeleton, *value.buffers, *filter(None, [value.aside]), *value.aside_buffers)
    }
    plain = {number: part for number, part in parts.items() if not isinstance(part, FileSource)}
    digests = dict(zip(plain, store.put_many(plain.values()), strict=True))

    def put_object(source: BufferSource) -> Digest:
        return store.put_file(source.path) if isinstance(source, FileSource) else digests[id(source)]

    return [artifacts.put(value, put_object) for value in values]


def _put_parameter(store: Store, name: str, value: object) -> Artifact:
    try:
        return put_value(store, value, describe=name)
    except ValueNotStorable as problem:
        raise ParameterError(
            f"the parameter {name} cannot be saved: {problem.message}",
            hint="a parameter is a value such as a number, a text, a list or a table; make the rest inside the step",
        ) from None


def _put_snapshot(store: Store, captured: Capture, code: Digest) -> Snapshot:
    sources = store.put_many(file.data for file in captured.files)
    values: list[Artifact] = []
    waiting: list[Encoded] = []
    size = 0
    for value in captured.state.values:
        try:
            waiting.append(encode(value, describe="a captured value", hook=captured.reach.values.hook))
        except ValueNotStorable as problem:
            raise CaptureError(f"a value that the steps reach cannot be saved: {problem.message}") from None
        size += waiting[-1].size
        if size > _LARGE:
            values += _put_together(store, waiting)
            waiting, size = [], 0
    values += _put_together(store, waiting)
    outline = json.dumps(captured.state.outline, sort_keys=True, separators=(",", ":")).encode()
    return Snapshot(
        code=code,
        modules=tuple(
            ModuleSource(
                name=file.name,
                root=file.root,
                path=file.path,
                source=source,
                package=file.package,
                namespace=file.namespace,
            )
            for file, source in zip(captured.files, sources, strict=True)
        ),
        places=dict(captured.places),
        outline=store.put(outline),
        values=tuple(values),
        cwd=captured.roots.cwd,
        search=captured.search,
    )


def _declared(store: Store, patterns: Iterable[str], ground: Ground) -> Iterable[InputFile]:
    """The files that declared paths and patterns mean now."""
    for pattern in dict.fromkeys(patterns):
        found = [match for match in files_of(pattern, ground) if match.is_file()]
        if not found:
            raise DefinitionError(
                f"the declared input {pattern!r} matches no file.",
                hint=f"it is looked for in {ground.cwd} and in the project {ground.roots['project']}",
            )
        for file, content in zip(found, store.put_files(found), strict=True):
            root, path = ground.locate(os.path.realpath(file))
            yield InputFile(root=root, path=path, content=content, size=file.stat().st_size, declared=True)


def _memory(store: Store) -> Memory:
    """What is known of sources from before."""
    return Memory(store.memo("sources"))


def imports_of(store: Store, snapshot: Snapshot) -> tuple[str, ...]:
    """Every module that a snapshot's sources import by name, wherever in them."""
    memory = _memory(store)
    names: set[str] = set()
    for module in snapshot.modules:
        if not module.namespace:
            known = memory.known(module.source)
            names.update(known.modules if known is not None else modules_imported(store.get(module.source)))
    return tuple(sorted(names))


def _with_parameters(
    store: Store, steps: tuple[StepSpec, ...], params: Mapping[str, object] | None
) -> tuple[StepSpec, ...]:
    """A version's steps with some parameters set otherwise."""
    if not params:
        return steps
    known = {f"{step.name}.{name}": (step.name, name) for step in steps for name in step.parameters}
    changed: dict[tuple[str, str], Artifact] = {}
    for key, value in params.items():
        having = [known[key]] if key in known else [place for place in known.values() if place[1] == key]
        if len(having) != 1:
            what = f"several steps have a parameter {key!r}" if having else f"there is no parameter {key!r}"
            raise ParameterError(f"{what}; this version has {', '.join(known) or 'none'}.", hint="as in 'fit.depth'")
        changed[having[0]] = _put_parameter(store, ".".join(having[0]), value)
    return tuple(
        StepSpec(
            name=step.name,
            inputs=step.inputs,
            parameters={name: changed.get((step.name, name), value) for name, value in step.parameters.items()},
            files=step.files,
            rtol=step.rtol,
            atol=step.atol,
            ulps=step.ulps,
            tolerance=step.tolerance,
            compare=step.compare,
            allow=step.allow,
            accept=step.accept,
        )
        for step in steps
    )
