"""Two ways in which the user's word counts for more than the key: an edit called compatible, and a step run always."""

from __future__ import annotations

from pathlib import Path

from stories.telling import Project

FLOW = """
import json
import sys
from pathlib import Path
from twice import Pipeline, step

def load():
    return int(Path("n.txt").read_text())

def fit(load, depth=1):
    return load * 10 + depth

@step(always=True)
def report(fit):
    return f"{fit}"

pipeline = Pipeline(steps=[load, fit, report], name="word", version="v1")

if __name__ == "__main__":
    run = pipeline.run(compatible=sys.argv[1:])
    print([[each.how for each in run.record.steps], run.output])
"""


def test_an_edit_called_compatible_keeps_the_trace_and_is_recorded_shown_and_checked(tmp_path: Path) -> None:
    project = Project(tmp_path)
    (tmp_path / "flow.py").write_text(FLOW)
    (tmp_path / "n.txt").write_text("3")
    assert project.python("flow.py") == "[['ran', 'ran', 'ran'], '31']\n"
    project.edit("flow.py", "load * 10 + depth", "depth + 11 * load - load")
    assert project.python("flow.py", "fit") == "[['reused', 'reused', 'ran'], '31']\n"

    explained = project.python("-m", "twice", "explain", "latest", "fit")
    assert "reused: its code has changed, and the edit was called compatible" in explained
    assert "-    return load * 10 + depth" in explained
    assert "+    return depth + 11 * load - load" in explained
    assert "its code has changed, and the edit was called compatible" in project.python("-m", "twice", "show", "latest")
    always = project.python("-m", "twice", "explain", "latest", "report")
    assert "ran: it is set to run always" in always

    # Somebody's word covers the code and nothing else, and only where it is given.
    (tmp_path / "n.txt").write_text("4")
    assert project.python("flow.py", "fit") == "[['ran', 'ran', 'ran'], '41']\n"
    (tmp_path / "n.txt").write_text("3")
    assert project.python("flow.py") == "[['reused', 'ran', 'ran'], '31']\n"
    unknown = project.python("-m", "twice", "run", "flow.py", "--compatible", "fitt", fails=True)
    assert "there is no step 'fitt' whose edit could be compatible; the steps are load, fit, report." in unknown


def test_verify_tells_an_edit_that_was_not_compatible(tmp_path: Path) -> None:
    project = Project(tmp_path)
    (tmp_path / "flow.py").write_text(FLOW)
    (tmp_path / "n.txt").write_text("3")
    project.python("flow.py")
    project.edit("flow.py", "load * 10 + depth", "load * 20 + depth")
    project.python("-m", "twice", "run", "flow.py", "--compatible", "fit", "--version", "v1")
    told = project.python("-c", "from twice import Pipeline\nprint(Pipeline.load('v1').verify(budget=0))")
    assert "DIFFERENT" in told
    assert "fit" in told
