"""What a step used without saying so, from end to end: run, change something, run again."""

# ruff: noqa: E501 - small programs read best as one line of a table

from __future__ import annotations

import compileall
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from source.programs import Files, Prober, write

DRIVER = """
from twice import Pipeline
run = Pipeline(steps=[step], name="flow").run()
answer = [run.record.steps[0].how, run.output]
"""


def ran_again(programs: Prober, folder: Path, flow: str, extra: Files, change: Callable[[], object]) -> bool:
    """Run a script, see that it is reused, change something, and say whether its step ran again."""
    write(folder, {**extra, "flow.py": flow + DRIVER})
    assert programs.answer(folder)[0] == "ran"
    again = programs.answer(folder)
    assert again[0] == "reused"
    change()
    how, output = programs.answer(folder)
    assert how in ("ran", "reused")
    assert (how == "ran") or output == again[1]
    return bool(how == "ran")


SMALL = "from pathlib import Path\n"

DEPENDS: dict[str, tuple[str, Files, str]] = {
    "a file that it read": (SMALL + "def step():\n    return Path('d.txt').read_text()\n", {"d.txt": "a"}, "d.txt=b"),
    "a file read through open": ("def step():\n    return open('d.txt').read()\n", {"d.txt": "a"}, "d.txt=b"),
    "a file in the script's folder": (
        SMALL + "def step():\n    return (Path(__file__).parent / 'd.txt').read_text()\n", {"d.txt": "a"}, "d.txt=b"),
    "a file that was not there": (
        SMALL + "def step():\n    try:\n        return Path('d.txt').read_text()\n"
        "    except FileNotFoundError:\n        return 'none'\n", {}, "d.txt=b"),
    "whether a file is there": (SMALL + "def step():\n    return Path('d.txt').exists()\n", {}, "d.txt=b"),
    "whether a file is still there": (SMALL + "def step():\n    return Path('d.txt').exists()\n", {"d.txt": "a"}, "d.txt"),
    "a file's size": ("import os\ndef step():\n    return os.path.getsize('d.txt')\n", {"d.txt": "a"}, "d.txt=bbb"),
    "a file's size by pathlib": (SMALL + "def step():\n    return Path('d.txt').stat().st_size\n", {"d.txt": "a"}, "d.txt=bbb"),
    "the files in a folder": (
        SMALL + "def step():\n    return sorted(p.name for p in Path('in').iterdir())\n", {"in/a": "a"}, "in/b=b"),
    "the files that a pattern finds": (
        SMALL + "def step():\n    return sorted(p.name for p in Path('in').glob('*.csv'))\n", {"in/a.csv": "a"}, "in/b.csv=b"),
    "a file read by a module at import": ("import conf\ndef step():\n    return conf.TEXT\n",
        {"conf.py": "from pathlib import Path\nTEXT = Path(__file__).with_name('d.txt').read_text()\n", "d.txt": "a"}, "d.txt=b"),
    "package data": ("import importlib.resources\nimport pkg\ndef step():\n"
        "    return importlib.resources.files(pkg).joinpath('d.txt').read_text()\n",
        {"pkg/__init__.py": "", "pkg/d.txt": "a"}, "pkg/d.txt=b"),
    "package data by pkgutil": ("import pkgutil\nimport pkg\ndef step():\n    return pkgutil.get_data('pkg', 'd.txt').decode()\n",
        {"pkg/__init__.py": "", "pkg/d.txt": "a"}, "pkg/d.txt=b"),
    "its own source, read as a file": (SMALL + "def step():\n    return len(Path(__file__).read_text())\n", {}, "flow.py+# more"),
    "a module imported by a computed name": (
        "import importlib\nNAME = 'one'\ndef step():\n    return importlib.import_module(f'plugins.{NAME}').f()\n",
        {"plugins/__init__.py": "", "plugins/one.py": "def f():\n    return 1\n"}, "plugins/one.py=def f():\n    return 2\n"),
    "a module that a module imported by a computed name imports": (
        "import importlib\nNAME = 'one'\ndef step():\n    return importlib.import_module(f'plugins.{NAME}').f()\n",
        {"plugins/__init__.py": "", "plugins/one.py": "from plugins.two import f\n", "plugins/two.py": "def f():\n    return 1\n"},
        "plugins/two.py=def f():\n    return 2\n"),
    "a loaded module imported by a computed name": (
        "import importlib\nimport plugins.one\nNAME = 'one'\ndef step():\n    return importlib.import_module(f'plugins.{NAME}').f()\n",
        {"plugins/__init__.py": "", "plugins/one.py": "def f():\n    return 1\n"}, "plugins/one.py=def f():\n    return 2\n"),
    "a function of a loaded module that a pickle names": (
        "import pickle\nimport lab\nBLOB = b'clab\\ng\\n.'\ndef step():\n    return pickle.loads(BLOB)()\n",
        {"lab.py": "def g():\n    return 1\n"}, "lab.py=def g():\n    return 2\n"),
    "a module run by its path": ("import runpy\ndef step():\n    return runpy.run_path('other.py')['X']\n",
        {"other.py": "X = 1\n"}, "other.py=X = 2\n"),
    "a file that a child process reads": (
        "import subprocess\ndef step():\n    return subprocess.run(['cat', 'd.txt'], capture_output=True, text=True).stdout\n",
        {"d.txt": "a"}, "d.txt=b"),
    "a database": ("import sqlite3\ndef step():\n    with sqlite3.connect('d.db') as c:\n"
        "        return c.execute('select * from t').fetchall()\n", {}, "db"),
}  # fmt: skip


