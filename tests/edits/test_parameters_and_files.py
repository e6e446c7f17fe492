"""Parameters, the order of steps, compiled files and extension modules, from end to end."""

from __future__ import annotations

import importlib.util
import os
import py_compile
from pathlib import Path

import pytest

from edits.test_reruns import ran_again
from source.programs import Files, Prober, write

TWO = """
from twice import Pipeline
def one(n=1):
    return n
def two(m=2):
    return m
def three(one, two):
    return [one, two]
run = Pipeline(steps=[one, two, three], name="flow").run(params=PARAMS)
answer = [{step.step: step.how for step in run.record.steps}, run.output]
"""


def test_what_belongs_to_another_step_does_not_count(programs: Prober, tmp_path: Path) -> None:
    def told(program: str, params: str = "{}") -> tuple[str, object]:
        write(tmp_path, {"flow.py": f"PARAMS = {params}\n{program}"})
        how, output = programs.answer(tmp_path)
        return " ".join(f"{name}:{how[name]}" for name in ("one", "two", "three")), output

    assert told(TWO) == ("one:ran two:ran three:ran", [1, 2])
    assert told(TWO, "{'two.m': 5}") == ("one:reused two:ran three:ran", [1, 5])
    assert told(TWO.replace("n=1", "n=4")) == ("one:ran two:reused three:ran", [4, 2])
    assert told(TWO.replace("[one, two, three]", "[two, one, three]")) == ("one:reused two:reused three:reused", [1, 2])
    # Needless, since 5 was tried above; but a function can look at its own defaults, whatever it is given.
    assert told(TWO.replace("m=2", "m=5")) == ("one:reused two:ran three:reused", [1, 5])


def test_a_compiled_file_that_is_older_than_its_source_is_not_believed(programs: Prober, tmp_path: Path) -> None:
    """Python believes a compiled file whose source has the same size and time; what runs is what the source says."""
    source, time = tmp_path / "tool.py", 1_700_000_000
    write(tmp_path, {"tool.py": "def f():\n    return 1\n"})
    os.utime(source, (time, time))
    py_compile.compile(str(source))

    def alter() -> None:
        source.write_text("def f():\n    return 2\n")
        os.utime(source, (time, time))

    flow = "import tool\ndef step():\n    return tool.f()\n"
    assert ran_again(programs, tmp_path, flow, {}, alter)
    assert programs.answer(tmp_path) == ["reused", 2]


def test_a_local_extension_module_counts_by_its_bytes(programs: Prober, tmp_path: Path) -> None:
    found = importlib.util.find_spec("xxlimited")
    if found is None or found.origin is None or not found.origin.endswith(".so"):
        pytest.skip("this Python has no extension module xxlimited to copy")
    binary = Path(found.origin).read_bytes()
    name = Path(found.origin).name.replace("xxlimited", "inner/xxlimited")

    def alter() -> None:
        (tmp_path / name).write_bytes(binary + b"\0")

    flow = "from inner import xxlimited\ndef step():\n    return xxlimited.foo(2, 3), 'inner' in xxlimited.__file__\n"
    files: Files = {name: binary, "inner/__init__.py": ""}
    assert ran_again(programs, tmp_path, flow, files, alter)
    assert programs.answer(tmp_path) == ["reused", [5, True]]
