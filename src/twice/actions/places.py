"""Where a pipeline's project and store are."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from twice.source.modules import is_local_file

STORE = ".twice"
_MARKS = ("pyproject.toml", ".git")


def project_folder(start: Path) -> Path:
    """The project that a folder belongs to: the nearest one with a ``pyproject.toml``, ``.git`` or ``.twice``.

    Args:
        start: A folder; itself the answer if nothing above it says otherwise.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        if any((folder / mark).exists() for mark in _MARKS) or (folder / STORE / "format").exists():
            return folder
    return start


def script_folder() -> Path:
    """The folder of the running script; the working directory in a notebook, at a prompt, or for a tool like pytest."""
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    if isinstance(file, str) and is_local_file(file):
        return Path(file).resolve().parent
    return Path.cwd()


def store_folder(project: Path, store: str | os.PathLike[str] | None = None) -> Path:
    """Where a project's store is: as said, else as ``TWICE_STORE`` says, else ``.twice`` in the project."""
    if store is not None:
        return Path(store).expanduser().absolute()
    named = os.environ.get("TWICE_STORE")
    return Path(named).expanduser().absolute() if named else project / STORE
