from __future__ import annotations

import pytest

from cli.commands import Folder

TWO = """
    from twice import Pipeline
    def a(): return 1
    def b(a, k=2): return a + k
    first = Pipeline(steps=[a, b], name="first")
    second = Pipeline(steps=[a], name="second")
    def make():
        print("making")
        return Pipeline(steps=[a, b], name="made")
    number = 3
"""


def test_a_file_with_several_pipelines_wants_a_name(folder: Folder) -> None:
    folder.write(two=TWO)
    said = folder.twice("run", "two.py", expect=2)
    assert said.err == "error: two.py makes several pipelines: first, second.\n\nhint: say which: two.py:first\n"
    assert folder.twice("run", "two.py:second").out == "1\n"


def test_a_function_that_returns_a_pipeline_is_called(folder: Folder) -> None:
    folder.write(two=TWO)
    assert folder.twice("run", "two.py:make").out == "making\n3\n"


def test_a_pipeline_is_found_in_a_module(folder: Folder) -> None:
    folder.write(package____init__="", package__two=TWO)
    assert folder.twice("run", "package.two:first", "--param", "k=5").out == "6\n"


def test_one_pipeline_with_two_names_is_one(folder: Folder) -> None:
    folder.edit("flow.py", "pipeline = ", "same = pipeline = ")
    assert folder.twice("run", "flow.py").out.endswith("{'score': 36.0, 'name': 'tree'}\n")


def test_what_is_guarded_is_left_out_where_it_is_not_needed(folder: Folder) -> None:
    text = '\nif __name__ == "__main__":\n    print("driving")\n    pipeline.run()\n'
    folder.edit("flow.py", "pipeline = Pipeline(steps=[load, prepare, fit])\n", "pipeline = Pipeline([load])" + text)
    assert folder.twice("run", "flow.py").out == "loading\n[1.0, 2.0, 3.0]\n"


def test_a_pipeline_under_the_guard_is_the_one_that_its_run_means(folder: Folder) -> None:
    folder.write(guarded="""
        from __future__ import annotations
        from twice import Pipeline
        print("top")
        def a(k=2): return k
        if __name__ == "__main__":
            def annotated() -> Unknown: "The guarded part has the same future as the rest."
            print("guard")
            p = Pipeline(steps=[a], name="inner")
            p.run({"k": 5})
            print("after")
    """)  # fmt: skip
    assert folder.twice("run", "guarded.py").out == "top\nguard\n5\n", "each part once, and nothing after run()"
    assert folder.twice("run", "guarded.py", "--param", "k=6").out == "top\nguard\n6\n"


def test_a_script_without_a_guard_stops_at_its_own_run(folder: Folder) -> None:
    folder.write(script="""
        from twice import Pipeline
        print("before")
        def a(): return 1
        def b(): return 2
        p = Pipeline(steps=[a])
        q = Pipeline(steps=[b])
        try:
            q.run()
        except Exception:
            print("caught")
        print("after")
    """)  # fmt: skip
    assert folder.twice("run", "script.py").out == "before\n2\n"
    assert folder.twice("run", "script.py:p").out == "before\n1\n"
    said = folder.twice("run", "script.py:later", expect=2)
    assert "runs the pipeline 'script' before it makes anything named 'later'" in said.err


def test_a_script_finds_its_neighbours_its_file_and_its_arguments(folder: Folder) -> None:
    folder.write(sub__script="""
        import sys
        from pathlib import Path
        import neighbour
        from twice import Pipeline
        assert __name__ == "__main__" and sys.modules["__main__"].__file__ == __file__
        def a(): return neighbour.NAME
        pipeline = Pipeline(steps=[a])
        print(Path(__file__).name, sys.argv, pipeline.name)
    """, sub__neighbour="NAME = 'next door'")  # fmt: skip
    assert folder.twice("run", "sub/script.py").out == "script.py ['sub/script.py'] script\n'next door'\n"


@pytest.mark.parametrize(
    ("target", "error", "hint"),
    [
        ("flwo.py", "there is no file flwo.py.", "did you mean flow.py?"),
        ("nowhere/flow.py", "the folder nowhere does not exist", ""),
        (".", ". is a folder.", "name a file in it, such as flow.py"),
        ("flow.py:pipelin", "there is nothing named 'pipelin' in flow.py.", "did you mean flow.py:pipeline?"),
        ("two.py:number", "two.py:number is no pipeline, but a value of type int.", "name a pipeline"),
        ("helpers.py", "there is no pipeline in helpers.py.", "make one at its top level"),
        ("no.such.module:p", "there is no module no.", "it is looked for from"),
        ("exits.py", "exits.py ended itself (sys.exit)", "name a function that returns it"),
        ("wrong.py", "step 'a' (wrong.py:2) takes 'x'", "a parameter with a default is a setting"),
    ],
)
def test_a_wrong_target_is_told_with_what_to_try(folder: Folder, target: str, error: str, hint: str) -> None:
    folder.write(
        two=TWO,
        exits="import sys\nsys.exit(3)\n",
        wrong="from twice import Pipeline\ndef a(x): return x\np = Pipeline(steps=[a])\n",
    )
    said = folder.twice("run", target, expect=2)
    first, _, rest = said.err.partition("\n\nhint: ")
    assert first.startswith("error: ") and error in first
    assert hint in rest
    assert "Traceback" not in said.err


def test_a_file_that_raises_shows_its_own_traceback_only(folder: Folder) -> None:
    folder.write(raises="def g():\n    return 1 / 0\ng()\n", broken="def f(:\n")
    said = folder.twice("run", "raises.py", expect=1)
    assert said.err.startswith("Traceback (most recent call last):\n  File ")
    assert said.err.count("  File ") == 2
    assert said.err.endswith("error: raises.py could not be executed: ZeroDivisionError: division by zero\n")
    assert "SyntaxError: invalid syntax" in folder.twice("run", "broken.py", expect=1).err


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--param", "depth"), "'depth' is not of the form step.parameter=value"),
        (("--param", "depth=1", "--param", "depth=2"), "'depth' is given twice"),
        (("--param", "dept=1"), "there is no parameter 'dept'; there are fit.depth, fit.name."),
        (("--seed", "-1"), "Invalid value for '--seed'"),
        (("--jobs", "0"), "Invalid value for '-j' / '--jobs'"),
        (("--version", "a/b"), "'a/b' cannot name a version"),
        (("--save", "latest"), "'latest' cannot be the name of a version"),
    ],
)
def test_a_wrong_option_ends_with_2(folder: Folder, arguments: tuple[str, ...], error: str) -> None:
    said = folder.twice("run", "flow.py", *arguments, expect=2)
    assert error in said.err.rpartition("error: ")[2].partition("\n\nhint: ")[0]
    assert "\n\nhint: " in said.err
