"""Stories of one person's day, from end to end, in real processes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from stories.telling import Project

HELPERS = """
    THRESHOLD = 10.0

    def scale(numbers):
        return [number * 2 for number in numbers]
"""

FLOW = """
    import json
    import random
    import sys
    from pathlib import Path

    import helpers
    from twice import Pipeline

    def load():
        return [float(line) for line in Path("numbers.csv").read_text().split()]

    def clean(load):
        return [number for number in helpers.scale(load) if number < helpers.THRESHOLD]

    def fit(clean, depth=3):
        return {"mean": sum(clean) / len(clean), "depth": depth, "draw": random.random()}

    pipeline = Pipeline(steps=[load, clean, fit], name="numbers")
    pipeline.version = sys.argv[1]
    run = pipeline.run()
    pipeline.save()
    print(json.dumps({"how": [step.how for step in run.record.steps], "output": run.output}))
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path / "work")
    project.write(helpers_py=HELPERS, flow_py=FLOW, numbers_csv="1\n2\n3\n4\n")
    return project


def flow(project: Project, version: str) -> dict[str, object]:
    told: dict[str, object] = json.loads(project.python("flow.py", version).splitlines()[-1])
    return told


LOAD = """
    import json, sys
    from twice import Pipeline
    old = Pipeline.load("{name}", store={store!r})
    again = old.run()
    how = [step.how for step in again.record.steps]
    print(json.dumps({{"output": again.output, "same": again == old.recorded, "how": how}}))
"""


def test_edit_a_helper_and_load_the_old_version(project: Project) -> None:
    first = flow(project, "v1.0")
    project.edit("helpers.py", "number * 2", "number * 3")
    second = flow(project, "v1.1")
    assert second["how"] == ["reused", "ran", "ran"]
    assert second["output"] != first["output"]
    old = project.tell(LOAD.format(name="v1.0", store=None))
    assert old == {"output": first["output"], "same": True, "how": ["ran", "ran", "ran"]}
    assert "number * 3" in (project.folder / "helpers.py").read_text(), "the working tree is not touched"


def test_break_a_step_fix_it_and_resume(project: Project) -> None:
    project.edit("flow.py", '"depth": depth', '"depth": depth / 0')
    told = project.python("flow.py", "v1.0", fails=True)
    assert "step 'fit' failed: ZeroDivisionError" in told
    assert '"depth": depth / 0' in told, "the user's own line is shown"
    assert 'flow.py", line 17, in fit' in told, "with the user's own line number"
    project.edit("flow.py", '"depth": depth / 0', '"depth": depth')
    assert flow(project, "v1.0")["how"] == ["reused", "reused", "ran"]


def test_delete_the_project_and_run_again_from_the_store(project: Project, tmp_path: Path) -> None:
    first = flow(project, "v1.0")
    store = tmp_path / "elsewhere" / "store"
    shutil.copytree(project.folder / ".twice", store)
    shutil.rmtree(project.folder)
    empty = tmp_path / "empty"
    empty.mkdir()
    old = project.tell(LOAD.format(name="numbers@v1.0", store=str(store)), cwd=empty)
    assert old == {"output": first["output"], "same": True, "how": ["ran", "ran", "ran"]}
    assert list(empty.iterdir()) == [], "nothing is left where it ran"


def test_two_contents_under_one_label_are_refused_with_the_difference(project: Project) -> None:
    flow(project, "v1.0")
    assert flow(project, "v1.0")["how"] == ["reused"] * 3, "the same content again changes nothing"
    project.edit("helpers.py", "THRESHOLD = 10.0", "THRESHOLD = 5.0")
    told = project.python("flow.py", "v1.0", fails=True)
    assert "LabelTaken: 'numbers@v1.0' already means another version" in told
    assert "helpers.THRESHOLD" in told
    assert "hint:" in told
    old = project.tell(LOAD.format(name="v1.0", store=None))
    assert old["same"], "the label still means what it meant"


def test_delete_the_index_and_go_on(project: Project) -> None:
    first = flow(project, "v1.0")
    for file in (project.folder / ".twice").glob("index.sqlite*"):
        file.unlink()
    assert flow(project, "v1.0") == {"how": ["reused"] * 3, "output": first["output"]}
    assert project.tell(LOAD.format(name="v1.0", store=None))["same"]


def test_a_script_without_a_guard_runs_its_driver_code_once(project: Project) -> None:
    project.write(
        flow_py="""
        from pathlib import Path
        from twice import Pipeline

        with open("driver.log", "a") as log:
            log.write("driver\\n")

        def one():
            return 1

        def two(one):
            return one + 1

        print(Pipeline(steps=[one, two]).run().output)
        """
    )
    assert project.python("flow.py") == "2\n"
    assert (project.folder / "driver.log").read_text() == "driver\n"


def test_the_seed_program_works_with_a_guard_in_a_module_and_with_dash_m(project: Project) -> None:
    project.write(
        pkg____init___py="",
        pkg__seed_py="""
        from twice import Pipeline

        def step1():
            return [1, 2]

        def step2(step1):
            return sum(step1)

        pipeline = Pipeline(steps=[step1, step2])

        def main():
            pipeline.version = "v1.0"
            output1 = pipeline.run()
            pipeline.save("pipeline_v1.0")
            output2 = Pipeline.load("pipeline_v1.0").run()
            assert output1 == output2
            output3 = pipeline.load("pipeline_v1.0").run()
            assert output1 == output3
            print(output1.compare(output2))

        if __name__ == "__main__":
            main()
        """,
    )
    (project.folder / "pkg" / "__init__.py").touch()
    for arguments in (["pkg/seed.py"], ["-m", "pkg.seed"], ["-c", "import pkg.seed; pkg.seed.main()"]):
        told = project.python(*arguments)
        assert told.startswith("IDENTICAL: 2 outputs compared")
        shutil.rmtree(project.folder / ".twice", ignore_errors=True)
        shutil.rmtree(project.folder / "pkg" / ".twice", ignore_errors=True)


def test_an_instance_of_a_class_of_the_script_comes_back_as_that_class(project: Project) -> None:
    project.write(
        flow_py="""
        from dataclasses import dataclass
        from twice import Pipeline

        @dataclass
        class Point:
            x: int
            y: int

        def make():
            return Point(1, 2)

        def move(make, by=1):
            assert type(make) is Point
            return Point(make.x + by, make.y)

        run = Pipeline(steps=[make, move]).run()
        assert isinstance(run.output, Point)
        assert run.output == Point(2, 2)
        """
    )
    project.python("flow.py")


def test_a_changed_method_of_a_class_that_only_arrives_as_an_input_is_noticed(project: Project) -> None:
    project.write(
        shapes_py="""
        class Square:
            def __init__(self, side):
                self.side = side

            def area(self):
                return self.side ** 2
        """,
        flow_py="""
        from twice import Pipeline
        import shapes

        def make():
            return shapes.Square(3)

        def measure(make):
            return make.area()

        print(Pipeline(steps=[make, measure]).run().output)
        """,
    )
    assert project.python("flow.py") == "9\n"
    project.edit("shapes.py", "self.side ** 2", "self.side * 4")
    assert project.python("flow.py") == "12\n"
