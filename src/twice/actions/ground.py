"""A scratch ground for a loaded version, with its sources and input files in it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from twice.actions.files_here import how_to_bring, original_of
from twice.errors import Damaged, InputChanged
from twice.execute.plan import Ground
from twice.records.code import Snapshot
from twice.records.version import InputFile
from twice.source.modules import is_local_file
from twice.store.store import Store

KEEP_FILES_UP_TO = 1 << 30
_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}


def keep_files_up_to(environ: dict[str, str] | None = None) -> int:
    """The size in bytes up to which input files are kept: ``TWICE_KEEP_FILES_UP_TO``, as ``500MB``, or 1 GiB."""
    text = (environ if environ is not None else os.environ).get("TWICE_KEEP_FILES_UP_TO", "").strip().upper()
    number = text.rstrip("BKMGI")
    unit = text[len(number) :]
    if not text:
        return KEEP_FILES_UP_TO
    if not number.strip().isdigit() or unit not in _UNITS:
        from twice.errors import DefinitionError

        raise DefinitionError(
            f"TWICE_KEEP_FILES_UP_TO is a size such as 500MB or 2GiB, not {text!r}.", hint="or leave it unset: 1 GiB"
        )
    return int(number) * _UNITS[unit]


def scratch_ground(store: Store, snapshot: Snapshot, files: tuple[InputFile, ...], place: Path | None = None) -> Ground:
    """An empty place with a version's sources and input files in it, under the roots that they were recorded from.

    Args:
        store: The vault.
        snapshot: The files of the version's code.
        files: Its input files.
        place: An empty folder; by default a new one in the store.

    Raises:
        InputChanged: A file that is not kept in the vault is not here, or no longer the same.
    """
    place = place or store.spool()
    names = {snapshot.cwd[0], "project", *(root for root, _ in snapshot.search)}
    names |= {module.root for module in snapshot.modules if module.root != "cells"} | {
        file.root for file in files if file.root
    }
    roots = {name: inside(place, name) for name in sorted(names)}
    for folder in roots.values():
        folder.mkdir()
    for module in snapshot.modules:
        if module.root == "cells":
            continue
        target = inside(roots[module.root], module.path)
        if module.namespace:
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(store.get(module.source))
    for file in files:
        if not file.listing:
            _bring(store, file, roots)
    for file in files:
        if file.listing and file.root:  # elsewhere, it is what it is
            _fill(inside(roots[file.root], file.path), json.loads(store.get(file.content)))
    cwd = inside(roots[snapshot.cwd[0]], snapshot.cwd[1])
    cwd.mkdir(parents=True, exist_ok=True)
    local = [str(inside(roots[root], path)) for root, path in snapshot.search]
    installed = [entry for entry in sys.path if entry and not is_local_file(str(Path(entry) / "x"))]
    return Ground(roots=roots, cwd=cwd, search=(*local, *installed), live=False)


def inside(folder: Path, path: str) -> Path:
    """A place below a folder.

    Raises:
        Damaged: The path leads out of it, which no recorded path does: somebody made this record by hand.
    """
    if path.startswith("/") or ".." in path.split("/") or "\0" in path:
        raise Damaged(
            f"a record names the path {path!r}, which leads out of its folder.", hint="do not run this version"
        )
    return folder / path


def _fill(folder: Path, names: list[str]) -> None:
    """Let a folder have the names that it had when a step asked for them; what was not read is empty."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        place = inside(folder, name.rstrip("/"))
        if name.endswith("/"):
            place.mkdir(exist_ok=True)
        elif not place.exists():
            place.touch()


def _bring(store: Store, file: InputFile, roots: dict[str, Path]) -> None:
    where = Path(file.path) if not file.root else inside(roots[file.root], file.path)
    if file.root and file.stored:
        where.parent.mkdir(parents=True, exist_ok=True)
        where.unlink(missing_ok=True)  # a source file may be an input too
        store.copy_out(file.content, where, verify=True)
        return
    original = original_of(store, file)
    assert original is not None, "it lies where it is read"
    if not original.exists():
        raise InputChanged(
            f"the version reads {original}, which is not here.",
            hint=how_to_bring(store, file, original),
        )
    if store.digest_file(original) != file.content:
        raise InputChanged(
            f"{original} is no longer what the version read ({file.size:,} bytes, {file.content.short}).",
            hint=how_to_bring(store, file, original),
        )
    if file.root:
        where.parent.mkdir(parents=True, exist_ok=True)
        where.symlink_to(original)
