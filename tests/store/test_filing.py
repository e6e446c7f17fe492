from __future__ import annotations

import os
import random
import time
import warnings
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest

from store.building import ENVIRONMENT, NOON, Done, key_of, make_trace, put_run, put_snapshot, put_version
from store.test_objects import flip_first_byte
from twice.errors import Damaged, NotFound
from twice.records.canonical import Record, encode
from twice.records.code import Code, Snapshot
from twice.records.digest import digest_bytes
from twice.records.environment import Environment
from twice.records.run import RunRecord, StepResult
from twice.records.trace import Trace
from twice.records.version import Version
from twice.store import Store
from twice.store.backend import Backend, Bytes
from twice.store.index import Index
from twice.store.local import LocalBackend
from twice.store.memory import MemoryBackend
from twice.store.scratch import Scratch


def without_index(path: Path) -> Store:
    """A store that writes as a process does that dies before it has told the index."""
    scratch = Scratch(path / "tmp")
    backend: Backend = LocalBackend(path, scratch)
    return Store(path, backend, scratch, Index(None))


def record_file(store: Store, digest: str) -> Path:
    """Where a record lies."""
    digits = digest.rpartition(":")[2]
    [found] = [
        path
        for path in (store.path / "records").rglob("*")
        if path.is_file() and (path.name.endswith(f".{digits}") or path.parent.name + path.name == digits)
    ]
    return found


def test_every_kind_of_record_comes_back_as_it_was(store: Store) -> None:
    done = put_run(store)
    version = store.load(done.version, Version)
    kinds: list[tuple[str, type[Record]]] = [
        (done.version, Version), (done.trace, Trace), (done.run, RunRecord),
        (version.code, Code), (version.environment, Environment),
        (store.load(done.run, RunRecord).snapshot, Snapshot),
    ]  # fmt: skip
    for text, kind in kinds:
        record = store.load(type(done.run)(text), kind)
        assert type(record) is kind
        assert digest_bytes(encode(record)) == text


def test_a_record_is_filed_once(store: Store) -> None:
    first = put_run(store)
    before = {path: path.stat().st_ino for path in (store.path / "records").rglob("*")}
    assert put_run(store) == first
    assert {path: path.stat().st_ino for path in (store.path / "records").rglob("*")} == before


def test_a_record_of_another_kind_is_not_found_under_the_digest(store: Store) -> None:
    done = put_run(store)
    with pytest.raises(NotFound, match="version"):
        store.load(done.run, Version)


def test_traces_of_a_key_are_listed_oldest_first_and_no_others(store: Store) -> None:
    key, other = key_of("one"), key_of("other")
    ages = [3, 1, 4, 1, 5]
    traces = [make_trace(store, key, f"output {place}".encode(), NOON + age) for place, age in enumerate(ages)]
    for trace in traces:
        store.add(trace)
    store.add(make_trace(store, other))
    found = store.traces(key)
    assert [trace.started - NOON for trace in found] == sorted(ages)
    assert store.trace_digests(key) == [digest_bytes(encode(trace)) for trace in found]
    assert store.traces(key_of("none")) == []
    assert len(store.traces(other)) == 1


