"""The plugin for pytest, in a pytest of its own, as a user has it."""

from __future__ import annotations

import re
import subprocess
import sys

from cli.commands import Folder, environment

FLOW = """
    import os
    from twice import Pipeline
    def load(): return 1
    def fit(load): return {"score": load + 0.5}
    def draw(load): return int.from_bytes(os.urandom(6), "big")
    steady = Pipeline(steps=[load, fit], name="steady")
    drawn = Pipeline(steps=[load, draw], name="drawn")
"""

TESTS = """
    from flow import drawn, steady
    from twice.pytest_plugin import assert_reproducible
    def test_steady():
        assert assert_reproducible(steady).verdict.verdict == "identical"
    def test_saved():
        assert_reproducible("steady@v1")
    def test_drawn():
        assert_reproducible(drawn)
"""


def pytest_in(folder: Folder, *arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly", *arguments]
    done = subprocess.run(command, cwd=folder.path, env=environment(), capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


def test_what_does_not_reproduce_fails_with_its_cause(folder: Folder) -> None:
    folder.write(flow=FLOW, test_flow=TESTS)
    folder.twice("run", "flow.py:steady", "--version", "v1")
    folder.twice("run", "flow.py:drawn", "--version", "v1")
    status, said = pytest_in(folder, "-q", "--twice-verify")
    assert status == 1
    assert "2 failed, 3 passed" in said, said
    assert "FAILED test_flow.py::test_drawn" in said
    # Each of both tells the cause, and where it enters; nobody wants the frames of the house in between.
    assert len(re.findall(r"proven: entropy: os\.urandom \(flow\.py:6\)", said)) >= 2
    assert "pytest_plugin.py" not in said.partition("short test summary")[0]
    status, said = pytest_in(folder, "--twice-verify=steady@v1,nothing", "-k", "twice", "-q")
    assert status == 1 and "1 failed, 1 passed" in said
    assert "nothing is called" in said.lower() or "nothing" in said


def test_without_the_option_no_version_is_verified(folder: Folder) -> None:
    folder.write(test_one="def test_one(): pass")
    status, said = pytest_in(folder, "-q")
    assert status == 0 and "1 passed" in said
