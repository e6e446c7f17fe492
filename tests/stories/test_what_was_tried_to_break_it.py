"""Cases that somebody found who tried to get a stale result, or a version that does not come back."""

from __future__ import annotations

from pathlib import Path

import pytest

from stories.telling import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "work")


def answers(project: Project, flow: str) -> str:
    project.write(flow_py=flow)
    return project.python("flow.py").strip()


LAZY = """
    from twice import Pipeline

    def a():
        import models
        return models.Net(2)

    def b(a):
        return a.predict()

    print(Pipeline(steps=[a, b]).run().output)
"""


def test_a_class_imported_inside_a_step_counts_for_whoever_receives_its_instance(project: Project) -> None:
    model = "class Net:\n    def __init__(self, k): self.k = k\n    def predict(self): return self.k * 11\n"
    project.write(models_py=model)
    assert answers(project, LAZY) == "22"
    project.edit("models.py", "* 11", "* 12")
    assert project.python("flow.py").strip() == "24"


ORDER = """
    import numpy as np
    from twice import Pipeline

    def a():
        return np.asarray((np.arange(1, 90001) ** -1.5).reshape(300, 300), order="C")

    def b(a):
        return a.ravel("K")[1].hex()

    print(Pipeline(steps=[a, b]).run().output)
"""


def test_the_order_of_an_array_in_memory_counts_for_whoever_receives_it(project: Project) -> None:
    first = answers(project, ORDER)
    project.edit("flow.py", 'order="C"', 'order="F"')
    assert project.python("flow.py").strip() != first


ALIAS = """
    from twice import Pipeline

    def a():
        x = [1]
        return [x, [1]]

    def b(a):
        a[0].append(2)
        return a

    print(Pipeline(steps=[a, b]).run().output)
"""


def test_what_is_one_object_in_an_input_counts(project: Project) -> None:
    assert answers(project, ALIAS) == "[[1, 2], [1]]"
    project.edit("flow.py", "[x, [1]]", "[x, x]")
    assert project.python("flow.py").strip() == "[[1, 2], [1, 2]]"


LISTING = """
    import os
    from pathlib import Path
    from twice import Pipeline

    def names():
        return [path.name for path in sorted(Path("d").iterdir()) if path.is_file()]

    pipeline = Pipeline(steps=[names], version="v1", name="listing")
    print(pipeline.run().output)
    if not os.environ.get("AGAIN"):
        pipeline.save()
"""


def test_a_file_that_becomes_a_folder_is_noticed_and_a_listed_folder_comes_back(
    project: Project, tmp_path: Path
) -> None:
    project.write(d__x_csv="1", d__y_csv="2")
    assert answers(project, LISTING) == "['x.csv', 'y.csv']"
    (project.folder / "d" / "y.csv").unlink()
    (project.folder / "d" / "y.csv").mkdir()
    assert project.python("flow.py", cwd=None, fails=False, AGAIN="1").strip() == "['x.csv']"
    store = project.folder / ".twice"
    load = f"from twice import Pipeline; print(Pipeline.load('v1', store={str(store)!r}).run().output)"
    assert project.python("-c", load, cwd=tmp_path).strip() == "['x.csv', 'y.csv']"


LINKS = """
    from pathlib import Path
    from twice import Pipeline

    def there():
        return Path("link").exists()

    def around():
        return Path("l/../f").read_text()

    run = Pipeline(steps=[there, around]).run()
    print(run["there"], run["around"])
"""


def test_links_are_seen_as_the_kernel_sees_them(project: Project) -> None:
    project.write(o__f_csv="", flow_py="")
    (project.folder / "o" / "d").mkdir()
    (project.folder / "o" / "f").write_text("one")
    (project.folder / "l").symlink_to("o/d")
    (project.folder / "link").symlink_to("target")
    assert answers(project, LINKS) == "False one"
    (project.folder / "target").touch()
    (project.folder / "o" / "f").write_text("two")
    assert project.python("flow.py").strip() == "True two"


def test_two_settings_on_one_line_are_both_carried_out(project: Project) -> None:
    flow = """
    import decimal, os
    from twice import Pipeline
    decimal.getcontext().prec = 4; os.environ["MODE"] = "x"

    def s():
        return str(decimal.Decimal(1) / 3) + os.environ["MODE"]

    print(Pipeline(steps=[s]).run().output)
    """
    assert answers(project, flow) == "0.3333x"
