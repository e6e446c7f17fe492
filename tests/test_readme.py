"""The README's example is run as it stands, and its commands exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from stories.telling import clean_environment

README = Path(__file__).parent.parent / "README.md"


def test_the_example_runs_as_it_stands(tmp_path: Path) -> None:
    [example] = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    script = tmp_path / "flow.py"
    script.write_text(example)
    done = subprocess.run(
        [sys.executable, str(script)], env=clean_environment(), capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.startswith("IDENTICAL: 2 outputs compared, all the same")


def test_every_command_that_is_shown_exists() -> None:
    shown = set(
        re.findall(
            r"\btwice ([a-z]+)\b", " ".join(re.findall(r"```console\n(.*?)```", README.read_text("utf-8"), re.DOTALL))
        )
    )
    assert {"run", "verify", "diff", "log", "show", "check"} <= shown
    for command in shown:
        subprocess.run(
            [sys.executable, "-m", "twice", command, "--help"], env=clean_environment(), capture_output=True, check=True
        )
