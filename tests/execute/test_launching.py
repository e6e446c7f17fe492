"""How worker processes are started: by other interpreters, behind other commands, with other variables."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stories.telling import Project
from twice.actions.rerun import rerun
from twice.actions.run import Outcome
from twice.environment.elsewhere import look
from twice.errors import EnvironmentUnusable, WorkerLost
from twice.execute.launch import HERE, Launch
from twice.execute.worker import PROTOCOL
from twice.execute.workers import Workers
from twice.pipeline import Run
from twice.project import Project as Opened

OTHERS = [
    Path.home() / ".pyenv/versions/3.12.1/bin/python",
    Path.home() / ".pyenv/versions/3.13.0/bin/python",
    Path("/usr/bin/python3.11"),
]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """A version that was recorded here, whose module also makes a pipeline when it is imported."""
    project = Project(tmp_path_factory.mktemp("launching"))
    project.write(
        helpers_py="""
            from twice import Pipeline, step
            @step(name="one", tolerance={"a": 1e-6})
            def other():
                return 1
            aside = Pipeline(steps=[other])
            def double(x):
                return 2 * x
            """,
        flow_py="""
            import os, sys
            from twice import Pipeline, step
            from helpers import double
            def first():
                return {"a": [1, 2.5], "b": double(21)}
            @step(allow="it tells of its interpreter")
            def second(first):
                return [sys.version, os.environ.get("KNOB"), os.environ.get("HOME"), first["b"], sorted(sys.modules)]
            pipeline = Pipeline(steps=[first, second], version="v1")
            pipeline.run()
            pipeline.save()
            """,
    )
    project.python("flow.py")
    opened = Opened.around(project.folder, project.folder / ".twice", create=False)
    yield opened
    opened.store.close()


def again(story: Opened, launch: Launch) -> tuple[Outcome, Any]:
    found = story.resolve("v1")
    assert found.run is not None
    outcome = rerun(story.store, found.run, listener=lambda _: None, launch=launch)
    if outcome.problem is not None:
        raise outcome.problem
    return outcome, Run(story, outcome.digest, outcome.record)


@pytest.mark.parametrize("python", OTHERS, ids=str)
def test_a_version_runs_under_another_python_without_any_package(story: Opened, python: Path) -> None:
    if not python.exists():
        pytest.skip(f"there is no {python} on this machine")
    there = look(python)
    launch = Launch(kind="other", python=str(python), environment=there.environment(), search=there.search)
    outcome, run = again(story, launch)
    version, _, _, double, modules = run.output
    assert version.split()[0] == there.interpreter.version
    assert double == 42
    assert not {"blake3", "msgspec", "numpy", "rich"} & set(modules)
    trace = run.trace("first")
    ran_on = story.store.load(trace.environment, type(there.environment()))
    assert ran_on.interpreter == there.interpreter
    assert outcome.record.launch is not None
    assert outcome.record.launch.kind == "other"
    assert trace.watched.files == ()  # its own standard library is no input


def test_a_command_and_variables_in_front_are_recorded_and_change_the_key(story: Opened) -> None:
    plain, run = again(story, HERE)
    assert plain.record.launch is None
    moved, other = again(
        story,
        Launch(
            kind="experiment",
            prefix=(shutil.which("env") or "env", "TOLD=1"),
            variables={"KNOB": "7"},
            removed=frozenset({"HOME"}),
        ),
    )
    assert other.output[1:3] == ["7", None]
    told = moved.record.launch
    assert told is not None
    assert (told.prefix, told.variables, told.removed) == (("env", "TOLD=1"), {"KNOB": "7"}, ("HOME",))
    assert other.trace("first").key != run.trace("first").key
    assert moved.record.version == plain.record.version


def test_a_worker_of_another_protocol_is_refused_with_both_numbers() -> None:
    ours, theirs = socket.socketpair()
    command, _ = HERE.command(theirs.fileno())
    process = subprocess.Popen(command, pass_fds=[theirs.fileno()])
    theirs.close()
    with ours.makefile("rwb", buffering=0) as lines:
        lines.write(json.dumps({"protocol": PROTOCOL + 1, "preload": []}).encode() + b"\n")
        answer = json.loads(lines.readline())
    process.wait()
    ours.close()
    assert f"protocol {PROTOCOL}" in answer["error"]
    assert f"protocol {PROTOCOL + 1}" in answer["error"]


def test_a_worker_serves_through_its_standard_streams_and_ends_with_them(tmp_path: Path) -> None:
    launch = Launch(kind="piped", piped=True)
    command, _ = launch.command(0)
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(json.dumps({"protocol": PROTOCOL, "preload": []}) + "\n")
    process.stdin.flush()
    assert "ready" in json.loads(process.stdout.readline())
    process.stdin.close()
    assert process.wait(20) == 0
    process.stdout.close()


def test_an_interpreter_that_is_too_old_or_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentUnusable, match="cannot be started"):
        look(tmp_path / "python")
    fake = tmp_path / "fake"
    fake.write_text("#!/bin/sh\necho Unknown option: -P >&2\nexit 2\n")
    fake.chmod(0o700)
    with pytest.raises(EnvironmentUnusable, match=r"Unknown option.*\n\nhint: a worker needs Python 3\.11"):
        look(fake)
    task = tmp_path / "spool" / "task.json"
    task.parent.mkdir()
    for python, said in ((str(tmp_path / "none"), "No such file"), (str(fake), "could not start it")):
        with Workers(dict(os.environ), launch=Launch(python=python)) as workers, pytest.raises(WorkerLost, match=said):
            workers.run(task)
    assert sys.executable == HERE.python
