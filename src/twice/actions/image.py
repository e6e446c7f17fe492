"""A version's environment as a container image, workers in it, and files for people without Twice."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twice.actions.lock import brought, laid_out
from twice.control import switches
from twice.environment import uv
from twice.environment.container import APT, ASK, EPOCH, STAGE, Engine, dockerfile, engine, mount
from twice.environment.installed import normalised
from twice.environment.lock import requirements_text, resolve, written
from twice.environment.machine import machine
from twice.environment.variables import variables
from twice.errors import EnvironmentUnusable
from twice.execute.launch import NAME, OWN, Launch
from twice.records.digest import Digest
from twice.records.environment import Distribution, Environment, Interpreter, SharedLibrary
from twice.records.lock import Lock
from twice.records.run import RunRecord
from twice.records.trace import Trace
from twice.store.store import ENVIRONMENTS, Store

MEMORY, CPUS, NETWORK, BASE = (
    "TWICE_CONTAINER_MEMORY",
    "TWICE_CONTAINER_CPUS",
    "TWICE_CONTAINER_NETWORK",
    "TWICE_BASE_IMAGE",
)
LOOK = "the Dockerfile can be looked at: `twice env export NAME --to FOLDER`"
OTHER_BASE = "--base IMAGE (or TWICE_BASE_IMAGE) takes another, as one that was loaded into the engine from a file"
PYTHON = "/venv/bin/python"
HOME = "/home/twice"


@dataclass(frozen=True)
class Image:
    """An image that was built.

    Attributes:
        engine: With what.
        name: Its name.
        id: The digest that the engine knows it by.
        base: The digest of the image that it stands on.
        told: What its interpreter said of itself.
    """

    engine: Engine
    name: str
    id: str
    base: str
    told: Mapping[str, Any]

    def environment(self) -> Environment:
        """What a process in it stands on."""
        here = machine()
        distributions = {
            normalised(name): Distribution(
                name=normalised(name), version=version, origin="unknown", top_level=tuple(top)
            )
            for name, version, top in self.told["distributions"]
        }
        from msgspec.structs import replace

        return Environment(
            interpreter=Interpreter(**{name: self.told[name] for name in Interpreter.__struct_fields__}),
            machine=replace(here, libc=self.told["libc"] or here.libc),
            distributions=tuple(distributions[name] for name in sorted(distributions)),
            variables=variables(),
            container=f"{self.engine.name} {self.id}",
        )


def default_base(lock: Lock) -> str:
    """The image that is built upon, unless another is named: the official Python, in its slim form."""
    return os.environ.get(BASE) or f"docker.io/library/python:{lock.python}-slim-bookworm"


def image(store: Store, run: Digest, lock: Lock, *, base: str | None = None) -> Image:
    """The image of a lock, built if it is not there.

    Args:
        store: The vault.
        run: The run that is the version's record; its steps say which system libraries are needed.
        lock: The lock.
        base: The image to build upon.

    Raises:
        EnvironmentUnusable: There is no engine, or the image cannot be built.
    """
    with_ = engine()
    wanted = base or default_base(lock)
    pinned, base_digest = _pin(with_, wanted)
    kept = store.path / ENVIRONMENTS / f"{lock.key.hex[:24]}-{base_digest.rpartition(':')[2][:12]}.image.json"
    known = _known(with_, kept)
    if known is not None:
        return known
    name = f"twice-env:{lock.key.hex[:16]}-{base_digest.rpartition(':')[2][:8]}"
    spool, build = store.spool(), secrets.token_hex(8)
    try:
        alone = _context(store, run, lock, spool, pinned, installer="uv", build=build)
        shutil.copy2(uv.program(), spool / "uv")
        _build(with_, name, spool, alone)
    finally:
        shutil.rmtree(spool, ignore_errors=True)
        with contextlib.suppress(EnvironmentUnusable):
            with_.run(["image", "prune", "-f", "--filter", f"label={STAGE}={build}"], doing="clear the first stage out")
    found = with_.image(name)
    if found is None:
        raise EnvironmentUnusable(f"{with_.name} built {name}, and does not know it.")
    asked = with_.run(["run", "--rm", "--network=none", name, PYTHON, "-c", ASK], doing="start the image")
    made = Image(with_, name, str(found["Id"]), base_digest, json.loads(asked.splitlines()[-1]))
    kept.parent.mkdir(exist_ok=True)
    kept.write_text(json.dumps({"name": name, "id": made.id, "base": base_digest, "told": made.told}))
    return made


def _build(with_: Engine, name: str, folder: Path, alone: bool) -> None:
    """Build, without a network where that is enough: it is not where the base lacks libraries of the system."""
    options = ["--timestamp", EPOCH, "--layers=false"] if with_.name == "podman" else []
    command = ["build", "-q", "--force-rm", *options, "-t", name]
    if alone:
        try:
            with_.run([*command, "--network=none", str(folder)], doing="build the image", hint=LOOK)
            return
        except EnvironmentUnusable as problem:
            if APT not in problem.message:
                raise
    with_.run([*command, "--network=host", str(folder)], doing="build the image", hint=LOOK)


def _known(with_: Engine, kept: Path) -> Image | None:
    try:
        told = json.loads(kept.read_bytes())
        found = with_.image(told["name"])
    except (OSError, ValueError, KeyError):
        return None
    if found is None or found["Id"] != told["id"]:
        return None
    return Image(with_, told["name"], told["id"], told["base"], told["told"])


def _pin(with_: Engine, base: str) -> tuple[str, str]:
    """The base by its digest, pulled if it is not here."""
    found = with_.image(base)
    if found is None:
        with_.run(["pull", "-q", base], doing=f"pull the base image {base}", hint=OTHER_BASE)
        found = with_.image(base)
    if found is None:
        raise EnvironmentUnusable(f"{with_.name} does not know the image {base}.", hint="name another with --base")
    if found.get("RepoDigests"):
        return str(found["RepoDigests"][0]), str(found["RepoDigests"][0]).partition("@")[2]
    return base, str(found["Id"])  # made here: no registry knows it, and its own digest is all there is


def _context(
    store: Store, run: Digest, lock: Lock, folder: Path, base: str, *, installer: str, build: str = ""
) -> bool:
    """Write what an image is built from; whether that is all, so that building it needs no network."""
    (folder / "wheels").mkdir()
    laid_out(store, lock, folder / "wheels", copies=True)
    alone = lock.kept
    if build and not alone:
        # What is not kept is brought here: the index's password, certificates and proxy are here, and not in the build.
        missing = {p.name: p.version for p in lock.packages if not any(file.kept for file in p.files)}
        alone = all(file.suffix == ".whl" for file in brought(missing, lock.python, folder / "wheels")[1])
    text = dockerfile(
        base,
        f"The environment of a version, rebuilt from the lock {lock.key}.",
        _libraries(store, run),
        alone=alone,
        installer=installer,
        python=".".join(lock.python.split(".")[:2]),
        build=build,
    )
    (folder / "Dockerfile").write_text(text)
    (folder / "requirements.txt").write_text(requirements_text(lock.packages))
    return alone


def _libraries(store: Store, run: Digest) -> set[SharedLibrary]:
    """The system's libraries that the recorded steps had loaded."""
    record = store.load(run, RunRecord)
    traces = [store.load(result.trace, Trace) for result in record.steps if result.trace is not None]
    return {library for trace in traces for library in store.load(trace.environment, Environment).libraries}


