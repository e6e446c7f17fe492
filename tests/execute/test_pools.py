"""Pools of processes that are not forked: their interpreters get the captured code, wherever it lies by then."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from source.programs import write

FLOW = """
import concurrent.futures, multiprocessing
from joblib import Parallel, delayed
from twice import Pipeline  # which a new interpreter need not find where Twice is installed editable
from helpers import square

LIMIT = 10

class Point:
    def __init__(self, x):
        self.x = x

def further(x):
    return Point(x + LIMIT)

def spawned():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.map(square, [3]), [point.x for point in pool.map(further, [3])]

def forked_by_a_server(spawned):
    with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("forkserver")) as pool:
        return next(pool.map(square, [4])), next(pool.map(further, [4])).x

def by_loky(forked_by_a_server):
    return Parallel(n_jobs=2)(delayed(function)(5) for function in (square, further))[0]

pipeline = Pipeline(steps=[spawned, forked_by_a_server, by_loky], version="v1")
if __name__ == "__main__":
    run = pipeline.run()
    print([run[step] for step in ("spawned", "forked_by_a_server", "by_loky")])
    pipeline.save()
"""


def test_interpreters_that_a_step_starts_run_the_captured_code_also_when_the_script_is_gone(tmp_path: Path) -> None:
    write(tmp_path, {"flow.py": FLOW, "helpers.py": "def square(x):\n    return x * x\n"})

    def python(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert python("flow.py") == "[([9], [13]), (16, 14), 25]\n"
    (tmp_path / "flow.py").unlink()
    (tmp_path / "helpers.py").write_text("def square(x):\n    return 'edited'\n")
    told = python("-c", "from twice import Pipeline; print(Pipeline.load('v1').verify())")
    assert told.startswith("IDENTICAL: 3 outputs")
