"""What a newcomer ran into: settings at a script's top level, working directories, installing a linter, slips."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stories.telling import Project
from twice import Pipeline
from twice.errors import WiringError


def test_settings_that_a_script_makes_hold_in_its_steps_and_count(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(
        flow_py="""
        import decimal, json, os
        from twice import Pipeline

        decimal.getcontext().prec = 5
        os.environ["MODE"] = "set by the script"
        with open("driver.log", "a") as log:
            log.write("x")

        def third():
            return [str(decimal.Decimal(1) / 3), os.environ["MODE"]]

        pipeline = Pipeline(steps=[third], version="v1")
        run = pipeline.run()
        pipeline.save()
        print(json.dumps([run.output, run.record.steps[0].how]))
        """
    )
    assert json.loads(project.python("flow.py")) == [["0.33333", "set by the script"], "ran"]
    assert json.loads(project.python("flow.py"))[1] == "reused"
    load = 'import json; from twice import Pipeline; print(json.dumps(Pipeline.load("v1").run().output))'
    assert project.tell(load) == ["0.33333", "set by the script"]
    assert (project.folder / "driver.log").read_text() == "xx", "the rest of the script is not run again"
    project.edit("flow.py", "prec = 5", "prec = 3")
    project.edit("flow.py", 'version="v1"', 'version="v2"')
    assert json.loads(project.python("flow.py")) == [["0.333", "set by the script"], "ran"]


def test_a_relative_path_means_another_file_in_another_working_directory(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(
        flow_py="""
        from pathlib import Path
        from twice import Pipeline

        def read():
            return Path("in.csv").read_text()

        print(Pipeline(steps=[read]).run().output)
        """,
        a__in_csv="one",
        b__in_csv="two",
    )
    assert project.python("../flow.py", cwd=tmp_path / "a").strip() == "one"
    assert project.python("../flow.py", cwd=tmp_path / "b").strip() == "two"
    assert "FileNotFoundError" in project.python("flow.py", fails=True)


def test_an_installed_distribution_that_no_step_reaches_makes_no_other_version(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(
        flow_py="""
        from twice import Pipeline

        def one():
            return 1

        pipeline = Pipeline(steps=[one], version="v1")
        run = pipeline.run()
        pipeline.save()
        print(run.version)
        """
    )
    first = project.python("flow.py")
    extra = tmp_path / "extra" / "linter-1.0.dist-info"
    extra.mkdir(parents=True)
    (extra / "METADATA").write_text("Metadata-Version: 2.1\nName: linter\nVersion: 1.0\n")
    again = project.python("flow.py", cwd=None, fails=False, PYTHONPATH=str(tmp_path / "extra"))
    assert first == again


def test_a_fit_of_scikit_learn_does_not_depend_on_what_else_lies_in_the_folder(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(
        flow_py="""
        import numpy as np
        from sklearn.linear_model import LinearRegression
        from twice import Pipeline

        def fit():
            return LinearRegression().fit(np.eye(3), np.arange(3))

        print(Pipeline(steps=[fit]).run().record.steps[0].how)
        """
    )
    assert project.python("flow.py").strip() == "ran"
    (tmp_path / "notes.txt").touch()
    assert project.python("flow.py").strip() == "reused"


def test_a_slip_in_a_step_s_name_is_not_chained_to_the_step_before() -> None:
    def train_set() -> str:
        return "train"

    def test_set(train_set: str) -> str:
        return "test"

    def fit(trainset: str) -> str:
        return trainset

    with pytest.raises(WiringError, match="spelt almost like 'train_set'"):
        Pipeline(steps=[train_set, test_set, fit])


def test_the_error_about_what_cannot_be_captured_is_short_and_names_everything(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(
        flow_py="""
        import threading
        from twice import Pipeline

        LOCK = threading.Lock()

        def guarded():
            with LOCK:
                return 1

        Pipeline(steps=[guarded]).run()
        """
    )
    told = project.python("flow.py", fails=True)
    assert "step 'guarded' reaches the variable 'LOCK', used at flow.py:8, which cannot be saved" in told
    assert "hint:" in told
    assert len(told.splitlines()) <= 10, told
