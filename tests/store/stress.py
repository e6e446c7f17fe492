"""Many terminals on one store: processes that run, label, look up and clear out at once, some of them killed meanwhile.

``python tests/store/stress.py [SECONDS] [PROCESSES]``; the store must be whole at the end.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).parent.parent
sys.path.insert(0, str(TESTS))
from store.building import key_of, put_run, ref_to  # noqa: E402 - also run by hand, from anywhere
from twice.errors import LabelTaken, NotFound, StoreUnusable  # noqa: E402
from twice.records.trace import Trace  # noqa: E402
from twice.store import Store  # noqa: E402
from twice.store.needed import Policy  # noqa: E402

CLEARED = Policy(keep_runs=2, since=None, traces_since=1 << 62)


def terminal(path: Path, seed: int, seconds: float) -> None:
    """What one terminal does; prints each label whose meaning was reported to it."""
    chance = random.Random(seed)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with Store.open(path) as store:
            for _ in range(5):
                what, number = chance.random(), chance.randrange(40)
                if what < 0.5:
                    pipeline, label = f"pipeline {number % 3}", f"v{number}"
                    done = put_run(store, pipeline, seed=number, started=time.time_ns())
                    assert store.load(done.trace, Trace).output.skeleton == done.output
                    if chance.random() < 0.5:
                        try:
                            store.set_label(pipeline, label, ref_to(done, pipeline, label))
                            print(f"{pipeline}@{label}", flush=True)
                        except LabelTaken:
                            pass
                elif what < 0.8:
                    for trace in store.traces(key_of(f"pipeline {number % 3} {number}")):
                        for part in trace.output.objects:  # whoever was given a trace may rely on all of it
                            store.get(part)
                else:
                    try:
                        store.collector.set_aside(CLEARED)
                        store.collector.delete()
                    except StoreUnusable as problem:
                        assert "another `twice gc`" in problem.message, problem
                    except NotFound:
                        pass


def stress(path: Path, seconds: float, processes: int) -> tuple[int, int]:
    """Let terminals work side by side and kill one now and then.

    Returns:
        How many labels were given, and how many terminals were killed.
    """
    Store.open(path).close()
    chance = random.Random(1)
    until = time.monotonic() + seconds
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])}

    def start(number: int) -> subprocess.Popen[str]:
        words = [sys.executable, __file__, "terminal", str(path), str(number), str(max(0.0, until - time.monotonic()))]
        with (path.parent / f"said{number}").open("w") as said:
            return subprocess.Popen(words, stdout=said, text=True, env=environment)

    living = [start(number) for number in range(processes)]
    started, killed = processes, 0
    while time.monotonic() < until:
        time.sleep(seconds / 10)
        victim = chance.randrange(processes)
        if living[victim].poll() is None:
            living[victim].send_signal(signal.SIGKILL)
            killed += 1
        assert living[victim].wait() in (0, -signal.SIGKILL), "a terminal failed"
        living[victim] = start(started)
        started += 1
    assert [process.wait() for process in living] == [0] * processes, "a terminal failed"
    labels = {line for file in path.parent.glob("said*") for line in file.read_text().split("\n")[:-1]}
    with Store.open(path) as store:
        store.collector.recover()
        problems = store.check().problems
        assert problems == (), problems
        for label in labels:
            assert store.resolve(label).run, f"{label} was given and is lost"
    return len(labels), killed


if __name__ == "__main__":
    if sys.argv[1:2] == ["terminal"]:
        terminal(Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
    else:
        with tempfile.TemporaryDirectory(prefix="twice-stress-") as place:
            seconds, processes = float(sys.argv[1]) if sys.argv[1:] else 60.0, int(sys.argv[2]) if sys.argv[2:] else 8
            labels, killed = stress(Path(place) / ".twice", seconds, processes)
            print(f"{processes} processes, {seconds:.0f} s, {killed} killed: {labels} labels given, the store is whole")
