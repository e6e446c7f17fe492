"""What is held still in a step's process gives the same every time, and what only waits is told the truth."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

PROGRAM = """
import json, os, random, secrets, sys, threading, time, uuid
from datetime import date, datetime
from concurrent.futures import ThreadPoolExecutor, as_completed
from time import time as taken_before
from twice.control.held import hold

hold(json.loads(sys.argv[1]), frozenset([__file__]))
import glob, socket, tempfile
import numpy as np

random.seed()
drawn = [
    os.urandom(4).hex(), random.random(), random.Random().random(), random.SystemRandom().random(),
    secrets.token_hex(4), str(uuid.uuid4()), str(uuid.uuid1()), float(np.random.default_rng().random()),
    float(np.random.RandomState().rand()), open("/dev/urandom", "rb").read(4).hex(),
    os.read(os.open("/dev/urandom", os.O_RDONLY), 4).hex(), np.fromfile("/dev/random", np.uint8, 4).tolist(),
]
from twice.control.held.addresses import count_printed
printed = count_printed()(b"<a at 0x7f00deadbeef> <b at 0x7f00deadbef0> <a at 0x7f00deadbeef> 0x7f00deadbeef").decode()
lying = [id([]), id(object), hash(object()), sorted(hash(type(str(n), (), {})) for n in range(3))]
times = [
    time.time(), time.time_ns(), taken_before(), time.perf_counter(), time.monotonic(), datetime.now().isoformat(),
    datetime.utcnow().isoformat(), date.today().isoformat(), time.strftime("%Y %S"), time.ctime(), time.localtime()[0],
]
listed = [os.listdir("."), [e.name for e in os.scandir(".")], glob.glob("*"), next(os.walk("."))[2]]
named = [tempfile.mktemp(), os.getpid(), socket.gethostname()]
with ThreadPoolExecutor(4) as pool:
    futures = [pool.submit(lambda n=n: (sum(range(n % 3 * 20000)), n)[1]) for n in range(12)]
    ended = [future.result() for future in as_completed(futures)]
order = []
def work(n):
    sum(range((5 - n) * 40000))
    order.append(n)
threads = [threading.Thread(target=work, args=(n,)) for n in range(5)]
for thread in threads: thread.start()
for thread in threads: thread.join()
gate = threading.Event()
began = time.monotonic()
gate.wait(0.05)
try:
    socket.create_connection(("127.0.0.1", 9), timeout=1)
except OSError as problem:
    refused = str(problem)
print(json.dumps({"drawn": drawn, "times": times, "listed": listed, "named": named, "ended": ended, "order": order,
                  "refused": refused, "lying": lying, "printed": printed}))
"""
ALL = {
    "entropy": "7",
    "clock": "frozen 1750000000000000000",
    "directory-order": "sorted",
    "threads": "1",
    "names": "3",
    "identity": "fixed",
    "network": "refused",
    "umask": "18",
    "addresses": "counted",
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("held")
    (folder / "program.py").write_text(textwrap.dedent(PROGRAM))
    data = folder / "data"
    data.mkdir()
    for name in "qwertzuiop":
        (data / name).touch()
    return [_run(folder, data, conditions) for conditions in (ALL, ALL, {**ALL, "directory-order": "reversed"}, {})]


def _run(folder: Path, data: Path, conditions: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(folder / "program.py"), json.dumps(conditions)],
        cwd=data,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("what", ["drawn", "times", "named", "lying"])
def test_what_is_held_is_the_same_every_time_and_was_not_without(told: list[dict[str, Any]], what: str) -> None:
    once, again, _, free = told
    assert once[what] == again[what]
    assert once[what] != free[what]


def test_a_frozen_clock_stands_at_its_moment_and_goes_forward(told: list[dict[str, Any]]) -> None:
    times = told[0]["times"]
    assert 1750000000 < times[0] < times[2] < 1750000001
    assert times[7] == "2025-06-15" and times[10] == 2025


def test_listings_have_the_order_that_is_asked_for(told: list[dict[str, Any]]) -> None:
    assert all(listing == sorted("qwertzuiop") for listing in told[0]["listed"])
    assert all(listing == sorted("qwertzuiop", reverse=True) for listing in told[2]["listed"])


def test_pools_and_threads_do_their_work_in_turn(told: list[dict[str, Any]]) -> None:
    assert told[0]["ended"] == list(range(12)) and told[0]["order"] == list(range(5))


def test_the_network_is_refused(told: list[dict[str, Any]]) -> None:
    assert "refused in this experiment" in told[0]["refused"]
    assert "experiment" not in told[3]["refused"]


def test_printed_addresses_are_counted_and_other_numbers_stay(told: list[dict[str, Any]]) -> None:
    shown = "<a at 0x000000000000> <b at 0x000000000001> <a at 0x000000000000> 0x7f00deadbeef"
    assert told[0]["printed"] == shown


def test_files_are_not_there_until_they_are_written(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.write_text("left by an earlier run")
    program = """
        import os, pathlib, sys
        from twice.control.held import hold
        path = sys.argv[1]
        import json
        hold({"absent": json.dumps([path])}, frozenset())
        seen = [os.path.exists(path), pathlib.Path(path).is_file(), os.access(path, os.R_OK)]
        for look in (open, os.stat, lambda path: os.open(path, os.O_RDONLY)):
            try:
                seen.append(look(path) is None)
            except FileNotFoundError as problem:
                seen.append(problem.filename == path)
        with open(path, "x") as file: file.write("made")
        print(seen, os.path.exists(path), open(path).read())
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(cache)], capture_output=True, text=True, timeout=120
    )
    assert done.stdout == "[False, False, False, True, True, True] True made\n", done.stderr


def test_groups_of_polars_come_in_one_order() -> None:
    program = """
        import json
        from twice.control.held import hold
        hold({"groups": "kept"}, frozenset())
        import polars as pl
        keys = [n * 7 % 97 for n in range(5000)]
        frame = pl.DataFrame({"k": keys})
        ways = [
            frame.group_by("k").len(), frame.lazy().group_by("k").agg(pl.len()).collect(), frame.unique(),
            frame.lazy().unique().collect(), frame.select(pl.col("k").unique()), frame["k"].unique().to_frame(),
            frame.group_by("k", maintain_order=False).len(),
        ]
        first = list(dict.fromkeys(keys))
        counted = [frame["k"].value_counts()["k"], frame.select(pl.col("k").value_counts()).unnest("k")["k"]]
        told = [[way["k"].to_list() == first for way in ways], [one.to_list() == sorted(first) for one in counted]]
        print(json.dumps(told))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=120)
    assert json.loads(done.stdout) == [[True] * 7, [True] * 2], done.stderr
