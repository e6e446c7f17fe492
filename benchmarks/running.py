"""What a run costs in which nothing changed, and what starting costs.

    python benchmarks/running.py [rounds]

A pipeline of four small steps, and one of four steps that reach 300 modules, are run until all is in the vault; then
once more in fresh processes, twice in each: *first* is what a script pays, *next* a session that goes on. Beside them,
in turn: ``import twice``, ``import click`` and ``twice --help``, and a worker from its start until it is ready for its
first step, as the CPU time of a process less that of an empty one. Shown are medians of CPU seconds; the reference is
an empty Python process. Byte code is kept, whatever the environment says: without it, importing is compiling.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from textwrap import dedent

from twice.execute.launch import HERE
from twice.execute.worker import PROTOCOL

SMALL = """
    import sys, time
    from twice import Pipeline, step

    @step
    def load(n: int = 10):
        return list(range(n))

    @step
    def clean(load):
        return [x for x in load if x % 2]

    @step
    def fit(clean, depth: int = 3):
        return sum(clean) * depth

    @step
    def score(fit):
        return {"score": fit / 3}

    pipeline = Pipeline(steps=[load, clean, fit, score], name="small")
"""

LARGE = """
    import sys, time
    from twice import Pipeline, step
    import m0, m1, m2

    @step
    def load(n: int = 10):
        return n

    @step
    def all(load):
        return 1 if load > 5 else m0.work(load)

    @step
    def half(all):
        return 1 if all else m1.work(all)

    @step
    def rest(half):
        return 1 if half else m2.work(half)

    pipeline = Pipeline(steps=[load, all, half, rest], name="large")
"""

TIMED = """
    for _ in range(2):
        start = time.process_time()
        run = pipeline.run()
        print(time.process_time() - start, sum(result.how == "reused" for result in run.record.steps))
"""


def modules(folder: Path, count: int) -> None:
    """A tree of modules: each calls the two below it, and has ten functions, a class and a constant of its own."""
    for number in range(count):
        below = [child for child in (2 * number + 1, 2 * number + 2) if child < count]
        text = "".join(f"from m{child} import work as work{child}\n" for child in below)
        text += f"import math\n\nCONSTANT = {number}\n\n"
        for k in range(10):
            text += f"def helper{k}(x, depth=3):\n    return x * CONSTANT + depth + {k}\n\n"
        text += "class Thing:\n    size = CONSTANT\n\n    def area(self):\n        return math.pi * self.size\n\n"
        calls = [f"work{child}(x)" for child in below] + [f"helper{k}(x)" for k in range(10)] + ["Thing().area()"]
        (folder / f"m{number}.py").write_text(f"{text}def work(x):\n    return {' + '.join(calls)}\n")


def seconds(command: Sequence[str]) -> float:
    """The CPU seconds of a process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def worker() -> float:
    """The CPU seconds of a worker process that is ready for its first step, and is not given one."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ours, theirs = socket.socketpair()
    command, _ = HERE.command(theirs.fileno())
    with subprocess.Popen(command, pass_fds=[theirs.fileno()]), ours, ours.makefile("rwb", buffering=0) as lines:
        theirs.close()
        lines.write(json.dumps({"protocol": PROTOCOL, "preload": []}).encode() + b"\n")
        assert "ready" in json.loads(lines.readline())
        ours.shutdown(socket.SHUT_RDWR)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def runs(folder: Path) -> list[float]:
    """The CPU seconds of two runs in one fresh process, in which every step is reused."""
    told = subprocess.run([sys.executable, "flow.py"], cwd=folder, capture_output=True, text=True, check=True).stdout
    lines = [line.split() for line in told.splitlines() if line[:1].isdigit()]
    assert [reused for _, reused in lines] == ["4", "4"], told
    return [float(figure) for figure, _ in lines]


def main() -> None:
    """Measure everything in turn."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    for name in ("TWICE_STORE", "PYTHONDONTWRITEBYTECODE"):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory() as place:
        small, large = Path(place) / "small", Path(place) / "large"
        for folder, text in ((small, SMALL), (large, LARGE)):
            folder.mkdir()
            (folder / "flow.py").write_text(dedent(text) + dedent(TIMED))
        modules(large, 300)
        for _ in range(2):  # first it runs, then files that were just written are trusted
            for folder in (small, large):
                subprocess.run([sys.executable, "flow.py"], cwd=folder, capture_output=True, check=True)
            time.sleep(2.5)
        found: dict[str, list[float]] = {}
        for _ in range(rounds):
            empty = seconds([sys.executable, "-c", ""])
            found.setdefault("an empty process", []).append(empty)
            found.setdefault("import twice", []).append(seconds([sys.executable, "-c", "import twice"]) - empty)
            found.setdefault("import click", []).append(seconds([sys.executable, "-c", "import click"]) - empty)
            found.setdefault("a worker, ready", []).append(worker() - empty)
            found.setdefault("twice --help", []).append(seconds([sys.executable, "-m", "twice", "--help"]) - empty)
            for name, folder in (("4 small steps", small), ("4 steps, 300 modules", large)):
                first, following = runs(folder)
                found.setdefault(f"{name}, first", []).append(first)
                found.setdefault(f"{name}, next", []).append(following)
        empty = statistics.median(found["an empty process"])
        print(f"{'what':>28} {'ms':>9} {'/ empty':>8}")
        for name, figures in found.items():
            figure = statistics.median(figures)
            print(f"{name:>28} {figure * 1000:>9.1f} {figure / empty:>8.1f}")


if __name__ == "__main__":
    main()
