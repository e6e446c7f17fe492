"""Clearing out: what can go goes, what is needed stays, and it can be undone until it has finished."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from store.building import ENVIRONMENT, NOON, Done, key_of, make_trace, put_run, ref_to
from twice.actions.gc import policy
from twice.errors import Damaged, NotFound, StoreError, StoreUnusable
from twice.records.digest import Digest
from twice.records.run import RunRecord
from twice.records.trace import Trace
from twice.store import Store
from twice.store.needed import Policy
from twice.store.packs import FEW

NONE = Policy(keep_runs=0, since=None, traces_since=1 << 62)
ONE = Policy(keep_runs=1, since=None, traces_since=1 << 62)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".twice"


def files_of(path: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(path)): file.read_bytes()
        for file in path.rglob("*")
        if file.is_file()
        and "index.sqlite" not in file.name
        and file.parent.name != "tmp"
        and "owner" not in file.name
        and file.name != "relied-on"
    }


def fill(path: Path) -> list[Done]:
    """Three runs of one pipeline, the first with a label; by a process that is gone then."""
    with Store.open(path) as store:
        runs = [put_run(store, seed=seed, started=NOON + seed) for seed in range(3)]
        store.set_label("churn", "v1.0", ref_to(runs[0]))
    return runs


def collected(path: Path, policy: Policy, *, delete: bool = True) -> dict[str, int]:
    with Store.open(path) as store:
        plan = store.collector.set_aside(policy)
        if delete:
            store.collector.delete()
        return plan.counts


def test_what_labels_and_recent_runs_need_stays_and_the_rest_goes(path: Path) -> None:
    runs = fill(path)
    counts = collected(path, ONE)
    assert counts == {"run": 1, "trace": 1, "version": 1, "object": 2}
    with Store.open(path) as store:
        assert store.check().ok
        assert {digest for digest, _ in store.runs()} == {runs[0].run, runs[2].run}
        assert store.resolve("v1.0").run == runs[0].run
        assert not store.has(runs[1].output)
        assert store.check().unreferenced == 0
        assert store.collector.aside() == 0


def test_a_saved_name_keeps_what_it_leads_to(path: Path) -> None:
    runs = fill(path)
    with Store.open(path) as store:
        store.set_name("best", ref_to(runs[1]))
    collected(path, NONE)
    with Store.open(path) as store:
        assert {digest for digest, _ in store.runs()} == {runs[0].run, runs[1].run}
        assert store.check().ok


def test_ages_and_numbers_say_which_runs_stay() -> None:
    day = 86_400 * 10**9
    assert policy(None, None, 100 * day) == Policy(10, 70 * day, 70 * day)
    assert policy(3, None, 100 * day) == Policy(3, None, 99 * day)
    assert policy(None, 86_400.0, 100 * day) == Policy(1, 99 * day, 99 * day)
    assert policy(2, 86_400.0, 100 * day) == Policy(2, 99 * day, 99 * day)


def test_runs_that_are_young_stay(path: Path) -> None:
    runs = fill(path)
    collected(path, Policy(keep_runs=0, since=NOON + 1, traces_since=1 << 62))
    with Store.open(path) as store:
        assert {digest for digest, _ in store.runs()} == {run.run for run in runs}
    collected(path, Policy(keep_runs=0, since=NOON + 2, traces_since=1 << 62))
    with Store.open(path) as store:
        assert {digest for digest, _ in store.runs()} == {runs[0].run, runs[2].run}


def test_a_plan_changes_nothing_and_says_what_it_would_free(path: Path) -> None:
    fill(path)
    before = files_of(path)
    with Store.open(path) as store:
        plan = store.collector.plan(NONE)
        assert plan.counts["run"] == 2
        assert plan.size == sum(len(before[name]) for name in plan.names)
    assert files_of(path) == before


def test_what_was_moved_aside_comes_back_as_it_was(path: Path) -> None:
    fill(path)
    before = files_of(path)
    assert collected(path, NONE, delete=False)
    assert files_of(path) != before
    with Store.open(path) as store:
        assert store.check().ok, "what lies aside is not missed"
        assert store.collector.undo() == 2 + 2 + 2 + 4
        assert store.check().ok
    assert files_of(path) == before


def test_once_deleting_has_begun_it_cannot_be_undone_and_comes_to_its_end(path: Path) -> None:
    fill(path)
    collected(path, NONE, delete=False)
    name = next((path / "aside").iterdir()).name.partition("%")[0]
    (path / "aside" / f"{name}.deleting").touch()
    with Store.open(path) as store:
        with pytest.raises(StoreError, match="cannot be brought back"):
            store.collector.undo()
        store.collector.recover()
        assert list((path / "aside").iterdir()) == []
        assert store.check().ok


def test_what_was_left_aside_is_brought_back_before_it_is_looked_again_what_can_go(path: Path) -> None:
    runs = fill(path)
    collected(path, NONE, delete=False)
    with Store.open(path) as store:
        counts = store.collector.set_aside(ONE).counts
        assert counts["run"] == 1, "the last run stays this time"
        store.collector.delete()
        assert runs[2].run in {digest for digest, _ in store.runs()}


RELY = """
import sys
from store.building import *
from twice.store import Store
from twice.records.digest import Digest
store = Store.open(sys.argv[1])
unreferenced = store.put(b"nothing refers to this")
[trace] = store.traces(key_of("churn 1"))
print(unreferenced, flush=True)
sys.stdin.readline()
store.add(trace)
from twice.records.run import RunRecord, StepResult
from twice.records.canonical import digest
steps = (StepResult(step="fit", how="reused", trace=digest(trace)),)
run = store.add(RunRecord(version=put_version(store, seed=1), snapshot=put_snapshot(store), steps=steps,
    status="done", purpose="run", started=5, duration=1, host="h", environment=trace.environment))
