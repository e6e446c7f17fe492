"""Captured code, brought back: from scripts, modules and tests, after the tree has moved on."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from source.programs import Files, write
from twice import Pipeline
from twice.errors import CaptureError, StepFailed


def python(folder: Path, script: str, *arguments: str, fails: bool = False) -> str:
    done = subprocess.run(
        [sys.executable, script, *arguments], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode != 0) == fails, f"{done.stdout}\n{done.stderr}"
    return done.stderr if fails else done.stdout


def answer(folder: Path, files: Files) -> Any:
    """Run ``flow.py``; what it prints last is JSON."""
    write(folder, files)
    return json.loads(python(folder, "flow.py").splitlines()[-1])


SAVED = {
    "helpers.py": "RATE = 2\ndef scale(x):\n    return x * RATE\n",
    "pkg/__init__.py": "from .deep import leaf\n",
    "pkg/deep.py": "from pathlib import Path\ndef leaf():\n    return Path(__file__).with_name('d.txt').read_text()\n",
    "pkg/d.txt": "data",
    "space/thing.py": "def f():\n    return 'space'\n",
    "flow.py": """
        import json
        import helpers, pkg
        import space.thing
        from twice import Pipeline

        def load():
            return [1, 2, 3]

        def fit(load):
            return [helpers.scale(x) for x in load], pkg.leaf(), space.thing.f(), open("beside.txt").read()

        pipeline = Pipeline(steps=[load, fit], store="../store")
        run = pipeline.run()
        pipeline.save("first")
        print(json.dumps(run.output))
        """,
    "beside.txt": "beside",
}
AGAIN = """
import json
from twice import Pipeline
run = Pipeline.load("first", store="../store").run()
print(json.dumps(run.output))
"""


def test_old_code_runs_after_the_tree_is_edited_and_after_it_is_gone(tmp_path: Path) -> None:
    first = answer(tmp_path / "project", SAVED)
    assert first == [[2, 4, 6], "data", "space", "beside"]
    changed = {
        "helpers.py": "def scale(x):\n    return 0\n",
        "pkg/d.txt": "other",
        "beside.txt": "other",
        "flow.py": AGAIN,
    }
    assert answer(tmp_path / "project", changed) == first
    shutil.rmtree(tmp_path / "project")
    assert answer(tmp_path / "elsewhere", {"flow.py": AGAIN}) == first


def test_a_script_without_a_guard_does_not_run_again(tmp_path: Path) -> None:
    script = """
        import json
        from pathlib import Path
        from twice import Pipeline
        with open("count.txt", "a") as file:
            file.write("x")
        def step():
            return Path("count.txt").read_text()
        run = Pipeline(steps=[step]).run()
        print(json.dumps(run.output))
        """
    assert answer(tmp_path, {"flow.py": script}) == "x"
    assert (tmp_path / "count.txt").read_text() == "x"


def test_instances_of_the_scripts_own_classes_come_back_as_such(tmp_path: Path) -> None:
    script = """
        from __future__ import annotations
        import enum, json
        from dataclasses import dataclass
        from typing import TYPE_CHECKING, NamedTuple
        from twice import Pipeline
        if TYPE_CHECKING:
            from somewhere import Frame

        class Colour(enum.Enum):
            RED = 1

        @dataclass
        class Conf:
            depth: int
            frame: Frame | None = None
            def double(self) -> Frame:
                return self.depth * 2

        class Point(NamedTuple):
            x: int

        class Base:
            def __init__(self, n):
                self.n = n
        class Child(Base):
            @property
            def n2(self):
                return self.n ** 2

        def step(frame: Frame = None):
            return Conf(3), Colour.RED, Point(1), Child(4)

        def use(step):
            return [step[0].double(), step[1] is Colour.RED, step[2].x, step[3].n2, isinstance(step[3], Base)]

        run = Pipeline(steps=[step, use]).run()
        a, b, c, d = run["step"]
        here = [type(a) is Conf, b is Colour.RED, type(c) is Point, type(d) is Child, d.n2]
        print(json.dumps([run.output, here]))
        """
    assert answer(tmp_path, {"flow.py": script}) == [[6, True, 1, 16, True], [True, True, True, True, 16]]


def test_a_traceback_shows_the_lines_that_ran_with_the_users_numbers(tmp_path: Path) -> None:
    files = {
        "helpers.py": "# one\n# two\ndef broken(x):\n    return x['missing']  # the line\n",
        "flow.py": "from twice import Pipeline\nimport helpers\n\n\ndef step():\n    inner = helpers.broken\n"
        "    return inner({})\n\n\nPipeline(steps=[step]).run()\n",
    }
    write(tmp_path, files)
    told = python(tmp_path, "flow.py", fails=True)
    assert 'flow.py", line 7, in step\n    return inner({})' in told
    assert "helpers.py\", line 4, in broken\n    return x['missing']  # the line" in told
    assert "KeyError: 'missing'" in told


def test_steps_defined_inside_a_test_bring_their_surroundings(tmp_path: Path) -> None:
    factor, table = 3, {"a": [1, 2]}

    class Model:
        rate = 2

        def __init__(self, n: int) -> None:
            self.n = n

        def score(self) -> int:
            return self.n * self.rate * factor

    def count(n: int) -> int:
        return 0 if n == 0 else 1 + count(n - 1)

    def make(depth: int = factor * 2) -> tuple[int, int, list[int]]:
        return Model(depth).score(), count(4), table["a"]

    def after(make: tuple[int, int, list[int]]) -> Model:
        return Model(make[0])

    pipeline = Pipeline(steps=[make, after], name="inside", store=tmp_path / "store")
    run = pipeline.run()
    assert run["make"] == (36, 4, [1, 2])
    assert type(run["after"]) is Model
    assert run["after"].score() == 36 * 2 * 3
    factor = 4
    assert pipeline.run()["make"] == (6 * 2 * 4, 4, [1, 2])


def test_a_failure_inside_a_test_names_this_file(tmp_path: Path) -> None:
    def step() -> None:
        raise ValueError("from here")

    with pytest.raises(StepFailed) as caught:
        Pipeline(steps=[step], name="inside", store=tmp_path / "store").run()
    assert "test_loader.py" in caught.value.traceback
    assert 'raise ValueError("from here")' in caught.value.traceback


def test_a_modules_variable_that_the_script_changed_keeps_its_value(tmp_path: Path) -> None:
    files = {
        "conf.py": "DEPTH = 1\nTABLE = {}\ndef depth():\n    return DEPTH, TABLE\n",
        "flow.py": """
            import json
            import conf
            from twice import Pipeline
            conf.DEPTH = 7
            conf.TABLE["k"] = 1
            def step():
                return conf.depth()
            print(json.dumps(Pipeline(steps=[step]).run().output))
            """,
    }
    assert answer(tmp_path, files) == [7, {"k": 1}]


def test_paths_below_the_project_move_with_it(tmp_path: Path) -> None:
    files = {
        "d.txt": "data",
        "flow.py": """
            import json, os
            from pathlib import Path
            from twice import Pipeline
            HERE = Path(__file__).resolve().parent
            FOLDER = str(HERE) + "/"
            FILES = {"d": HERE / "d.txt"}
            def step():
                texts = [FILES["d"].read_text(), open(FOLDER + "d.txt").read()]
                return [*texts, FOLDER.endswith("/"), os.path.exists("d.txt")]
            pipeline = Pipeline(steps=[step], store="../store")
            run = pipeline.run()
            pipeline.save("first")
            print(json.dumps(run.output))
            """,
    }
    expected = ["data", "data", True, True]
    assert answer(tmp_path / "project", files) == expected
    shutil.rmtree(tmp_path / "project")
    assert answer(tmp_path / "elsewhere", {"flow.py": AGAIN}) == expected


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfTEXT = 'gr\xc3\xbcn'\n",
        b"# -*- coding: latin-1 -*-\nTEXT = 'gr\xfcn'\n",
        b"TEXT = (\r\n    'gr\xc3\xbcn'\r\n)\r\n",
        b"if True:\n\tTEXT = 'gr\xc3\xbcn'\n",
        b"TEXT = 'gr\xc3\xbcn'",
    ],
    ids=["byte order mark", "latin 1", "CRLF", "tabs", "no line end"],
)
def test_any_encoding_of_source_will_do(tmp_path: Path, data: bytes) -> None:
    script = data + (
        b"\nimport json, other\nfrom twice import Pipeline\ndef step():\n    return TEXT, other.TEXT, other.f()\n"
        b"print(json.dumps(Pipeline(steps=[step]).run().output))\n"
    )
    files = {"flow.py": script, "other.py": data + b"\ndef f():\n    return TEXT\n"}
    assert answer(tmp_path, files) == ["grün", "grün", "grün"]


HELD = {
    "a lock": ("import threading\nHELD = threading.Lock()\n", "HELD.locked()"),
    "a socket": ("import socket\nHELD = socket.socket()\n", "HELD.fileno()"),
    "a database": ("import sqlite3\nHELD = sqlite3.connect(':memory:')\n", "HELD.execute('select 1')"),
    "an open file": ("HELD = open(__file__)\n", "HELD.read()"),
    "a generator": ("HELD = (n for n in [1])\n", "next(HELD)"),
}


@pytest.mark.parametrize("what", HELD)
def test_what_cannot_be_brought_back_is_refused_before_anything_runs(tmp_path: Path, what: str) -> None:
    making, use = HELD[what]
    script = f"""{making}
