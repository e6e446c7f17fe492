"""Stores that somebody made to do harm."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import msgspec
import pytest

from store.building import put_run, put_snapshot, put_version
from twice.actions import rebuild
from twice.actions.ground import inside, scratch_ground
from twice.errors import Damaged, NotFound, StoreUnusable
from twice.records.canonical import decode
from twice.records.code import Snapshot
from twice.records.digest import digest_bytes
from twice.records.run import Ref
from twice.records.version import InputFile, Version
from twice.store import Store
from twice.store.needed import Policy
from twice.store.recipes import Stretch, recipe_name, written
from twice.values.format import MAGIC, varint
from twice.values.terms import parse

EVIL = ["../evil", "/evil", "a/../../evil", "..", "a\0b"]


@pytest.mark.parametrize("path", EVIL)
def test_a_path_that_leads_out_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(Damaged, match="leads out"):
        inside(tmp_path, path)


@pytest.mark.parametrize("path", EVIL)
@pytest.mark.parametrize("what", ["source", "input", "listing", "root", "cwd"])
def test_a_version_cannot_be_laid_out_elsewhere(store: Store, what: str, path: str) -> None:
    snapshot = store.load(put_snapshot(store), Snapshot)
    files: tuple[InputFile, ...] = store.load(put_version(store), Version).files
    if what == "source":
        module = msgspec.structs.replace(snapshot.modules[0], path=path)
        snapshot = msgspec.structs.replace(snapshot, modules=(module,))
    elif what == "input":
        files = (msgspec.structs.replace(files[0], path=path),)
    elif what == "listing":
        names = msgspec.json.encode([path])
        files = (InputFile(root="project", path="data", content=store.put(names), size=0, listing=True),)
    elif what == "root":
        files = (msgspec.structs.replace(files[0], root=path),)
    else:
        snapshot = msgspec.structs.replace(snapshot, cwd=("project", path))
    around = {str(found) for found in store.path.parent.rglob("*") if "tmp" not in found.parts[-4:]}
    with pytest.raises(Damaged, match="leads out"):
        scratch_ground(store, snapshot, files)
    assert {str(found) for found in store.path.parent.rglob("*") if "tmp" not in found.parts[-4:]} >= around
    assert not list(store.path.parent.rglob("evil"))


@pytest.mark.parametrize("what", ["link", "pipe", "device", "folder"])
def test_only_regular_files_are_taken_for_objects_and_records(store: Store, tmp_path: Path, what: str) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"a secret")
    digest = digest_bytes(b"a secret")
    done = put_run(store)
    places = [store.path / "objects" / digest.hex[:2] / digest.hex[2:]]
    [trace] = (store.path / "records" / "trace").glob("*/*")
    places.append(trace.with_name("0" * 62 + "." + "1" * 64))
    for place in places:
        place.parent.mkdir(exist_ok=True)
        if what == "link":
            place.symlink_to(secret)
        elif what == "pipe":
            os.mkfifo(place)
        elif what == "device":
            place.symlink_to("/dev/zero")
        else:
            place.mkdir()
    for ask in (store.get, store.map, store.file, store.size):
        with pytest.raises(NotFound):
            ask(digest)
    assert not store.has(digest)
    assert store.check().ok
    assert store.resolve("latest").run == done.run


def test_a_recipe_that_makes_far_more_than_it_is_made_of_is_refused_before_a_byte_is_written(store: Store) -> None:
    base = store.put(b"x" * 1_000_000)
    bomb = digest_bytes(b"petabytes")
    place = store.path / recipe_name(bomb)
    place.parent.mkdir(parents=True)
    place.write_bytes(written([Stretch(base, 0, 1_000_000)] * 10_000))
    for ask in (store.get, store.file, store.map):
        with pytest.raises(Damaged, match="times"):
            ask(bomb)
    with pytest.raises(Damaged, match="times"):
        store.copy_out(bomb, store.path.parent / "out")
    assert [problem.name for problem in store.check().problems] == [bomb]


def test_a_recipe_cannot_stand_on_itself_or_on_another(store: Store) -> None:
    one, two = digest_bytes(b"one"), digest_bytes(b"two")
    for digest, of in ((one, one), (two, one)):
        place = store.path / recipe_name(digest)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(written([Stretch(of, 0, 3)]))
        for ask in (store.get, store.file, store.map):
            with pytest.raises((Damaged, NotFound)):
                ask(digest)
    assert {problem.name for problem in store.check().problems} >= {one, two}


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":' + b"[" * 200_000,
        b'{"format":1,"record":"Ref","version":' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"format":1,"record":"Ref","created":1e999999}',
        b'{"format":' + b"9" * 100_000 + b"}",
    ],
    ids=["open", "deep", "infinite", "long"],
)
def test_a_record_that_is_nested_deeply_or_lies_about_numbers_is_damaged(data: bytes) -> None:
    with pytest.raises(Damaged):
        decode(data, Ref)


@pytest.mark.parametrize(
    "data",
    [
        b"u" + varint(2 << 60),
        b"(m" + varint(1 << 60),
        b"[f" + varint(1 << 60) + varint(0),
        b"i" + varint(1 << 62),
        b"y" + varint(1),
        b"{m" + varint(1 << 60),
    ],
    ids=["text", "tuple", "floats", "integer", "outside", "dict"],
)
def test_a_skeleton_whose_sizes_lie_is_damaged_and_takes_no_memory(data: bytes) -> None:
    with pytest.raises(Damaged):
        parse(MAGIC + data, [])


def test_a_skeleton_nested_a_hundred_thousand_deep_is_read(store: Store) -> None:
    assert parse(MAGIC + b"(m\x01" * 100_000 + b"N", []) is not None


PARTS = ("tmp", "aside", "assembled", "environments", "memos", "objects", "records", "refs", "index.sqlite", "format")


@pytest.mark.parametrize("part", PARTS)
def test_a_store_whose_parts_are_links_is_none_and_nothing_behind_them_is_touched(tmp_path: Path, part: str) -> None:
    """A folder ``tmp`` that leads home would be cleared of all that is old, by a mere look."""
    place, home = tmp_path / "store", tmp_path / "home"
    Store.open(place).close()
    home.mkdir()
    (home / "thesis.tex").write_text("ten years")
    os.utime(home / "thesis.tex", (0, 0))
    if (place / part).is_dir():
        shutil.rmtree(place / part)
    (place / part).unlink(missing_ok=True)
    (place / part).symlink_to(home)
    for create in (True, False):
        with pytest.raises(StoreUnusable, match=f"'{part}' is a link"):
            Store.open(place, create=create)
    assert [file.read_text() for file in home.iterdir()] == ["ten years"]


@pytest.mark.parametrize("way_out", ["..%..%home%new", "%{home}%new", "objects%..%..%..%home%ab%" + "0" * 62, "format"])
def test_what_is_moved_back_from_aside_stays_in_the_store(tmp_path: Path, way_out: str) -> None:
    place, home = tmp_path / "store", tmp_path / "home"
    home.mkdir()
    with Store.open(place) as store:
        (place / "aside").mkdir()
        (place / "aside" / f"c%{way_out.format(home=str(home)[1:].replace('/', '%'))}").write_text("#!/bin/sh")
        store.collector.undo()
        store.collector.set_aside(Policy(keep_runs=0, since=None, traces_since=1 << 62))
        store.collector.delete()
    assert list(home.iterdir()) == []
    Store.open(place).close()


def test_clearing_out_follows_no_link_that_lies_where_whole_files_do(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "thesis.tex").write_text("ten years")
    (home / ("0" * 62)).write_text("a file with a long name")
    with Store.open(tmp_path / "store") as store:
        (store.path / "assembled").mkdir()
        (store.path / "assembled" / "ab").symlink_to(home)
        store.collector.set_aside(Policy(keep_runs=0, since=None, traces_since=1 << 62))
    assert len(list(home.iterdir())) == 2


@pytest.mark.parametrize("lock", ["gate.lock", "collecting.lock"])
def test_a_lock_that_is_a_link_is_not_followed(tmp_path: Path, lock: str) -> None:
    with Store.open(tmp_path / "store") as store:
        (store.path / "tmp" / lock).unlink(missing_ok=True)
        (store.path / "tmp" / lock).symlink_to(tmp_path / "made")
        with pytest.raises(StoreUnusable, match="is a link"):
            store.collector.set_aside(Policy(keep_runs=0, since=None, traces_since=1 << 62))
    assert not (tmp_path / "made").exists()


def test_the_lock_of_a_rebuilt_environment_is_not_followed_either(store: Store, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("ten years")
    (store.path / "environments" / "old").mkdir(parents=True)
    (store.path / "environments" / "old.lock").symlink_to(tmp_path / "thesis.tex")
    with pytest.raises(StoreUnusable, match="is a link"):
        rebuild.collect(store)
    assert (tmp_path / "thesis.tex").read_text() == "ten years"