def test_traces_that_come_and_go_elsewhere_are_seen_though_what_was_read_is_kept_at_hand(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twice.store.local._LEFT_ALONE", -(10**18))  # what was listed is believed at once
    key = key_of("one")
    first = store.add(make_trace(store, key, b"one"))
    time.sleep(0.02)  # longer than a tick of a coarse clock
    assert store.trace_digests(key) == [first] == store.trace_digests(key)
    time.sleep(0.02)
    with Store.open(store.path) as other:
        second = other.add(make_trace(other, key, b"two", NOON + 1))
    assert store.trace_digests(key) == [first, second]
    time.sleep(0.02)
    record_file(store, first).unlink()
    assert store.trace_digests(key) == [second]


def test_two_traces_with_one_key_and_different_outputs_are_both_kept(store: Store) -> None:
    key = key_of("nondeterministic")
    store.add(make_trace(store, key, b"one"))
    store.add(make_trace(store, key, b"other"))
    assert len({trace.output.content for trace in store.traces(key)}) == 2


def test_a_trace_that_another_store_added_a_moment_ago_is_seen(store: Store) -> None:
    key = key_of("shared")
    with Store.open(store.path) as other:
        assert store.traces(key) == []
        digest = other.add(make_trace(other, key))
        assert store.trace_digests(key) == [digest]
        assert store.load(digest, Trace).key == key


def test_what_a_crash_kept_out_of_the_index_is_found_all_the_same(store: Store) -> None:
    store.runs()
    with without_index(store.path) as crashed:
        done = put_run(crashed)
    assert store.load(done.trace, Trace).step == "fit"
    assert store.trace_digests(key_of("churn 0")) == [done.trace]
    assert [digest for digest, _ in store.runs(pipeline="churn")] == [done.run]
    assert store.resolve("latest").run == done.run


def test_runs_are_listed_oldest_first_by_version_and_by_pipeline(store: Store) -> None:
    runs = [
        put_run(store, pipeline, seed=seed, started=NOON + age)
        for pipeline, seed, age in [("churn", 0, 5), ("churn", 1, 2), ("sales", 0, 3), ("churn", 0, 1)]
    ]

    def listed(found: list[tuple[str, RunRecord]]) -> list[int]:
        return [record.started - NOON for _, record in found]

    assert listed([*store.runs()]) == [1, 2, 3, 5]
    assert listed([*store.runs(pipeline="churn")]) == [1, 2, 5]
    assert listed([*store.runs(version=runs[0].version)]) == [1, 5]
    assert listed([*store.runs(version=runs[2].version, pipeline="churn")]) == []
    assert [digest for digest, _ in store.runs(pipeline="sales")] == [runs[2].run]


def test_a_clock_that_was_set_back_gives_the_same_order_to_everybody(store: Store) -> None:
    times = [NOON, NOON - 10**18, NOON, 0, NOON + 10**18]
    random.Random(0).shuffle(times)
    for seed, started in enumerate(times):
        put_run(store, seed=seed, started=started)
    with without_index(store.path) as other:
        assert store.runs() == other.runs()
        assert store.resolve("latest") == other.resolve("latest")
    assert [record.started for _, record in store.runs()] == sorted(times)


def test_all_versions_are_listed(store: Store) -> None:
    digests = {put_version(store, seed=seed) for seed in range(3)}
    assert {digest for digest, _ in store.versions()} == digests
    assert {version.seed for _, version in store.versions()} == {0, 1, 2}


def test_a_record_that_refers_to_what_is_not_here_is_refused(store: Store) -> None:
    trace = make_trace(store, key_of("one"))
    absent = digest_bytes(b"absent")
    with pytest.raises(NotFound, match=f"object {absent}") as caught:
        store.add(msgspec.structs.replace(trace, stdout=absent))
    assert "objects, then traces" in caught.value.hint
    version = put_version(store)
    with pytest.raises(NotFound, match="trace"):
        store.add(
            RunRecord(
                version=version,
                snapshot=put_snapshot(store),
                steps=(StepResult(step="fit", how="ran", trace=absent),),
                status="done",
                purpose="run",
                started=NOON,
                duration=1,
                host="here",
                environment=trace.environment,
            )
        )
    assert store.runs() == []
    assert store.check().ok


def test_a_damaged_trace_is_left_out_loudly_and_the_others_are_not(store: Store) -> None:
    damaged = put_run(store).trace
    key = store.load(damaged, Trace).key
    sound = store.add(make_trace(store, key, b"two"))
    flip_first_byte(record_file(store, damaged))
    with Store.open(store.path) as other:
        for _ in range(2):
            with pytest.warns(RuntimeWarning, match=f"left out: .*{damaged}"):
                assert other.trace_digests(key) == [sound]
        with pytest.raises(Damaged, match=damaged):
            other.load(damaged, Trace)


@pytest.mark.parametrize("left", [0, 10])
def test_a_trace_that_a_power_cut_tore_goes_when_its_step_is_asked_for_and_that_is_said_once(
    store: Store, left: int
) -> None:
    done = put_run(store)
    key = store.load(done.trace, Trace).key
    torn = store.add(make_trace(store, key, b"not settled yet"))
    file = record_file(store, torn)
    file.chmod(0o644)
    os.truncate(file, left)
    with Store.open(store.path) as other:
        with pytest.warns(RuntimeWarning, match=f"{torn}, which a power cut tore .* was taken out"):
            assert other.trace_digests(key) == [done.trace]
        assert not file.exists()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert other.trace_digests(key) == [done.trace]
        assert other.check().leftovers == ()


def test_a_torn_trace_stays_where_it_cannot_be_known_whether_something_needs_it(store: Store) -> None:
    torn = store.add(make_trace(store, key_of("one")))
    record_file(store, torn).chmod(0o644)
    os.truncate(record_file(store, torn), 10)
    flip_first_byte(record_file(store, put_run(store).run))
    with Store.open(store.path) as other:
        with pytest.warns(RuntimeWarning, match=f"left out: .*{torn}"):
            assert other.traces(key_of("one")) == []
        assert record_file(store, torn).exists()


class Told(MemoryBackend):
    """Says in which order things are written and settled."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, str, bool]] = []

    def write(self, items: Iterable[tuple[str, Bytes]], *, flush: bool = True) -> None:
        many = list(items)
        self.told += [("write", name, flush) for name, _ in many]
        super().write(many)

    def settle(self, names: Iterable[str], *, flush: bool = False) -> None:
        self.told += [("settle", name, flush) for name in names]


def test_a_trace_is_waited_for_once_and_before_the_run_that_refers_to_it(tmp_path: Path) -> None:
    backend = Told()
    with Store(tmp_path, backend, Scratch(tmp_path / "tmp"), Index(tmp_path / "index.sqlite")) as store:
        for started in range(2):
            put_run(store, started=NOON + started)
    traces = backend.names("records/trace/")
    for trace in traces:
        assert backend.told.count(("write", trace, False)) == 1
        assert backend.told.count(("settle", trace, True)) == 1
    order = [name.split("/")[1] for verb, name, _ in backend.told if verb == "settle" or "/run/" in name]
    assert order == ["trace", "run", "trace", "run"]
    assert len(traces) == 2
    assert all(flush for verb, name, flush in backend.told if verb == "write" and name not in traces)


def test_a_shortened_run_is_left_out_loudly_and_the_others_are_not(store: Store) -> None:
    damaged, sound = put_run(store, seed=0), put_run(store, seed=1)
    file = record_file(store, damaged.run)
    file.chmod(0o644)
    os.truncate(file, 10)
    with pytest.warns(RuntimeWarning, match=damaged.run):
        assert [digest for digest, _ in store.runs()] == [sound.run]


def test_adding_a_record_again_mends_it(store: Store) -> None:
    digest = store.add(ENVIRONMENT)
    flip_first_byte(record_file(store, digest))
    with pytest.raises(Damaged):
        store.load(digest, Environment)
    store.add(ENVIRONMENT)
    assert store.load(digest, Environment) == ENVIRONMENT


def test_files_of_others_among_the_records_do_no_harm(store: Store) -> None:
    done: Done = put_run(store)
    for folder in ("records/run", "records/trace", "records/version/ab", "objects", "refs", "names"):
        (store.path / folder).mkdir(exist_ok=True)
        (store.path / folder / ".DS_Store").write_bytes(b"\0")
    assert [digest for digest, _ in store.runs()] == [done.run]
    assert store.refs() == []
    assert store.names() == {}
    assert len(store.versions()) == 1
    assert len(store.traces(key_of("churn 0"))) == 1
    report = store.check()
    assert report.ok
    assert len(report.leftovers) == 6
