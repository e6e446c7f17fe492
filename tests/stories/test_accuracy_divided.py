"""Accuracy fell between two versions: how much of it is whose is found out by making each change alone."""

from __future__ import annotations

import json
from pathlib import Path

from stories.telling import Project

CLEAN = """
    import statistics
    FACTOR = 1.0
    LIMIT = 40

    def drop_outliers(rows):
        return [row for row in rows if abs(row[0]) < LIMIT]

    class Scaler:
        unit = 1.0

        def scale(self, rows):
            return [(value * FACTOR / self.unit, label) for value, label in rows]
    """

FLOW = """
    from clean import Scaler, drop_outliers
    from twice import Pipeline

    OFFSET = 0.0

    def load():
        rows = [(float(n), n >= 20) for n in range(40)]
        return rows + [(1000.0, True), (-1000.0, False)]

    def prepare(load):
        return Scaler().scale(drop_outliers(load))

    def fit(prepare, margin=0.0):
        low = [value for value, label in prepare if not label]
        high = [value for value, label in prepare if label]
        return (max(low) + min(high)) / 2 + margin + OFFSET

    def score(fit, load):
        kept = load[:40]
        right = sum((value >= fit) == label for value, label in kept)
        return {"accuracy": right / 40, "threshold": fit}

    pipeline = Pipeline(steps=[load, prepare, fit, score])
    """


def test_a_fall_in_accuracy_is_divided_among_the_helper_and_the_parameter(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(clean_py=CLEAN, flow_py=FLOW)
    twice = ("-m", "twice")
    project.python(*twice, "run", "flow.py", "--version", "v1")
    # A function and a parameter that matter; and three changes that do not: a helper with a new one that it needs, a
    # constant of a class that is written otherwise, and a sum that begins elsewhere.
    project.edit("clean.py", "return [row for row in rows if abs(row[0]) < LIMIT]", "return trimmed(rows, floor(12.0))")
    trimmed = "def trimmed(rows, low):\n    return [(v, b) for v, b in rows if low <= v < LIMIT]\n"
    project.edit("clean.py", "import statistics", f"from math import floor\n\n{trimmed}")
    project.edit("clean.py", "unit = 1.0", "unit = 2.0 - 1")
    project.edit("flow.py", "right = sum(", "right = 0 + sum(")
    project.edit(
        "flow.py",
        "low = [value for value, label in prepare if not label]",
        "low = [v - 8 for v, b in prepare if not b]",
    )
    project.python(*twice, "run", "flow.py", "--version", "v2", "--param", "fit.margin=-2.0")

    before = json.loads(project.python(*twice, "log", "--json"))
    found = json.loads(project.python("-c", _STATUS_1, *twice[1:], "diff", "v1", "v2", "--why", "--json"))["why"]
    accuracy = next(one for one in found["differences"] if one["metric"] == "accuracy")
    assert accuracy["difference"] == "accuracy fell by 0.15: 1 → 0.85"
    causes = {cause["factor"]: cause for cause in accuracy["causes"]}
    assert set(causes) == {"code", "parameters"}
    assert causes["code"]["detail"] == "fit" and causes["code"]["location"].startswith("flow.py:")
    assert round(causes["code"]["share"], 6) == -0.1
    assert causes["parameters"]["detail"] == "fit.margin 0.0 → -2.0"
    assert round(causes["parameters"]["share"], 6) == -0.05
    assert accuracy["additive"]
    assert causes["code"]["evidence"][0]["numbers"]["score.accuracy"] == 0.9
    ruled_out = {cause["detail"] for cause in found["ruled_out"]}
    assert ruled_out == {"Scaler", "score"}
    (rows,) = [one for one in found["differences"] if one["name"] == "prepare"]
    assert [cause["detail"] for cause in rows["causes"]] == ["drop_outliers"], "it changes rows that nothing hangs on"
    assert not found["not_checked"]
    assert json.loads(project.python(*twice, "log", "--json")) == before, "experiments are no runs of the pipeline"

    again = project.python("-c", _STATUS_1, "twice", "diff", "v1", "v2", "--why")
    assert "together, not more" in again
    assert "-0.1  code: fit (flow.py:" in again
    assert ", 0 runs of steps" in again, "no experiment is made twice"


_STATUS_1 = """
import subprocess, sys
done = subprocess.run([sys.executable, "-m", *sys.argv[1:]], capture_output=True, text=True)
print(done.stdout)
sys.exit(done.returncode != 1 and (sys.stderr.write(done.stderr) or 9))
"""
