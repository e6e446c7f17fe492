"""A strict pipeline reads what it declares, and is told what else it asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stories.telling import Project
from twice.control import landlock

pytestmark = pytest.mark.skipif(landlock.abi() < landlock.LEAST, reason="this kernel cannot confine a process")

DECLARES = """
    import importlib, json, multiprocessing, os, sqlite3, subprocess, sys, tempfile, threading
    from pathlib import Path

    import numpy as np
    import twice
    from twice import Pipeline, step

    @step(inputs=["data.csv", "folder/*.csv", "table.db"])
    def reads():
        import pyarrow.csv
        made = Path(tempfile.mkdtemp()) / "made.txt"
        made.write_text(Path("data.csv").read_text() + str(sorted(Path("folder").glob("*.csv"))))
        rows = sqlite3.connect("table.db").execute("select a from t").fetchall()
        child = subprocess.run(["cat", "data.csv"], capture_output=True, text=True, check=True).stdout
        fresh = subprocess.run([sys.executable, "-c", "import json; print(1)"], capture_output=True, check=True).stdout
        with multiprocessing.get_context("fork").Pool(2) as pool:
            pooled = pool.map(len, ["ab", "c"])
        Path("not there").unlink(missing_ok=True)
        assert not os.path.exists("nothing")
        # Threads that import something go through the folders in which modules may lie, which they may not list.
        thread = threading.Thread(target=importlib.import_module, args=("colorsys",))
        thread.start()
        thread.join()
        arrow = pyarrow.csv.read_csv("folder/1.csv").num_rows
        return twice.File(made), rows, child, fresh, pooled, arrow, np.loadtxt("data.csv", delimiter=",").tolist()

    def goes_on(reads):
        return reads[0].read_text()

    pipeline = Pipeline(steps=[reads, goes_on], version="v1.0", strict=True)
    if __name__ == "__main__":
        run = pipeline.run()
        pipeline.save()
        print(json.dumps([[step.how for step in run.record.steps], run.output, run.trace("reads").watched.confined]))
"""

DOES_NOT = """
    import ctypes, json, os, sqlite3, subprocess
    from pathlib import Path

    import numpy as np
    import pyarrow.csv
    import twice
    from twice import Pipeline

    def attempt(way):
        try:
            way()
        except Exception as problem:
            return str(problem)

    def asks():
        attempt(lambda: open("python.txt"))
        attempt(lambda: np.loadtxt("numpy.csv"))
        attempt(lambda: pyarrow.csv.read_csv("arrow.csv"))
        attempt(lambda: sqlite3.connect("file:sqlite.db?mode=ro", uri=True).execute("select * from sqlite_master"))
        subprocess.run(["cat", "child.txt"])
        ctypes.CDLL(None).open(b"native.txt", os.O_RDONLY)
        attempt(lambda: os.listdir("folder"))
        attempt(lambda: open("written.txt", "w"))
        attempt(lambda: os.remove("removed.txt"))
        attempt(lambda: os.mkdir("made"))
        attempt(lambda: subprocess.run(["./tool.sh"]))
        pid = os.fork()
        if pid == 0:
            attempt(lambda: open("forked.txt"))
            os._exit(0)
        os.waitpid(pid, 0)
        return 1

    def raises():
        return Path("python.txt").read_text()

    told = {}
    for step in (asks, raises):
        try:
            Pipeline(steps=[step], strict=True).run()
        except twice.TwiceError as problem:
            told[step.__name__] = [type(problem).__name__, [Path(path).name for path in problem.paths], str(problem)]
    print(json.dumps(told))
"""

WITHOUT_LANDLOCK = """
    import ctypes, struct, twice
    from twice import Pipeline
    from twice.control import filter as filters

    def answer():
        return 42

    # The call that makes a set of rules does not exist any more, as on an older kernel.
    load, same, say = (0x20, 0, 0), (0x15, 0, 1, 444), (0x06, 0, 0)
    program = [(*load, 0), same, (*say, 0x00050000 | 38), (*say, 0x7FFF0000)]
    data = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
    header = struct.pack("HxxxxxxQ", len(program), ctypes.addressof(data))
    library = ctypes.CDLL(None, use_errno=True)
    assert library.prctl(38, 1, 0, 0, 0) == 0
    assert library.syscall(filters.machine().seccomp, 1, 0, header) == 0
    assert Pipeline(steps=[answer]).run().output == 42
    try:
        Pipeline(steps=[answer], strict=True).run()
    except twice.TwiceError as problem:
        print(type(problem).__name__, problem)
