"""Try the laws for a while: ``make fuzz MINUTES=60``. Prints seeds, counts and what was found; exits 1 then."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import click

from edits.fuzzing.laws import Broken, attempted, ready

MEMORY = Path("/dev/shm")  # files that are there for a few milliseconds need no disk
MUTATIONS = 40
"""Edits that are tried on the way from one program."""


@click.command()
@click.option("--minutes", default=1.0, help="For how long.")
@click.option("--seed", default=None, type=int, help="The first seed; without one, the time. One program each.")
@click.option("--programs", default=0, help="Stop after so many programs.")
@click.option("--keep", type=click.Path(path_type=Path), default=None, help="A folder for what is found.")
def main(minutes: float, seed: int | None, programs: int, keep: Path | None) -> None:
    """Try the laws on programs made by chance."""
    start, start_at = time.time(), time.monotonic()
    seed = int(start) * 1000 if seed is None else seed
    first, counts, found = seed, Counter[str](), 0
    told = start
    with tempfile.TemporaryDirectory(prefix="twice-fuzz-", dir=MEMORY if MEMORY.is_dir() else None) as place:
        folder = Path(place).resolve() / "program"
        ready(folder)
        while time.time() - start < minutes * 60 and (not programs or seed - first < programs):
            tried = attempted(seed, MUTATIONS, folder, start_at + minutes * 60)
            counts += tried.counts
            for broken in tried.broken:
                found += 1
                _tell(broken, keep)
            seed += 1
            if time.time() - told > 60:
                told = time.time()
                _count(first, seed, counts, found, told - start)
    _count(first, seed, counts, found, time.time() - start)
    sys.exit(bool(found))


def _count(first: int, seed: int, counts: Counter[str], found: int, seconds: float) -> None:
    what = ", ".join(f"{counts[name]} {name}" for name in sorted(counts))
    print(f"seeds {first}-{seed - 1}, {seconds:.0f} s: {what}; {found} broken", flush=True)


def _tell(broken: Broken, keep: Path | None) -> None:
    print(f"\nlaw {broken.law} is broken: seed {broken.seed}, edit {broken.edit!r}, script {broken.script}")
    print("\n".join(broken.told))
    for file in broken.after:
        old, new = broken.before.get(file, ""), broken.after[file]
        if new.strip() or old.strip():
            print(f"--- {file}\n{old}" + (f"--- {file} after\n{new}" if old != new else ""))
    sys.stdout.flush()
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        (keep / f"law{broken.law}-{broken.seed}.json").write_text(json.dumps(asdict(broken), indent=1))


if __name__ == "__main__":
    main()