def contained(store: Store, run: Digest, lock: Lock, *, base: str | None = None) -> Launch:
    """How workers are started in a container: one for each worker, and none for each step.

    Inside there is the store (to be read, but for the folder of half-written things), Twice's own modules, and nothing
    else of this machine; the rest cannot be written, the home is fresh, and there is no network unless
    ``TWICE_CONTAINER_NETWORK`` names one. ``TWICE_CONTAINER_MEMORY`` and ``TWICE_CONTAINER_CPUS`` set limits.
    """
    built = image(store, run, lock, base=base)
    program, place = built.engine.program, str(store.path)
    limits = {
        "memory": os.environ.get(MEMORY, ""),
        "cpus": os.environ.get(CPUS, ""),
        "network": os.environ.get(NETWORK, "none"),
    }
    handed_on = sorted({*switches.variables(switches.default_settings()), *variables()})
    prefix = [program, "run", "-i", "--rm", "--name", NAME, "--network", limits["network"], "--read-only"]
    prefix += ["--cap-drop=ALL", "--security-opt=no-new-privileges", "--user", f"{os.getuid()}:{os.getgid()}"]
    prefix += ["--tmpfs", "/tmp:exec,mode=1777", "--tmpfs", f"{HOME}:mode=1777", "-e", f"HOME={HOME}"]
    prefix += [word for name in handed_on for word in ("-e", name)]
    for option in ("memory", "cpus"):
        prefix += [f"--{option}", limits[option]] if limits[option] else []
    prefix += [*mount(place, place), *mount(f"{place}/tmp", f"{place}/tmp", writable=True), *mount(str(OWN), "/twice")]
    return Launch(
        kind="container",
        python=PYTHON,
        prefix=(*prefix, "-w", HOME, built.id),
        environment=built.environment(),
        piped=True,
        own="/twice",
        stop=(program, "kill", NAME),
        detail={
            "lock": str(lock.key),
            "engine": built.engine.name,
            "image": built.id,
            "base": built.base,
            **{name: value for name, value in limits.items() if value},
        },
    )


def export(store: Store, run: Digest, lock: Lock, folder: Path, *, base: str | None = None) -> list[str]:
    """Write what is needed to rebuild an environment without Twice.

    Args:
        store: The vault.
        run: The run that is the version's record.
        lock: The lock.
        folder: Where; it is made if need be.
        base: The image that the Dockerfile builds upon.

    Returns:
        The files.
    """
    if folder.exists() and any(folder.iterdir()):
        raise EnvironmentUnusable(f"{folder} is not empty, and nothing in it is to be lost.", hint="name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    wanted = base or default_base(lock)
    _context(store, run, lock, folder, wanted, installer="pip")
    kept = {file.name for package in lock.packages for file in package.files if file.kept is not None}
    addresses = {name: f"wheels/{name}" for name in kept}
    pins = {p.name: p.version for p in lock.packages if not any(file.kept for file in p.files)}
    if pins:
        addresses = {**resolve(pins, lock.python).addresses, **addresses}
    (folder / "pylock.toml").write_text(written(lock.packages, lock.python, addresses))
    (folder / ".devcontainer").mkdir()
    about = {"name": "twice", "build": {"dockerfile": "../Dockerfile", "context": ".."}}
    (folder / ".devcontainer" / "devcontainer.json").write_text(json.dumps(about, indent=2) + "\n")
    return sorted(str(path) for path in folder.rglob("*") if path.is_file() and path.parent.name != "wheels")
