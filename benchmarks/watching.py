"""What watching costs: the same work in a process of its own, unwatched and with both watchers, in turn.

    python benchmarks/watching.py [rounds]

Three kinds of work: computing, importing a large library, and reading many small files. Prints the median seconds of
each, and the median of the ratios pair by pair.
"""

from __future__ import annotations

import os
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from twice.control import syscalls
from twice.control.watch import Watch

FILES = 5000


def compute(_: Path) -> None:
    """Nothing but arithmetic."""
    total = 0
    for number in range(8_000_000):
        total += number * number % 7


def load(_: Path) -> None:
    """Import pandas."""
    import pandas  # noqa: F401


def read(folder: Path) -> None:
    """Read many small files once."""
    for number in range(FILES):
        (folder / f"{number}.txt").read_bytes()


def once(work: Callable[[Path], None], folder: Path, *, watched: bool) -> float:
    """Seconds that some work takes in a fork of this process."""
    ours, theirs = socket.socketpair()
    start = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        try:
            if watched:
                handed = syscalls.hand_over(theirs)
                ignored = [f"{sys.prefix}/", f"{sys.base_prefix}/", "/proc/", "/usr/", "/lib/", "/etc/"]
                Watch(ignored, [], opens=not handed).start()
            work(folder)
        finally:
            os._exit(0)
    theirs.close()
    if watched and (listener := syscalls.receive(ours)) is not None:
        ignored = [f"{sys.prefix}/", f"{sys.base_prefix}/", "/proc/", "/usr/", "/lib/", "/etc/"]
        syscalls.Supervisor(listener, pid, ignored, lambda _: None).serve()
    os.waitpid(pid, 0)
    ours.close()
    return time.perf_counter() - start


def main() -> None:
    """Measure each kind of work."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for number in range(FILES):
            (folder / f"{number}.txt").write_text("x" * 100)
        print(f"{'work':>10} {'alone s':>9} {'watched s':>10} {'ratio':>7}")
        for work in (compute, load, read):
            pairs = [(once(work, folder, watched=False), once(work, folder, watched=True)) for _ in range(rounds)]
            alone, watched = (statistics.median(column) for column in zip(*pairs, strict=True))
            ratio = statistics.median(two / one for one, two in pairs)
            print(f"{work.__name__:>10} {alone:>9.3f} {watched:>10.3f} {ratio:>7.2f}")


if __name__ == "__main__":
    main()
