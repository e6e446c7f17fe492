"""Real processes, killed at each moment in which they are about to change something on the disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from crash.stories import STORIES

TESTS = Path(__file__).parent.parent
MOMENTS = {"day": 100, "large": 30, "clear": 20}
"""How many moments a walk must come to at least; fewer, and the hook has lost sight of some."""


@pytest.mark.parametrize("story", STORIES)
def test_a_process_that_is_killed_at_any_moment_loses_nothing_it_reported(memory_folder: Path, story: str) -> None:
    walk = subprocess.run(
        [sys.executable, "-m", "crash.killing", str(memory_folder), story],
        cwd=TESTS,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert walk.returncode == 0, walk.stderr
    assert json.loads(walk.stdout)["moments"] >= MOMENTS[story]
