"""What there is to say about a version, a run or a step."""

from __future__ import annotations

import contextlib

import msgspec

from twice.actions.listing import names_of, outcome, run_of, run_view
from twice.actions.noise_seen import noise_seen
from twice.actions.verifications import verifications, verifications_of_step
from twice.control.facts import FACTS
from twice.errors import Damaged, NotFound
from twice.history.changes import path_to
from twice.history.notes import blind_spots, observed, unfollowed
from twice.present.views import (
    EnvironmentView,
    FileView,
    Parameter,
    Reached,
    StepDetail,
    StepOutcome,
    StepView,
    VersionView,
)
from twice.records.code import Code, Place, Snapshot
from twice.records.digest import Digest
from twice.records.environment import Environment, NumericLibrary
from twice.records.run import RunRecord
from twice.records.trace import FileRead, Trace
from twice.records.version import StepSpec, Tolerance, Version
from twice.store.resolve import Found
from twice.store.store import Store


def version_view(store: Store, found: Found) -> VersionView:
    """What there is to say about a version and one run of it.

    Args:
        store: The vault.
        found: What a name means.
    """
    version = store.load(found.version, Version)
    code = store.load(version.code, Code)
    run = run_of(store, found.version, found.run)
    shown = run_view(store, run) if run is not None else None
    places = _places(store, run)
    outcomes = {step.step: step for step in shown.steps} if shown else {}
    environment = _environment_of(store, version, run)
    watchers = _watchers(store, run)
    return VersionView(
        version=found.version,
        pipeline=version.pipeline,
        names=tuple(names_of(store).get(found.version, ())),
        seed=version.seed,
        settings={
            "hash seed": str(version.settings.hash_seed),
            "threads": str(version.settings.threads),
            "time zone": version.settings.timezone,
            "locale": version.settings.locale,
            **({"deterministic": "what libraries offer is on"} if version.settings.deterministic else {}),
            **({"strict": "what is not declared is refused"} if version.strict else {}),
        },
        steps=tuple(_step_view(step, code, places, outcomes.get(step.name)) for step in version.steps),
        files=tuple(
            FileView(
                path=file.path,
                root=file.root,
                size=file.size,
                content=file.content,
                stored=file.stored,
                declared=file.declared,
            )
            for file in version.files
        ),
        environment=_environment(environment),
        run=shown,
        watcher=", ".join(watchers),
        blind_spots=_blind_spots(watchers),
        verified=verifications(store, [found.version]).get(found.version, ()),
    )


def step_detail(store: Store, found: Found, name: str) -> StepDetail:
    """All that is recorded of one step.

    Args:
        store: The vault.
        found: What the version's or the run's name means.
        name: The step.

    Raises:
        NotFound: There is no such step.
    """
    version = store.load(found.version, Version)
    spec = next((step for step in version.steps if step.name == name), None)
    if spec is None:
        known = ", ".join(step.name for step in version.steps)
        raise NotFound(f"{found.text} has no step {name!r}.", hint=f"its steps are {known}")
    run = run_of(store, found.version, found.run)
    result = None
    if run is not None:
        record = store.load(run, RunRecord)
        result = next((result for result in record.steps if result.step == name), None)
    trace = store.load(result.trace, Trace) if result and result.trace else None
    watched = trace.watched if trace else None
    reads = watched.files if watched else ()
    fared = outcome(store, result) if result else None
    verified = verifications_of_step(store, found.version, name)
    view = _step_view(spec, store.load(version.code, Code), _places(store, run), fared)
    return StepDetail(
        version=found.version,
        names=tuple(names_of(store).get(found.version, ())),
        run=run or "",
        step=view,
        ingredients=trace.ingredients if trace else {},
        received={name: str(content) for name, content in trace.inputs.items()} if trace else {},
        read=tuple(_read(file) for file in reads if file.what == "file"),
        looked_at=_paths(reads, "exists", *FACTS),
        missing=_paths(reads, "missing"),
        listed=_paths(reads, "listing"),
        written=tuple(path for _, path in watched.written) if watched else (),
        executed=watched.executed if watched else (),
        connected=watched.connected if watched else (),
        variables=tuple(variable.name for variable in watched.variables) if watched else (),
        observed=tuple(observed(one) for one in watched.ungoverned) if watched else (),
        stdout=_printed(store, trace.stdout) if trace else "",
        stderr=_printed(store, trace.stderr) if trace else "",
        watcher=watched.watcher if watched else "",
        confined=watched.confined if watched else "",
        blind_spots=(*unfollowed(watched), *_blind_spots([watched.watcher])) if watched else (),
        verified=verified,
        spread=noise_seen(store, trace) if trace else "",
    )


