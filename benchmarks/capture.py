"""How long capturing a project of many modules takes, against parsing the same files once.

    python benchmarks/capture.py [modules …]

Prints, for each size, the seconds of a first capture in a process, of another one right after it, and of ``ast.parse``
on all files, and the ratios to the last. The three are taken in turn, five times; medians are shown.
"""

from __future__ import annotations

import ast
import importlib
import statistics
import sys
import tempfile
import time
from pathlib import Path


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


def measure(modules: int) -> tuple[float, float, float]:
    """Seconds of a first capture, a second one, and of parsing."""
    from twice.source.snapshot import capture

    class Nothing:
        """Nothing is installed."""

        def owner(self, module: str) -> None:
            del module

        def requirements(self, name: str) -> list[tuple[str, str]]:
            del name
            return []

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        project(folder, modules)
        sys.path.insert(0, place)
        sys.setrecursionlimit(20_000)
        entry = importlib.import_module("m0")

        def captured() -> float:
            start = time.perf_counter()
            capture({"work": entry.work}, project=folder, cwd=folder, search=[place], distributions=Nothing())
            return time.perf_counter() - start

        first, again = captured(), captured()
        start = time.perf_counter()
        for file in folder.glob("*.py"):
            ast.parse(file.read_bytes())
        parsed = time.perf_counter() - start
        sys.path.remove(place)
        for name in [name for name in sys.modules if name[0] == "m" and name[1:].isdigit()]:
            del sys.modules[name]
    return first, again, parsed


def main() -> None:
    """Measure each size."""
    heads = ("first s", "again s", "parse s", "first/parse", "again/parse")
    print(f"{'modules':>8}" + "".join(f"{head:>13}" for head in heads))
    for modules in [int(size) for size in sys.argv[1:]] or [30, 100, 300]:
        rows = [measure(modules) for _ in range(5)]
        first, again, parsed = (statistics.median(column) for column in zip(*rows, strict=True))
        ratios = first / parsed, again / parsed
        print(f"{modules:>8}" + "".join(f"{figure:>13.3f}" for figure in (first, again, parsed, *ratios)))


if __name__ == "__main__":
    main()
