"""What declared paths and patterns mean on some ground."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from pathlib import Path

from twice.execute.plan import Allowed, Ground
from twice.records.version import InputFile, StepSpec


def files_of(pattern: str, ground: Ground) -> list[Path]:
    """The paths that a declared path or pattern means: seen from the working directory, else from the project."""
    for base in (ground.cwd, ground.roots["project"]):
        found = sorted(glob.glob(str(base / pattern), recursive=True))  # noqa: PTH207 - the pattern may be absolute
        if found:
            return [Path(match) for match in found]
    return []


def declared_here(steps: Iterable[StepSpec], ground: Ground) -> dict[str, Allowed]:
    """For each step, what its own declared inputs let it read, where the pipeline is being worked on."""
    return {step.name: _allowed(step.files, ground) for step in steps}


def declared_then(steps: Iterable[StepSpec], files: Iterable[InputFile]) -> dict[str, Allowed]:
    """For each step, what declared inputs let it read, where a version was brought back.

    A pattern need not mean anything in an empty place, so whoever declared anything may read all that was declared.
    """
    known = list(files)
    declared = tuple((file.root, file.path) for file in known if file.declared)
    allowed = Allowed(declared, tuple((file.root, file.path) for file in known if file.listing))
    return {step.name: allowed if step.files else Allowed() for step in steps}


def _allowed(patterns: Iterable[str], ground: Ground) -> Allowed:
    files: list[str] = []
    folders: list[str] = []
    for pattern in patterns:
        found = files_of(pattern, ground)
        files += map(str, found)
        if glob.has_magic(pattern) and found:
            folders.append(str(_listed(pattern, found[0], ground)))
    return Allowed(_places(files, ground), _places(folders, ground))


def _listed(pattern: str, match: Path, ground: Ground) -> Path:
    """The folder that has to be gone through to find what a pattern means."""
    plain: list[str] = []
    for part in Path(pattern).parts:
        if glob.has_magic(part):
            break
        plain.append(part)
    bases = (base.joinpath(*plain) for base in (ground.cwd, ground.roots["project"]))
    return next((base for base in bases if base in match.parents), match.parent)


def _places(paths: Iterable[str], ground: Ground) -> tuple[tuple[str, str], ...]:
    return tuple(dict.fromkeys(ground.locate(os.path.realpath(path)) for path in paths))
