"""Every way in which installed libraries read a file is seen; the ways are in ``benchmarks/file_readers.py``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from twice.control import filter as filters

READERS = Path(__file__).parents[2] / "benchmarks" / "file_readers.py"
ALWAYS = {"open", "numpy.load", "pandas.read_csv", "sqlite3", "joblib", "subprocess", "multiprocessing spawn", "ctypes"}


@pytest.mark.skipif(not filters.available(), reason="this system cannot hand over system calls")
def test_every_way_to_read_a_file_is_seen() -> None:
    done = subprocess.run(
        [sys.executable, str(READERS), "--json"], capture_output=True, text=True, check=True, timeout=300
    )
    table = json.loads(done.stdout.splitlines()[-1])
    skipped = {name: found["problem"] for name, found in table.items() if found["problem"]}
    if skipped:
        print(f"NOT TRIED, for want of a library: {skipped}", file=sys.__stderr__, flush=True)  # past pytest's capture
    assert all("No module named" in problem for problem in skipped.values()), skipped
    tried = table.keys() - skipped.keys()
    assert tried >= ALWAYS
    assert {name for name in tried if not table[name]["seccomp"]} == set()
    assert {"ctypes", "subprocess"} <= {name for name in tried if not table[name]["audit"]}
    if "lightgbm data" in tried:  # which reads weights and initial scores from files that happen to lie there
        assert {"a.csv.weight", "a.csv.init"} <= set(table["lightgbm data"]["looked_for"])
