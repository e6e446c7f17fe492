"""What rebuilding and entering an environment costs: ratios, in one run, interleaved.

python benchmarks/environment.py
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from twice.actions.lock import lock
from twice.actions.rebuild import collect, launch, rebuild
from twice.environment import uv
from twice.environment.elsewhere import look
from twice.environment.record import environment
from twice.store.store import Store

ROUNDS = 7
PACKAGES = ["numpy", "scikit-learn", "pandas"]


def timed(function: Callable[[], object]) -> float:
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        uv.run(["venv", "-q", "-p", sys.executable, str(place / "first")], doing="make one")
        python = str(place / "first" / "bin" / "python")
        uv.run(["pip", "install", "-q", "-p", python, *PACKAGES], doing="install")
        recorded = look(python).environment()
        with Store.open(place / "store") as store:
            _, found = lock(store, recorded)
            text = "".join(f"{package.name}=={package.version}\n" for package in found.packages)
            (place / "pins.in").write_text(text)
            options = ["-q", "--no-deps", "--format", "pylock.toml", "-o", str(place / "pylock.toml")]
            uv.run(["pip", "compile", *options, str(place / "pins.in")], doing="lock")

            def synced() -> None:
                target = place / "synced"
                subprocess.run(["rm", "-rf", str(target)], check=True)
                uv.run(["venv", "-q", "-p", sys.executable, str(target)], doing="make one")
                options = ["pip", "sync", "-q", "--preview-features", "pylock", "-p", str(target / "bin" / "python")]
                uv.run([*options, str(place / "pylock.toml")], doing="sync")

            def rebuilt() -> None:
                collect(store)
                rebuild(store, found)

            for function in (synced, rebuilt):
                function()
            times = [(timed(rebuilt), timed(synced)) for _ in range(ROUNDS)]
            ratio = statistics.median(ours / theirs for ours, theirs in times)
            print(f"rebuild / (uv venv + uv pip sync): {ratio:.2f}  (n={ROUNDS})")

            own = launch(store, found)
            plain = [python, "-c", "pass"]
            entering = []
            for _ in range(ROUNDS):
                base = timed(lambda: subprocess.run(plain, check=True, env=os.environ))
                entering.append(
                    timed(lambda: launch(store, found))
                    + timed(lambda: subprocess.run([own.python, "-c", "pass"], check=True))
                    - base
                )
            print(f"entering one that is built, beyond plain Python: {statistics.median(entering) * 1e3:.0f} ms")
            environment(())
            warm = statistics.median(timed(lambda: environment(())) for _ in range(ROUNDS))
            print(f"looking at this environment again: {warm * 1e3:.1f} ms")


if __name__ == "__main__":
    main()
