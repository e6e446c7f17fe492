"""The index may be slow, gone or wrong; the store may not."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from store.building import NOON, key_of, make_trace, put_run
from twice.store import Store
from twice.store.index import SCHEMA, Index


def delete(file: Path) -> None:
    for path in file.parent.glob("index.sqlite*"):
        path.unlink()


def delete_without_its_log(file: Path) -> None:
    file.unlink()


def fill_with_text(file: Path) -> None:
    file.write_bytes(b"this is no database " * 500)


def cut_in_half(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def empty(file: Path) -> None:
    os.truncate(file, 0)


def overwrite_the_middle(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.seek(100)
        opened.write(os.urandom(file.stat().st_size - 100))


def make_another_schema(file: Path) -> None:
    connection = sqlite3.connect(file)
    connection.execute("DROP TABLE fact")
    connection.execute("CREATE TABLE fact (something TEXT)")
    connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    connection.commit()
    connection.close()


def lose_the_table(file: Path) -> None:
    connection = sqlite3.connect(file)
    connection.execute("DROP TABLE fact")
    connection.commit()
    connection.close()


def falsify_every_row(file: Path) -> None:
    connection = sqlite3.connect(file)
    connection.execute("UPDATE fact SET body = replace(body, 'churn', 'sales')")
    connection.commit()
    connection.close()


MISHAPS: list[Callable[[Path], None]] = [
    delete, delete_without_its_log, fill_with_text, cut_in_half, empty, overwrite_the_middle, make_another_schema,
    lose_the_table, falsify_every_row,
]  # fmt: skip


@pytest.mark.parametrize("mishap", MISHAPS)
@pytest.mark.parametrize("while_open", [True, False])
def test_whatever_happens_to_the_index_the_answers_are_right(
    tmp_path: Path, mishap: Callable[[Path], None], while_open: bool
) -> None:
    path = tmp_path / ".twice"
    with Store.open(path) as store:
        done = [put_run(store, seed=seed, started=NOON + seed) for seed in range(20)]
        if not while_open:
            store.close()
        mishap(path / "index.sqlite")
        for turn in range(2):
            assert [digest for digest, _ in store.runs(pipeline="churn")] == [each.run for each in done]
            assert store.runs(pipeline="sales") == []
            assert store.trace_digests(key_of("churn 7")) == [done[7].trace]
            assert store.resolve("previous").run == done[-2].run
            done.append(put_run(store, seed=20 + turn, started=NOON + 20 + turn))
    with Store.open(path) as store:
        assert [digest for digest, _ in store.runs()] == [each.run for each in done]
        assert store.check().ok


def test_a_lost_index_is_filled_again_by_use(store: Store) -> None:
    done = put_run(store)
    store.close()
    delete(store.path / "index.sqlite")
    with Store.open(store.path) as again:
        again.runs()
        again.load(done.trace, type(make_trace(again, key_of("any"))))
    index = Index(store.path / "index.sqlite")
    assert set(index.all("run")) == {done.run.hex}
    assert done.trace.hex in index.all("trace")
    index.close()


def test_rebuilding_finds_everything_out_again(store: Store) -> None:
    done = [put_run(store, seed=seed) for seed in range(3)]
    index = Index(store.path / "index.sqlite")
    before = index.all("run"), index.all("trace")
    index.clear()
    index.put("run", {"nonsense": ["a", "b", 1, "c"]})
    store.rebuild()
    assert (index.all("run"), index.all("trace")) == before
    assert len(before[0]) == len(done)
    index.close()


def test_a_fact_comes_back_and_a_false_one_does_not(tmp_path: Path) -> None:
    index = Index(tmp_path / "index.sqlite")
    facts: dict[str, list[str | int]] = {"one": ["text", 1, -(2**70)], "Ünïcode \0 '": [""]}
    index.put("kind", facts)
    assert index.all("kind") == facts
    assert index.get("kind", "one") == facts["one"]
    assert index.get("kind", "none") is None
    assert index.get("other", "one") is None
    connection = sqlite3.connect(tmp_path / "index.sqlite")
    connection.execute("UPDATE fact SET body = '[\"text\", 2]' WHERE name = 'one'")
    connection.commit()
    connection.close()
    assert index.get("kind", "one") is None
    assert "one" not in index.all("kind")
    index.close()


def test_an_index_that_cannot_be_written_is_gone_without(tmp_path: Path) -> None:
    (tmp_path / "index.sqlite").mkdir()
    index = Index(tmp_path / "index.sqlite")
    index.put("kind", {"one": [1]})
    assert index.get("kind", "one") is None
    with Store.open(tmp_path / ".twice") as store:
        (store.path / "index.sqlite").mkdir()
        done = put_run(store)
        assert store.resolve("latest").run == done.run


def test_many_threads_use_one_store(store: Store) -> None:
    def work(number: int) -> None:
        for turn in range(5):
            put_run(store, seed=number * 5 + turn, started=NOON + number)
            store.put(b"shared by all")
            store.runs()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    assert len(store.runs()) == 40
    report = store.check()
    assert report.ok
    assert report.leftovers == ()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # this process has threads; the child uses none
def test_a_forked_process_may_go_on_with_the_store(store: Store) -> None:
    large = bytes(3_000_000)
    store.put(large)  # by now the hash has threads, which a forked process does not
    put_run(store, seed=0)
    process = os.fork()
    if process == 0:
        status = 1
        try:
            put_run(store, seed=1)
            store.put(large + b"more")
            status = 0 if len(store.runs()) == 2 else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
    put_run(store, seed=2)
    assert len(store.runs()) == 3
    assert store.check().ok
