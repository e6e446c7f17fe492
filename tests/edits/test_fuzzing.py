"""The laws of a key, tried for a short while on programs made by chance; ``make fuzz`` tries them for longer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent.parent


def test_no_edit_of_programs_made_by_chance_leaves_a_stale_result() -> None:
    command = [sys.executable, "-m", "edits.fuzzing", "--seed", "10000000", "--programs", "8", "--minutes", "0.4"]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " mutations" in done.stdout
