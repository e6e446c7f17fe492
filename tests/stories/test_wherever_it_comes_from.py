"""The same program handed over with ``-c``, through standard input, typed at a prompt, or made by ``exec``."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from stories.telling import Project, clean_environment

PROGRAM = """\
import json
from twice import Pipeline

class Point:
    def __init__(self, x):
        self.x = x
    def scaled(self):
        return self.x * SCALE

def helper(point):
    return point.scaled() + 1

def load():
    return Point(2)

def fit(load, plus=1):
    return helper(load) + plus + (lambda x: 0 * x)(1)

SCALE = 3
p = Pipeline(steps=[load, fit], name=NAME, version="v1", store="store")
r = p.run(); print(json.dumps([r.output, type(r["load"]) is Point, [step.how for step in r.record.steps]]))
"""
EDITED = PROGRAM.replace("scaled() + 1", "scaled() + 10")
SAVED = PROGRAM + "names = p.save()\n"

Handing = Callable[[Project, str], str]


def as_a_command(project: Project, program: str) -> str:
    return project.python("-X", "utf8", "-c", program)


def as_standard_input(project: Project, program: str) -> str:
    """Through ``python -``, from a file: a pipe can be read only once."""
    path = project.folder / "program.txt"
    path.write_text(program)
    with path.open() as file:
        return subprocess.run(
            [sys.executable, "-"],
            stdin=file,
            cwd=project.folder,
            env=clean_environment(),
            capture_output=True,
            text=True,
            check=True,
        ).stdout


def at_a_prompt(project: Project, program: str) -> str:
    """Typed at the interpreter's own prompt, in a terminal."""
    typed = program.replace("\ndef ", "\n\ndef ").replace("\n\n\n", "\n\n") + "\nexit()\n"
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-q"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=project.folder,
        env={**clean_environment(), "TERM": "dumb", "HOME": str(project.folder), "PYTHON_BASIC_REPL": "1"},
        start_new_session=True,
    )
    os.close(theirs)
    os.write(ours, typed.encode())
    printed = b""
    try:
        while more := os.read(ours, 1 << 16):
            printed += more
    except OSError:  # how a terminal ends on Linux
        pass
    os.close(ours)
    process.wait()
    return "\n".join(line for line in printed.decode().splitlines() if line.startswith(("[", "Traceback", "twice.")))


def in_ipython(project: Project, program: str) -> str:
    pytest.importorskip("IPython")
    told = subprocess.run(
        [sys.executable, "-m", "IPython", "--simple-prompt", "--colors=NoColor", "--no-banner", "--quick"],
        input=program.replace("\ndef ", "\n\ndef ") + "\nexit()\n",
        cwd=project.folder,
        env={**clean_environment(), "IPYTHONDIR": str(project.folder / ".ipython")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return "\n".join(
        line[line.index("[[") + 1 if "[[" in line else line.index(": [") + 2 :]
        for line in told.splitlines()
        if ": [" in line or line.startswith("[")
    )


@pytest.mark.parametrize("hand_over", [as_a_command, as_standard_input, at_a_prompt, in_ipython])
def test_a_program_that_is_no_file_can_be_edited_and_brought_back(tmp_path: Path, hand_over: Handing) -> None:
    project, name = Project(tmp_path), hand_over.__name__

    def told(program: str) -> list[object]:
        printed = hand_over(project, f"NAME = {name!r}\n" + program)
        assert "[" in printed, printed
        found: list[object] = json.loads(printed.splitlines()[-1])
        return found

    assert told(PROGRAM) == [8, True, ["ran", "ran"]]
    assert told(EDITED) == [17, True, ["reused", "ran"]]
    assert told(SAVED) == [8, True, ["reused", "reused"]]
    elsewhere = Project(tmp_path / "elsewhere")
    elsewhere.folder.mkdir()
    loaded = f"""
        import json
        from twice import Pipeline
        version = Pipeline.load("{name}@v1", store="../store")
        again = version.run()
        print(json.dumps([again.output, again == version.recorded]))
        """
    assert elsewhere.tell(loaded) == [8, True]


def test_what_is_redefined_and_patched_at_a_prompt_counts(tmp_path: Path) -> None:
    session = f"NAME = 'typed'\n{PROGRAM}" + "\n".join(
        [
            "def helper(point):\n    return point.scaled() + 100\n",
            "r = p.run(); print([r.output])",
            "Point.scaled = lambda self: 1000",
            "r = p.run(); print([r.output])",
            "def helper(point):\n    return point.x\n",
            "SCALE = 0",
            "r = p.run(); print([r.output])",
            "",
        ]
    )
    printed = at_a_prompt(Project(tmp_path), session).splitlines()
    assert printed == ['[8, true, ["ran", "ran"]]', "[107]", "[1101]", "[3]"]


MADE = """
    import linecache
    from twice import Pipeline
    from twice.errors import CaptureError

    def told(*steps):
        try:
            return Pipeline(steps=steps, name="made", store="store").run().output
        except CaptureError as problem:
            return problem.message + " / " + problem.hint

    text = "def step():\\n    return 42\\n"
    exec(text)
    print(told(step))
    linecache.cache["<made>"] = (len(text), None, text.splitlines(True), "<made>")
    exec(compile(text, "<made>", "exec"))
    print(told(step))
    older = step
    text = text.replace("42", "43")
    linecache.cache["<made>"] = (len(text), None, text.splitlines(True), "<made>")
    exec(compile(text, "<made>", "exec"))
    print(told(step))
    print(told(older))
    """


def test_what_exec_made_is_captured_if_its_text_is_kept_and_refused_otherwise(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(flow_py=MADE)
    refused, first, second, replaced = project.python("flow.py").splitlines()
    assert "step 'step' reaches __main__.step, whose source cannot be found: it was made by exec()" in refused
    assert "linecache.cache[" in refused
    assert (first, second) == ("42", "43")
    assert "source cannot be found" in replaced  # what is kept by now is not its text, and is not taken for it


def test_a_program_from_a_pipe_is_refused_with_the_way_out(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-"], input="NAME = 'piped'\n" + PROGRAM, cwd=tmp_path, capture_output=True, text=True
    )
    assert "came through a pipe, and that can be read only once" in done.stderr
    assert "python < flow.py" in done.stderr
    assert not list(tmp_path.glob("store/traces/*"))


def test_the_values_of_many_variables_are_put_down_together_and_come_back(tmp_path: Path) -> None:
    project = Project(tmp_path)
    values = "\n".join(f"V{number} = ['value', {number}]" for number in range(40))
    script = """
        from pathlib import Path
        from twice import Pipeline

        VALUES

        def total():
            return sum(held[1] for held in [NAMES])

        if __name__ == "__main__":
            pipeline = Pipeline(steps=[total], version="v1")
            pipeline.run()
            pipeline.save()
            print(Pipeline.load("v1").run().output, sum(f.is_file() for f in Path(".twice/objects").rglob("*")))
        """
    names = ", ".join(f"V{number}" for number in range(40))
    (tmp_path / "flow.py").write_text(dedent(script).replace("VALUES", values).replace("NAMES", names))
    total, files = project.python("flow.py").split()
    assert int(total) == sum(range(40))
    assert int(files) < 20, "not a file for each"