from pathlib import Path
from twice import Pipeline

def first():
    Path("ran.txt").touch()

def helper():
    return {use}

def second():
    return helper()

Pipeline(steps=[first, second]).run()
"""
    write(tmp_path, {"flow.py": script})
    told = python(tmp_path, "flow.py", fails=True)
    line = script.splitlines().index(f"    return {use}") + 1
    assert CaptureError.__name__ in told
    assert "'second'" in told
    assert "'HELD'" in told
    assert f"flow.py:{line}" in told
    assert "hint:" in told
    assert not (tmp_path / "ran.txt").exists()


def test_what_an_imported_module_makes_for_itself_is_made_again(tmp_path: Path) -> None:
    files = {
        "tool.py": "import sqlite3, threading\nLOCK = threading.Lock()\nDATABASE = sqlite3.connect(':memory:')\n"
        "def ask():\n    with LOCK:\n        return DATABASE.execute('select 41 + 1').fetchone()[0]\n",
        "flow.py": "import json, tool\nfrom twice import Pipeline\ndef step():\n    return tool.ask()\n"
        "print(json.dumps(Pipeline(steps=[step]).run().output))\n",
    }
    assert answer(tmp_path, files) == 42


def test_submodules_that_only_the_script_imports_are_there(tmp_path: Path) -> None:
    files = {
        "pkg/__init__.py": "",
        "pkg/sub.py": "def f():\n    return 1\n",
        "space/thing.py": "def f():\n    return 2\n",
        "helper.py": "import pkg\ndef f():\n    return pkg.sub.f()\n",
        "flow.py": """
            import json
            import pkg.sub, space.thing
            import xml.etree.ElementTree
            import sklearn.linear_model
            import helper
            from twice import Pipeline
            def step():
                model = sklearn.linear_model.LinearRegression()
                tag = xml.etree.ElementTree.fromstring("<a/>").tag
                return pkg.sub.f(), space.thing.f(), helper.f(), tag, type(model).__name__
            print(json.dumps(Pipeline(steps=[step]).run().output))
            """,
    }
    assert answer(tmp_path, files) == [1, 2, 1, "a", "LinearRegression"]


def test_a_class_inside_an_input_comes_with_all_that_its_methods_need(tmp_path: Path) -> None:
    files = {
        "tool.py": "FACTOR = 2\n",
        "pkg/__init__.py": "",
        "pkg/sub.py": "MORE = 100\n",
        "flow.py": """
            import json
            import tool, pkg.sub
            from twice import Pipeline
            RATE = 10
            def helper(x):
                return x * RATE
            class Base:
                def base(self):
                    return pkg.sub.MORE
            class Box(Base):
                class Inner:
                    def get(self):
                        return RATE
                def __init__(self, x):
                    self.x = x
                def get(self):
                    return helper(self.x) + tool.FACTOR + self.base() + self.Inner().get()
            def make():
                return [Box(1)]
            def use(make):
                return make[0].get()
            print(json.dumps(Pipeline(steps=[make, use]).run().output))
            """,
    }
    assert answer(tmp_path, files) == 122


def test_a_class_inside_a_pickle_comes_with_all_that_its_methods_need(tmp_path: Path) -> None:
    files = {
        "tool.py": "FACTOR = 2\n",
        "flow.py": """
            import json, pickle
            import tool
            from pathlib import Path
            from twice import Pipeline
            RATE = 10
            SEEN = []
            def noted(function):
                SEEN.append(function.__name__)
                return function
            class Box:
                @noted
                def get(self):
                    return RATE + tool.FACTOR, SEEN
            def make():
                Path("box.pickle").write_bytes(pickle.dumps(Box()))
            def use(make):
                return pickle.loads(Path("box.pickle").read_bytes()).get()
            print(json.dumps(Pipeline(steps=[make, use]).run().output))
            """,
    }
    assert answer(tmp_path, files) == [12, ["get"]]


def test_what_the_script_holds_is_found_through_its_module_whoever_asks(tmp_path: Path) -> None:
    files = {
        "flow.py": """
            import json, sys
            from twice import Pipeline
            RATE = 10
            def double():
                return 2 * RATE
            def one():
                return double()
            def other(one):
                return sys.modules["__main__"].double() + one
            print(json.dumps(Pipeline(steps=[one, other]).run().output))
            """,
    }
    assert answer(tmp_path, files) == 40


def test_what_no_step_reaches_may_be_anything(tmp_path: Path) -> None:
    script = """
        import json, threading
        from twice import Pipeline
        LOCK = threading.Lock()
        ROWS = (n for n in [1])
        def unused():
            return LOCK
        def step():
            return 1
        print(json.dumps(Pipeline(steps=[step]).run().output))
        """
    assert answer(tmp_path, {"flow.py": script}) == 1


def test_a_syntax_error_in_a_module_that_a_step_may_import_is_told_before_anything_runs(tmp_path: Path) -> None:
    files = {
        "bad.py": "def f(:\n",
        "flow.py": """
            from twice import Pipeline
            def step():
                import bad
                return bad.f()
            Pipeline(steps=[step]).run()
            """,
    }
    write(tmp_path, files)
    told = python(tmp_path, "flow.py", fails=True)
    assert "bad.py, line 1" in told
    assert "CaptureError" in told


def test_a_module_deleted_after_its_import_is_told(tmp_path: Path) -> None:
    files = {
        "gone.py": "def f():\n    return 1\n",
        "flow.py": """
            import os, gone
            from twice import Pipeline
            os.unlink("gone.py")
            def step():
                return gone.f()
            Pipeline(steps=[step]).run()
            """,
    }
    write(tmp_path, files)
    told = python(tmp_path, "flow.py", fails=True)
    assert "gone.py was deleted" in told


def test_a_module_that_runs_its_own_pipeline_on_import_is_told_to_stop(tmp_path: Path) -> None:
    files = {
        "inner.py": "from twice import Pipeline\ndef step():\n    return 5\nRUN = Pipeline(steps=[step]).run()\n",
        "flow.py": "import inner\n",
    }
    write(tmp_path, files)
    told = python(tmp_path, "flow.py", fails=True)
    assert "runs one when it is imported" in told
    assert "__main__" in told


def test_a_function_defined_again_later_in_the_script_is_itself(tmp_path: Path) -> None:
    script = """
        import functools, json
        from twice import Pipeline
        def f():
            return 1
        def step():
            return f()
        one = Pipeline(steps=[step], name="a").run().output
        @functools.lru_cache
        def f():
            return 2
        two = Pipeline(steps=[step], name="a").run().output
        def step():
            return f() * 10
        three = Pipeline(steps=[step], name="a").run().output
        f = functools.partial(max, 3)
        def step():
            return f(1)
        four = Pipeline(steps=[step], name="a").run().output
        print(json.dumps([one, two, three, four]))
        """
    assert answer(tmp_path, {"flow.py": script}) == [1, 2, 20, 3]


def test_bound_methods_and_callable_instances_can_be_steps(tmp_path: Path) -> None:
    script = """
        import functools, json
        from twice import Pipeline, step
        class Loader:
            def __init__(self, n):
                self.n = n
            def load(self):
                return self.n
        def scale(load, factor):
            return load * factor
        pipeline = Pipeline(steps=[Loader(4).load, step(functools.partial(scale, factor=3), name="scale")])
        print(json.dumps(pipeline.run().output))
        """
    assert answer(tmp_path, {"flow.py": script}) == 12


def test_nothing_of_the_callers_process_is_changed(tmp_path: Path) -> None:
    script = dedent("""
        import json, os, random, sys
        from twice import Pipeline
        import helpers
        def step():
            import colorsys
            random.random()
            return helpers.X
        def state():
            here = [list(sys.path), dict(os.environ), os.getcwd(), random.getstate(), list(sys.meta_path)]
            return [*here, sys.modules["__main__"]]
        before = state()
        Pipeline(steps=[step]).run()
        after = state()
        print(json.dumps([before == after, "colorsys" in sys.modules]))
        """)
    assert answer(tmp_path, {"flow.py": script, "helpers.py": "X = 1\n"}) == [True, False]
    left = {path.name for path in tmp_path.iterdir()} - {".twice", "__pycache__"}
    assert left == {"flow.py", "helpers.py"}
