"""Environments rebuilt from locks: made once, kept in the store, entered at once from then on."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from twice.actions.lock import laid_out
from twice.environment.elsewhere import Elsewhere
from twice.environment.rebuild import ABOUT, build, built, interpreter_for, share_byte_code
from twice.errors import EnvironmentUnusable
from twice.execute.launch import Launch
from twice.records.lock import Lock
from twice.store.durable import lock_file
from twice.store.store import ENVIRONMENTS, Store


def rebuild(store: Store, lock: Lock) -> Elsewhere:
    """The environment of a lock, made if it is not there yet; safe while other processes want the same one.

    Wheels are taken from the vault first and from the index after, or from uv's cache by hard links.

    Args:
        store: The vault.
        lock: The lock.

    Raises:
        EnvironmentUnusable: It cannot be made: no interpreter, no network, a hash that does not match …
    """
    target = folder_of(store, lock)
    found = built(target)
    if found is None:
        with _alone(target):
            found = built(target)
            if found is None:
                _make(store, lock, target)
                found = built(target)
    if found is None:
        raise EnvironmentUnusable(f"the environment {target} does not start.", hint="delete that folder and try again")
    with contextlib.suppress(OSError):
        os.utime(target / ABOUT)  # when it was used last, for gc
    return found


def folder_of(store: Store, lock: Lock) -> Path:
    """Where the environment of a lock is, or would be."""
    return store.path / ENVIRONMENTS / lock.key.hex[:32]


def launch(store: Store, lock: Lock) -> Launch:
    """How workers are started in the environment of a lock."""
    there = rebuild(store, lock)
    return Launch(
        kind="venv",
        python=there.python,
        environment=there.environment(),
        search=there.search,
        detail={"lock": str(lock.key)},
    )


def collect(
    store: Store, *, older_than: float = 0.0, keep: frozenset[str] = frozenset(), dry: bool = False
) -> list[tuple[Path, int]]:
    """Remove rebuilt environments; what is needed is made again when it is needed.

    Args:
        store: The vault.
        older_than: In seconds: those that were used since stay.
        keep: Names of folders that stay.
        dry: Only tell.

    Returns:
        Each folder with its size in bytes, without what other folders have hard links to.
    """
    found = []
    place = store.path / ENVIRONMENTS
    for folder in sorted(place.iterdir()) if place.is_dir() else ():
        if not folder.is_dir() or folder.name in keep:
            continue
        used = _used(folder / ABOUT) or _used(folder)
        if time.time() - used < older_than:
            continue
        found.append((folder, _own_size(folder)))
        if not dry:
            with _alone(folder):
                shutil.rmtree(folder, ignore_errors=True)
    return found


def _used(place: Path) -> float:
    """When something was touched last; 0 if it is gone."""
    try:
        return place.stat().st_mtime
    except OSError:
        return 0.0


def _own_size(folder: Path) -> int:
    total = 0
    for root, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                status = os.lstat(os.path.join(root, name))  # noqa: PTH118
                total += status.st_size if status.st_nlink == 1 else 0
    return total


def _make(store: Store, lock: Lock, target: Path) -> None:
    python = interpreter_for(lock.implementation, lock.python)
    spool = store.spool()
    try:
        wheels = laid_out(store, lock, spool / "wheels")
        build(lock.packages, python, wheels, lock.kept, spool / "environment")
        share_byte_code(spool / "environment", _sites(store))
        shutil.rmtree(target, ignore_errors=True)  # one whose interpreter is gone
        (spool / "environment").rename(target)
    finally:
        shutil.rmtree(spool, ignore_errors=True)


def _sites(store: Store) -> list[str]:
    """Where packages are installed: here, and in the environments that were used last."""
    used = sorted(store.path.glob(f"{ENVIRONMENTS}/*/{ABOUT}"), key=_used, reverse=True)
    return [*sys.path, *(str(site) for about in used[:3] for site in about.parent.glob("lib/python*/site-packages"))]


@contextlib.contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Hold the lock of one environment; the kernel lets go of it however this process ends."""
    target.parent.mkdir(exist_ok=True)
    with open(lock_file(target.parent / f"{target.name}.lock"), "wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
