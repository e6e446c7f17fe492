"""Steps run in processes of their own: what they may do there, and how they may end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from source.programs import write


def run_script(folder: Path, text: str, **variables: str) -> dict[str, object]:
    """Run a script in a process of its own; what it prints last is JSON."""
    write(folder, {"flow.py": text})
    done = subprocess.run(
        [sys.executable, "flow.py"],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return answer


def failing(folder: Path, step: str) -> tuple[str, str]:
    """Run a pipeline whose second step fails somehow; the error's class and text. The first step is kept."""
    text = f"""
import json
from twice import Pipeline, TwiceError

def first():
    return 1

def second(first):
{step}

pipeline = Pipeline(steps=[first, second])
try:
    pipeline.run()
except TwiceError as problem:
    kind, told = type(problem).__name__, str(problem)
def second(first):
    return first + 1
repaired = Pipeline(steps=[first, second]).run()
print(json.dumps({{"kind": kind, "told": told, "how": [s.how for s in repaired.record.steps]}}))
"""
    answer = run_script(folder, text)
    assert answer["how"] == ["reused", "ran"]
    return str(answer["kind"]), str(answer["told"])


def test_a_step_that_raises_fails_with_its_traceback_and_cause(tmp_path: Path) -> None:
    kind, told = failing(
        tmp_path,
        "    try:\n        {}['missing']\n    except KeyError as problem:\n"
        "        raise ValueError('no such column') from problem",
    )
    assert kind == "StepFailed"
    assert "step 'second' failed: ValueError: no such column" in told
    assert "KeyError: 'missing'" in told
    assert "direct cause" in told
    assert 'flow.py", line 11, in second' in told
    assert "raise ValueError('no such column') from problem" in told
    assert "worker.py" not in told


def test_a_killed_step_is_named(tmp_path: Path) -> None:
    kind, told = failing(tmp_path, "    import os, signal\n    os.kill(os.getpid(), signal.SIGKILL)")
    assert kind == "WorkerLost"
    assert "'second'" in told
    assert "SIGKILL" in told


def test_a_crashed_step_is_named(tmp_path: Path) -> None:
    kind, told = failing(tmp_path, "    import os, signal\n    os.kill(os.getpid(), signal.SIGSEGV)")
    assert kind == "WorkerLost"
    assert "'second'" in told
    assert "SIGSEGV" in told


def test_a_step_that_exits_has_failed(tmp_path: Path) -> None:
    kind, told = failing(tmp_path, "    import sys\n    sys.exit(0)")
    assert kind == "StepFailed"
    assert "sys.exit(0)" in told


def test_a_step_that_ends_its_process_has_failed(tmp_path: Path) -> None:
    kind, told = failing(tmp_path, "    import os\n    os._exit(3)")
    assert kind == "WorkerLost"
    assert "'second'" in told
    assert "status 3" in told


def test_a_step_that_recurses_without_end_has_failed(tmp_path: Path) -> None:
    kind, told = failing(tmp_path, "    return second(first)")
    assert kind == "StepFailed"
    assert "RecursionError" in told


def test_a_step_that_interrupts_itself_has_failed(tmp_path: Path) -> None:
    kind, told = failing(tmp_path, "    raise KeyboardInterrupt")
    assert kind == "StepFailed"
    assert "KeyboardInterrupt" in told


def test_an_output_that_no_kind_can_hold_is_named_with_its_place(tmp_path: Path) -> None:
    kind, told = failing(tmp_path, "    import threading\n    return {'lock': threading.Lock()}")
    assert kind == "ValueNotStorable"
    assert "'second'" in told
    assert "lock" in told


def test_a_megabyte_of_printed_text_is_kept(tmp_path: Path) -> None:
    answer = run_script(
        tmp_path,
        """
        import json, os, sys
        from twice import Pipeline

        def step():
            for number in range(20_000):
                print(number, "x" * 50)
            os.write(2, b"raw\\n")
            return 1

        run = Pipeline(steps=[step]).run()
        trace = run.trace("step")
        printed = bytes(run.project.store.get(trace.stdout))
        print(json.dumps({"lines": printed.count(b"\\n"), "raw": bytes(run.project.store.get(trace.stderr)).decode()}))
        """,
    )
    assert answer == {"lines": 20_000, "raw": "raw\n"}


