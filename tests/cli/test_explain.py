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
    assert "= load reused: nothing it depends on has changed\n  · d.csv is as it was" in told
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


def test_a_step_that_is_not_there_is_an_error_that_lists_the_steps(project: Project) -> None:
    told = project.python("-m", "twice", "explain", "latest", "fti", fails=True)
    assert "its steps are load, fit" in told
