"""Ctrl-C in the middle of ``stress`` and ``diff --why``: what was learnt is kept, and no experiment is made twice."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from stories.telling import Project, stopped

FLOW = """
    from datetime import datetime
    from twice import Pipeline

    def dated():
        return datetime.fromtimestamp(0).isoformat()

    pipeline = Pipeline(steps=[dated])
    """

SCORED = """
    from twice import Pipeline

    FACTOR = 1

    def clean(values):
        return [value * 2 for value in values]

    def score(depth=3):
        return {"accuracy": sum(clean([1, 2, 3])) * FACTOR + depth}

    pipeline = Pipeline(steps=[score])
    """


def keys_of(project: Project) -> Counter[str]:
    """How many traces there are of each key."""
    files = (file for file in (project.folder / ".twice").rglob("trace/**/*") if file.is_file())
    return Counter(json.loads(file.read_bytes())["key"] for file in files)


def test_stress_is_stopped_and_tries_the_rest_the_next_time(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(flow_py=FLOW)
    project.python("-m", "twice", "run", "flow.py", "--version", "v1")

    status, out, said = stopped(project, "timezone west", "stress", "v1", "--json")
    assert status == 130 and "interrupted" in said, said
    first = json.loads(out)
    assert first["interrupted"]
    effects = {cell["variation"]: cell["effect"] for cell in first["steps"][0]["cells"]}
    assert effects["seed"] == effects["umask"] == "unaffected" and effects["older processor"] == "not tried"
    assert effects["timezone east"] == "different"
    made = keys_of(project)

    whole: dict[str, Any] = json.loads(project.python("-m", "twice", "stress", "v1", "--json"))
    (step,) = whole["steps"]
    assert not whole["interrupted"] and step["reproducibility"] == "depends on timezone"
    assert not [cell for cell in step["cells"] if cell["effect"] == "not tried"]
    now = keys_of(project)
    assert not made - now and max(now.values()) == 3, "nothing is run more often than it is replicated"
    assert json.loads(project.python("-m", "twice", "stress", "v1", "--json")) == whole
    assert keys_of(project) == now, "it is all known by now"

    only = json.loads(project.python("-m", "twice", "stress", "v1", "--factor", "clock", "--json"))
    assert only["variations"] == ["an hour later", "a day later", "398 days later"]
    assert only["steps"][0]["reproducibility"] == "does not mind clock"
    assert keys_of(project).total() <= now.total() + 3, "what was tried together only is tried alone"
    wrong = project.python("-m", "twice", "stress", "v1", "--factor", "weather", fails=True)
    assert "nothing here varies 'weather'." in wrong and "hint: the factors are seed, hash-seed, threads" in wrong


def test_dividing_a_difference_is_stopped_and_gone_on_with(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(flow_py=SCORED)
    project.python("-m", "twice", "run", "flow.py", "--version", "v1")
    project.edit("flow.py", "value * 2", "value * 3")
    project.edit("flow.py", "depth=3", "depth=5")
    project.edit("flow.py", "FACTOR = 1", "FACTOR = 2")
    project.python("-m", "twice", "run", "flow.py", "--version", "v2")

    status, out, said = stopped(project, "as in v2", "diff", "v1", "v2", "--why")
    assert status == 130 and "interrupted" in said and not out, said + out
    made = keys_of(project)
    found = json.loads(project.python("-c", STATUS_1, "diff", "v1", "v2", "--why", "--json"))["why"]
    now = keys_of(project)
    assert not made - now and max(now.values()) <= 2, "each mixture was made as often as it is wanted"
    assert found["runs"] == now.total() - made.total(), "those before are not made again"
    assert {cause["factor"] for cause in found["differences"][0]["causes"]} == {"code", "parameters"}
    again = json.loads(project.python("-c", STATUS_1, "diff", "v1", "v2", "--why", "--json"))["why"]
    assert again["runs"] == 0 and again["differences"] == found["differences"]


STATUS_1 = """
import subprocess, sys
done = subprocess.run([sys.executable, "-m", "twice", *sys.argv[1:]], capture_output=True, text=True)
print(done.stdout)
sys.exit(done.returncode not in (0, 1) and (sys.stderr.write(done.stderr) or 9))
"""
