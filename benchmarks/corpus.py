"""Real scripts that nobody here wrote, and of which is known what makes them differ: truth against verdict.

    python benchmarks/corpus.py CORPUS BUILT [--only WORD …] [--longest SECONDS] [--budget SECONDS] [--limit SECONDS]
                                [--jobs N] [--page FILE]

``CORPUS`` holds ``manifest.json`` (each script with its class and cause, taken by running it again and again),
``BUILT`` what its ``rebuild.sh`` made: the scripts, and an interpreter with the versions that the truth was taken with,
into which this package has to be installed (``make corpus`` does all of this). Each script becomes a pipeline of one
step: the script carried out by ``runpy``, with its output, its values and the pixels of its figures as what comes out.
It is run, verified and stressed by the commands that a user has. What they said is kept in ``BUILT/verdicts``, one file
for each script, and is not asked for again; scripts that differ and short ones come first, so that what was done when
somebody interrupts says most. ``--page`` only writes the table of what was judged so far, with what was not.

Classes, as the manifest has them: *reproducible*; *incidental* (a time, a path, the state of a generator that was kept;
the results are the same); *results-differ*; *perturbed* (others only under another thread count, folder, zone or hash
seed). Twice seeds the global generators of every step, so a script that forgot to is found identical when it is
verified: that its results hang on a seed is what ``stress`` says.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import shutil
import signal
import subprocess
import textwrap
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

FLOW = '''
import contextlib, io, runpy, types
from twice import Pipeline

NOT_VALUES = ("matplotlib", "mpl_toolkits", "PIL", "joblib", "threading", "functools", "typing", "importlib", "_io")


def plain(value, depth=6):
    """A value without what is no result: functions, classes, drawings, objects of the script's own classes."""
    if isinstance(value, (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.MethodType,
                          types.GeneratorType)) or depth == 0:
        return None
    if isinstance(value, dict):
        return {str(key): plain(one, depth - 1) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one, depth - 1) for one in value]
    kind = type(value)
    if kind.__name__.endswith("Display"):
        return {str(key): plain(one, depth - 1) for key, one in vars(value).items()}
    room = kind.__module__.partition(".")[0]
    if room in NOT_VALUES:
        return None
    if room in ("builtins", "numpy", "pandas", "scipy", "sklearn", "imblearn", "datetime"):
        if getattr(value, "dtype", None) == object:
            return plain(value.tolist(), depth - 1)
        try:
            pickle.dumps(value)
            return value
        except Exception:  # it holds something of the script's own: then what it consists of
            pass
    state = getattr(value, "__dict__", None)
    return {str(key): plain(one, depth - 1) for key, one in state.items()} if isinstance(state, dict) else None


def example():
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import numpy as np
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        left = runpy.run_path(SCRIPT, run_name="__main__")
    drawn = []
    for number in plt.get_fignums()[:12]:
        canvas = plt.figure(number).canvas
        canvas.draw()
        drawn.append(np.asarray(canvas.buffer_rgba()).copy())
    return {
        "said": said.getvalue(),
        "values": {name: plain(value) for name, value in left.items() if not name.startswith("__")},
        "figures": drawn,
    }


def reaches():
    """What the script imports: it is carried out from its file, so nobody can see otherwise what it stands on."""
%s


