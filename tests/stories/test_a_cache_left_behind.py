"""A step meets the cache that its own earlier run left in the project: each command says so in its way."""

from __future__ import annotations

import json
from pathlib import Path

from stories.telling import Project

FLOW = """
    import json, os
    from twice import Pipeline

    def cached():
        if os.path.exists("cache.json"):
            with open("cache.json") as file:
                return json.load(file)
        with open("cache.json", "w") as file:
            json.dump(106, file)
        return 6

    pipeline = Pipeline(steps=[cached])
    """

STATUS_1 = """
import subprocess, sys
done = subprocess.run([sys.executable, "-m", "twice", *sys.argv[1:]], capture_output=True, text=True)
print(done.stdout)
sys.exit(done.returncode != 1 and (sys.stderr.write(done.stderr) or 9))
"""


def test_a_cache_that_a_run_left_is_named_where_it_is_met_and_divides_the_versions(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(flow_py=FLOW)
    project.python("-m", "twice", "run", "flow.py", "--version", "v1")
    second = json.loads(project.python("-m", "twice", "run", "flow.py", "--version", "v2", "--json"))
    assert second["run"]["steps"][0]["reason"] == "cache.json is there now: an earlier run of the step left it"
    # Each version is restored with what it met: the first with no cache, the second with the one that was there.
    for version in ("v1", "v2"):
        assert "✓ reproducible" in project.python("-m", "twice", "verify", version)
    (found,) = json.loads(project.python("-c", STATUS_1, "diff", "v1", "v2", "--why", "--json"))["why"]["differences"]
    (cause,) = found["causes"]
    assert (found["before"], found["after"]) == (6, 106)
    assert (cause["factor"], cause["detail"]) == ("data", "cache.json: not there → there")