@pytest.mark.parametrize("name", DEPENDS)
def test_a_step_runs_again_after_a_change_of(name: str, programs: Prober, tmp_path: Path) -> None:
    flow, files, change = DEPENDS[name]

    def database(value: int) -> None:
        import sqlite3

        connection = sqlite3.connect(tmp_path / "d.db")
        connection.execute("drop table if exists t")
        connection.execute("create table t (x)")
        connection.execute("insert into t values (?)", (value,))
        connection.commit()
        connection.close()

    def alter() -> None:
        path, _, text = change.partition("=")
        if change == "db":
            database(2)
        elif "+" in change:
            path, _, text = change.partition("+")
            with open(tmp_path / path, "a") as file:
                file.write(text)
        elif not text:
            (tmp_path / path).unlink()
        else:
            write(tmp_path, {path: text})

    if change == "db":
        database(1)
    assert ran_again(programs, tmp_path, flow, files, alter)


def test_a_file_changed_with_the_same_size_and_time_is_noticed(programs: Prober, tmp_path: Path) -> None:
    def alter() -> None:
        path = tmp_path / "d.txt"
        before = path.stat()
        path.write_text("b")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert path.stat().st_mtime_ns == before.st_mtime_ns

    assert ran_again(programs, tmp_path, "def step():\n    return open('d.txt').read()\n", {"d.txt": "a"}, alter)


def test_a_file_touched_with_the_same_content_is_no_change(programs: Prober, tmp_path: Path) -> None:
    def alter() -> None:
        (tmp_path / "d.txt").write_text("a")
        os.utime(tmp_path / "d.txt", (1, 1))

    assert not ran_again(programs, tmp_path, "def step():\n    return open('d.txt').read()\n", {"d.txt": "a"}, alter)


def test_a_module_that_was_compiled_before_counts_though_its_source_is_not_opened(
    programs: Prober, tmp_path: Path
) -> None:
    flow = "import importlib\nNAME = 'one'\ndef step():\n    return importlib.import_module(f'plugins.{NAME}').f()\n"
    files = {"plugins/__init__.py": "", "plugins/one.py": "def f():\n    return 1\n"}
    write(tmp_path, files)
    assert compileall.compile_dir(tmp_path / "plugins", quiet=2)
    change = {"plugins/one.py": "def f():\n    return 22\n"}
    assert ran_again(programs, tmp_path, flow, files, lambda: write(tmp_path, change))


def test_a_file_that_nobody_looked_at_is_no_change(programs: Prober, tmp_path: Path) -> None:
    def alter() -> None:
        write(tmp_path, {"other.txt": "b", "unused.py": "X = 1\n"})

    flow = "import helpers\ndef step():\n    return open('d.txt').read(), helpers.X\n"
    assert not ran_again(programs, tmp_path, flow, {"d.txt": "a", "helpers.py": "X = 1\n"}, alter)


