from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cli.commands import Folder, made


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A fresh project; nothing has run."""
    return made(tmp_path / "project")


@pytest.fixture(scope="session")
def two_versions(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """A project with v1.0 and, after an edit of a helper, v1.1; only to be looked at."""
    folder = made(tmp_path_factory.mktemp("two") / "project")
    folder.twice("run", "flow.py", "--version", "v1.0", "--save", "first")
    folder.edit("helpers.py", "value * FACTOR for", "value * FACTOR + 1 for")
    folder.edit("helpers.py", "Twice as much.", "Twice as much, and one.")
    folder.edit("flow.py", "def load():\n", "def load():\n    # all there is\n")
    folder.twice("run", "flow.py", "--version", "v1.1", "--param", "fit.depth=4")
    return folder


@pytest.fixture
def own_two_versions(two_versions: Folder, tmp_path: Path) -> Folder:
    """A copy of it, to be worked on."""
    return Folder(Path(shutil.copytree(two_versions.path, tmp_path / "copy")))
