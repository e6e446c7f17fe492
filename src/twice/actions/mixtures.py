"""Mixtures of two versions: one's code, parameters, data, seed and packages with some of the other's, ready to run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from msgspec.structs import replace as with_fields

from twice.actions.environments import Experiments
from twice.actions.ground import scratch_ground
from twice.actions.prepare import from_version, imports_of
from twice.compare.division import Factor, Mixture
from twice.errors import Damaged, EnvironmentUnusable, NotFound
from twice.execute.launch import HERE, Launch
from twice.execute.plan import Plan
from twice.records.artifact import Artifact
from twice.records.canonical import digest as digest_of
from twice.records.code import Code, ModuleSource, Snapshot
from twice.records.digest import Digest
from twice.records.environment import Environment
from twice.records.run import RunRecord
from twice.records.trace import Trace
from twice.records.version import InputFile, StepSpec, Version
from twice.source.hybrid import Group, Written, groups, mix
from twice.store.store import Store

SETTINGS = {
    "hash_seed": "hash-seed",
    "threads": "threads",
    "timezone": "timezone",
    "locale": "locale",
    "deterministic": "parameters",
}
"""Determinism settings, and the factors that they are."""


@dataclass(frozen=True)
class Side:
    """One of the two versions.

    Attributes:
        run: Its record.
        version: It.
        plan: It, brought back.
        written: Its code as it was written down.
        environment: All that was installed.
    """

    run: RunRecord
    version: Version
    plan: Plan
    written: Written
    environment: Environment

    @cached_property
    def steps(self) -> dict[str, StepSpec]:
        """The steps by name."""
        return {step.name: step for step in self.version.steps}


def side_of(store: Store, run: Digest, label: str) -> Side:
    """One of two versions, brought back in an empty place."""
    record = store.load(run, RunRecord)
    version = store.load(record.version, Version)
    plan = from_version(store, record, label=label)
    snapshot = store.load(record.snapshot, Snapshot)
    written = Written(
        code=store.load(version.code, Code),
        snapshot=snapshot,
        outline=json.loads(store.get(snapshot.outline)),
        sources={module.name: store.get(module.source) for module in snapshot.modules if not module.namespace},
    )
    return Side(record, version, plan, written, _environment(store, record, plan.environment))


def _environment(store: Store, record: RunRecord, here: Environment) -> Environment:
    try:
        return store.load(record.environment, Environment)
    except (NotFound, Damaged):
        return here


@dataclass
class _Change:
    """What a factor changes when it is swapped."""

    ids: frozenset[str] = frozenset()
    wiring: frozenset[str] = frozenset()
    parameters: set[tuple[str, str]] = field(default_factory=set)
    files: set[tuple[str, str]] = field(default_factory=set)
    setting: str = ""
    seed: bool = False
    distribution: str = ""


class Mixtures:
    """All mixtures of two versions.

    Args:
        store: The vault.
        left: The first version.
        right: The second.
    """

    def __init__(self, store: Store, left: Side, right: Side) -> None:
        self.store = store
        self.sides = (left, right)
        self.changes: dict[str, _Change] = {}
        self.factors: list[Factor] = []
        self.untested: list[tuple[str, str, str]] = []
        self.order = _ordered(left.steps, right.steps)
        self.between = self._packages()
        self._find()
        self.affected = frozenset(step for factor in self.factors for step in factor.steps)

    # -- what can be swapped

    def _find(self) -> None:
        left, right = self.sides
        for group in groups(left.written, right.written):
            self._code(group)
        for name in sorted(left.steps.keys() & right.steps.keys()):
            self._step(left.steps[name], right.steps[name])
        self._files()
        if left.version.seed != right.version.seed:
            words = f"{left.version.seed} → {right.version.seed}"
            self._add(Factor("seed", "seed", words), _Change(seed=True), self.order)
        for name, factor in SETTINGS.items():
            was, now = (getattr(side.version.settings, name) for side in self.sides)
            if was != now:
                words = f"{name.replace('_', ' ')} {was} → {now}"
                self._add(Factor(f"setting {name}", factor, words), _Change(setting=name), self.order)
        self._distributions()

    def _add(self, factor: Factor, change: _Change, steps: Iterable[str]) -> None:
        self.factors.append(replace(factor, steps=self._downstream(steps)))
        self.changes[factor.name] = change

    def _downstream(self, steps: Iterable[str]) -> frozenset[str]:
        found = set(steps)
        for name in self.order:
            inputs = {
                source for side in self.sides if name in side.steps for source in side.steps[name].inputs.values()
            }
            if inputs & found:
                found.add(name)
        return frozenset(found)

    def _code(self, group: Group) -> None:
        left, right = self.sides
        steps = {
            name
            for side in self.sides
            for name, own in side.written.code.steps.items()
            if group.ids & {*own.reaches, f"step {name}"}
        }
        place = right.written.snapshot.places.get(group.name) or left.written.snapshot.places.get(group.name)
        written = right.written if group.name in right.written.nodes else left.written
        module = written.modules.get(place.module if place is not None else group.name.partition(":")[0])
        where = f"{module.path}:{place.line}" if module is not None and place is not None and place.line else ""
        name = group.name.partition(":")[2] or group.name
        self._add(
            Factor(group.name, "code", name, where or (module.path if module is not None else "")),
            _Change(ids=group.ids),
            {name.removesuffix(":compare") for name in steps},
        )

    def _step(self, was: StepSpec, now: StepSpec) -> None:
        """A step's parameters and wiring; what its function takes anew, or no more, goes with the function."""
        right = self.sides[1]
        function = right.written.code.steps[now.name].function
        own = next((c for name, c in self.changes.items() if function in c.ids or name == f"step {now.name}"), None)
        for name in sorted(was.parameters.keys() | now.parameters.keys()):
            before, after = was.parameters.get(name), now.parameters.get(name)
            if before is None or after is None:
                if own is not None:
                    own.parameters.add((now.name, name))
            elif before.content != after.content:
                key = f"{now.name}.{name}"
                words = f"{key} {before.preview} → {after.preview}"
                change = _Change(parameters={(now.name, name)})
                self._add(Factor(f"parameter {key}", "parameters", words), change, [now.name])
        if was.inputs != now.inputs:
            if was.inputs.keys() != now.inputs.keys() and own is not None:
                own.wiring |= {now.name}
                return
            words = f"what {now.name} receives"
            self._add(Factor(f"wiring {now.name}", "code", words), _Change(wiring=frozenset({now.name})), [now.name])

    def _files(self) -> None:
        left, right = ({(file.root, file.path): file for file in side.version.files} for side in self.sides)
        sources = {(module.root, module.path) for side in self.sides for module in side.written.snapshot.modules}
        for place in sorted(left.keys() | right.keys()):
            was, now = left.get(place), right.get(place)
            if place in sources or (was is not None and now is not None and was.content == now.content):
                continue
            readers = self._readers(place)
            if was is not None and now is not None and place[0]:
                self._add(Factor(f"file {place[1]}", "data", place[1], place[1]), _Change(files={place}), readers)
            elif was is not None and now is not None:
                self.untested.append(("data", place[1], "it lies outside the project, where nothing is put"))
            elif place[0] and self._looked_for_in_vain(self.sides[int(was is not None)], place):
                words = f"{place[1]}: {'there → not there' if now is None else 'not there → there'}"
                self._add(Factor(f"file {place[1]}", "data", words, place[1]), _Change(files={place}), readers)

    def _looked_for_in_vain(self, side: Side, place: tuple[str, str]) -> bool:
        """Whether a file was not there in one version's run: then that it is there in the other is a change."""
        traces = (self.store.load(result.trace, Trace) for result in side.run.steps if result.trace is not None)
        return any(
            (file.root, file.path) == place and file.what == "missing"
            for trace in traces
            for file in trace.watched.files
        )

    def _readers(self, place: tuple[str, str]) -> list[str]:
        """The steps that were seen to read a file; all, where that is not known."""
        found = []
        for side in self.sides:
            for result in side.run.steps:
                watched = self.store.load(result.trace, Trace).watched if result.trace is not None else None
                if watched is None or any((file.root, file.path) == place for file in watched.files):
                    found.append(result.step)
        return found or list(self.order)

    def _packages(self) -> Experiments | None:
        """Makes environments between both versions' where distributions that steps reach differ, if it can be done."""
        left, right = self.sides
        if not self._other_packages():
            return None
        between = Experiments(self.store, left.environment, right.environment)
        if shutil.which("uv") is None:
            return None
        try:
            for every in ((), between.names):
                between.launch(every)
        except EnvironmentUnusable as problem:
            self.untested.append(("environment", ", ".join(self._other_packages()), problem.message))
            return None
        return between

    def _other_packages(self) -> dict[str, str]:
        """Distributions that steps of either reach and whose version differs, with the steps and versions in words."""
        left, right = ({d.name: d.version for d in side.environment.distributions} for side in self.sides)
        return {
            name: f"{name} {left.get(name, 'not installed')} → {right.get(name, 'not installed')}"
            for name in sorted({name for side in self.sides for name in self._reached(side)})
            if left.get(name) != right.get(name)
        }

    @staticmethod
    def _reached(side: Side) -> dict[str, set[str]]:
        """Distribution → the steps that reach it."""
        kinds = {node.id for node in side.written.code.nodes if node.kind == "distribution"}
        found: dict[str, set[str]] = {}
        for step, own in side.written.code.steps.items():
            for id_ in kinds & set(own.reaches):
                found.setdefault(id_.partition("==")[0], set()).add(step)
        return found

    def _distributions(self) -> None:
        reached = [self._reached(side) for side in self.sides]
        for name, words in self._other_packages().items():
            if self.between is None:
                if not self.untested:
                    self.untested.append(("environment", words, "environments are built by uv, which is not here"))
                continue
            steps = {step for side in reached for step in side.get(name, ())}
            self._add(Factor(f"distribution {name}", "environment", words), _Change(distribution=name), steps)

    # -- mixing

    def plan(self, mixture: Mixture) -> tuple[Plan, Launch]:
        """A mixture, ready to be carried out, and how its workers are started.

        Args:
            mixture: The names of the factors that are as in the second version.

        Raises:
            EnvironmentUnusable: Its environment cannot be made.
        """
        every = {factor.name for factor in self.factors}
        launch = self._launch(mixture)
        if not mixture or mixture == every:
            plan = self.sides[bool(mixture)].plan if every else self.sides[0].plan
        else:
            plan = self._mixed(mixture, every)
        if launch.environment is not None:
            there = launch.environment
            plan = replace(plan, environment=there, environment_digest=self.store.add(there))
        return plan, launch

    def _launch(self, mixture: Mixture) -> Launch:
        if self.between is None:
            return HERE
        chosen = {self.changes[name].distribution for name in mixture} - {""}
        return self.between.launch(chosen)

    def _mixed(self, mixture: Mixture, every: Collection[str]) -> Plan:
        base = int(2 * len(mixture) > len(every))  # the version that more of it is from
        swapped = mixture if base == 0 else frozenset(every) - mixture
        ids = frozenset(id_ for name in swapped for id_ in self.changes[name].ids)
        found = mix(self.sides[base].written, self.sides[1 - base].written, ids)
        code = Code(nodes=found.code.nodes, steps=found.code.steps)
        modules = [with_fields(module, source=self._put(module, data)) for module, data in found.modules]
        left = self.sides[base].written.snapshot
        snapshot = Snapshot(
            code=digest_of(code),
            modules=tuple(modules),
            places=dict(found.places),
            outline=self.store.put(json.dumps(found.outline, sort_keys=True).encode()),
            values=found.values,
            cwd=left.cwd,
            search=tuple(dict.fromkeys((*left.search, *self.sides[1 - base].written.snapshot.search))),
        )
        files = tuple(self._mixed_files(mixture))
        settings = self.sides[0].version.settings
        changed = {self.changes[name].setting for name in mixture} - {""}
        other = self.sides[1].version.settings
        seed = self.sides[int(any(self.changes[name].seed for name in mixture))].version.seed
        return replace(
            self.sides[base].plan,
            steps=tuple(self._specs(mixture)),
            seed=seed,
            settings=with_fields(settings, **{name: getattr(other, name) for name in changed}),
            code=code,
            snapshot=snapshot,
            snapshot_digest=digest_of(snapshot),
            declared=files,
            ground=scratch_ground(self.store, snapshot, files),
            version=None,
            imports=imports_of(self.store, snapshot),
        )

    def _mixed_files(self, mixture: Mixture) -> Iterable[InputFile]:
        left, right = ({(file.root, file.path): file for file in side.version.files} for side in self.sides)
        swapped = {place for name in mixture for place in self.changes[name].files}
        known = {place for change in self.changes.values() for place in change.files}
        for place in sorted(left.keys() | right.keys()):
            first, second = (right, left) if place in swapped else (left, right)
            found = first.get(place) or (None if place in known else second[place])
            if found is not None:
                yield found

    def _specs(self, mixture: Mixture) -> Iterable[StepSpec]:
        left, right = (side.steps for side in self.sides)
        wired = {step for name in mixture for step in self.changes[name].wiring}
        set_ = {place for name in mixture for place in self.changes[name].parameters}
        specs = {}
        for name in self.order:
            was, now = left.get(name), right.get(name)
            if was is None or now is None:
                specs[name] = was or now
                continue
            parameters: dict[str, Artifact] = {}
            for parameter in {**was.parameters, **now.parameters}:
                chosen = now.parameters if (name, parameter) in set_ else was.parameters
                both = parameter in was.parameters and parameter in now.parameters
                if parameter in chosen or (both and parameter in now.parameters):
                    parameters[parameter] = chosen[parameter]
            spec = StepSpec(
                name=name, inputs=now.inputs if name in wired else was.inputs, parameters=parameters, files=was.files
            )
            specs[name] = spec
        return _in_order({name: spec for name, spec in specs.items() if spec is not None}, left.keys() & right.keys())

    def _put(self, module: ModuleSource, data: bytes) -> Digest:
        return module.source if module.namespace else self.store.put(data)


