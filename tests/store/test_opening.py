from __future__ import annotations

import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from store.building import put_run, ref_to
from store.nobody import NOBODY, as_nobody
from twice.errors import NotFound, StoreUnusable
from twice.store import Store
from twice.store.needed import Policy


def test_a_new_store_says_its_format_and_hides_from_git(tmp_path: Path) -> None:
    place = tmp_path / "deep" / "down" / ".twice"
    with Store.open(str(place)) as store:
        assert store.path == place
        assert (place / "format").read_text() == "1\n"
        assert (place / ".gitignore").read_text() == "*\n"


def test_a_store_is_still_there_when_it_is_opened_again(tmp_path: Path) -> None:
    with Store.open(tmp_path / ".twice") as store:
        digest = store.put(b"kept")
    with Store.open(tmp_path / ".twice", create=False) as store:
        assert store.get(digest) == b"kept"


def test_a_store_that_is_not_there_is_not_made_unless_asked(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no store"):
        Store.open(tmp_path / ".twice", create=False)
    assert not (tmp_path / ".twice").exists()


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    for place in (file, file / "below"):
        with pytest.raises(StoreUnusable, match="a file is in the way"):
            Store.open(place)
    assert file.read_text() == "mine"


@pytest.mark.parametrize("create", [True, False])
def test_a_newer_format_is_refused_with_the_way_out(tmp_path: Path, create: bool) -> None:
    Store.open(tmp_path).close()
    (tmp_path / "format").chmod(0o644)
    (tmp_path / "format").write_text("2\n")
    with pytest.raises(StoreUnusable, match="format 2") as caught:
        Store.open(tmp_path, create=create)
    assert "newer Twice" in caught.value.hint


@pytest.mark.parametrize("text", ["", "one", "-1", "²"])
def test_a_format_that_is_no_number_is_refused(tmp_path: Path, text: str) -> None:
    Store.open(tmp_path).close()
    (tmp_path / "format").chmod(0o644)
    (tmp_path / "format").write_text(text)
    with pytest.raises(StoreUnusable, match="no number"):
        Store.open(tmp_path)


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text("")
    with pytest.raises(StoreUnusable, match=r"flow\.py"):
        Store.open(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["flow.py"]


def test_a_store_whose_making_was_cut_short_is_finished(tmp_path: Path) -> None:
    place = tmp_path / ".twice"
    (place / "objects").mkdir(parents=True)
    (place / "tmp").mkdir()
    with Store.open(place) as store:
        assert store.check().ok
        put_run(store)


def test_many_may_make_the_same_store_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        stores = list(threads.map(lambda _: Store.open(tmp_path / ".twice"), range(16)))
    digest = stores[0].put(b"shared")
    assert all(store.get(digest) == b"shared" for store in stores)
    for store in stores:
        store.close()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # this process has threads; the child uses none
@pytest.mark.parametrize("made", [True, False])
def test_a_place_without_the_right_to_write_is_refused(made: bool) -> None:
    place = Path(tempfile.mkdtemp())  # not below tmp_path, which only its owner may enter
    try:
        if made:
            Store.open(place).close()
        place.chmod(0o555)
        said = as_nobody(lambda: Store.open(place))
        assert said.startswith("StoreUnusable"), said
        assert "cannot be written" in said
        assert "hint:" in said
    finally:
        place.chmod(0o755)
        shutil.rmtree(place)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # this process has threads; the child uses none
def test_a_store_that_cannot_be_written_can_be_looked_at() -> None:
    place = Path(tempfile.mkdtemp())
    try:
        with Store.open(place) as store:
            many = store.put_many([b"%d" % number for number in range(40)])  # in a pack
            large = store.put(bytes(200_000))
            done = put_run(store)
            store.set_label("churn", "v1.0", ref_to(done))
        before = sorted(str(path) for path in place.rglob("*"))
        for path in (place, *place.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)

        def look() -> None:
            with Store.open(place, create=False) as looked:
                assert looked.resolve("v1.0").run == done.run
                assert [looked.get(digest) for digest in many] == [b"%d" % number for number in range(40)]
                assert looked.file(many[3]).read_bytes() == b"3"
                assert looked.map(large, verify=True).nbytes == 200_000
                assert looked.runs()
                assert looked.check().problems == ()
                with pytest.raises(StoreUnusable, match="cannot be written"):
                    looked.put(b"new")
                with pytest.raises(StoreUnusable, match="cannot be written"):
                    looked.collector.set_aside(Policy(0, None, 1 << 62))

        assert as_nobody(look) == "nothing"
        assert sorted(str(path) for path in place.rglob("*")) == before
    finally:
        for path in (place, *place.rglob("*")):
            if path.is_dir():
                path.chmod(0o755)
        shutil.rmtree(place)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # this process has threads; the child uses none
def test_a_store_whose_folders_cannot_be_written_says_so_when_it_matters() -> None:
    place = Path(tempfile.mkdtemp())
    try:
        Store.open(place).close()
        if os.geteuid() == 0:
            for path in (place, place / "tmp"):
                os.chown(path, NOBODY, NOBODY)
        (place / "objects").chmod(0o555)

        def write() -> None:
            with Store.open(place) as store:
                store.put(b"an object for which there is no folder")

        said = as_nobody(write)
        assert said.startswith("StoreUnusable"), said
        assert "hint:" in said
    finally:
        (place / "objects").chmod(0o755)
        shutil.rmtree(place)
