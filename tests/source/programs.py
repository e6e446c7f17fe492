"""Small programs in temporary folders, looked at in processes that have not imported them before."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from textwrap import dedent
from typing import Any

Files = Mapping[str, str | bytes]

PROBER = Path(__file__).with_name("prober.py")


def write(folder: Path, files: Files) -> Path:
    """Write files below a folder; texts may be indented."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else dedent(text).lstrip("\n").encode())
    return folder


@dataclass(frozen=True)
class Looked:
    """What a prober said of one program."""

    told: dict[str, Any]

    @property
    def error(self) -> str:
        return str(self.told.get("error", ""))

    @property
    def semantic(self) -> dict[str, str]:
        self.succeeded()
        return dict(self.told["semantic"])

    @property
    def textual(self) -> dict[str, str]:
        self.succeeded()
        return dict(self.told["textual"])

    @property
    def output(self) -> dict[str, str]:
        self.succeeded()
        return dict(self.told["output"])

    @property
    def replayed(self) -> dict[str, str]:
        self.succeeded()
        return dict(self.told["replayed"])

    @property
    def files(self) -> list[str]:
        self.succeeded()
        return list(self.told["files"])

    @property
    def notes(self) -> dict[str, str]:
        self.succeeded()
        return dict(self.told["notes"])

    def reaches(self, step: str = "step") -> list[str]:
        self.succeeded()
        return list(self.told["reaches"][step])

    def succeeded(self) -> None:
        assert "error" not in self.told, self.told["traceback"]


class Prober:
    """A process that looks at programs; each in a fork of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()
        self._process = subprocess.Popen(
            [sys.executable, str(PROBER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def look(
        self,
        files: Files,
        *,
        main: str = "",
        module: str = "flow",
        steps: Sequence[str] = ("step",),
        capture: bool = True,
        run: bool = True,
        replay: bool = False,
    ) -> Looked:
        """Write a program down in a folder of its own, import it, capture its steps, and call them.

        Args:
            files: The program.
            main: The file to run as a script; else ``module`` is imported.
            module: The module with the steps.
            steps: Their names; each is called without arguments.
            capture: Capture the steps.
            run: Call them here.
            replay: Run them as a pipeline, too, in workers.
        """
        folder = self._folder / f"program-{next(self._numbers)}"
        folder.mkdir()
        write(folder, files)
        job: dict[str, Any] = {"folder": str(folder), "main": main, "module": module, "steps": steps}
        job |= {"capture": capture, "run": run, "replay": replay}
        return Looked(self._ask({**job, "answer": "", "variables": {}}))

    def answer(self, folder: Path, script: str = "flow.py", **variables: str) -> Any:
        """Run a script that lies in a folder; what it leaves in its variable ``answer``."""
        job = {"folder": str(folder), "main": script, "module": "", "steps": [], "variables": variables}
        told = self._ask({**job, "capture": False, "run": False, "replay": False, "answer": "answer"})
        Looked(told).succeeded()
        return told["answer"]

    def _ask(self, job: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        told: dict[str, Any] = json.loads(self._process.stdout.readline())
        return told

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


@contextmanager
def prober(folder: Path) -> Iterator[Prober]:
    """A prober that is there for a while."""
    made = Prober(folder)
    try:
        yield made
    finally:
        made.close()