def _ordered(left: Mapping[str, StepSpec], right: Mapping[str, StepSpec]) -> list[str]:
    """All steps of both, each after what it takes from in either."""
    both = {**left, **right}
    wires = {name: [*_sources(left.get(name)), *_sources(right.get(name))] for name in both}
    return _sorted(wires)


def _sources(spec: StepSpec | None) -> list[str]:
    return list(spec.inputs.values()) if spec is not None else []


def _in_order(specs: Mapping[str, StepSpec], wanted: Collection[str]) -> list[StepSpec]:
    """The steps that some are made from, and these, in an order in which they can run."""
    needed, pending = set(wanted), list(wanted)
    while pending:
        for source in _sources(specs[pending.pop()]):
            if source in specs and source not in needed:
                needed.add(source)
                pending.append(source)
    return [specs[name] for name in _sorted({name: _sources(specs[name]) for name in specs}) if name in needed]


def _sorted(wires: Mapping[str, Collection[str]]) -> list[str]:
    """Names, each after those that it needs; what goes in a circle stays in the order that it has."""
    found: dict[str, None] = {}

    def visit(name: str, above: frozenset[str]) -> None:
        if name in found or name in above or name not in wires:
            return
        for needed in wires[name]:
            visit(needed, above | {name})
        found.setdefault(name)

    for name in wires:
        visit(name, frozenset())
    return list(found)
