"""What is pinned in every run cannot differ in a verification; between two versions it can, and is named."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from cli.commands import TWICE, environment, made

FLOW = """
import locale
from datetime import datetime
import numpy as np
from twice import Pipeline

def ordered():
    return {"words": list({"alpha", "beta", "gamma", "delta", "epsilon"}), "hash": hash("text")}

def dated():
    return datetime.fromtimestamp(1_700_000_000).isoformat()

def multiplied():
    matrix = np.random.default_rng(0).normal(size=(700, 700)).astype("f4")
    return matrix @ matrix

def told():
    return locale.setlocale(locale.LC_ALL, "")

def added(multiplied):
    return len(multiplied)

pipeline = Pipeline(steps=[ordered, dated, multiplied, told, added])
"""
THEN = {"PYTHONHASHSEED": "1", "TZ": "UTC", "OMP_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}
NOW = {"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo", "OMP_NUM_THREADS": "2", "LC_ALL": "C"}


def test_hash_seed_time_zone_threads_and_locale_are_told_apart(tmp_path: Path) -> None:
    folder = made(tmp_path / "project")
    folder.write(settings=FLOW)

    def say(*words: str, status: int = 0, variables: dict[str, str] | None = None) -> str:
        done = subprocess.run(
            [*TWICE, *words],
            cwd=folder.path,
            env={**environment(), **(variables or {})},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == status, done.stderr
        return done.stdout

    say("run", "settings.py", "--version", "v1", variables=THEN)
    say("run", "settings.py", "--version", "v2", variables=NOW)
    assert json.loads(say("verify", "v1", "--json", variables=NOW))["verdict"] == "identical", (
        "what is pinned is as recorded"
    )
    found = json.loads(say("diff", "v1", "v2", "--why", "--json", status=1))
    named = {one["name"]: [cause["factor"] for cause in one["causes"]] for one in found["why"]["differences"]}
    expected = {"ordered": ["hash-seed"], "dated": ["timezone"], "told": ["locale"]}
    if (os.cpu_count() or 1) > 1:  # with one core there is nothing to share the sum
        expected["multiplied"] = ["threads"]
    assert named == expected
