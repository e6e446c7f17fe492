"""What watching costs: the same work in a process of its own, unwatched and with both watchers, in turn.

    python benchmarks/watching.py [rounds]

Four kinds of work: computing; importing a large library; reading many files of a size that data has, and taking
them apart; and the worst case, opening many tiny files and nothing else. Prints, for each, the median seconds alone and
watched, with the median of the ratios pair by pair: of the time that passes, and of the processor time of the work and
its watcher together, which says something on a busy machine, too.
"""

from __future__ import annotations

import csv
import os
import resource
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from twice.control import syscalls
from twice.control.watch import Watch

FILES, TABLES = 5000, 400


def compute(_: Path) -> None:
    """Nothing but arithmetic."""
    total = 0
    for number in range(8_000_000):
        total += number * number % 7


def load(_: Path) -> None:
    """Import pandas."""
    import pandas  # noqa: F401


def tables(folder: Path) -> None:
    """Read tables of 1,000 rows and add up a column of each."""
    total = 0.0
    for number in range(TABLES):
        with open(folder / f"{number}.csv", newline="") as file:
            total += sum(float(row[1]) for row in csv.reader(file))


def read(folder: Path) -> None:
    """Read many small files once."""
    for number in range(FILES):
        (folder / f"{number}.txt").read_bytes()


def spent() -> float:
    """The processor seconds of this process and of those that it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in used)


def once(work: Callable[[Path], None], folder: Path, *, watched: bool) -> tuple[float, float]:
    """Seconds that pass, and processor seconds, while some work is done in a fork of this process."""
    ours, theirs = socket.socketpair()
    start, used = time.perf_counter(), spent()
    pid = os.fork()
    ignored = [f"{sys.prefix}/", f"{sys.base_prefix}/", "/proc/", "/usr/", "/lib/", "/etc/"]
    if pid == 0:
        try:
            if watched:
                handed = syscalls.hand_over(theirs)
                Watch(ignored, [], opens=not handed).start()
            work(folder)
        finally:
            os._exit(0)
    theirs.close()
    if watched and (listener := syscalls.receive(ours)) is not None:
        syscalls.Supervisor(listener, pid, ignored, lambda _: None).serve()
    os.waitpid(pid, 0)
    ours.close()
    return time.perf_counter() - start, spent() - used


def main() -> None:
    """Measure each kind of work."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for number in range(FILES):
            (folder / f"{number}.txt").write_text("x" * 100)
        rows = "".join(f"{row},{row / 7},some text\n" for row in range(1000))
        for number in range(TABLES):
            (folder / f"{number}.csv").write_text(rows)
        print(f"{'work':>10} {'alone s':>9} {'watched s':>10} {'ratio':>7} {'processor':>10}")
        for work in (compute, load, tables, read):
            pairs = [(once(work, folder, watched=False), once(work, folder, watched=True)) for _ in range(rounds)]
            alone, watched = (statistics.median(side[0] for side in column) for column in zip(*pairs, strict=True))
            passed, used = (statistics.median(two[which] / one[which] for one, two in pairs) for which in (0, 1))
            print(f"{work.__name__:>10} {alone:>9.3f} {watched:>10.3f} {passed:>7.2f} {used:>10.2f}", flush=True)


if __name__ == "__main__":
    main()
