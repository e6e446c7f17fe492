"""What verifying costs beside running the commands by hand and ``cmp``, and how many runs a cause takes.

    python benchmarks/verifying.py [rounds] [seconds of each long step]

A chain of four steps that compute, once with steps of some seconds and once with steps that do next to nothing. *By
hand*: four commands, each of which reads the file that the one before wrote, and ``cmp`` of what the last one wrote
with what was kept. *Verified*: ``twice verify``. Both in turn, in processor time of the command with all its children,
since the time that passes says nothing on a busy machine.

*Side by side*: a chain of six steps that only wait, two seconds each. Since each is fed its recorded input, verified
with ``--jobs 6`` they wait at the same time: the time that passes is held against that of one step, and of all.

*A cause*: programs with one of the common faults, and how many runs of the step it took to prove it.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from textwrap import dedent

TWICE = (sys.executable, "-m", "twice")

WORK = """
    import math

    def work(start, rounds):
        found = start
        for number in range(rounds):
            found = math.sin(found + number)
        return found
"""

BY_HAND = """
    import sys
    from work import work
    before, after, rounds = sys.argv[1:]
    start = float(open(before).read()) if before != "-" else 0.0
    open(after, "w").write(repr(work(start, int(rounds))))
"""

CHAIN = """
    from twice import Pipeline
    from work import work

    ROUNDS = {rounds}

    def first():
        return work(0.0, ROUNDS)

    def second(first):
        return work(first, ROUNDS)

    def third(second):
        return work(second, ROUNDS)

    def fourth(third):
        return work(third, ROUNDS)

    pipeline = Pipeline(steps=[first, second, third, fourth], name="chain")
"""

WAITING = """
    import time
    from twice import Pipeline

    def wait(so_far):
        time.sleep({seconds})
        return so_far + 1

    def s1(): return wait(0)
    def s2(s1): return wait(s1)
    def s3(s2): return wait(s2)
    def s4(s3): return wait(s3)
    def s5(s4): return wait(s4)
    def s6(s5): return wait(s5)

    pipeline = Pipeline(steps=[s1, s2, s3, s4, s5, s6], name="waiting")
"""

FAULTS = {
    "random.Random() without a seed": "import random\n\ndef step(): return random.Random().random()",
    "default_rng() without a seed": "import numpy as np\n\ndef step(): return np.random.default_rng().random(3)",
    "uuid4()": "import uuid\n\ndef step(): return str(uuid.uuid4())",
    "time.time()": "import time\n\ndef step(): return time.time()",
    "datetime.now()": "from datetime import datetime\n\ndef step(): return datetime.now().isoformat()",
    "a temporary name": "import tempfile\n\ndef step(): return tempfile.mktemp()",
    "an address in a repr": "def step(): return repr(object())",
    "two of them": "import random, time\n\ndef step(): return [random.Random().random(), time.time()]",
}


def measured(action: Callable[[], object]) -> tuple[float, float]:
    """The processor time of all processes that an action started, and the time that passed, in seconds."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    action()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.monotonic() - start


def say(folder: Path, *words: str, status: int = 0) -> str:
    """A command of Twice in a folder; what it printed."""
    done = subprocess.run([*TWICE, *words], cwd=folder, capture_output=True, text=True)
    assert done.returncode == status, done.stderr
    return done.stdout


def project(folder: Path, **files: str) -> Path:
    """A folder with a pipeline that was run and is called v1."""
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.py").write_text(dedent(text))
    say(folder, "run", "flow.py", "--version", "v1")
    return folder


def by_hand(folder: Path, rounds: int) -> None:
    """Four commands and ``cmp``."""
    for before, after in (("-", "1"), ("1", "2"), ("2", "3"), ("3", "4")):
        subprocess.run([sys.executable, "by_hand.py", before, after, str(rounds)], cwd=folder, check=True)
    subprocess.run(["cmp", "4", "kept"], cwd=folder, check=True)


def overhead(folder: Path, rounds: int, turns: int) -> list[tuple[float, float]]:
    """The processor time by hand and verified, turn by turn."""
    project(folder, work=WORK, by_hand=BY_HAND, flow=CHAIN.format(rounds=rounds))
    for before, after in (("-", "1"), ("1", "2"), ("2", "3"), ("3", "kept")):
        subprocess.run([sys.executable, "by_hand.py", before, after, str(rounds)], cwd=folder, check=True)
    return [
        (measured(lambda: by_hand(folder, rounds))[0], measured(lambda: say(folder, "verify", "v1"))[0])
        for _ in range(turns)
    ]


def main(words: Sequence[str]) -> None:
    """Measure everything in turn."""
    turns, seconds = int(words[0]) if words else 3, float(words[1]) if words[1:] else 10.0
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    for name in ("TWICE_STORE", "PYTHONDONTWRITEBYTECODE"):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory() as place:
        namespace: dict[str, Callable[[float, int], float]] = {}
        exec(dedent(WORK), namespace)
        start = time.process_time()
        namespace["work"](0.0, 1_000_000)
        each = time.process_time() - start
        for name, rounds, times in (("long", int(1e6 * seconds / each), turns), ("small", 1000, 2 * turns)):
            pairs = overhead(Path(place) / name, rounds, times)
            hand, ours = (statistics.median(one) for one in zip(*pairs, strict=True))
            ratio = statistics.median(verified / by for by, verified in pairs)
            print(f"4 {name} steps: by hand {hand:.2f} s, verified {ours:.2f} s, {ratio:.3f} times (n = {times})")
        wait = 2.0
        waiting = project(Path(place) / "waiting", flow=WAITING.format(seconds=wait))
        for jobs in (1, 6):
            passed = measured(lambda jobs=jobs: say(waiting, "verify", "v1", "--jobs", str(jobs)))[1]  # type: ignore[misc]
            print(f"6 steps that wait {wait:.0f} s, --jobs {jobs}: {passed:.1f} s, {passed / wait:.1f} times one step")
        for number, (name, text) in enumerate(FAULTS.items()):
            flow = f"{text}\n\nfrom twice import Pipeline\npipeline = Pipeline(steps=[step])\n"
            folder = project(Path(place) / f"fault{number}", flow=flow)
            (found,) = json.loads(say(folder, "verify", "v1", "--json", status=1))["steps"]
            told = ", ".join(f"{cause['status']}: {cause['factor']}" for cause in found["causes"])
            print(f"{name}: {found['runs']} runs more; {told}")


if __name__ == "__main__":
    main(sys.argv[1:])
