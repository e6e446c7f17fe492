"""``twice explain``: why a step ran, why it was reused, and what that assumed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stories.telling import Project

FLOW = """
    from pathlib import Path
    import helpers
    from twice import Pipeline

    def load():
        return [float(x) for x in Path("d.csv").read_text().split()]

    def fit(load, depth=3):
        return helpers.mean(load) + depth

    pipeline = Pipeline(steps=[load, fit])
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path)
    project.write(flow_py=FLOW, helpers_py="def mean(x):\n    return sum(x) / len(x)\n", d_csv="1 2 3")
    project.python("-m", "twice", "run", "flow.py")
    return project


def explained(project: Project, *arguments: str) -> str:
    return project.python("-m", "twice", "explain", *arguments)


def test_a_first_run_has_nothing_to_be_held_against(project: Project) -> None:
    assert "✓ load ran: it has not run before" in explained(project, "latest")


def test_an_edited_helper_is_shown_with_its_text_and_the_way_to_it(project: Project) -> None:
    project.edit("helpers.py", "/ len(x)", "/ len(x) + 1")
    project.python("-m", "twice", "run", "flow.py")
    told = explained(project, "latest")
    assert "= load reused: nothing it depends on has changed\n  checked: its code, inputs, parameters and" in told
    assert "  · d.csv is as it was" in told
    assert "✓ fit ran: its code has changed" in told
    assert "reached by step fit: fit → mean" in told
    assert "+    return sum(x) / len(x) + 1" in told


def test_one_step_and_one_parameter(project: Project) -> None:
    project.python("-m", "twice", "run", "flow.py", "--param", "depth=4")
    told = explained(project, "latest", "fit")
    assert "fit.depth  3  →  4" in told
    assert "load" not in told
    data = json.loads(explained(project, "latest", "fit", "--json"))
    assert sorted(data) == ["name", "run", "steps", "version"]
    assert list(data["steps"][0]["ingredients"]) == ["parameter depth"]


def test_the_step_comes_first_and_alone_and_two_runs_are_held_against_each_other(project: Project) -> None:
    project.python("-m", "twice", "run", "flow.py", "--param", "depth=4", "--seed", "5", "--save", "four")
    project.python("-m", "twice", "run", "flow.py", "--param", "depth=4", "--seed", "5")
    assert "= fit reused" in explained(project, "fit")
    assert "✓ fit ran" in explained(project, "fit", "four")
    for asked in (("fit", "previous", "latest"), ("fit", "--against", "previous")):
        assert "nothing that was recorded differs\n  its output: the same" in explained(project, *asked)
    first = json.loads(project.python("-m", "twice", "log", "--json"))["versions"][-1]["runs"][0]["run"]
    told = explained(project, "fit", first, "four")
    assert "fit.depth  3  →  4\n  seed       0  →  5\n  its output: 5.0 → 6.0" in told


def test_what_a_run_would_do_now_is_said_without_running_anything(project: Project) -> None:
    assert "= fit would be reused" in explained(project, "flow.py")
    project.edit("d.csv", "3", "6")
    told = explained(project, "flow.py")
    assert "✓ load would run: d.csv has changed" in told
    assert "    -1 2 3\n    +1 2 6" in told
    assert "fit may run: only if load gives something else than it did" in told
    project.edit("helpers.py", "/ len(x)", "/ len(x) + 1")
    told = explained(project, "fit", "flow.py")
    assert "✓ fit would run: its code has changed" in told
    assert "+    return sum(x) / len(x) + 1" in told
    assert len(json.loads(project.python("-m", "twice", "log", "--json"))["versions"]) == 1


def test_a_step_that_is_not_there_is_an_error_that_lists_the_steps(project: Project) -> None:
    told = project.python("-m", "twice", "explain", "latest", "fti", fails=True)
    assert "its steps are load, fit" in told
    assert "did you mean fit?" in told