import pickle
SCRIPT = %r
pipeline = Pipeline(steps=[example], name="corpus", version="v1")
'''

FACTORS = {
    "unseeded": {"seed", "entropy"},
    "rng-state": {"seed", "entropy"},
    "timing": {"clock"},
    "time-drawn-in-figure": {"clock"},
    "timestamp": {"clock"},
    "temp-path": {"path"},
    "address-order": {"memory-addresses"},
    "scratch-memory": {"memory-addresses", "unknown"},
    "threads": {"threads"},
    "cwd": {"path"},
    "hashseed": {"hash-seed"},
    "tz": {"timezone"},
}
"""What the manifest calls a cause → the factors that say the same."""

PERTURBED = {"threads", "path", "hash-seed", "timezone"}
KEPT_GENERATOR = re.compile(r"random_state|rng|RandomState|bit_generator|MT19937", re.IGNORECASE)
SCRATCH = re.compile(r"\._\w+$|\['_\w+'\]$")
"""What an object keeps for itself: where only memory that nothing was written to differs there, no result does."""


def leaves(finding: dict[str, Any] | None) -> Iterator[str]:
    """The places of all differences within one."""
    if finding:
        if not finding["children"]:
            yield finding["path"]
        for child in finding["children"]:
            yield from leaves(child)


def told(found: dict[str, Any]) -> tuple[str, set[str]]:
    """The class and the factors that the verdicts amount to."""
    step = found["verify"]["steps"][0]
    factors = {cause["factor"] for cause in step["causes"]}
    places = set(leaves(step["finding"]))
    minded = {}
    for cell in found["stress"]["steps"][0]["cells"]:
        if cell["effect"] not in ("unaffected", "not tried", "inconclusive"):
            minded.setdefault(cell["factor"], set()).update(leaves(cell.get("finding")))
    minded.pop("hardware", None)  # told apart in the manifest too: no part of the class
    if step["verdict"] == "different" and not factors:
        return "differs, unexplained", {"unknown"}
    if "seed" in minded:
        kept = all(KEPT_GENERATOR.search(place) for place in minded["seed"])
        rest = factors | (minded.keys() - PERTURBED)
        return ("incidental" if kept else "results-differ"), rest
    unwritten = any("nothing was written" in cause["detail"] for cause in step["causes"])
    if unwritten and any(SCRATCH.search(place) for place in places):
        return "incidental", factors
    if factors & {"entropy", "memory-addresses"}:
        return ("incidental" if all(KEPT_GENERATOR.search(place) for place in places) else "results-differ"), factors
    if factors:
        return "incidental", factors | minded.keys()
    if minded.keys() & PERTURBED:
        return "perturbed", set(minded)
    return ("incidental" if minded else "reproducible"), set(minded)


def entering(found: dict[str, Any]) -> dict[str, str]:
    """Factor → the line that it enters at, where that was seen."""
    known = [(cell["factor"], cell.get("location")) for cell in found["stress"]["steps"][0]["cells"]]
    known += [(cause["factor"], cause["location"]) for cause in found["verify"]["steps"][0]["causes"]]
    return {factor: where for factor, where in known if where}


def line(found: dict[str, Any]) -> tuple[bool, str]:
    """Whether a script was judged right, and its row."""
    truth = [*(found["cause"] or ()), *(found["by"] or ())]
    if "error" in found:
        return (
            False,
            f"| {found['id']} | {found['class']} | {', '.join(truth)} | error | {found['error'][-200:]} | no |",
        )
    kind, factors = told(found)
    named = all(FACTORS[cause] & factors for cause in truth)
    right = kind == found["class"] and named
    where = entering(found)
    said = ", ".join(f"{factor} ({where[factor]})" if factor in where else factor for factor in sorted(factors))
    return (
        right,
        f"| {found['id']} | {found['class']} | {', '.join(truth)} | {kind} | {said} | {'yes' if right else 'no'} |",
    )


def imports(script: Path) -> str:
    """A script's import statements, as the body of a function."""
    tree = ast.parse(script.read_text())
    found = [ast.unparse(node) for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    return textwrap.indent("\n".join(found) or "pass", "    ")


def asked(words: list[str], place: Path, env: dict[str, str], limit: float) -> tuple[int, str, str]:
    """What a command said, as its status and two streams; it and all that it started are ended at the limit."""
    with subprocess.Popen(
        words, cwd=place, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            out, err = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return process.returncode, out, err


def judged(entry: dict[str, Any], built: Path, source: dict[str, Any], budget: float, limit: float) -> dict[str, Any]:
    """Run, verify and stress one script, and say everything that was said of it."""
    place = built / "work" / entry["id"]
    shutil.rmtree(place, ignore_errors=True)
    script = built / "src" / source["tree"] / entry["path"]
    shutil.copytree(script.parent, place)
    (place / "flow.py").write_text(FLOW % (imports(script), script.name))
    env = {**os.environ, "MPLBACKEND": "Agg", "MPLCONFIGDIR": str(built / "matplotlib"), "OMP_NUM_THREADS": "2"}
    found: dict[str, Any] = {
        "id": entry["id"],
        "class": entry["class"],
        "cause": entry.get("cause"),
        "by": entry.get("by"),
    }
    until = time.monotonic() + limit
    for name, words, good in (
        ("run", "run flow.py --version v1", (0,)),
        ("verify", f"verify v1 --json --budget {budget:.0f}s", (0, 1, 3)),
        ("stress", f"stress v1 --json --budget {budget:.0f}s", (0, 1, 3)),
    ):
        start = time.monotonic()
        try:
            status, out, err = asked(
                [str(built / "venv" / "bin" / "twice"), *words.split()], place, env, until - time.monotonic()
            )
        except subprocess.TimeoutExpired:
            found["error"] = f"{name}: more than {limit:.0f} s"
            break
        found[f"{name}_seconds"] = round(time.monotonic() - start, 1)
        if status not in good:
            found["error"] = f"{name}: {err[-1500:]}"
            break
        if name != "run":
            found[name] = json.loads(out)
    shutil.rmtree(place, ignore_errors=True)
    return found


def table(entries: Iterable[dict[str, Any]], verdicts: Path) -> str:
    """What was judged so far, and what was not, as a page."""
    rows, rights, left = [], [], []
    for entry in entries:
        file = verdicts / f"{entry['id']}.json"
        if not file.exists():
            left.append(entry["id"])
            continue
        right, row = line(json.loads(file.read_text()))
        rights.append(right)
        rows.append(row)
    return "\n".join((*HEAD, *rows, "", f"{sum(rights)} of {len(rights)} as they are.", "", *not_run(left)))


HEAD = ("| script | class | cause | judged | factors (and where they enter) | right |", "|---|---|---|---|---|---|")


def not_run(left: list[str]) -> list[str]:
    """The scripts that were not judged, in words."""
    return [f"Not run: {', '.join(f'`{one}`' for one in left)}."] if left else []


def main() -> None:
    """Go through the scripts, and print truth against verdict."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("corpus", type=Path)
    words.add_argument("built", type=Path)
    words.add_argument("--only", action="append", default=[], help="scripts with this in their name")
    words.add_argument("--budget", type=float, default=300, help="seconds for each verification, and for each stress")
    words.add_argument("--limit", type=float, default=3600, help="seconds after which a script is given up")
    words.add_argument("--longest", type=float, default=1e9, help="leave out scripts that take more seconds than this")
    words.add_argument("--jobs", type=int, default=1, help="scripts at a time")
    words.add_argument("--page", type=Path, help="only write what was judged so far into this page")
    chosen = words.parse_args()
    built = chosen.built.resolve()
    manifest = json.loads((chosen.corpus / "manifest.json").read_text())
    verdicts = built / "verdicts"
    verdicts.mkdir(exist_ok=True)
    entries = sorted(manifest["t1"], key=lambda one: one["seconds"] * (3 if one["class"] == "reproducible" else 1))
    if chosen.page:
        before, _, rest = chosen.page.read_text().partition(BEGINS)
        chosen.page.write_text(f"{before}{BEGINS}\n\n{table(entries, verdicts)}\n\n{ENDS}{rest.partition(ENDS)[2]}")
        return

    def one(entry: dict[str, Any]) -> bool:
        file = verdicts / f"{entry['id']}.json"
        if not file.exists():
            found = judged(entry, built, manifest["sources"][entry["source"]], chosen.budget, chosen.limit)
            file.write_text(json.dumps(found, indent=1))
        right, row = line(json.loads(file.read_text()))
        print(row, flush=True)
        return right

    print("\n".join(HEAD), flush=True)
    wanted = [
        entry
        for entry in entries
        if entry["seconds"] <= chosen.longest
        and (not chosen.only or any(re.search(word, entry["id"]) for word in chosen.only))
    ]
    with ThreadPoolExecutor(chosen.jobs) as pool:
        rights = list(pool.map(one, wanted))
    print(f"\n{sum(rights)} of {len(rights)} as they are.")


BEGINS, ENDS = "<!-- what benchmarks/corpus.py wrote begins -->", "<!-- and ends -->"


if __name__ == "__main__":
    main()