def test_each_step_starts_in_the_same_state_whatever_the_one_before_it_did(tmp_path: Path) -> None:
    answer = run_script(
        tmp_path,
        """
        import json, os, sys
        from twice import Pipeline
        HELD = []

        def untidy():
            os.chdir("/")
            os.environ["LEFT_BEHIND"] = "yes"
            sys.path.insert(0, "/nowhere")
            HELD.append(1)
            sys.modules["json"] = None
            return 1

        def tidy(untidy):
            import json
            return [os.getcwd(), "LEFT_BEHIND" in os.environ, "/nowhere" in sys.path, HELD]

        def reads():
            return [sys.stdin.read(), sys.argv, os.environ["PYTHONHASHSEED"], hash("text"), __name__]

        def again(reads):
            return [sys.stdin.read(), sys.argv, os.environ["PYTHONHASHSEED"], hash("text"), __name__]

        run = Pipeline(steps=[untidy, tidy, reads, again]).run()
        print(json.dumps({"tidy": run["tidy"], "reads": run["reads"], "again": run["again"], "here": HELD}))
        """,
    )
    assert answer["tidy"] == [str(tmp_path), False, False, []]
    assert answer["here"] == []
    assert answer["reads"] == answer["again"]
    assert answer["reads"][:2] == ["", ["flow.py"]]  # type: ignore[index]


def test_a_step_does_not_see_what_another_did_to_the_same_value(tmp_path: Path) -> None:
    answer = run_script(
        tmp_path,
        """
        import json
        from twice import Pipeline

        def make():
            return {"rows": [1, 2, 3]}

        def spoil(make):
            make["rows"].clear()
            return len(make["rows"])

        def count(make):
            return len(make["rows"])

        run = Pipeline(steps=[make, spoil, count]).run()
        print(json.dumps({"spoil": run["spoil"], "count": run["count"], "mutated": run.trace("spoil").mutated}))
        """,
    )
    assert answer == {"spoil": 0, "count": 3, "mutated": ["make"]}


SEEDED = """
import json, random, sys
import numpy as np
from twice import Pipeline

def one():
    return [random.random() for _ in range(3)] + np.random.rand(3).tolist()

def two(one):
    return [random.random(), float(np.random.normal()), sum(one)]

def three():
    import sklearn.utils
    return np.random.permutation(10).tolist() + sklearn.utils.shuffle(list(range(10)))

def four(three, two):
    return [random.randint(0, 10**9), three, two, hash("text"), list({"b", "a", "c"})]

pipeline = Pipeline(steps=[one, two, three, four], seed=int(sys.argv[1]), store=sys.argv[2])
run = pipeline.run(jobs=int(sys.argv[3]))
print(json.dumps({name: run[name] for name in run}))
"""


