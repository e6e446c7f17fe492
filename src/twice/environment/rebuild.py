"""A virtual environment from a lock, by ``uv``, every file held against its hash."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from twice.environment import uv
from twice.environment.elsewhere import Elsewhere, look
from twice.environment.lock import requirements_text
from twice.errors import EnvironmentUnusable
from twice.records.environment import Interpreter
from twice.records.lock import LockedPackage

ABOUT = "twice.json"
"""Written into an environment last: it is whole, and this is what it is."""


def build(packages: Sequence[LockedPackage], python: str, wheels: Path | None, alone: bool, target: Path) -> None:
    """Make a virtual environment.

    Its scripts find it wherever it lies, so it may be moved, and two of one lock are equal byte for byte.

    Args:
        packages: What is in it.
        python: The interpreter's program.
        wheels: A folder of wheels that are looked at first.
        alone: These wheels are all that is needed: no index is asked.
        target: Where.

    Raises:
        EnvironmentUnusable: A release is gone, a hash does not match, a source does not compile, no wheel fits …
    """
    uv.run(
        ["venv", "-q", "--relocatable", "--no-project", "-p", python, str(target)], doing="make a virtual environment"
    )
    own = str(target / "bin" / "python")
    if packages:
        asked = target / "requirements.txt"
        asked.write_text(requirements_text(packages), "utf-8")
        arguments = ["pip", "install", "-q", "-p", own, "--no-deps", "--require-hashes", "-r", str(asked)]
        if wheels is not None:
            arguments += ["--find-links", wheels.name]  # which uv would cut at commas
        beside = wheels.parent if wheels is not None else target
        if alone:
            uv.run([*arguments, "--no-index", "--offline"], doing="install from the wheels in the vault", cwd=beside)
        else:
            _from_index(arguments, beside)
    told = asdict_of(look(own), target)
    (target / ABOUT).write_text(json.dumps(told), "utf-8")


def _from_index(arguments: list[str], cwd: Path) -> None:
    # What uv has in its cache is enough as a rule, and then the index need not be asked whether it knows more.
    try:
        uv.run([*arguments, "--offline"], doing="install what is locked", cwd=cwd)
    except uv.Refused:
        uv.run(arguments, doing="install what is locked", cwd=cwd)


def asdict_of(there: Elsewhere, target: Path) -> dict[str, Any]:
    """An interpreter as it is written down in its environment; places in it are relative, since it may be moved."""
    search = [os.path.relpath(entry, target) if Path(entry).is_relative_to(target) else entry for entry in there.search]
    interpreter = {name: getattr(there.interpreter, name) for name in Interpreter.__struct_fields__}
    return {"interpreter": interpreter, "search": search}


def share_byte_code(target: Path, others: Iterable[str]) -> int:
    """Give an environment the byte code that others have of the very same files, so that it is not compiled once more.

    Python itself holds byte code against the time and size of its source, and its paths are set when it is loaded.

    Args:
        target: The environment.
        others: Folders of installed packages, of any environments.

    Returns:
        How many files were linked.
    """
    count = 0
    own = [site for site in target.glob("lib/python*/site-packages") if site.is_dir()]
    for site in own:
        for other in map(Path, others):
            if other.name == "site-packages" and other.parent.name == site.parent.name and other != site:
                count += sum(_shared(Path(cache), other, site) for cache in _caches(other))
    return count


def _caches(site: Path) -> Iterator[str]:
    for folder, folders, _ in os.walk(site):
        if "__pycache__" in folders:
            yield os.path.join(folder, "__pycache__")  # noqa: PTH118
            folders.remove("__pycache__")


def _shared(cache: Path, other: Path, site: Path) -> int:
    there = site / cache.parent.relative_to(other)
    if not there.is_dir():
        return 0
    count = 0
    (there / "__pycache__").mkdir(exist_ok=True)
    for compiled in cache.glob("*.pyc"):
        source = f"{compiled.name.partition('.')[0]}.py"
        with contextlib.suppress(OSError):  # it is there already, or lies on another disk
            if (there / source).samefile(cache.parent / source):
                (there / "__pycache__" / compiled.name).hardlink_to(compiled)
                count += 1
    return count


def built(folder: Path) -> Elsewhere | None:
    """The environment in a folder; None if it is not there, or its interpreter is gone."""
    try:
        told = json.loads((folder / ABOUT).read_bytes())
        search = tuple(str(folder / entry) for entry in told["search"])
        program = folder / "bin" / "python"
        return Elsewhere(str(program), Interpreter(**told["interpreter"]), search) if program.exists() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def interpreter_for(implementation: str, version: str) -> str:
    """The program of an interpreter of a version: just this one, or else of the same minor version.

    Raises:
        EnvironmentUnusable: There is none; the error says how to get one.
    """
    if implementation != sys.implementation.name and implementation.lower() != "cpython":
        raise EnvironmentUnusable(
            f"the version ran on {implementation} {version}, and only CPython can be rebuilt.",
            hint="run it where that interpreter is installed, without --env",
        )
    minor = ".".join(version.split(".")[:2])
    here = ".".join(str(part) for part in sys.version_info[:3])
    own: str = getattr(sys, "_base_executable", "") or sys.executable
    if here == version:
        return own
    found = [str(path) for path in _pyenvs(minor)]
    for asked in (version, minor):
        try:
            found.append(uv.run(["python", "find", "--no-project", "--system", asked], doing="find a Python").strip())
        except uv.Refused:
            continue
    by_version: dict[str, str] = {}
    for program in found:
        try:
            by_version.setdefault(look(program).interpreter.version, program)
        except EnvironmentUnusable:  # a shim of a version manager that leads nowhere
            continue
    if version in by_version:
        return by_version[version]
    if here.startswith(f"{minor}."):
        return own
    near = [program for found_version, program in by_version.items() if found_version.startswith(f"{minor}.")]
    if near:
        return near[0]
    raise EnvironmentUnusable(
        f"the version ran on Python {version}, and no Python {minor} is installed here.",
        hint=f"uv python install {version}   (or: pyenv install {version}; apt-get install python{minor})",
    )


def _pyenvs(minor: str) -> list[Path]:
    """Interpreters that pyenv installed; its shims answer only for a version that was chosen."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    return sorted(root.glob(f"{minor}.*/bin/python"), reverse=True)
