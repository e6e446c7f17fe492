"""What rebuilding and entering an environment costs: ratios, in one run, interleaved.

python benchmarks/environment.py [rebuilding] [swapping] [capturing] [containing]

The part on containers needs an engine and TWICE_BASE_IMAGE, as `.ci/engine start DIR` makes them.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from twice.actions.environments import Experiments
from twice.actions.lock import lock
from twice.actions.rebuild import collect, launch, rebuild
from twice.environment import uv
from twice.environment.container import Engine, engine
from twice.environment.elsewhere import look
from twice.errors import EnvironmentUnusable
from twice.project import Project
from twice.store.store import Store

ROUNDS = int(os.environ.get("ROUNDS", "7"))
PACKAGES = ["numpy", "scikit-learn", "pandas"]
SIXTY = [*PACKAGES, "jupyter-server", "matplotlib", "httpx"]
WORKER = ["blake3", "click", "msgspec", "rich"]
CAPTURE = """
import sys, time
import numpy
from twice.environment.libraries import libraries
from twice.environment.record import environment, with_edits
import threadpoolctl
lines = open("/proc/self/maps").read().splitlines()
mapped = {line[line.index("/"):] for line in lines if "/" in line and ".so" in line}
sys.path[:] = sys.argv[1:]
began = time.perf_counter()
found = environment()
libraries(mapped)
print(len(found.distributions), len(found.numeric), time.perf_counter() - began)
"""


def timed(function: Callable[[], object]) -> float:
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def told(what: str, values: list[float], reference: list[float] | None = None) -> None:
    """A line of the table: medians, and the median of the ratios (or differences) taken in turns."""
    line = f"{what}: {statistics.median(values) * 1e3:,.1f} ms"
    if reference is not None:
        pairs = list(zip(values, reference, strict=True))
        line += f" against {statistics.median(reference) * 1e3:,.1f} ms"
        line += f"; ratio {statistics.median(a / b for a, b in pairs):.2f}"
        line += f"; difference {statistics.median(a - b for a, b in pairs) * 1e3:,.0f} ms"
    print(f"{line}  (n={len(values)})", flush=True)


def made(place: Path, *packages: str) -> str:
    """A virtual environment; its interpreter."""
    uv.run(["venv", "-q", "-p", sys.executable, str(place)], doing="make an environment")
    uv.run(["pip", "install", "-q", "-p", str(place / "bin" / "python"), *packages], doing="install")
    return str(place / "bin" / "python")


def rebuilding(place: Path) -> None:
    """Rebuild against `uv venv` and `uv pip sync` of the same lock; then enter against plain Python."""
    python = made(place / "first", *PACKAGES)
    with Store.open(place / "store") as store:
        _, found = lock(store, look(python).environment())
        (place / "pins.in").write_text("".join(f"{package.name}=={package.version}\n" for package in found.packages))
        options = ["-q", "--no-deps", "--format", "pylock.toml", "-o", str(place / "pylock.toml")]
        uv.run(["pip", "compile", *options, str(place / "pins.in")], doing="lock")

        def synced() -> None:
            target = place / "synced"
            shutil.rmtree(target, ignore_errors=True)
            uv.run(["venv", "-q", "-p", sys.executable, str(target)], doing="make one")
            options = ["pip", "sync", "-q", "--preview-features", "pylock", "-p", str(target / "bin" / "python")]
            uv.run([*options, str(place / "pylock.toml")], doing="sync")

        def rebuilt() -> None:
            collect(store)
            rebuild(store, found)

        for function in (synced, rebuilt):
            function()
        pairs = [(timed(rebuilt), timed(synced)) for _ in range(ROUNDS)]
        told("rebuild, against uv venv + uv pip sync", [a for a, _ in pairs], [b for _, b in pairs])
        own = launch(store, found)
        entering, plain = [], []
        for _ in range(ROUNDS):
            plain.append(timed(lambda: subprocess.run([python, "-c", "pass"], check=True)))
            entering.append(
                timed(lambda: (launch(store, found), subprocess.run([own.python, "-c", "pass"], check=True)))
            )
        told("enter one that is built, against plain Python", entering, plain)


def swapping(place: Path) -> None:
    """Swap one distribution of about sixty, in an environment for an experiment."""
    recorded = look(made(place / "sixty", *SIXTY)).environment()
    older = {"six": "1.16.0", "idna": "3.10", "certifi": "2025.1.31", "pytz": "2025.1", "pandas": "2.3.3"}
    chosen = {d.name: older[d.name] for d in recorded.distributions if d.name in older}
    here = replace(
        recorded,
        distributions=tuple(
            replace(d, version=chosen[d.name]) if d.name in chosen else d for d in recorded.distributions
        ),
    )
    with Store.open(place / "store") as store:
        between = Experiments(store, recorded, here)
        print(f"{len(recorded.distributions)} distributions; of another version: {', '.join(between.names)}")
        print(f"both sides locked, and all as recorded: {timed(lambda: between.launch(())):.1f} s")
        between.launch(between.names)  # so that uv has every file
        told("swap one", [timed(lambda name=name: between.launch({name})) for name in between.names])  # type: ignore[misc]


def capturing(place: Path) -> None:
    """All that is recorded, with three hundred installed distributions, in a fresh process each time."""
    sites = [Path(entry) for entry in look(str(place / "sixty" / "bin" / "python")).search if "site-packages" in entry]
    described = sorted(path for site in sites for path in site.glob("*.dist-info"))
    many = place / "many" / "site-packages"
    for number in range(300):
        like = described[number % len(described)]
        name, version = f"package{number}", "1.0"
        target = many / f"{name}-{version}.dist-info"
        shutil.copytree(like, target)
        text = (target / "METADATA").read_text("utf-8")
        lines = [f"Name: {name}" if line.startswith("Name:") else line for line in text.split("\n")]
        (target / "METADATA").write_text("\n".join(lines), "utf-8")
    environ = {**os.environ, "XDG_CACHE_HOME": str(place / "cache")}

    def once() -> float:
        command = [sys.executable, "-c", CAPTURE, str(many)]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
        count, numeric, seconds = done.stdout.split()
        assert count == "300" and int(numeric), done.stdout
        return float(seconds)

    print(f"capture all, with 300 distributions, the first time: {once() * 1e3:.1f} ms")
    told("capture all, with 300 distributions, warm, in a fresh process", [once() for _ in range(ROUNDS)])


def containing(place: Path) -> None:
    """A run in a container against `docker run` of the same image, for two and for twenty steps."""
    try:
        with_ = engine()
    except EnvironmentUnusable as problem:
        print(f"without containers: {problem.message}")
        return
    python = made(place / "own", *WORKER)
    own = str(Path(sys.modules["twice"].__file__ or "").parent.parent)
    environ = {**os.environ, "PYTHONPATH": own, "PATH": f"{Path(uv.program()).parent}{os.pathsep}{os.environ['PATH']}"}
    for steps in (2, 20):
        contained(place / f"{steps} steps", steps, with_, python, environ)


def contained(folder: Path, steps: int, with_: Engine, python: str, environ: dict[str, str]) -> None:
    """So many steps that do nothing: in a container, and here; against `docker run` of the image."""
    folder.mkdir()
    befores = ["", *(f"s{n}" for n in range(steps - 1))]
    chain = "".join(f"def s{n}({before}):\n    return {n}\n" for n, before in enumerate(befores))
    names = ", ".join(f"s{n}" for n in range(steps))
    (folder / "flow.py").write_text(f"from twice import Pipeline\n{chain}pipeline = Pipeline(steps=[{names}])\n")

    def say(*arguments: str) -> str:
        command = [python, "-m", "twice", *arguments]
        done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=True)
        return done.stdout

    say("run", "flow.py", "--version", "v1", "--keep-wheels")
    name = say("env", "image", "v1").split()[1]
    project = Project.around(folder, create=False)
    run = project.run_of("v1")
    plain = [with_.program, "run", "--rm", "--network=none", name, "/venv/bin/python", "-c", "pass"]

    def rerun(env: str) -> Callable[[], object]:
        return lambda: project.rerun(run, label="v1", env=env)

    rerun("container")()
    rerun("here")()
    times: dict[str, list[float]] = {"container": [], "plain": [], "here": []}
    for _ in range(ROUNDS):
        times["container"].append(timed(rerun("container")))
        times["plain"].append(timed(lambda: subprocess.run(plain, check=True)))
        times["here"].append(timed(rerun("here")))
    told(f"{steps} steps in a container, against {with_.name} run", times["container"], times["plain"])
    told(f"{steps} steps here", times["here"])
    more = [c - p - h for c, p, h in zip(times["container"], times["plain"], times["here"], strict=True)]
    told(f"{steps} steps: container - {with_.name} run - the same here", more)


def main() -> None:
    parts = [rebuilding, swapping, capturing, containing]
    asked = sys.argv[1:]
    with tempfile.TemporaryDirectory() as scratch:
        for part in parts:
            folder = Path(scratch) / ("sixty" if part in (swapping, capturing) else part.__name__)
            folder.mkdir(exist_ok=True)
            if not asked or part.__name__ in asked:
                part(folder)


if __name__ == "__main__":
    main()
