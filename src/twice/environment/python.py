"""The interpreter, and everything that is installed for it."""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from twice.environment.cache import remember, remembered
from twice.environment.conda import packages_of
from twice.environment.installed import UNKNOWN_VERSION, Installed, installed_at, normalised
from twice.records.environment import Distribution, Interpreter

_DESCRIPTIONS = (".dist-info", ".egg-info", "EGG-INFO")
# What was found in a folder, while the folder is as it was: installing anything renames something in it.
_SEEN: dict[Path, tuple[int, tuple[Installed, ...]]] = {}


@functools.cache
def interpreter() -> Interpreter:
    """The Python that runs this."""
    return Interpreter(
        implementation=platform.python_implementation(),
        version=platform.python_version(),
        build=" ".join(platform.python_build()),
        compiler=platform.python_compiler(),
    )


def distributions(path: Sequence[str] | None = None) -> tuple[Distribution, ...]:
    """Every installed distribution, sorted by name.

    Of two with one name, the one that comes first on the path is taken, as importing does. What is broken is recorded
    as far as it can be read.

    Args:
        path: Folders to look in; by default ``sys.path``.
    """
    return tuple(found.distribution for found in _installed(path))


def described_at(path: Sequence[str] | None = None) -> dict[str, Path]:
    """Where each distribution's description lies, by its name; those without a list of their files are left out.

    Args:
        path: Folders to look in; by default ``sys.path``.
    """
    return {found.distribution.name: found.record.parent for found in _installed(path) if found.record is not None}


def distributions_of(module: str, path: Sequence[str] | None = None) -> tuple[tuple[str, str], ...]:
    """The distributions that a module belongs to, as (name, version).

    Several share a namespace (``google``) and a few overwrite each other's files; a longer name tells them apart.

    Args:
        module: What is imported: ``sklearn``, or more precisely ``google.cloud.storage``.
        path: Folders to look in; by default ``sys.path``.

    Returns:
        None of them for local modules, the standard library, and editable installs that do not list their modules.
    """
    candidates = _by_top_level(_installed(path)).get(module.partition(".")[0], ())
    if len(candidates) > 1:
        candidates = tuple(found for found in candidates if found.owns(module)) or candidates
    return tuple((found.distribution.name, found.distribution.version) for found in candidates)


def distribution_of(module: str, path: Sequence[str] | None = None) -> tuple[str, str] | None:
    """The distribution that a module belongs to, as (name, version); the first by name where there are several."""
    found = distributions_of(module, path)
    return found[0] if found else None


def _installed(path: Sequence[str] | None) -> tuple[Installed, ...]:
    folders: dict[Path, None] = {}
    for folder in sys.path if path is None else path:
        with contextlib.suppress(OSError, TypeError):  # a working directory that was deleted; an entry that is no text
            folders[Path(folder).absolute()] = None
    return _first_of_each((*map(_in_folder, folders), *map(packages_of, folders)))


@functools.lru_cache(maxsize=4)
def _first_of_each(found: tuple[tuple[Installed, ...], ...]) -> tuple[Installed, ...]:
    first: dict[str, Installed] = {}
    for folder in found:
        for installed in folder:
            first.setdefault(installed.distribution.name, installed)
    return tuple(first[name] for name in sorted(first))


@functools.lru_cache(maxsize=4)
def _by_top_level(found: tuple[Installed, ...]) -> dict[str, tuple[Installed, ...]]:
    owners: dict[str, list[Installed]] = {}
    for installed in found:
        for name in installed.distribution.top_level:
            owners.setdefault(name, []).append(installed)
    return {name: tuple(having) for name, having in owners.items()}


def _in_folder(folder: Path) -> tuple[Installed, ...]:
    try:
        changed = folder.stat().st_mtime_ns
    except OSError:
        return ()
    seen = _SEEN.get(folder)
    if seen is None or seen[0] != changed:
        found = remembered(folder, changed)
        if found is None:
            found = _read_folder(folder)
            remember(folder, changed, found)
        seen = _SEEN[folder] = changed, found
    return seen[1]


def _read_folder(folder: Path) -> tuple[Installed, ...]:
    try:
        # Of two with one name the last to come counts: an upgrade by ``pip install --target`` leaves the older one.
        found_there = [path for path in folder.iterdir() if path.name.endswith(_DESCRIPTIONS)]
        described = sorted(found_there, key=lambda path: (path.lstat().st_mtime_ns, path.name), reverse=True)
    except NotADirectoryError:
        return _in_archive(folder)
    except OSError:
        return ()
    found = (installed_at(path) for path in described)
    return tuple(installed for installed in found if installed is not None)


def _in_archive(path: Path) -> tuple[Installed, ...]:
    """What a zip on the path holds, as importlib.metadata reads it."""
    found = []
    try:
        for described in importlib.metadata.distributions(path=[str(path)]):
            name, version = described.metadata["Name"], described.metadata["Version"]
            if name:
                top_level = (described.read_text("top_level.txt") or "").split()
                distribution = Distribution(
                    name=normalised(name),
                    version=version or UNKNOWN_VERSION,
                    origin="unknown",
                    top_level=tuple(sorted(top_level)),
                )
                found.append(Installed(distribution, None))
    except Exception:  # a file that is no archive, or whose descriptions are damaged, in ways without number
        return tuple(found)
    return tuple(found)
