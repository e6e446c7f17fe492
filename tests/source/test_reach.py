"""What a step reaches, by name. What follows from it for keys is the business of ``tests/edits``."""

from __future__ import annotations

from source.programs import Prober


def test_a_helper_of_a_helper_is_reached_with_the_modules_between(programs: Prober) -> None:
    files = {
        "pkg/__init__.py": "",
        "pkg/a.py": "from . import b\ndef go():\n    return b.leaf()\ndef unused():\n    return 1\n",
        "pkg/b.py": "from .c import LIMIT\ndef leaf():\n    return LIMIT\n",
        "pkg/c.py": "LIMIT = 3\nOTHER = 4\n",
        "flow.py": "import pkg.a\ndef step():\n    return pkg.a.go()\ndef bystander():\n    return 1\n",
    }
    looked = programs.look(files)
    reached = set(looked.reaches())
    assert {"flow:step", "pkg.a:go", "pkg.b:leaf", "pkg.b:LIMIT"} <= reached
    assert not {"pkg.a:unused", "pkg.c:OTHER", "flow:bystander"} & reached
    assert looked.files == ["flow", "pkg", "pkg.a", "pkg.b", "pkg.c"]


def test_a_class_is_reached_with_its_bases_and_what_its_methods_reach(programs: Prober) -> None:
    files = {
        "flow.py": """
            def score(n):
                return n
            class Base:
                def go(self):
                    return score(1)
            class Child(Base):
                pass
            class Other:
                pass
            def step():
                return Child().go()
            """
    }
    reached = set(programs.look(files, main="flow.py").reaches())
    assert {"__main__:Child", "__main__:Base", "__main__:score"} <= reached
    assert "__main__:Other" not in reached


def test_two_closures_of_one_text_are_two(programs: Prober) -> None:
    files = {
        "flow.py": """
            def make(k):
                def inner():
                    return k
                return inner
            one, two = make(1), make(2)
            def step():
                return one(), two()
            """
    }
    closures = [id_ for id_ in programs.look(files).reaches() if id_.startswith("flow:make.<locals>.inner")]
    assert len({id_.partition(" ")[0] for id_ in closures}) == 2


def test_an_installed_library_counts_by_its_version_and_only_where_it_is_reached(programs: Prober) -> None:
    files = {
        "flow.py": """
            import numpy as np
            def step():
                return float(np.sum([1.0]))
            def other():
                return 1
            """
    }
    looked = programs.look(files, steps=["step", "other"])
    assert any(id_.startswith("numpy==") for id_ in looked.reaches("step"))
    assert not any("==" in id_ for id_ in looked.reaches("other"))


def test_what_cannot_be_followed_says_so(programs: Prober) -> None:
    files = {
        "tool.py": "def f():\n    return 1\n",
        "flow.py": "import tool\ndef call(m):\n    return m.f()\ndef step():\n    return call(tool)\n",
    }
    assert "whole module" in programs.look(files).notes["tool (whole)"]
    computed = {"flow.py": "import importlib\ndef step(n='json'):\n    return importlib.import_module(n).dumps(1)\n"}
    assert "computed name" in programs.look(computed).notes["flow:step"]


def test_looking_at_attributes_of_an_object_is_no_look_at_the_module(programs: Prober) -> None:
    files = {
        "flow.py": """
            import argparse
            UNRELATED = 1
            def step():
                return sorted(vars(argparse.Namespace(a=1)))
            """
    }
    looked = programs.look(files)
    assert looked.notes == {}
    assert "flow:UNRELATED" not in looked.reaches()


def test_a_module_is_asked_nothing_that_would_run_its_code(programs: Prober) -> None:
    files = {
        "lazy.py": "def __getattr__(name):\n    raise SystemExit(f'asked for {name}')\nX = 1\n",
        "flow.py": "import lazy\ndef step():\n    return lazy.X\n",
    }
    assert "lazy:X" in programs.look(files).reaches()


def test_mutual_recursion_comes_to_an_end(programs: Prober) -> None:
    files = {
        "a.py": "import b\ndef ping(n):\n    return n if n < 1 else b.pong(n - 1)\n",
        "b.py": "import a\ndef pong(n):\n    return a.ping(n - 1)\n",
        "flow.py": "import a\ndef step():\n    return a.ping(5)\n",
    }
    assert {"a:ping", "b:pong"} <= set(programs.look(files).reaches())


def test_a_sum_of_very_many_terms_can_be_captured(programs: Prober) -> None:
    files = {"flow.py": "def step():\n    x = 1\n    return " + " + ".join(["x"] * 900) + "\n"}
    assert programs.look(files, run=False).semantic


def test_a_step_that_may_look_up_any_name_does_not_trip_over_what_the_script_holds(programs: Prober) -> None:
    files = {
        "flow.py": """
            import threading
            LOCK = threading.Lock()
            LIMIT = 3
            def f(x):
                return x * LIMIT
            def step(name="f"):
                return globals()[name](2), eval(name + "(1)")
            """
    }
    looked = programs.look(files, main="flow.py", replay=True)
    assert looked.replayed == looked.output == {"step": "(6, 3)"}
    assert {"__main__:f", "__main__:LIMIT"} <= set(looked.reaches())


def test_a_name_that_is_skipped_when_all_are_looked_at_is_still_refused_where_it_is_used(programs: Prober) -> None:
    files = {
        "flow.py": """
            import threading
            LOCK = threading.Lock()
            def use():
                return LOCK
            def step(name="use"):
                return globals()[name]()
            """
    }
    error = programs.look(files, main="flow.py", run=False).error
    assert "'LOCK'" in error
    assert "CaptureError" in error


def test_a_function_made_by_exec_with_variables_of_its_own_is_refused_and_not_taken_for_a_librarys(
    programs: Prober,
) -> None:
    text = "X = 3\ndef step():\n    return X\n"
    files = {"flow.py": f"own = {{}}\nexec({text!r}, own)\nstep = own['step']\ndef outer():\n    return step()\n"}
    for step in ("step", "outer"):
        assert "source cannot be found" in programs.look(files, steps=[step], run=False).error
