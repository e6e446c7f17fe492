from __future__ import annotations

import os
from pathlib import Path

import pytest

from store.building import Done, key_of, make_trace, put_run, ref_to
from store.test_filing import record_file
from store.test_objects import flip_first_byte
from twice.errors import Damaged
from twice.records.canonical import encode
from twice.records.digest import digest_bytes
from twice.records.run import RunRecord
from twice.records.version import Version
from twice.store import Problem, Store
from twice.store.needed import Policy


def only_problem(store: Store, *, deep: bool = True) -> Problem:
    [problem] = store.check(deep=deep).problems
    return problem


@pytest.fixture
def done(store: Store) -> Done:
    done = put_run(store)
    store.set_label("churn", "v1.0", ref_to(done))
    store.set_name("saved", ref_to(done))
    return done


def test_a_sound_store_has_no_problems_and_is_counted(store: Store, done: Done) -> None:
    unreferenced = store.put(b"mentioned by nothing")
    report = store.check()
    assert report.ok
    assert report.problems == ()
    assert report.records == 6
    assert report.refs == 2
    assert report.unreferenced == 1
    assert report.size >= store.size(unreferenced)
    assert report.leftovers == ()


def test_an_empty_store_is_sound(store: Store) -> None:
    assert store.check().ok


def test_a_missing_output_is_reported_with_the_version_and_step(store: Store, done: Done) -> None:
    other = put_run(store, "sales")
    store.file(done.output).unlink()
    problem = only_problem(store)
    assert (problem.what, problem.kind, problem.name) == ("missing", "object", done.output)
    assert problem.versions == (done.version,)
    assert problem.steps == ("fit",)
    assert other.version not in problem.versions


def test_what_several_versions_share_is_reported_with_all_of_them(store: Store, done: Done) -> None:
    other = put_run(store, "sales")
    [file] = store.load(done.version, Version).files
    store.file(file.content).unlink()
    problem = only_problem(store)
    assert problem.versions == tuple(sorted((done.version, other.version)))
    assert problem.steps == ()


def test_a_damaged_object_is_found_by_a_deep_check_only(store: Store, done: Done) -> None:
    flip_first_byte(store.file(done.output))
    problem = only_problem(store)
    assert (problem.what, problem.kind, problem.name) == ("damaged", "object", done.output)
    assert problem.steps == ("fit",)
    assert store.check(deep=False).ok


def test_a_damaged_record_is_reported_and_what_needs_it_too(store: Store, done: Done) -> None:
    flip_first_byte(record_file(store, done.trace))
    problem = only_problem(store)
    assert (problem.what, problem.kind, problem.name) == ("damaged", "trace", done.trace)
    assert problem.versions == (done.version,)
    assert problem.steps == ("fit",)


def test_a_missing_record_is_reported_with_the_names_that_lead_to_it(store: Store, done: Done) -> None:
    record_file(store, done.run).unlink()
    problem = only_problem(store)
    assert (problem.what, problem.kind, problem.name) == ("missing", "run", done.run)
    assert "churn@v1.0" in problem.detail
    assert "saved" in problem.detail
    assert problem.versions == (done.version,)


def test_right_bytes_that_are_no_record_are_reported(store: Store, done: Done) -> None:
    data = encode(store.load(done.run, RunRecord)).replace(b'"format":1', b'"format":9')
    digits = digest_bytes(data).hex
    file = store.path / "records" / "run" / digits[:2] / digits[2:]
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(data)
    problem = only_problem(store)
    assert (problem.what, problem.kind, problem.name) == ("unreadable", "run", digest_bytes(data))
    assert "format 9" in problem.detail


def test_a_damaged_name_is_a_problem(store: Store, done: Done) -> None:
    file = store.path / "refs" / "churn" / "v1.0"
    file.chmod(0o644)
    file.write_bytes(b"")
    problem = only_problem(store)
    assert (problem.what, problem.kind, problem.name) == ("damaged", "ref", "churn@v1.0")


def test_what_dead_processes_left_is_listed_and_is_no_problem(store: Store, done: Done) -> None:
    left = store.path / "tmp" / "123-abc"
    left.mkdir()
    (left / "half").write_bytes(b"ha")
    store.spool()
    report = store.check()
    assert report.ok
    assert report.leftovers == (str(left),)


def test_checking_changes_nothing(store: Store, done: Done) -> None:
    flip_first_byte(store.file(done.output))
    before = {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in all_files(store.path)}
    store.check()
    assert {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in all_files(store.path)} == before


def all_files(path: Path) -> list[Path]:
    return sorted(found for found in path.rglob("*") if found.is_file() and not found.name.startswith("index."))


@pytest.mark.parametrize("left", [0, 10])
def test_a_trace_that_a_power_cut_tore_is_a_leftover_and_goes_unless_something_refers_to_it(
    store: Store, done: Done, left: int
) -> None:
    torn = store.add(make_trace(store, key_of("torn"), b"not settled yet"))
    for digest in (torn, done.trace):
        record_file(store, digest).chmod(0o644)
    os.truncate(record_file(store, torn), left)
    report = store.check()
    assert report.ok
    assert [text for text in report.leftovers if torn in text]
    keep = Policy(keep_runs=1, since=None, traces_since=0)
    plan = store.collector.set_aside(keep)
    assert torn.hex in [name.rpartition(".")[2] for name in plan.names]
    store.collector.delete()
    assert store.check().leftovers == ()
    os.truncate(record_file(store, done.trace), left)
    assert only_problem(store).name == done.trace
    with pytest.raises(Damaged, match="nothing is taken away"):
        store.collector.plan(keep)
