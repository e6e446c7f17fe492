"""How long capturing a project of many modules takes, against what nobody can do without.

    python benchmarks/capture.py [modules …]

The references are ``ast.parse`` and ``os.stat`` of the same files. Captured is a step that reaches everything in all of
them: *cold*, with nothing remembered; *warm*, where no file changed; with *one file edited*; and *a tenth*, warm, by a
step that reaches the last tenth of the modules. Each is done once in a process of its own, as a script would, and all
are taken in turn, five times; shown are the medians of the CPU time, and their ratios to parsing.
"""

from __future__ import annotations

import ast
import importlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from twice.source.memory import SETTLED, Memory
from twice.source.snapshot import capture

ROUNDS = 5
KINDS = ("parse", "stat", "cold", "warm", "edited", "tenth")


class Shelf:
    """A shelf that is a file.

    Args:
        file: Which.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def read(self) -> bytes | None:
        return self.file.read_bytes() if self.file.exists() else None

    def write(self, data: bytes) -> None:
        self.file.write_bytes(data)


class NothingInstalled:
    """Nothing is installed."""

    def owner(self, module: str) -> None:
        del module

    def requirements(self, name: str) -> list[tuple[str, str]]:
        del name
        return []


def project(folder: Path, modules: int) -> None:
    """A chain of modules, each with some functions, a class and constants, that use the next module's."""
    for number in range(modules):
        following = f"from m{number + 1} import work as deeper" if number + 1 < modules else "deeper = abs"
        functions = "\n".join(
            f"def helper{k}(x, depth=3):\n    '''Doc.'''\n    total = 0\n    for i in range(depth):\n"
            f"        total += x * CONSTANT + {k}\n    return total\n"
            for k in range(10)
        )
        calls = " + ".join(f"helper{k}(x)" for k in range(10))
        text = f"import math\n{following}\nCONSTANT = {number}\n\n{functions}\n"
        text += "class Thing:\n    size = CONSTANT\n\n    def area(self):\n        return math.pi * self.size\n\n"
        text += f"def work(x):\n    return deeper({calls}) + Thing().area()\n"
        (folder / f"m{number}.py").write_text(text)


def seconds(action: Callable[[], object]) -> float:
    """The CPU time of this process that something takes."""
    start = time.process_time()
    action()
    return time.process_time() - start


def child(kind: str, folder: Path, shelf: Path) -> float:
    """Do one thing in this process; returns its seconds."""
    files = sorted(str(file) for file in folder.glob("*.py"))
    sys.path.insert(0, str(folder))
    sys.setrecursionlimit(20_000)
    entry = importlib.import_module(f"m{len(files) - len(files) // 10 if kind == 'tenth' else 0}")
    if kind == "parse":
        return seconds(lambda: [None for file in files if ast.parse(Path(file).read_bytes()) is None])
    if kind == "stat":
        return seconds(lambda: [os.stat(file) for file in files])  # noqa: PTH116

    def captured() -> None:
        memory = None if kind == "cold" else Memory(Shelf(shelf))
        capture(
            {"work": entry.work},
            project=folder,
            cwd=folder,
            search=[str(folder)],
            distributions=NothingInstalled(),
            memory=memory,
        )

    return seconds(captured)


def measure(modules: int) -> dict[str, float]:
    """The median of each, in seconds."""
    with tempfile.TemporaryDirectory() as place:
        folder, shelf = Path(place) / "project", Path(place) / "shelf"
        folder.mkdir()
        project(folder, modules)

        def said(kind: str) -> float:
            command = [sys.executable, __file__, "--child", kind, str(folder), str(shelf)]
            return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

        time.sleep(SETTLED / 1e9 + 0.5)  # files that were just written are not trusted yet
        said("warm")  # so that there is something to remember
        found: dict[str, list[float]] = {kind: [] for kind in KINDS}
        for number in range(ROUNDS):
            for kind in KINDS:
                if kind == "edited":
                    file = folder / f"m{modules // 2}.py"
                    file.write_text(file.read_text() + f"# {number}\n")
                found[kind].append(said(kind))
            time.sleep(SETTLED / 1e9 + 0.5)
            said("warm")
        return {kind: statistics.median(figures) for kind, figures in found.items()}


def main() -> None:
    """Measure each size."""
    if sys.argv[1:2] == ["--child"]:
        print(child(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4])))
        return
    ratios = ("cold", "warm", "edited", "tenth")
    titles = [f"{kind} ms" for kind in KINDS] + [f"{kind}/parse" for kind in ratios]
    print(f"{'modules':>8}" + "".join(f"{title:>13}" for title in titles))
    for modules in [int(size) for size in sys.argv[1:]] or [30, 300, 1000]:
        found = measure(modules)
        row = [f"{found[kind] * 1000:.1f}" for kind in KINDS]
        row += [f"{found[kind] / found['parse']:.2f}" for kind in ratios]
        print(f"{modules:>8}" + "".join(f"{figure:>13}" for figure in row), flush=True)


if __name__ == "__main__":
    main()
