"""Between two versions a package was upgraded and a function was edited: a metric's fall is divided among both.

The upgrade is found as well beneath a step that disagrees with itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import twice
from environment.indexes import Index, wheel
from stories.telling import Project, clean_environment
from twice.environment import uv

FLOW = """
    import random
    import alpha
    from twice import Pipeline

    def cleaned(rows):
        return [row for row in rows if row < 8]

    def load():
        return list(range(10))

    def score(load):
        rows = cleaned(load)
        return {"accuracy": len(rows) / 10 - alpha.LOSS, "rows": len(rows)}

    def drawn():
        return random.Random().random() - alpha.LOSS

    pipeline = Pipeline(steps=[load, score, drawn])
    """


def test_a_fall_in_accuracy_is_divided_among_a_package_and_a_function(tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    wheel(packages, "alpha", "1.0", "LOSS = 0.0\n")
    wheel(packages, "alpha", "2.0", "LOSS = 0.125\n")
    index = Index(packages)
    python = str(tmp_path / "own" / "bin" / "python")
    project = Project(tmp_path / "project")
    project.write(flow_py=FLOW)
    variables = {
        **clean_environment(),
        "UV_INDEX": index.address,
        "PYTHONPATH": str(Path(twice.__file__).parent.parent),
        "PATH": f"{Path(uv.program()).parent}{os.pathsep}{os.environ['PATH']}",
    }

    def say(*command: str, status: int = 0) -> str:
        done = subprocess.run(
            [*command], cwd=project.folder, env=variables, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    install = [uv.program(), "pip", "install", "-q", "-p", python]
    try:
        say(uv.program(), "venv", "-q", "-p", sys.executable, str(tmp_path / "own"))
        say(*install, "alpha==1.0", "blake3", "click", "msgspec", "rich")
        say(python, "-m", "twice", "run", "flow.py", "--version", "v1")
        say(*install, "alpha==2.0")
        verdict = json.loads(say(python, "-m", "twice", "verify", "v1", "--step", "drawn", "--json", status=1))
        project.edit("flow.py", "if row < 8", "if row < 7")
        say(python, "-m", "twice", "run", "flow.py", "--version", "v2")
        found = json.loads(say(python, "-m", "twice", "diff", "v1", "v2", "--why", "--json", status=1))["why"]
    finally:
        index.close()
    (drawn,) = verdict["steps"]
    assert [(cause["status"], cause["factor"], cause["detail"]) for cause in drawn["causes"]] == [
        ("proven", "entropy", "random.Random()"),
        ("consistent with", "environment", "alpha 1.0 → 2.0"),
    ]
    (unchecked,) = found["not_checked"]
    assert "step drawn disagrees with itself here" in unchecked
    by_metric = {one["metric"]: one for one in found["differences"] if one["name"] == "score"}
    accuracy = by_metric["accuracy"]
    assert accuracy["difference"] == "accuracy fell by 0.225: 0.8 → 0.575" and accuracy["additive"]
    shares = {(cause["factor"], cause["detail"]): round(cause["share"], 6) for cause in accuracy["causes"]}
    assert shares == {("environment", "alpha 1.0 → 2.0"): -0.125, ("code", "cleaned"): -0.1}
    assert [cause["detail"] for cause in by_metric["rows"]["causes"]] == ["cleaned"]
