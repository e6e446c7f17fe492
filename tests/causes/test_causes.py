"""Every program of the catalogue is run, verified and explained, in one verification that shares processes."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from causes.programs import CLEAN as ALL_CLEAN
from causes.programs import DIFFERENT as ALL_DIFFERENT
from causes.programs import chosen, enters, flow, names
from cli.commands import TWICE, environment, made

DIFFERENT, CLEAN = chosen(ALL_DIFFERENT), chosen(ALL_CLEAN)
Steps = dict[str, dict[str, Any]]
CANNOT_BE_PROVEN = {"folder", "working_folder", "fetched", "fetched_each_time", "another_program"}
"""Nothing brings back where the recorded run took place, or what a service or another program answered."""
PROVEN_IN_PART = {"left_and_stamped"}
"""What was left from before changes the output, and the record cannot come back: it was made at another moment."""


class _Service(BaseHTTPRequestHandler):
    """Answers that change: by themselves, or when somebody says so."""

    answers: ClassVar[dict[str, Iterator[str]]] = {}

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(next(self.answers[self.path]).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


IN_MEMORY = Path("/dev/shm")
"""A file system that tells the names in a folder in the order in which they came, or backwards."""


def _listed(folder: Path, names: str) -> None:
    """Let a folder hold files, made in some order."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).touch()


@pytest.fixture(scope="module")
def in_memory() -> Iterator[Path]:
    """A folder in memory; elsewhere where there is none, which the one program that looks at it is told by."""
    with tempfile.TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as folder:
        yield Path(folder) / "listed"


@pytest.fixture(scope="module")
def verified(tmp_path_factory: pytest.TempPathFactory, in_memory: Path) -> Iterator[tuple[Steps, list[str]]]:
    folder = made(tmp_path_factory.mktemp("causes"))
    temporary = tmp_path_factory.mktemp("temporary")
    text = flow(DIFFERENT, CLEAN)
    (folder.path / "causes.py").write_text(text)
    turns = map(str, itertools.count())
    with ThreadingHTTPServer(("127.0.0.1", 0), _Service) as service:
        threading.Thread(target=service.serve_forever, daemon=True).start()
        (folder.path / "port.txt").write_text(str(service.server_port))
        for words, status in (("run causes.py --version v1", 0), ("verify v1 --json --budget 60m", 1)):
            variables = {"TMPDIR": str(temporary)}
            variables |= {"TWICE_EXAMPLE_MODE": "other", "ADDED_EXAMPLE_MODE": "other"} if status else {}
            _listed(in_memory, "abcd" if not status else "dcba")
            (folder.path / "listed.txt").write_text(str(in_memory))
            (temporary / "outside.txt").write_text("as it was" if not status else "changed since")
            (folder.path / "changed.txt").write_text("as it was" if not status else "changed since")
            _Service.answers = {"/prices": itertools.repeat(f"[{status}]"), "/counter": turns}
            done = subprocess.run(
                [*TWICE, *words.split(), "--jobs", os.environ.get("TWICE_CAUSES_JOBS", "2")],
                cwd=folder.path,
                env={**environment(), **variables},
                capture_output=True,
                text=True,
                timeout=3600,
            )
            assert done.returncode == status, done.stderr
        service.shutdown()
    yield {step["name"]: step for step in json.loads(done.stdout)["steps"]}, text.splitlines()


@pytest.mark.parametrize("name", names(DIFFERENT))
def test_the_cause_is_named_with_the_line_where_it_enters(verified: tuple[Steps, list[str]], name: str) -> None:
    steps, lines = verified
    found = steps[name]
    if name == "listed" and found["verdict"] == "identical":
        pytest.skip("the file system has an order of its own")
    assert found["nature"], found
    cause = names(DIFFERENT)[name]
    assert {one["factor"] for one in found["causes"]} == set(cause.split("+")), found
    assert {one["status"] for one in found["causes"]} == (
        {"consistent with"}
        if name in CANNOT_BE_PROVEN
        else {"consistent with", "proven"}
        if name in PROVEN_IN_PART
        else {"proven"}
    ), found
    first = next(number for number, line in enumerate(lines, 1) if line.startswith(f"def {enters(DIFFERENT)[name]}("))
    after = next((n for n, line in enumerate(lines[first:], first) if line[:1].strip()), len(lines))
    for one in found["causes"]:
        assert first < int(one["location"].rpartition(":")[2] or 0) <= after, one["location"]


@pytest.mark.parametrize("name", names(CLEAN))
def test_what_is_clean_is_found_identical(verified: tuple[Steps, list[str]], name: str) -> None:
    assert verified[0][name]["verdict"] == "identical", verified[0][name]


def test_one_cause_takes_few_runs(verified: tuple[Steps, list[str]]) -> None:
    runs = {
        name: step["runs"]
        for name, step in verified[0].items()
        if step["nature"] == "unsteady" and [one["status"] for one in step["causes"]] == ["proven"]
    }
    assert sum(number <= 8 for number in runs.values()) >= 0.9 * len(runs), runs