print(run, flush=True)
"""


def test_what_a_living_process_relies_on_stays_however_long_it_takes_and_goes_with_it(path: Path) -> None:
    """A process reads a trace to reuse it, the store is cleared out, and the process files its run much later."""
    runs = fill(path)
    tests = Path(__file__).parent.parent
    process = subprocess.Popen(
        [sys.executable, "-c", RELY, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(tests)},
    )
    assert process.stdout is not None
    unreferenced = Digest(process.stdout.readline().strip())
    collected(path, NONE)
    with Store.open(path) as store:
        assert store.has(unreferenced)
        assert store.load(runs[1].trace, Trace)
        with pytest.raises(NotFound):
            store.load(runs[2].trace, Trace)
    run = process.communicate("go\n")[0].strip()
    assert process.returncode == 0
    with Store.open(path) as store:
        assert run in {digest for digest, _ in store.runs()}
        assert store.check().ok
    collected(path, NONE)
    with Store.open(path) as store:
        assert not store.has(unreferenced)
        assert store.check().ok


def test_the_store_is_cleared_out_beside_threads_that_run(path: Path) -> None:
    """Others file runs, one after the other, while it is cleared out again and again."""
    fill(path)
    wrong: list[BaseException] = []
    done = threading.Event()

    def work(number: int) -> None:
        try:
            for turn in range(12):
                with Store.open(path) as store:
                    run = put_run(store, f"pipeline {number}", seed=turn % 3, started=turn)
                    assert store.load(run.run, RunRecord)
                    [*_, trace] = store.traces(key_of(f"pipeline {number} {turn % 3}"))
                    assert store.get(trace.output.skeleton)
        except BaseException as problem:
            wrong.append(problem)

    def clear() -> None:
        try:
            while not done.is_set():
                collected(path, NONE)
        except BaseException as problem:
            wrong.append(problem)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    clearing = threading.Thread(target=clear)
    for thread in (*workers, clearing):
        thread.start()
    for thread in workers:
        thread.join()
    done.set()
    clearing.join()
    assert wrong == []
    with Store.open(path) as store:
        assert store.check().ok


def test_two_cannot_clear_out_at_once(path: Path) -> None:
    fill(path)
    with (
        Store.open(path) as store,
        Store.open(path) as other,
        store._gate.collecting(),
        pytest.raises(StoreUnusable, match="another `twice gc`"),
    ):
        other.collector.set_aside(NONE)


def test_traces_of_a_run_that_was_killed_stay_while_they_are_young(path: Path) -> None:
    with Store.open(path) as store:
        digest = store.add(make_trace(store, key_of("killed"), started=NOON))
    assert collected(path, Policy(0, None, NOON)) == {}
    assert collected(path, Policy(0, None, NOON + 1))["trace"] == 1
    with Store.open(path) as store, pytest.raises(NotFound):
        store.load(digest, Trace)


def test_nothing_is_taken_away_where_it_is_not_known_what_is_needed(path: Path) -> None:
    runs = fill(path)
    [file] = (path / "records" / "run").glob(f"*/{runs[2].run.hex[2:]}")
    file.chmod(0o644)
    file.write_bytes(b"{}")
    with Store.open(path) as store, pytest.raises(Damaged, match="cannot be read"):
        store.collector.set_aside(NONE)
    assert not list((path / "aside").glob("*"))


def test_a_damaged_label_stops_it_too(path: Path) -> None:
    fill(path)
    file = path / "refs" / "churn" / "v1.0"
    file.chmod(0o644)
    file.write_bytes(b"{")
    with Store.open(path) as store, pytest.raises(Damaged):
        store.collector.set_aside(NONE)


def test_a_pack_goes_with_its_last_member_and_is_written_anew_when_most_of_it_is_waste(path: Path) -> None:
    waste = [os.urandom(100_000) for _ in range(FEW * 2)]
    with Store.open(path) as store:
        needed = store.put_many([b"the output", *waste])[0]
        done = put_run(store)
        trace = store.load(done.trace, Trace)
        import msgspec

        from store.building import artifact_of

        output = artifact_of(needed)
        kept = store.add(msgspec.structs.replace(trace, output=output, started=NOON))
        store.put_many(os.urandom(2000) for _ in range(FEW))
    assert len(list((path / "packs").glob("*/*"))) == 2
    collected(path, Policy(keep_runs=1, since=None, traces_since=NOON))
    with Store.open(path) as store:
        assert store.load(kept, Trace)
        assert store.get(needed) == b"the output"
        assert store.check().ok
    [pack] = (path / "packs").glob("*/*")
    assert pack.stat().st_size < 1000


def test_what_recipes_are_made_of_stays_with_them(path: Path, tmp_path: Path) -> None:
    import random

    import msgspec

    from store.building import artifact_of

    noise = random.Random(3).randbytes((16 << 20) + 100)
    file = tmp_path / "data"
    with Store.open(path) as store:
        file.write_bytes(noise)
        base = store.put_file(file)
        file.write_bytes(noise[:-1] + b"!")
        made = store.put_file(file)
        trace = make_trace(store, key_of("made"))
        store.add(msgspec.structs.replace(trace, output=artifact_of(made)))
        assert store.file(made).exists()
    collected(path, Policy(0, None, NOON))
    with Store.open(path) as store:
        assert store.has(base)
        assert not list((path / "assembled").glob("*/*")), "what can be made again does not stay"
        assert store.get(made) == file.read_bytes()
        assert store.check().ok
    collected(path, NONE)
    with Store.open(path) as store:
        assert not store.has(base) and not store.has(made)
        assert store.check().objects == 0


def test_clearing_out_an_empty_store_does_nothing(path: Path) -> None:
    with Store.open(path) as store:
        store.add(ENVIRONMENT)
    assert collected(path, NONE) == {"environment": 1}
    assert collected(path, NONE) == {}
