"""One step, from its plan to a trace: the task is written out, carried out, and what came out is put into the vault."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import site
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from twice.control import seeds, switches
from twice.control.bounds import Bounds
from twice.control.observe import clock_calls, generator_calls
from twice.control.operators import Operation
from twice.environment.libraries import libraries
from twice.environment.python import distributions_of
from twice.environment.record import host
from twice.environment.requirements import requirements
from twice.errors import ControlUnusable, StepFailed, TwiceError, ValueNotStorable, WorkerLost
from twice.execute.launch import HERE, Launch
from twice.execute.plan import Allowed, Plan
from twice.execute.testimony import Testimony
from twice.execute.undeclared import undeclared
from twice.execute.worker import PROTOCOL
from twice.execute.workers import Echo, Workers
from twice.records.artifact import Artifact, content_digest
from twice.records.code import COMPUTED_IMPORT, ModuleSource, Node
from twice.records.digest import Digest
from twice.records.environment import Environment, NumericLibrary
from twice.records.trace import Observed, Trace, Watched
from twice.store.store import Store
from twice.values.fingerprint import digest_source
from twice.values.kind import FileSource

CHECK_INPUTS_UP_TO = 256 << 20
"""Inputs larger than this (bytes) are not looked at again to see whether the step changed them."""

_CLOCK_WORDS = (b".now(", b".utcnow(", b".today(", b"datetime64", b"Timestamp")

SYSTEM = ("/proc/", "/sys/", "/dev/", "/etc/", "/usr/share/", "/usr/lib/", "/lib/", "/lib64/", "/var/cache/")
"""Folders of the operating system: part of the machine, not inputs."""


@dataclass(frozen=True)
class Performed:
    """What carrying out a step gave: a trace that is in the vault, and its name.

    Attributes:
        trace: It.
        digest: Its name.
        operators: What PyTorch was asked for, where an experiment wants to know: see ``control.operators``.
    """

    trace: Trace
    digest: Digest
    operators: tuple[Operation, ...] = ()


class Performer:
    """Carries out the steps of one plan.

    Args:
        store: The vault.
        plan: What to carry out.
        workers: Where.
        keep_files_up_to: Files larger than this (bytes) are recorded by digest only.
        launch: How the workers are started.
    """

    def __init__(
        self, store: Store, plan: Plan, workers: Workers, *, keep_files_up_to: int, launch: Launch = HERE
    ) -> None:
        self.store = store
        self.launch = launch
        self.plan = plan
        self.workers = workers
        self.keep_files_up_to = keep_files_up_to
        self._known_owners: dict[str, tuple[tuple[str, str], ...]] = {}

    def perform(
        self,
        step: str,
        key: Digest,
        ingredients: dict[str, str],
        inputs: Mapping[str, Artifact],
        echo: Echo | None,
        *,
        predictions: bool = False,
    ) -> Performed:
        """Carry out one step and file its trace.

        Args:
            step: The step's name.
            key: Its key.
            ingredients: What the key was made from.
            inputs: What its wired parameters receive.
            echo: Gets what it prints.
            predictions: The step is not called: its inputs are models and data, and asked for is what they predict.

        Raises:
            StepFailed: The step's own code raised.
            WorkerLost: Its process died.
        """
        spec = self.plan.step(step)
        spool = self.store.spool()
        places = self.plan.snapshot.places
        task = {
            "protocol": PROTOCOL,
            "step": step,
            "cwd": str(self.plan.ground.cwd),
            "sys_path": self._search(),
            "search_own": self.launch.foreign,
            "seed": seeds.derive(self.plan.seed, step),
            "roots": {name: str(folder) for name, folder in self.plan.ground.roots.items()},
            "modules": self._modules,
            "outline": str(self.store.file(self.plan.snapshot.outline)),
            "values": self._values,
            "inputs": {name: self.stored(value) for name, value in inputs.items()},
            "parameters": {name: self.stored(value) for name, value in spec.parameters.items()},
            "ignore": [*self._ignored, *_folders([str(spool)])],
            "imports_anything": any(COMPUTED_IMPORT in node.note for node in self._reached(step)),
            "foreseen": sorted({places[node.id].module for node in self._reached(step) if node.id in places}),
            "known_variables": sorted(switches.variables(self.plan.settings)),
            "check_inputs_up_to": 0 if predictions else CHECK_INPUTS_UP_TO,
            "predictions": predictions,
            "conditions": dict(self.plan.conditions),
            "strict": None,
            "deterministic": self.plan.settings.deterministic and not spec.allow,
        }
        bounds = self._bounds(step, spool, task)
        file = spool / "task.json"
        file.write_text(json.dumps(task), encoding="utf-8")
        started = time.time_ns()
        try:
            result = self.workers.run(file, echo)
        except WorkerLost as problem:
            if bounds is not None and (refused := undeclared(step, bounds, spool, None, self.plan.ground)):
                raise refused from None
            raise WorkerLost(f"step {step!r}: {problem.message}", hint=problem.hint) from None
        finally:
            if bounds is not None:
                shutil.rmtree(bounds.temporary, ignore_errors=True)
        stdout, stderr = (self._printed(spool / name) for name in ("stdout", "stderr"))
        if bounds is not None and (refused := undeclared(step, bounds, spool, result.get("error"), self.plan.ground)):
            raise refused
        if result["status"] == "failed":
            raise self._failed(step, result["error"])
        output = self._artifact(spool, result["output"])
        if output.executes:
            output = replace(output, unstable=not self._same_elsewhere(task, output))
        trace = Trace(
            key=key,
            step=step,
            ingredients=ingredients,
            inputs={name: value.content for name, value in inputs.items()},
            output=output,
            watched=self._watched(step, result["watched"], spool / "asked.json"),
            started=started,
            duration=result["duration"],
            host=host(),
            environment=self._environment(result["numeric"], result["mapped"]),
            stdout=stdout,
            stderr=stderr,
            mutated=tuple(result["mutated"]),
        )
        digest = self.store.add(trace)
        shutil.rmtree(spool, ignore_errors=True)
        return Performed(trace, digest, tuple(self._operation(*one) for one in result["operators"]))

    def _operation(self, name: str, given: str, gave: str, file: str, line: int) -> Operation:
        return name, given, gave, self.plan.ground.locate(file)[1] if file else "", line

    def _bounds(self, step: str, spool: Path, task: dict[str, Any]) -> Bounds | None:
        """If the pipeline is strict, what the step may touch; the task is told."""
        if self.plan.strict is None:
            return None
        allowed = self.plan.strict.get(step, Allowed())  # an author's comparison is no step of the pipeline
        files, folders = (
            [os.path.realpath(self.plan.ground.absolute(root, path)) for root, path in places]
            for places in (allowed.files, allowed.folders)
        )
        stored = [*task["values"], *task["inputs"].values(), *task["parameters"].values()]
        given = [task["outline"], *(module["data"] for module in self._modules if module["data"])]
        for value in stored:
            given += [value["skeleton"], *value["buffers"], *value["aside_buffers"]]
            given += [value["aside"]] if value["aside"] else []
        code = [module["file"] for module in self._modules if not module["namespace"]]
        bounds = Bounds(
            environment=tuple(place.rstrip("/") for place in (*_folders(self._of_environment), *_of_prefixes())),
            files=tuple(dict.fromkeys(map(os.path.realpath, (*given, *code, *files)))),
            folders=tuple(folders),
            writable=(os.path.realpath(spool),),
            temporary=f"{_temporary(self.launch)}/twice-{secrets.token_hex(6)}",
        )
        task["strict"] = bounds.tell()
        task["ignore"] = [*task["ignore"], f"{bounds.temporary}/"]
        task["known_variables"] = [*task["known_variables"], "TMPDIR"]
        return bounds

    def _same_elsewhere(self, task: Mapping[str, Any], output: Artifact) -> bool:
        """Whether an opaque output is named the same when it is brought back in a process with another hash seed."""
        spool = self.store.spool()
        file = spool / "task.json"
        # What it may touch was for its own run; nothing is called here but what brings the value back.
        usual = {**task, "inputs": {}, "parameters": {}, "strict": None, "again": self.stored(output)}
        file.write_text(json.dumps(usual), encoding="utf-8")
        try:
            found = self.workers.with_hash_seed((self.plan.settings.hash_seed + 1) % 2**32).run(file)
            if found["status"] == "failed":
                return False
            parts = [found["output"]["skeleton"], *found["output"]["buffers"]]
            skeleton, *buffers = (
                digest_source(FileSource(spool / part, (spool / part).stat().st_size)) for part in parts
            )
            return content_digest(skeleton, tuple(buffers)) == output.content
        except WorkerLost:
            return False
        finally:
            shutil.rmtree(spool, ignore_errors=True)

    def _failed(self, step: str, error: Mapping[str, str]) -> TwiceError:
        """What a worker told of a failure; paths of a scratch place are shown as seen from its roots."""
        if error["unusable"]:
            return ControlUnusable(f"step {step!r}: {error['unusable']}", hint=error["hint"])
        if error["path"]:
            place = error["path"].replace("output", f"the output of step {step!r}", 1)
            why = error["summary"].partition(f"{error['path']}: ")[2].partition("\n\nhint:")[0]
            return ValueNotStorable(f"{place}: {why}", path=error["path"], hint=error["hint"])
        traceback = error["traceback"]
        if not self.plan.ground.live:
            for folder in self.plan.ground.roots.values():
                traceback = traceback.replace(f"{folder}{os.sep}", "")
        return StepFailed(step, error["summary"], traceback)

    # -- the way in

    def _search(self) -> list[str]:
        """Where modules are looked for; another interpreter adds its own installed packages itself."""
        if not self.launch.foreign:
            return list(self.plan.ground.search)
        return [entry for entry in self.plan.ground.search if self.plan.ground.locate(entry)[0]]

    def _reached(self, step: str) -> list[Node]:
        reached = set(self.plan.code.steps[step].reaches)
        return [node for node in self.plan.code.nodes if node.id in reached]

    def stored(self, value: Artifact) -> dict[str, Any]:
        """A stored value in the worker's terms: files of the vault."""
        return {
            "skeleton": str(self.store.file(value.skeleton)),
            "buffers": [str(self.store.file(digest)) for digest in value.buffers],
            "aside": str(self.store.file(value.aside)) if value.aside else None,
            "aside_buffers": [str(self.store.file(digest)) for digest in value.aside_buffers],
            "executes": value.executes,
            "size": value.size,
        }

    @cached_property
    def _modules(self) -> list[dict[str, Any]]:
        """The sources in the worker's terms."""
        return [self._module(module) for module in self.plan.snapshot.modules]

    @cached_property
    def _values(self) -> list[dict[str, Any]]:
        """The captured values in the worker's terms."""
        return [self.stored(value) for value in self.plan.snapshot.values]

    def _module(self, module: Any) -> dict[str, Any]:
        cell = module.root == "cells"
        file = f"<{module.path}>" if cell else str(self.plan.ground.absolute(module.root, module.path))
        return {
            "name": module.name,
            "file": file,
            "data": "" if module.namespace else str(self.store.file(module.source)),
            "package": module.package,
            "namespace": module.namespace,
        }

    @cached_property
    def _of_environment(self) -> set[str]:
        """Folders of the interpreter and of installed packages."""
        paths = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib", "include")}
        paths |= {*site.getsitepackages(), site.getusersitepackages()}
        # Packages may also be installed in a folder that PYTHONPATH names.
        paths |= {entry for entry in self.plan.ground.search if Path(entry).name in ("site-packages", "dist-packages")}
        # Another interpreter also looks for its shared libraries beside its standard library.
        paths |= {
            str(Path(entry).parent) for entry in self.launch.search if Path(entry).parent.name in ("lib", "lib64")
        }
        paths |= {str(Path(__file__).parent.parent)}
        paths |= {str(prefix / part) for prefix in _prefixes() for part in ("bin", "lib", "lib64", "include")}
        home = Path.home()
        paths |= {str(home / place / "matplotlib") for place in (".cache", ".config")}
        paths |= {str(home / place / "fontconfig") for place in (".cache", ".config")}
        return paths

    @cached_property
    def _ignored(self) -> list[str]:
        """What is no input when it is read: the interpreter, installed packages, and the vault."""
        prefixes = _prefixes()
        # Not the whole store: a loaded version runs in a scratch place inside it.
        paths = self._of_environment | set(map(str, self.store.own_folders))
        configured = sorted(f"{prefix}/pyvenv.cfg" for prefix in prefixes)
        # Where an interpreter looks for itself when it starts, as far up as there are folders.
        archive = f"lib/python{sys.version_info.major}{sys.version_info.minor}.zip"
        archives = {str(above / archive) for prefix in prefixes for above in (prefix, *prefix.parents)}
        return [*_folders(paths), *SYSTEM, sys.executable, *sorted(archives), *configured]

    # -- the way out

    def _printed(self, file: Path) -> Digest | None:
        data = file.read_bytes() if file.exists() else b""
        return self.store.put(data) if data else None

    def _artifact(self, spool: Path, output: dict[str, Any]) -> Artifact:
        names = [output["skeleton"], *output["buffers"], *output["aside_buffers"]]
        names += [output["aside"]] if output["aside"] else []
        unique = list(dict.fromkeys(names))
        size = sum((spool / name).stat().st_size for name in unique)
        digests = dict(zip(unique, self.store.adopt_many([spool / name for name in unique]), strict=True))
        skeleton = digests[output["skeleton"]]
        buffers = tuple(digests[name] for name in output["buffers"])
        return Artifact(
            kind=output["kind"],
            content=content_digest(skeleton, buffers),
            skeleton=skeleton,
            buffers=buffers,
            aside=digests[output["aside"]] if output["aside"] else None,
            aside_buffers=tuple(digests[name] for name in output["aside_buffers"]),
            size=size,
            preview=output["preview"],
            references=tuple(output["references"]),
            executes=output["executes"],
        )

    def _watched(self, step: str, seen: dict[str, Any], asked_file: Path) -> Watched:
        """What both watchers saw: the one inside the interpreter, and the one at the kernel's door if there was one."""
        asked: dict[str, Any] = json.loads(asked_file.read_bytes()) if asked_file.exists() else {}
        told = Testimony(
            self.store,
            self.plan.ground,
            [seen, asked] if asked else [seen],
            keep_files_up_to=self.keep_files_up_to,
        )
        return Watched(
            watcher=f"audit and {asked['watcher']}" if asked else "audit",
            files=told.files(),
            written=told.written(),
            executed=tuple(sorted(told.all("executed"))),
            connected=tuple(sorted(told.all("connected"))),
            variables=told.variables(),
            observed=(
                *(self._observed(*noted) for noted in seen["observed"] if noted[0] != "global generator" or noted[2]),
                *self._without_lines(step, seen, asked),
            ),
            distributions=self._unforeseen(seen["modules"]),
            unstable=tuple(sorted(told.unstable)),
            unseen=tuple(sorted(told.all("unseen"))),
            confined=seen["confined"],
        )

    def _observed(self, what: str, which: str, file: str, line: int) -> Observed:
        root, path = self.plan.ground.locate(file) if file and not file.startswith("<") else ("", file)
        return Observed(what=what, which=which, root=root, path=path, line=line)

    def _without_lines(self, step: str, seen: Mapping[str, Any], asked: Mapping[str, Any]) -> list[Observed]:
        """What can only be read in the code that a step reaches, or was only seen at the kernel's door."""
        found: list[Observed] = []
        drawn = {which for what, which, _, _ in seen["observed"] if what == "global generator"}
        drawn -= {which for what, which, file, _ in seen["observed"] if what == "global generator" and file}
        placed = set()
        for module, spans, source in self._sources(step):
            for which, line in clock_calls(source, spans) if any(word in source for word in _CLOCK_WORDS) else ():
                found.append(Observed(what="clock", which=which, root=module.root, path=module.path, line=line))
            for generator, which, line in generator_calls(source, spans) if drawn else ():
                if generator in drawn:
                    placed.add(generator)
                    found.append(
                        Observed(what="global generator", which=which, root=module.root, path=module.path, line=line)
                    )
        found += [Observed(what="global generator", which=which) for which in sorted(drawn - placed)]
        if asked.get("entropy", 0) > seen["asked"]:
            found.append(Observed(what="native entropy", which="getrandom"))
        return found

    def _sources(self, step: str) -> Iterator[tuple[ModuleSource, list[tuple[int, int]], bytes]]:
        """The sources that a step reaches, with the lines that it does."""
        snapshot = self.plan.snapshot
        places = [snapshot.places[id_] for id_ in self.plan.code.steps[step].reaches if id_ in snapshot.places]
        for module in snapshot.modules:
            spans = [(place.line, place.end_line) for place in places if place.module == module.name and place.line]
            if spans and not module.namespace:
                yield module, spans, self.store.get(module.source)

    def _unforeseen(self, modules: list[str]) -> tuple[str, ...]:
        """Distributions that a step loaded though no import in the captured code leads to them."""
        found = {owner for module in modules for owner in self._owners(module)} - self._foreseen
        return tuple(sorted(f"{name}=={version}" for name, version in found))

    @cached_property
    def _foreseen(self) -> set[tuple[str, str]]:
        """Distributions that the captured sources import, and what these stand on."""
        pending = [owner for name in self.plan.imports for owner in self._owners(name)]
        found: set[tuple[str, str]] = set()
        while pending:
            owner = pending.pop()
            if owner not in found:
                found.add(owner)
                pending += requirements(owner[0], self.launch.search)
        return found

    def _owners(self, module: str) -> tuple[tuple[str, str], ...]:
        """The distributions that a module belongs to, where the workers run; looked up once for all steps."""
        if module not in self._known_owners:
            self._known_owners[module] = self._look_up_owners(module)
        return self._known_owners[module]

    def _look_up_owners(self, module: str) -> tuple[tuple[str, str], ...]:
        if self.launch.foreign and not self.launch.search:  # in a container: what was recorded of it has to do
            assert self.launch.environment is not None
            top = module.partition(".")[0]
            return tuple((d.name, d.version) for d in self.launch.environment.distributions if top in d.top_level)
        return distributions_of(module, self.launch.search or None)

    def _environment(self, numeric: list[dict[str, Any]], mapped: list[str]) -> Digest:
        loaded = {
            NumericLibrary(
                name=found.get("prefix") or found.get("internal_api") or "",
                version=found.get("version") or "",
                kernel=found.get("architecture") or "",
                threads=found.get("num_threads") or 0,
            )
            for found in numeric
        }
        here = self.plan.environment
        return self.store.add(
            Environment(
                interpreter=here.interpreter,
                machine=here.machine,
                distributions=here.distributions,
                numeric=tuple(sorted(loaded, key=lambda library: (library.name, library.version, library.kernel))),
                variables=here.variables,
                libraries=libraries(() if self.launch.piped else mapped),
                container=here.container,
            )
        )


def _prefixes() -> set[Path]:
    """Where this interpreter and the one that its environment was made from are installed."""
    return {Path(prefix) for prefix in (sys.prefix, sys.base_prefix)}


def _of_prefixes() -> list[str]:
    """What else of an environment a strict step may read: what packages install beside their modules."""
    return [str(prefix / name) for prefix in _prefixes() for name in ("share", "etc", "ssl", "pyvenv.cfg")]


def _temporary(launch: Launch) -> str:
    """Where temporary files are made where the worker is."""
    return "/tmp" if launch.piped else os.path.realpath(tempfile.gettempdir())


def _folders(paths: Iterable[str]) -> list[str]:
    """Folders as watchers know them: without detours, with and without links followed, and a separator at the end."""
    found = {os.path.join(clean(path), "") for path in paths for clean in (os.path.abspath, os.path.realpath)}  # noqa: PTH118
    return sorted(found)