"""


def test_what_is_declared_is_read_by_every_reader_and_what_is_made_lies_below_the_temporary_folder(
    tmp_path: Path,
) -> None:
    import sqlite3

    project = Project(tmp_path)
    project.write(flow_py=DECLARES, data_csv="1,2\n", folder__1_csv="3,4\n5,6\n", folder__2_csv="7,8\n")
    with sqlite3.connect(tmp_path / "table.db") as table:
        table.execute("create table t (a)")
        table.execute("insert into t values (1)")
    table.close()
    made = "1,2\n[PosixPath('folder/1.csv'), PosixPath('folder/2.csv')]"
    how, output, confined = json.loads(project.python("flow.py").splitlines()[-1])
    assert (how, output) == (["ran", "ran"], made)
    assert confined.startswith("landlock ")
    # Its own temporary folder has another name every time, and so may the user's have: neither is an input.
    again = project.tell("""
        import json, flow
        from twice import Pipeline
        loaded = Pipeline.load("v1.0").run()
        lax = Pipeline(flow.pipeline.steps, name="flow").run()
        print(json.dumps([loaded.output, loaded.trace("reads").watched.confined, lax.trace("reads").watched.confined,
                          lax.explain()["goes_on"]]))
    """)
    assert again[:3] == [made, confined, ""]
    assert again[3].startswith("ran: ")
    assert "strict or not" in again[3]
    shown = project.python("-m", "twice", "show", "v1.0", "reads")
    assert f"held by {confined}" in shown
    assert "strict what is not declared is refused" in " ".join(project.python("-m", "twice", "show", "v1.0").split())


def test_that_its_code_was_opened_to_say_that_it_may_be_read_makes_no_input_of_it(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(
        flow_py="""
        import helpers
        from twice import Pipeline

        def step():
            return helpers.f()

        print(Pipeline(steps=[step], strict=True).run().record.steps[0].how)
    """,
        helpers_py="def f():\n    return 1\n",
    )
    assert project.python("flow.py") == "ran\n"
    for file in ("flow.py", "helpers.py"):
        (tmp_path / file).write_text((tmp_path / file).read_text() + "# a comment\n")
    assert project.python("flow.py") == "reused\n"


def test_what_is_not_declared_is_refused_and_named_with_the_line_however_it_is_asked_for(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(flow_py=DOES_NOT, folder__1_csv="1\n")
    for name in ("python.txt", "numpy.csv", "arrow.csv", "child.txt", "native.txt", "removed.txt", "forked.txt"):
        (tmp_path / name).write_text("1\n")
    (tmp_path / "sqlite.db").touch()
    (tmp_path / "tool.sh").write_text("#!/bin/sh\n")
    (tmp_path / "tool.sh").chmod(0o755)
    told = json.loads(project.python("flow.py").splitlines()[-1])

    kind, paths, message = told["asks"]
    assert kind == "Undeclared"
    reads = ["python.txt", "numpy.csv", "arrow.csv", "sqlite.db", "child.txt", "native.txt", "forked.txt"]
    assert sorted(paths) == sorted([*reads, "folder", "written.txt", "removed.txt", "made", "tool.sh"])
    lines = DOES_NOT.splitlines()
    for name in ("python.txt", "numpy.csv", "folder", "written.txt", "removed.txt", "made", "forked.txt"):
        line = next(number for number, text in enumerate(lines, 1) if f'"{name}"' in text)
        assert f'File "{tmp_path}/flow.py", line {line}, in asks' in message
    assert "reading python.txt (flow.py:17)" in message
    assert '@step(inputs=["arrow.csv"' in message
    assert "twice.File(path)" in message
    assert not (tmp_path / "made").exists()
    assert (tmp_path / "removed.txt").exists()

    kind, paths, message = told["raises"]
    assert (kind, paths) == ("Undeclared", ["python.txt"])
    assert "PermissionError" in message
    assert 'inputs=["python.txt"]' in message


def test_where_the_kernel_cannot_confine_a_strict_pipeline_does_not_run_at_all(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(flow_py=WITHOUT_LANDLOCK)
    told = project.python("flow.py")
    assert told.startswith("ControlUnusable strict=True cannot be enforced here")
    assert "hint: run it without strict=True" in told
