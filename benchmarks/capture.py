"""How long capturing a project of many modules takes, against what nobody can do without.

    python benchmarks/capture.py [modules …]

The references are ``ast.parse`` and ``os.stat`` of the same files. Captured is a step that reaches all of them:
*cold*, with nothing remembered; *warm*, where no file changed; with *one file edited*; *a tenth*, warm, by a step that
reaches the last tenth of the modules only. All are taken in turn, nine times, each in CPU time of this process; the
medians are shown, and their ratios to the references.
"""

from __future__ import annotations

import ast
import importlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from twice.source.memory import SETTLED, Memory
from twice.source.snapshot import Capture, capture

ROUNDS = 9


class Shelf:
    """A shelf in memory."""

    data: bytes | None = None

    def read(self) -> bytes | None:
        return self.data

    def write(self, data: bytes) -> None:
        self.data = data


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


class Measured:
    """One project, imported.

    Args:
        modules: How many it has.
        folder: Where it lies.
    """

    def __init__(self, modules: int, folder: Path) -> None:
        self.folder = folder
        project(folder, modules)
        sys.path.insert(0, str(folder))
        sys.setrecursionlimit(20_000)
        self.entry = importlib.import_module("m0")
        self.last = importlib.import_module(f"m{modules - modules // 10}")
        self.files = sorted(str(file) for file in folder.glob("*.py"))
        time.sleep(SETTLED / 1e9 + 0.5)  # files that were just written are not trusted yet
        self.shelf = Shelf()
        self.edits = 0
        self.capture(self.entry, Memory(self.shelf))

    def close(self) -> None:
        """Forget it."""
        sys.path.remove(str(self.folder))
        for name in [name for name in sys.modules if name[0] == "m" and name[1:].isdigit()]:
            del sys.modules[name]

    def capture(self, entry: ModuleType, memory: Memory | None) -> Capture:
        return capture(
            {"work": entry.work},
            project=self.folder,
            cwd=self.folder,
            search=[str(self.folder)],
            distributions=NothingInstalled(),
            memory=memory,
        )

    def edit(self) -> None:
        """Change one file in the middle."""
        self.edits += 1
        file = self.folder / f"m{len(self.files) // 2}.py"
        file.write_text(file.read_text() + f"# {self.edits}\n")

    def round(self) -> dict[str, float]:
        found = {
            "parse": seconds(lambda: [None for file in self.files if ast.parse(Path(file).read_bytes()) is None]),
            "stat": seconds(lambda: [os.stat(file) for file in self.files]),  # noqa: PTH116
            "cold": seconds(lambda: self.capture(self.entry, None)),
            "warm": seconds(lambda: self.capture(self.entry, Memory(self.shelf))),
            "a tenth": seconds(lambda: self.capture(self.last, Memory(self.shelf))),
        }
        self.edit()
        found["one edited"] = seconds(lambda: self.capture(self.entry, Memory(self.shelf)))
        return found


def measure(modules: int) -> dict[str, float]:
    """The median of each, in seconds."""
    with tempfile.TemporaryDirectory() as place:
        measured = Measured(modules, Path(place))
        try:
            rounds = [measured.round() for _ in range(ROUNDS)]
        finally:
            measured.close()
    return {name: statistics.median(found[name] for found in rounds) for name in rounds[0]}


def main() -> None:
    """Measure each size."""
    heads = ("parse", "stat", "cold", "warm", "one edited", "a tenth")
    print(
        f"{'modules':>8}" + "".join(f"{f'{head} ms':>15}" for head in heads) + f"{'cold/parse':>12}{'warm/parse':>12}"
    )
    for modules in [int(size) for size in sys.argv[1:]] or [30, 300, 1000]:
        found = measure(modules)
        ratios = [found["cold"] / found["parse"], found["warm"] / found["parse"]]
        row = "".join(f"{found[head] * 1000:>15.1f}" for head in heads) + "".join(f"{ratio:>12.2f}" for ratio in ratios)
        print(f"{modules:>8}{row}")


if __name__ == "__main__":
    main()