def seeded(folder: Path, seed: int, store: str, jobs: int, script: str = SEEDED, **variables: str) -> object:
    write(folder, {"flow.py": script})
    done = subprocess.run(
        [sys.executable, "flow.py", str(seed), str(folder / store), str(jobs)],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_numbers_do_not_depend_on_jobs_or_on_what_ran_before(tmp_path: Path) -> None:
    first = seeded(tmp_path, 7, "a", 1)
    assert seeded(tmp_path, 7, "b", 4) == first
    # Edit the third step: the fourth runs after two reused steps and one that ran, and only the third differs.
    other = seeded(tmp_path, 7, "a", 1, SEEDED.replace("permutation(10)", "permutation(11)"))
    assert other["one"] == first["one"]  # type: ignore[index]
    assert other["two"] == first["two"]  # type: ignore[index]
    assert other["three"] != first["three"]  # type: ignore[index]
    assert other["four"][0] == first["four"][0]  # type: ignore[index]
    assert seeded(tmp_path, 8, "a", 1) != first


def wait_for(condition: Callable[[], object]) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come about within half a minute")


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


SLOW = """
import os, time
from pathlib import Path
from twice import Pipeline

def quick():
    return 1

def slow(quick):
    Path("pid.txt").write_text(str(os.getpid()))
    Path("pid.txt").rename("started.txt")
    if not Path("go.txt").exists():
        time.sleep(600)
    return 2

pipeline = Pipeline(steps=[quick, slow])
"""


def start_slow(folder: Path, ending: str) -> tuple[subprocess.Popen[str], int]:
    write(folder, {"flow.py": SLOW + ending})
    process = subprocess.Popen([sys.executable, "flow.py"], cwd=folder, stdout=subprocess.PIPE, text=True)
    wait_for(lambda: (folder / "started.txt").exists())
    return process, int((folder / "started.txt").read_text())


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interrupted_run_keeps_what_was_finished(tmp_path: Path, jobs: int) -> None:
    ending = dedent(
        f"""
        try:
            run = pipeline.run(jobs={jobs})
            print([step.how for step in run.record.steps])
        except KeyboardInterrupt:
            print("interrupted")
        """
    )
    process, step = start_slow(tmp_path, ending)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert out.splitlines() == ["interrupted"]
    wait_for(lambda: not alive(step))
    (tmp_path / "go.txt").touch()
    done = subprocess.run(
        [sys.executable, "flow.py"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines() == ["['reused', 'ran']"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_killed_run_leaves_no_process_behind_and_keeps_what_was_finished(tmp_path: Path, jobs: int) -> None:
    ending = f"\nrun = pipeline.run(jobs={jobs})\nprint([step.how for step in run.record.steps])\n"
    process, step = start_slow(tmp_path, ending)
    process.kill()
    process.communicate(timeout=60)
    wait_for(lambda: not alive(step))
    (tmp_path / "go.txt").touch()
    done = subprocess.run(
        [sys.executable, "flow.py"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines() == ["['reused', 'ran']"]


def test_processes_that_a_step_leaves_behind_are_ended(tmp_path: Path) -> None:
    answer = run_script(
        tmp_path,
        """
        import json, subprocess
        from twice import Pipeline

        def step():
            return subprocess.Popen(["sleep", "600"]).pid

        print(json.dumps({"pid": Pipeline(steps=[step]).run().output}))
        """,
    )
    pid = answer["pid"]
    assert isinstance(pid, int)
    wait_for(lambda: not alive(pid))


def test_a_step_may_use_processes_and_threads_of_its_own(tmp_path: Path) -> None:
    answer = run_script(
        tmp_path,
        """
        import json, multiprocessing, threading
        from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
        from twice import Pipeline

        FACTOR = 3

        def times(x):
            return x * FACTOR

        def forked():
            with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as pool:
                return list(pool.map(times, [1, 2]))

        def threaded(forked):
            with ThreadPoolExecutor(2) as pool:
                return forked + list(pool.map(times, [3, 4]))

        print(json.dumps({"output": Pipeline(steps=[forked, threaded]).run().output}))
        """,
    )
    assert answer == {"output": [3, 6, 9, 12]}


def test_a_step_may_use_a_pool_that_is_never_closed(tmp_path: Path) -> None:
    answer = run_script(
        tmp_path,
        """
        import json, multiprocessing, threading, time
        from joblib import Parallel, delayed
        from twice import Pipeline

        def square(x):
            return x * x

        def pooled():
            return Parallel(n_jobs=2)(delayed(square)(x) for x in range(3))

        def spawned(pooled):
            pool = multiprocessing.get_context("spawn").Pool(2)
            return pooled + pool.map(square, [3])

        def left_a_thread(spawned):
            threading.Thread(target=time.sleep, args=[600], daemon=True).start()
            return spawned

        if __name__ == "__main__":
            print(json.dumps({"output": Pipeline(steps=[pooled, spawned, left_a_thread]).run().output}))
        """,
    )
    assert answer == {"output": [0, 1, 4, 9]}
