"""A project folder in which a story happens, with real scripts in real processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any


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


def clean_environment() -> dict[str, str]:
    """The environment without what other stores or the test runner put there."""
    left_out = ("TWICE_", "PYTEST_", "COV_")
    return {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
