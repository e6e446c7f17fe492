"""A backend of another package, found by name; the exam that it has to sit is in ``twice.testing``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

FLOW = """
from twice import Pipeline

def load():
    return b"x" * 200_000

def size(load):
    return len(load)

pipeline = Pipeline(steps=[load, size], name="Churn")
print(pipeline.run()["size"])
"""

DRAWER = """
from pathlib import Path
from twice.store.local import LocalBackend
from twice.store.scratch import Scratch

def opened(where):
    return LocalBackend(Path(where), Scratch(Path(where) / "half-written"))
"""


def test_a_store_whose_bytes_are_in_a_strangers_backend_is_found_by_its_name(tmp_path: Path) -> None:
    package, project, drawer = tmp_path / "package", tmp_path / "project", tmp_path / "another disk"
    for folder in (package / "drawer-1.0.dist-info", project / ".twice"):
        folder.mkdir(parents=True)
    (package / "drawer.py").write_text(DRAWER)
    (package / "drawer-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: drawer\nVersion: 1.0\n")
    (package / "drawer-1.0.dist-info" / "entry_points.txt").write_text("[twice.backends]\ndrawer = drawer:opened\n")
    (project / "flow.py").write_text(FLOW)
    (project / ".twice" / "backend").write_text(f"drawer {drawer}\n")
    installed = {**os.environ, "PYTHONPATH": str(package)}

    def python(*words: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
        done = [sys.executable, *words]
        return subprocess.run(done, cwd=project, env=env, capture_output=True, text=True, check=False, timeout=120)

    alone = python("flow.py", env={**os.environ})
    assert alone.returncode != 0
    assert "a backend named 'drawer', which no installed package brings" in alone.stderr
    for _ in range(2):
        done = python("flow.py", env=installed)
        assert done.stdout.endswith("200000\n"), done.stdout + done.stderr
        assert len([*drawer.glob("records/trace/*/*")]) == 2, "what ran once is reused"
    assert [*drawer.glob("objects/*/*")]
    assert not list((project / ".twice").glob("objects/*/*"))
    assert not list((project / ".twice").glob("records/*/*/*"))
    assert python("-m", "twice", "check", env=installed).returncode == 0
    cleared = python("-m", "twice", "gc", env=installed)
    assert cleared.returncode != 0
    assert "cannot be seen from here" in cleared.stderr, cleared.stderr
