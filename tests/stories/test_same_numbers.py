"""Seeds, pinned settings, and steps that disagree with themselves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stories.telling import Project

DRAWS = """
    import json, os, random, sys, time
    import numpy as np
    from twice import Pipeline

    def first():
        return [random.random(), float(np.random.rand())]

    def second(seed_of_mine=0):
        return [random.random(), float(np.random.rand())]

    def settings():
        import locale
        return {
            "hash": hash("a text"),
            "set": list({"b", "a", "c"}),
            "threads": os.environ["OMP_NUM_THREADS"],
            "zone": time.tzname[0],
            "locale": os.environ["LC_ALL"],
        }

    pipeline = Pipeline(steps=[first, second, settings], name="draws", seed=int(sys.argv[1]))
    run = pipeline.run(jobs=int(sys.argv[2]))
    print(json.dumps({step: run[step] for step in run}))
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path / "work")
    project.write(flow_py=DRAWS)
    return project


def draws(project: Project, seed: int = 0, jobs: int = 1, **variables: str) -> dict[str, object]:
    out = project.python("flow.py", str(seed), str(jobs), cwd=None, fails=False, **variables)
    told: dict[str, object] = json.loads(out.splitlines()[-1])
    return told


def test_each_step_draws_the_same_numbers_alone_in_parallel_and_again(project: Project, tmp_path: Path) -> None:
    told = [draws(project, jobs=jobs, TWICE_STORE=str(tmp_path / f"store {jobs}")) for jobs in (1, 3)]
    assert told[0] == told[1]
    assert told[0]["first"] != told[0]["second"], "each step has its own seed"
    assert draws(project, seed=1)["first"] != told[0]["first"]


def test_settings_are_pinned_to_the_recorded_values_when_a_version_is_loaded(project: Project) -> None:
    there = {"OMP_NUM_THREADS": "1", "TZ": "Asia/Kolkata", "LC_ALL": "C.UTF-8"}
    first = draws(project, seed=0, jobs=1, **there)
    assert isinstance(first["settings"], dict)
    assert (first["settings"]["threads"], first["settings"]["zone"]) == ("1", "IST")
    again = project.tell(
        """
        import json
        from twice import Pipeline
        print(json.dumps(Pipeline.load("latest").run()["settings"]))
        """,
        OMP_NUM_THREADS="2",
        TZ="Europe/Berlin",
        PYTHONHASHSEED="77",
    )
    assert again == first["settings"]


def test_a_step_that_gives_something_else_under_the_same_key_is_kept_and_reported(tmp_path: Path) -> None:
    project = Project(tmp_path / "work")
    project.write(
        flow_py="""
        import json, os
        from twice import Pipeline

        def token():
            return os.urandom(8).hex()

        pipeline = Pipeline(steps=[token], version="v1.0")
        first = pipeline.run()
        pipeline.save()
        again = Pipeline.load("v1.0").run()
        traces = first.project.store.traces(first.trace("token").key)
        print(json.dumps({
            "same": first == again,
            "verdict": str(first.compare(again)).splitlines()[0],
            "kept": len(traces),
            "conflict": again.record.steps[0].conflict is not None,
        }))
        """
    )
    told = json.loads(project.python("flow.py").splitlines()[-1])
    assert told == {"same": False, "verdict": "DIFFERENT: 0 of 1 output the same", "kept": 2, "conflict": True}


def test_an_input_changed_in_place_is_seen_by_nobody_else_and_reported(tmp_path: Path) -> None:
    project = Project(tmp_path / "work")
    project.write(
        flow_py="""
        import json
        import numpy as np
        from twice import Pipeline

        def load():
            return np.zeros(100_000)

        def spoil(load):
            load += 1
            return float(load.sum())

        def use(load, spoil):
            return float(load.sum())

        run = Pipeline(steps=[load, spoil, use]).run()
        print(json.dumps([run["spoil"], run["use"], list(run.trace("spoil").mutated), list(run.trace("use").mutated)]))
        """
    )
    assert json.loads(project.python("flow.py").splitlines()[-1]) == [100_000.0, 0.0, ["load"], []]


def test_files_read_and_written_and_variables_are_noticed(tmp_path: Path) -> None:
    project = Project(tmp_path / "work")
    project.write(
        flow_py="""
        import json, os
        from pathlib import Path
        from twice import Pipeline

        def read():
            return Path("data/a.csv").read_text() + os.environ.get("MODE", "none")

        def listed():
            return sorted(path.name for path in Path("data").iterdir())

        def optional():
            return os.path.exists("extra.txt")

        run = Pipeline(steps=[read, listed, optional]).run()
        print(json.dumps({"how": [s.how for s in run.record.steps], "out": [run[s] for s in run]}))
        """,
        data__a_csv="1",
    )

    def told(**variables: str) -> dict[str, list[object]]:
        out = project.python("flow.py", cwd=None, fails=False, **variables)
        found: dict[str, list[object]] = json.loads(out.splitlines()[-1])
        return found

    assert told()["how"] == ["ran", "ran", "ran"]
    assert told()["how"] == ["reused", "reused", "reused"]
    assert told(MODE="x")["how"] == ["ran", "reused", "reused"]
    assert told(OTHER="x")["how"] == ["reused", "reused", "reused"]
    project.write(data__b_csv="2")
    assert told() == {"how": ["reused", "ran", "reused"], "out": ["1none", ["a.csv", "b.csv"], False]}
    project.write(data__a_csv="3")
    assert told()["how"] == ["ran", "reused", "reused"]
    (project.folder / "extra.txt").touch()
    assert told() == {"how": ["reused", "reused", "ran"], "out": ["3none", ["a.csv", "b.csv"], True]}


def test_a_loaded_version_says_in_one_line_how_this_environment_differs(project: Project) -> None:
    draws(project)
    load = 'from twice import Pipeline; Pipeline.load("latest").run()'
    told = project.python("-c", f"import sys; sys.stderr = sys.stdout; {load}", cwd=None, OPENBLAS_CORETYPE="Nehalem")
    assert told.startswith("note: this environment is not the recorded one: OPENBLAS_CORETYPE")
    assert len(told.splitlines()) == 1