ONLY_FOR_B: dict[str, str] = {
    "a module": "import only_for_b\ndef a():\n    return 1\ndef b():\n    return only_for_b.TEXT\n",
    "a module that is imported under another name": (
        "import only_for_b as other\ndef a():\n    return 1\ndef b():\n    return other.TEXT\n"),
    "a function of a module": "from only_for_b import text\ndef a():\n    return 1\ndef b():\n    return text()\n",
    "a module, through a helper": (
        "import only_for_b\ndef helper():\n    return only_for_b.TEXT\ndef a():\n    return 1\ndef b():\n    return helper()\n"),
    "a module, through a class": (
        "import only_for_b\nclass Box:\n    def get(self):\n        return only_for_b.TEXT\n"
        "def a():\n    return 1\ndef b():\n    return Box().get()\n"),
    "a base class in a module": (
        "import only_for_b\nclass Box(only_for_b.Base):\n    pass\ndef a():\n    return 1\ndef b():\n    return Box().get()\n"),
    "a decorator in a module": (
        "import only_for_b\ndef a():\n    return 1\n@only_for_b.decorator\ndef b():\n    return only_for_b.TEXT\n"),
    "a submodule": (
        "import pkg.core, pkg.only_for_b\ndef a():\n    return pkg.core.ONE\ndef b():\n    return pkg.only_for_b.TEXT\n"),
    "a submodule of a package that the other step takes by name": (
        "import pkg.only_for_b\nfrom pkg import core\ndef a():\n    return core.ONE\ndef b():\n    return pkg.only_for_b.TEXT\n"),
}  # fmt: skip


@pytest.mark.parametrize("what", ONLY_FOR_B)
def test_what_is_read_by_an_import_counts_for_the_step_that_needs(what: str, programs: Prober, tmp_path: Path) -> None:
    only_for_b = """
        from functools import wraps
        from pathlib import Path
        TEXT = Path("d.txt").read_text()
        def text():
            return TEXT
        class Base:
            def get(self):
                return TEXT
        def decorator(function):
            @wraps(function)
            def inner():
                return function()
            return inner
        """
    files = {
        "only_for_b.py": only_for_b,
        "pkg/__init__.py": "",
        "pkg/core.py": "ONE = 1\n",
        "pkg/only_for_b.py": only_for_b,
        "d.txt": "first",
    }
    driver = """from twice import Pipeline
run = Pipeline(steps=[a, b], name="flow").run()
answer = [[step.how for step in run.record.steps], run["a"], run["b"]]
"""
    write(tmp_path, {**files, "flow.py": ONLY_FOR_B[what] + driver})
    assert programs.answer(tmp_path) == [["ran", "ran"], 1, "first"]
    assert programs.answer(tmp_path) == [["reused", "reused"], 1, "first"]
    write(tmp_path, {"d.txt": "second"})
    assert programs.answer(tmp_path) == [["reused", "ran"], 1, "second"]


def test_an_edit_that_is_taken_back_is_a_hit(programs: Prober, tmp_path: Path) -> None:
    files = {
        "helpers.py": "def f():\n    return 1\n",
        "flow.py": "import helpers\ndef step():\n    return helpers.f()\n" + DRIVER,
    }
    write(tmp_path, files)
    assert programs.answer(tmp_path) == ["ran", 1]
    write(tmp_path, {"helpers.py": "def f():\n    return 2\n"})
    assert programs.answer(tmp_path) == ["ran", 2]
    write(tmp_path, files)
    assert programs.answer(tmp_path) == ["reused", 1]


VARIABLES = {
    "read by name": ("import os\ndef step():\n    return os.environ['MODE']\n", True),
    "read by getenv": ("import os\ndef step():\n    return os.getenv('MODE', 'none')\n", True),
    "read as bytes": ("import os\ndef step():\n    return os.environb[b'MODE'].decode()\n", True),
    "asked for": ("import os\ndef step():\n    return 'MODE' in os.environ and os.environ.get('MODE')\n", True),
    "picked from all": (
        "import os\ndef step():\n    return {k: v for k, v in os.environ.items() if k.startswith('MOD')}\n", True),
    "picked by its name": (
        "import os\ndef step():\n    return [os.environ[k] for k in os.environ if k.startswith('MOD')]\n", True),
    "not looked at": ("import os\ndef step():\n    return os.environ['HOME']\n", False),
    "handed on to a child": (
        "import os, subprocess\ndef step():\n    env = {**os.environ, 'X': '1'}\n"
        "    return subprocess.run(['echo', 'hi'], env=env, capture_output=True, text=True).stdout, len(dict(os.environ)) > 1\n", True),
}  # fmt: skip


@pytest.mark.parametrize("name", VARIABLES)
def test_an_environment_variable_counts_if_it_is_looked_at(name: str, programs: Prober, tmp_path: Path) -> None:
    flow, counts = VARIABLES[name]
    write(tmp_path, {"flow.py": flow + DRIVER})
    assert programs.answer(tmp_path, MODE="a")[0] == "ran"
    assert programs.answer(tmp_path, MODE="a")[0] == "reused"
    assert programs.answer(tmp_path, MODE="b")[0] == ("ran" if counts else "reused")
