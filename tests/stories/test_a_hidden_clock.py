"""A report differs on every run; the clock that hides in a helper's helper is found to the line, by experiment."""

from __future__ import annotations

import json
from pathlib import Path

from stories.telling import Project

HELPERS = """
    import time

    def _weight(age):
        # Nobody thinks of this line when the report differs.
        return age + (time.time() - 1.7e9) / 1e9

    def weighted(rows):
        return [value * _weight(age) for value, age in rows]
    """

FLOW = """
    from helpers import weighted
    from twice import Pipeline

    def load():
        return [(float(n), n % 7) for n in range(50)]

    def score(load):
        return round(sum(weighted(load)), 9)

    def report(score):
        return f"scored {score > 0}"

    pipeline = Pipeline(steps=[load, score, report])
    """

_VERIFY = """
import subprocess, sys
done = subprocess.run([sys.executable, "-m", "twice", "verify", "v1", *sys.argv[1:]], capture_output=True, text=True)
assert done.returncode == 1, done.stderr
print(done.stdout)
"""


def test_a_clock_that_hides_in_a_helper_is_found_to_the_line(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(helpers_py=HELPERS, flow_py=FLOW)
    project.python("-m", "twice", "run", "flow.py", "--version", "v1")
    steps = {step["name"]: step for step in json.loads(project.python("-c", _VERIFY, "--json"))["steps"]}
    assert [steps[name]["verdict"] for name in ("load", "report")] == ["identical"] * 2
    (cause,) = steps["score"]["causes"]
    line = 1 + HELPERS.splitlines().index("        return age + (time.time() - 1.7e9) / 1e9")
    assert (cause["factor"], cause["status"], cause["location"]) == ("clock", "proven", f"helpers.py:{line}")
    assert steps["score"]["nature"] == "unsteady" and steps["score"]["runs"] <= 8
    assert "take the moment from a parameter" in cause["fix"]
    held = next(one for one in cause["evidence"] if one["conditions"] == ["the clock frozen"])
    assert len(held["outcomes"]) >= 3 and len(set(held["outcomes"])) == 1, "held still, it agrees with itself"
    (free,) = (one for one in cause["evidence"] if one is not held)
    assert len(set(free["outcomes"])) == len(free["outcomes"]) >= 3, "and free, it never does"

    told = project.python("-c", _VERIFY)
    assert f"proven: clock: time.time (helpers.py:{line})" in told
    assert "it ends there: fed with it, report gave what was recorded" in told
