"""The command line in a folder of a user's, with real processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TWICE = (sys.executable, "-m", "twice")

FLOW = """
from helpers import clean
from twice import Pipeline


def load():
    print("loading")
    return [1.0, 2.0, 3.0]


def prepare(load):
    return clean(load)


def fit(prepare, depth=3, name="tree"):
    return {"score": sum(prepare) * depth, "name": name}


pipeline = Pipeline(steps=[load, prepare, fit])
"""

HELPERS = """
FACTOR = 2


def clean(values):
    "Twice as much."
    return [value * FACTOR for value in values]
"""


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    status: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Folder:
    """A project folder to type commands in."""

    path: Path

    def write(self, **files: str) -> None:
        """Write Python files: ``flow`` is ``flow.py``, ``pkg__flow`` is ``pkg/flow.py``."""
        for name, text in files.items():
            path = self.path / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))

    def edit(self, name: str, before: str, after: str) -> None:
        """Replace some text in a file; it must be there."""
        text = (self.path / name).read_text()
        assert before in text
        (self.path / name).write_text(text.replace(before, after))

    def twice(
        self, *arguments: str, expect: int = 0, cwd: Path | None = None, limit: float = 60, **variables: str
    ) -> Said:
        """Type ``twice …`` with standard output and error piped."""
        done = subprocess.run(
            [*TWICE, *arguments],
            cwd=cwd or self.path,
            env={**environment(), **variables},
            capture_output=True,
            text=True,
            timeout=limit,
        )
        assert done.returncode == expect, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "\x1b" not in done.stdout + done.stderr, "what is piped is plain"
        return Said(done.returncode, done.stdout, done.stderr)


def environment() -> dict[str, str]:
    """The environment without what the test runner or other stores put there."""
    left_out = ("TWICE_", "PYTEST_", "COV_", "NO_COLOR", "FORCE_COLOR")
    return {name: value for name, value in os.environ.items() if not name.startswith(left_out)}


def made(path: Path) -> Folder:
    """A project with the files of a small pipeline in it."""
    folder = Folder(path)
    path.mkdir(exist_ok=True)
    (path / "pyproject.toml").touch()
    folder.write(flow=FLOW, helpers=HELPERS)
    return folder
