"""Processes that die, and processes that race."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from store.building import NOON, key_of, put_run, ref_to
from store.stress import stress
from twice.records.digest import Digest
from twice.records.run import RunRecord
from twice.records.trace import Trace
from twice.store import Store

TESTS = Path(__file__).parent.parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])}

LABEL = """
import sys, time
from pathlib import Path
from store.building import ref_to, Done
from twice.errors import LabelTaken
from twice.records.digest import Digest
from twice.store import Store

path, version, run, label = sys.argv[1:]
store = Store.open(path)
ref = ref_to(Done(version=Digest(version), trace=Digest(run), run=Digest(run), output=Digest(run)), label=label)
print("ready", flush=True)
sys.stdin.readline()
try:
    print("means", store.set_label("churn", label, ref).version)
except LabelTaken:
    print("taken")
"""

ADD = """
import sys
from store.building import make_trace, key_of
from twice.store import Store

with Store.open(sys.argv[1]) as store:
    for turn in range(15):
        print(store.add(make_trace(store, key_of("shared"), f"{sys.argv[2]} {turn}".encode(), turn)))
        store.put(b"shared bytes")
"""


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
    )


def test_a_writer_that_is_killed_loses_nothing_it_reported_and_leaves_nothing_half(tmp_path: Path) -> None:
    path = tmp_path / ".twice"
    chance = random.Random(5)
    reported: list[list[str]] = []
    for number in range(10):
        process = start(str(Path(__file__).with_name("writer.py")), str(path), str(number))
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        said = "".join(process.stdout.readline() for _ in range(chance.randrange(90)))
        process.send_signal(signal.SIGKILL)
        said += process.stdout.read()  # not communicate(), which passes over what was read ahead
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        reported += [line.split(" ", 1) for line in said.splitlines(keepends=True) if line.endswith("\n")]
        with Store.open(path) as store:
            assert store.check().problems == ()
    assert {kind for kind, _ in reported} == {"object", "run", "trace", "label"}
    with Store.open(path) as store:
        for kind, line in reported:
            name = line.strip()
            if kind == "object":
                assert store.get(Digest(name))
            elif kind == "run":
                assert store.load(Digest(name), RunRecord)
            elif kind == "trace":
                trace = store.load(Digest(name), Trace)
                assert name in store.trace_digests(trace.key)
            else:
                assert store.resolve(name).run
        runs = {digest for digest, _ in store.runs()}
        assert runs >= {name.strip() for kind, name in reported if kind == "run"}
        assert store.check().leftovers != (), "ten killed writers leave something; it goes when it is old"


@pytest.mark.parametrize("turn", range(3))
def test_of_processes_that_race_for_a_label_exactly_one_version_wins(tmp_path: Path, turn: int) -> None:
    path = tmp_path / ".twice"
    with Store.open(path) as store:
        runs = [put_run(store, seed=seed, started=NOON + seed) for seed in range(2)]
        processes = [start("-c", LABEL, str(path), runs[n % 2].version, runs[n % 2].run, "v1.0") for n in range(4)]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        said = [process.communicate()[0].strip() for process in processes]
        winner = store.resolve("churn@v1.0").version
        assert said.count(f"means {winner}") == 2
        assert said.count("taken") == 2
        assert (
            store.set_label("churn", "v1.0", ref_to(next(run for run in runs if run.version == winner))) in store.refs()
        )
        assert len(store.refs()) == 1


def test_traces_that_processes_add_at_once_are_all_kept(tmp_path: Path) -> None:
    path = tmp_path / ".twice"
    processes = [start("-c", ADD, str(path), str(number)) for number in range(3)]
    added = [line for process in processes for line in process.communicate()[0].split()]
    assert [process.returncode for process in processes] == [0, 0, 0]
    with Store.open(path) as store:
        assert len(added) == 45
        assert set(store.trace_digests(key_of("shared"))) == set(added)
        assert store.check().ok


def test_many_terminals_run_label_and_clear_out_one_store_while_some_are_killed(tmp_path: Path) -> None:
    """For longer, and with more of them: ``python tests/store/stress.py 60 8``."""
    labels, killed = stress(tmp_path / ".twice", seconds=5, processes=3)
    assert labels and killed
