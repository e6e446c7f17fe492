"""What is to be carried out, and on which ground."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from twice.execute.worker import FORK_SAFE
from twice.records.code import Code, Snapshot
from twice.records.digest import Digest
from twice.records.environment import Environment, Settings
from twice.records.version import InputFile, StepSpec


@dataclass(frozen=True)
class Ground:
    """Where steps run: the folders that roots stand for, here and now.

    Attributes:
        roots: Root → folder: the live project where a pipeline is being worked on, a scratch copy for a loaded version.
        cwd: The working directory.
        search: ``sys.path``.
        live: Whether these are the user's own folders.
    """

    roots: Mapping[str, Path]
    cwd: Path
    search: tuple[str, ...]
    live: bool

    def absolute(self, root: str, path: str) -> Path:
        """The file that a (root, path) pair stands for."""
        return self.roots[root] / path if root else Path(path)

    def locate(self, path: str) -> tuple[str, str]:
        """The (root, path) pair for an absolute path; root is empty where no root holds it."""
        found = Path(path)
        for name, folder in self.roots.items():
            if found == folder or folder in found.parents:
                return name, found.relative_to(folder).as_posix()
        return "", found.as_posix()


@dataclass(frozen=True)
class Allowed:
    """What a strict step declares, as (root, path) pairs.

    Attributes:
        files: Files that it may read.
        folders: Folders whose names it may ask for.
    """

    files: tuple[tuple[str, str], ...] = ()
    folders: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Plan:
    """A pipeline, ready to be carried out.

    Attributes:
        pipeline: Its name.
        label: The label that it is to have, if any.
        steps: In an order in which they can run.
        seed: Its seed.
        settings: Determinism settings.
        code: What its code says.
        snapshot: The files of its code.
        snapshot_digest: That record's name.
        declared: Declared input files; for a loaded version all of its files.
        environment: What is installed here.
        environment_digest: That record's name.
        ground: Where it runs.
        version: The loaded version, unless it is made from live code or with other parameters.
        always: Steps that are never reused.
        compatible: Steps whose edits the user calls compatible, so that what ran before them is reused.
        imports: Every module that the captured sources import by name.
        conditions: What is held still or moved inside the steps' processes, for an experiment: see ``control.held``.
        strict: For each step what it may read, if the pipeline is strict.
        changed: Input files that are read as they are here, and were others when the version ran: (then, now).
    """

    pipeline: str
    label: str
    steps: tuple[StepSpec, ...]
    seed: int
    settings: Settings
    code: Code
    snapshot: Snapshot
    snapshot_digest: Digest
    declared: tuple[InputFile, ...]
    environment: Environment
    environment_digest: Digest
    ground: Ground
    version: Digest | None = None
    always: frozenset[str] = frozenset()
    compatible: frozenset[str] = frozenset()
    imports: tuple[str, ...] = ()
    conditions: Mapping[str, str] = field(default_factory=dict)
    strict: Mapping[str, Allowed] | None = None
    changed: tuple[tuple[InputFile, InputFile | None], ...] = ()

    @property
    def preload(self) -> tuple[str, ...]:
        """Modules of installed libraries that steps use and that may be loaded before a fork."""
        return tuple(name for name in self.imports if name.partition(".")[0] in FORK_SAFE)

    def step(self, name: str) -> StepSpec:
        """The step of that name."""
        return next(step for step in self.steps if step.name == name)
