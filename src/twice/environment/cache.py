"""What was found installed, kept from process to process while the folder, or the system's list, is as it was.

Reading three hundred descriptions takes longer than a small pipeline runs. Installing, upgrading and removing rename
something in the folder, so its time tells. The file can be deleted; whatever is wrong with it, it is not there.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

import msgspec

from twice.environment.installed import Installed
from twice.records.environment import Distribution

_FORMAT = 1
_WORTH_IT = 20
"""Distributions; fewer are read as fast."""


class _Entry(msgspec.Struct):
    distribution: Distribution
    record: str | None


class _Kept(msgspec.Struct):
    form: int
    folder: str
    changed: int
    found: list[_Entry]


class _Owners(msgspec.Struct):
    form: int
    changed: int
    owners: dict[str, tuple[str, str]]


_OWNERS = "owners.json"


def place() -> Path:
    """The folder of Twice's caches of this user."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "twice"


def remembered(folder: Path, changed: int) -> tuple[Installed, ...] | None:
    """What was in a folder when it last changed; None if that is not known.

    Args:
        folder: The folder.
        changed: When, in nanoseconds.
    """
    try:
        kept = msgspec.json.decode(_file(folder).read_bytes(), type=_Kept)
    except (OSError, RuntimeError, msgspec.MsgspecError):
        return None
    if (kept.form, kept.folder, kept.changed) != (_FORMAT, str(folder), changed):
        return None
    return tuple(
        Installed(entry.distribution, None if entry.record is None else folder / entry.record) for entry in kept.found
    )


def remember(folder: Path, changed: int, found: tuple[Installed, ...]) -> None:
    """Keep what was found."""
    if len(found) < _WORTH_IT:
        return
    entries = [
        _Entry(installed.distribution, None if installed.record is None else os.path.relpath(installed.record, folder))
        for installed in found
    ]
    with contextlib.suppress(OSError, RuntimeError):
        _write(_file(folder), msgspec.json.encode(_Kept(_FORMAT, str(folder), changed, entries)))


def owners_remembered(changed: int) -> dict[str, tuple[str, str]]:
    """The system's packages, with their versions, that are known to own files; those without are there too.

    Args:
        changed: When the system's list of packages changed last, in nanoseconds; what is of another time is forgotten.
    """
    try:
        kept = msgspec.json.decode((place() / _OWNERS).read_bytes(), type=_Owners)
    except (OSError, RuntimeError, msgspec.MsgspecError):
        return {}
    return kept.owners if (kept.form, kept.changed) == (_FORMAT, changed) else {}


def remember_owners(changed: int, owners: dict[str, tuple[str, str]]) -> None:
    """Keep which packages own which files."""
    with contextlib.suppress(OSError, RuntimeError):
        _write(place() / _OWNERS, msgspec.json.encode(_Owners(_FORMAT, changed, owners)))


def _write(file: Path, data: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=file.parent)
    with open(descriptor, "wb") as partial:
        partial.write(data)
    Path(name).replace(file)


def _file(folder: Path) -> Path:
    return place() / f"installed-{hashlib.sha256(str(folder).encode('utf-8', 'surrogateescape')).hexdigest()[:32]}.json"
