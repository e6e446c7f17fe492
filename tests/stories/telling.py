"""A project folder in which a story happens, with real scripts in real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import twice
from twice.environment import uv


@dataclass
class Project:
    """A user's project folder."""

    folder: Path

    def write(self, **files: str) -> None:
        """Write files; ``helpers_py`` is ``helpers.py``, ``pkg__mod_py`` is ``pkg/mod.py``."""
        for name, text in files.items():
            path = self.folder / name.replace("__", "/").replace("_py", ".py").replace("_csv", ".csv")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))

    def edit(self, name: str, before: str, after: str) -> None:
        """Replace some text in a file; it must be there."""
        path = self.folder / name
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))

    def python(self, *arguments: str, cwd: Path | None = None, fails: bool = False, **variables: str) -> str:
        """Run Python in the folder; what it printed on stdout, or on stderr if it is to fail."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=cwd or self.folder,
            env={**clean_environment(), **variables},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert (done.returncode != 0) == fails, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stderr if fails else done.stdout

    def tell(self, code: str, cwd: Path | None = None, **variables: str) -> Any:
        """Run some code that prints one JSON object as its last line, and read that."""
        out = self.python("-c", textwrap.dedent(code), cwd=cwd, fails=False, **variables)
        return json.loads(out.splitlines()[-1])


class Upgraded:
    """A project with an environment of its own, whose packages can be upgraded.

    Args:
        place: A folder for both.
        flow: The text of ``flow.py``.
        packages: What is installed at first, beside what Twice needs.
    """

    def __init__(self, place: Path, flow: str, packages: Sequence[str]) -> None:
        self.project = Project(place / "project")
        self.project.write(flow_py=flow)
        self._python = str(place / "own" / "bin" / "python")
        uv.run(["venv", "-q", "-p", sys.executable, str(place / "own")], doing="make an environment")
        self.install([*packages, "blake3", "click", "msgspec", "rich"])

    def install(self, packages: Sequence[str]) -> None:
        """Install packages, in place of other versions of them."""
        uv.run(["pip", "install", "-q", "-p", self._python, *packages], doing="install")

    def say(self, *arguments: str, status: int = 0) -> str:
        """Run its Python in the project; what it printed.

        Args:
            arguments: What it is told.
            status: How it is to end.
        """
        variables = {
            **clean_environment(),
            "PYTHONPATH": str(Path(twice.__file__).parent.parent),
            "PATH": f"{Path(uv.program()).parent}{os.pathsep}{os.environ['PATH']}",
        }
        variables.pop("PYTHONDONTWRITEBYTECODE", None)  # many processes import the same packages
        done = subprocess.run(
            [self._python, *arguments],
            cwd=self.project.folder,
            env=variables,
            capture_output=True,
            text=True,
            timeout=500,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout


def clean_environment() -> dict[str, str]:
    """The environment without what other stores or the test runner put there."""
    left_out = ("TWICE_", "PYTEST_", "COV_")
    return {name: value for name, value in os.environ.items() if not name.startswith(left_out)}


_HEARING = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from twice.cli.main import main
main(sys.argv[1:])
"""


def stopped(project: Project, words: str, *arguments: str, **variables: str) -> tuple[int, str, str]:
    """Run a command, and press Ctrl-C as soon as it says some words on standard error."""
    process = subprocess.Popen(
        # A shell that runs the tests in the background has signals ignored, in all that it starts.
        [sys.executable, "-c", _HEARING, *arguments],
        cwd=project.folder,
        env={**clean_environment(), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # so that the signal reaches the workers too, as from a terminal
    )
    assert process.stderr is not None
    heard = ""
    for line in process.stderr:
        heard += line
        if words in line:
            os.killpg(process.pid, signal.SIGINT)
            break
    out, rest = process.communicate(timeout=120)
    return process.returncode, out, heard + rest