def _places(store: Store, run: Digest | None) -> dict[str, Place]:
    """Node → where it stands in the files that a run ran."""
    if run is None:
        return {}
    snapshot = store.load(store.load(run, RunRecord).snapshot, Snapshot)
    files = {module.name: module.path for module in snapshot.modules}
    return {
        node: Place(module=files.get(place.module, ""), line=place.line, end_line=place.end_line)
        for node, place in snapshot.places.items()
    }


def _limits(limit: Tolerance) -> str:
    numbers = (("rtol", limit.rtol), ("atol", limit.atol), ("ulps", limit.ulps))
    return " ".join(f"{word} {number:g}" for word, number in numbers if number) or "none"


def _step_view(spec: StepSpec, code: Code, places: dict[str, Place], fared: StepOutcome | None) -> StepView:
    own = code.steps[spec.name]
    nodes = {node.id: node for node in code.nodes}
    nowhere = Place(module="")
    reached = [nodes[id_] for id_ in own.reaches if id_ in nodes]
    home = own.function.partition(":")[0]
    reached.sort(key=lambda node: (node.id != own.function, node.id.partition(":")[0] != home, node.id))
    installed = [node.id for node in reached if node.kind == "distribution"]
    used = {to for node in reached if node.kind != "distribution" for _, to in node.edges}
    tolerances = [
        f"{word} {number:g}"
        for word, number in (("rtol", spec.rtol), ("atol", spec.atol), ("ulps", spec.ulps))
        if number
    ]
    tolerances += [f"{place}: {_limits(limit)}" for place, limit in spec.tolerance.items()]
    tolerances += ["its own comparison"] if spec.compare else []
    return StepView(
        name=spec.name,
        inputs=spec.inputs,
        parameters=tuple(
            Parameter(name=f"{spec.name}.{name}", value=value.preview, content=value.content)
            for name, value in spec.parameters.items()
        ),
        function=own.function,
        reaches=tuple(
            Reached(
                name=node.id,
                kind=node.kind,
                file=places.get(node.id, nowhere).module,
                line=places.get(node.id, nowhere).line,
                via=path_to(code, spec.name, node.id),
                note=node.note,
            )
            for node in reached
            if node.kind not in ("distribution", "builtin")
        ),
        distributions=tuple(name for name in installed if name in used),
        requirements=tuple(name for name in installed if name not in used),
        tolerance=", ".join(tolerances),
        allow=spec.allow,
        code=own.semantic,
        outcome=fared,
    )


def _environment_of(store: Store, version: Version, run: Digest | None) -> Environment:
    """All that was installed when a run was made, with the numeric libraries that its steps had loaded."""
    if run is None:
        return store.load(version.environment, Environment)
    record = store.load(run, RunRecord)
    whole = store.load(record.environment, Environment)
    libraries: dict[NumericLibrary, None] = {}
    for result in record.steps:
        if result.trace is not None:
            with contextlib.suppress(NotFound, Damaged):
                trace = store.load(result.trace, Trace)
                libraries |= dict.fromkeys(store.load(trace.environment, Environment).numeric)
    return msgspec.structs.replace(whole, numeric=tuple(libraries))


def _environment(found: Environment) -> EnvironmentView:
    machine = found.machine
    return EnvironmentView(
        python=f"{found.interpreter.implementation} {found.interpreter.version}",
        system=f"{machine.system} {machine.release} {machine.architecture}",
        libc=machine.libc,
        cpu=machine.cpu,
        cores=machine.cores,
        distributions=len(found.distributions),
        numeric=tuple(
            f"{library.name} {library.version}".strip()
            + f" ({', '.join(filter(None, (library.kernel, f'{library.threads} threads')))})"
            for library in found.numeric
        ),
        variables=dict(found.variables),
    )


def _watchers(store: Store, run: Digest | None) -> list[str]:
    if run is None:
        return []
    record = store.load(run, RunRecord)
    names = [store.load(result.trace, Trace).watched.watcher for result in record.steps if result.trace]
    return list(dict.fromkeys(names))


def _blind_spots(watchers: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(spot for watcher in watchers for spot in blind_spots(watcher)))


def _read(file: FileRead) -> FileView:
    return FileView(
        path=file.path,
        root=file.root,
        size=file.size,
        content=file.content or "",
        stored=file.stored,
        declared=False,
    )


def _paths(reads: tuple[FileRead, ...], *what: str) -> tuple[str, ...]:
    return tuple(file.path for file in reads if file.what in what)


def _printed(store: Store, printed: Digest | None) -> str:
    return store.get(printed).decode("utf-8", "replace") if printed else ""
