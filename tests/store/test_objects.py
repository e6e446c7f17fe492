from __future__ import annotations

import os
import random
import tempfile
from array import array
from pathlib import Path

import pytest

from store.nobody import as_nobody
from twice.errors import Damaged, NotFound, StoreError, StoreUnusable
from twice.records.digest import Digest, digest_bytes
from twice.store import Store
from twice.store.stretches import LARGE


def flip_first_byte(file: Path) -> None:
    data = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(bytes([data[0] ^ 1]) + data[1:])


@pytest.mark.parametrize("data", [b"", b"x", b"some bytes", bytes(range(256)) * 9000])
def test_what_was_put_comes_back(store: Store, data: bytes) -> None:
    digest = store.put(data)
    assert digest == digest_bytes(data)
    assert store.get(digest) == data
    assert bytes(store.map(digest)) == data
    assert bytes(store.map(digest, verify=True)) == data
    assert store.file(digest).read_bytes() == data
    assert store.size(digest) == len(data)
    assert store.has(digest)


def test_all_kinds_of_bytes_are_taken_for_what_they_hold(store: Store) -> None:
    numbers = array("d", [1.0, 2.0])
    assert store.put(bytearray(b"ab")) == store.put(memoryview(b"ab")) == store.put(b"ab")
    assert store.put(memoryview(numbers)) == digest_bytes(numbers.tobytes())
    assert store.put(memoryview(b"abcd")[::2]) == digest_bytes(b"ac")
    assert store.put(memoryview(array("d"))) == digest_bytes(b"")


def test_an_object_is_written_once(store: Store) -> None:
    digest = store.put(b"once")
    before = store.file(digest).stat()
    store.put(b"once")
    with Store.open(store.path) as other:
        other.put(b"once")
    after = store.file(digest).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_many_objects_are_put_in_their_order_even_where_some_are_the_same(store: Store) -> None:
    parts = [f"part {number % 40}".encode() for number in range(100)]
    digests = store.put_many(parts)
    assert [store.get(digest) for digest in digests] == parts
    assert store.check().objects == 40


def test_an_object_cannot_be_written_to(store: Store) -> None:
    digest = store.put(b"fixed")
    assert store.file(digest).stat().st_mode & 0o222 == 0
    assert store.map(digest).readonly


def test_a_missing_object_is_named(store: Store) -> None:
    absent = digest_bytes(b"absent")
    for ask in (store.get, store.map, store.file, store.size):
        with pytest.raises(NotFound, match=absent.hex):
            ask(absent)
    assert not store.has(absent)


def test_a_flipped_bit_is_noticed_when_the_object_is_read(store: Store) -> None:
    digest = store.put(b"important")
    flip_first_byte(store.file(digest))
    with pytest.raises(Damaged, match=digest.hex) as caught:
        store.get(digest)
    assert "twice check" in caught.value.hint
    with pytest.raises(Damaged):
        store.map(digest, verify=True)


@pytest.mark.parametrize("length", [0, 3])
def test_a_shortened_object_is_noticed_when_it_is_read(store: Store, length: int) -> None:
    digest = store.put(b"important")
    store.file(digest).chmod(0o644)
    os.truncate(store.file(digest), length)
    with pytest.raises(Damaged):
        store.get(digest)


def test_putting_the_same_content_again_mends_a_damaged_object(store: Store) -> None:
    digest = store.put(b"important")
    flip_first_byte(store.file(digest))
    with pytest.raises(Damaged):
        store.get(digest)
    store.put(b"important")
    assert store.get(digest) == b"important"


def test_another_process_that_puts_the_content_mends_it_before_anybody_reads_it(store: Store, tmp_path: Path) -> None:
    digest = store.put(b"important")
    flip_first_byte(store.file(digest))
    file = tmp_path / "file"
    file.write_bytes(b"important")
    with Store.open(store.path) as other:
        assert other.adopt(file) == digest
    assert store.get(digest) == b"important"


def test_an_adopted_file_is_gone_and_its_bytes_are_an_object(store: Store) -> None:
    spool = store.spool()
    file = spool / "output"
    file.write_bytes(b"large")
    inode = file.stat().st_ino
    digest = store.adopt(file)
    assert store.get(digest) == b"large"
    assert not file.exists()
    assert store.file(digest).stat().st_ino == inode, "it is moved, not copied"


def test_a_file_whose_content_is_known_is_gone_after_adopting_too(store: Store) -> None:
    spool = store.spool()
    digest = store.put(b"same")
    for name in ("one", "two"):
        (spool / name).write_bytes(b"same")
    assert store.adopt_many([spool / "one", spool / "two"]) == [digest, digest]
    assert list(spool.iterdir()) == []


def test_hundreds_of_files_are_adopted_at_once(store: Store) -> None:
    spool = store.spool()
    files = [spool / str(number) for number in range(300)]
    for file in files:
        file.write_text(file.name)
    digests = store.adopt_many(files)
    assert [store.get(digest).decode() for digest in digests] == [file.name for file in files]


def test_a_file_with_a_second_name_is_copied_so_that_the_other_name_cannot_reach_the_object(
    store: Store, tmp_path: Path
) -> None:
    users = tmp_path / "users"
    users.write_bytes(b"mine")
    linked = store.spool() / "output"
    os.link(users, linked)
    digest = store.adopt(linked)
    users.write_bytes(b"changed later")
    assert store.get(digest) == b"mine"
    assert not linked.exists()


def test_of_a_symbolic_link_the_content_is_adopted_and_the_target_stays(store: Store, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"content")
    link = store.spool() / "output"
    link.symlink_to(target)
    assert store.get(store.adopt(link)) == b"content"
    assert target.read_bytes() == b"content"
    assert not link.is_symlink()


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="needs a second file system")
def test_a_file_of_another_file_system_is_adopted_as_well(store: Store) -> None:
    file = Path("/dev/shm") / f"twice-test-{os.getpid()}"
    file.write_bytes(b"from afar")
    assert store.get(store.adopt(file)) == b"from afar"
    assert not file.exists()


def test_what_is_no_regular_file_is_not_adopted(store: Store, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        store.adopt(tmp_path / "absent")
    with pytest.raises(StoreError, match="not a regular file"):
        store.adopt(tmp_path)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for take in (store.adopt, store.put_file, store.digest_file):
        with pytest.raises(StoreError, match="not a regular file"):
            take(pipe)


def test_the_stores_own_objects_are_not_adopted_away(store: Store) -> None:
    digest = store.put(b"here")
    with pytest.raises(StoreError, match="part of the store"):
        store.adopt(store.file(digest))
    assert store.get(digest) == b"here"


def test_a_file_that_is_put_stays_as_it_is(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "data.csv"
    file.write_bytes(b"a,b\n" * 1000)
    digest = store.put_file(file)
    assert store.get(digest) == file.read_bytes()
    assert file.stat().st_mode & 0o200
    file.write_bytes(b"other")
    assert store.get(digest) == b"a,b\n" * 1000
    assert store.put_file(file) == digest_bytes(b"other")


@pytest.mark.parametrize("size", [6, LARGE + 1])
def test_putting_a_file_again_mends_the_object_that_was_tampered_with(store: Store, tmp_path: Path, size: int) -> None:
    content = random.Random(size).randbytes(size)
    file = tmp_path / "data.csv"
    file.write_bytes(content)
    digest = store.put_file(file)
    flip_first_byte(store.file(digest))
    assert store.put_file(file) == digest
    assert store.get(digest) == content


def test_a_mapped_object_outlives_the_store_that_gave_it(tmp_path: Path) -> None:
    with Store.open(tmp_path / ".twice") as store:
        view = store.map(store.put(b"still here"))
    assert bytes(view) == b"still here"


def test_a_digest_of_something_else_is_never_made_up(store: Store) -> None:
    with pytest.raises(ValueError, match="not a digest"):
        store.get(Digest("../../etc/passwd"))


@pytest.mark.parametrize("filed", ["alone", "in a pack", "by a recipe"])
def test_an_object_that_is_copied_out_is_held_against_its_name_and_what_is_wrong_does_not_stay(
    store: Store, tmp_path: Path, filed: str
) -> None:
    target = tmp_path / "target"
    if filed == "in a pack":
        digest = store.put_many([b"member %02d" % number for number in range(20)])[7]
    else:
        file = tmp_path / "file"
        file.write_bytes(bytes(range(256)) * (LARGE // 256) + b"the end")
        digest = store.put_file(file)
        if filed == "by a recipe":
            file.write_bytes(b"changed" + file.read_bytes()[7:])
            digest = store.put_file(file)
            assert list((store.path / "recipes").glob("*/*"))
    store.copy_out(digest, target, verify=True)
    assert digest_bytes(target.read_bytes()) == digest
    target.unlink()
    [damaged] = [
        place
        for folder in ("objects", "packs")
        for place in (store.path / folder).glob("*/*")
        if (place.parent.parent.name == "packs" or filed != "in a pack") and place.stat().st_size != 7
    ][:1]
    damaged.chmod(0o644)
    data = bytearray(damaged.read_bytes())
    data[-1 if filed != "in a pack" else data.index(b"member 07")] ^= 1
    damaged.write_bytes(data)
    with Store.open(store.path) as other, pytest.raises(Damaged, match=digest):
        other.copy_out(digest, target, verify=True)
    assert not target.exists()


def test_the_holes_of_a_file_are_holes_in_the_store_and_in_what_is_copied_out(store: Store, tmp_path: Path) -> None:
    file, target = tmp_path / "sparse", tmp_path / "target"
    with file.open("wb") as out:
        out.write(b"begins")
        out.seek(300 << 20)
        out.write(b"in the middle")
        out.truncate(400 << 20)
    if file.stat().st_blocks * 512 > 10 << 20:
        pytest.skip("this file system knows no holes")
    digest = store.put_file(file)
    store.copy_out(digest, target, verify=True)
    for place in (store.file(digest), target):
        assert place.stat().st_size == 400 << 20
        assert place.stat().st_blocks * 512 < 10 << 20
        with place.open("rb") as found:
            assert found.read(6) == b"begins"
            found.seek(300 << 20)
            assert found.read(14) == b"in the middle\0"


@pytest.mark.parametrize("used", [True, False])
def test_nothing_is_put_where_a_store_was_before_it_was_moved_away(tmp_path: Path, used: bool) -> None:
    with Store.open(tmp_path / "store") as store:
        if used:
            store.put(b"before")
        store.path.rename(tmp_path / "elsewhere")
        with pytest.raises(StoreUnusable, match="moved or deleted while it was in use"):
            store.put(b"after")
    assert not (tmp_path / "store").exists()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # this process has threads; the child uses none
@pytest.mark.parametrize("size", [6, LARGE])
def test_a_file_of_the_users_that_may_not_be_read_is_named(size: int) -> None:
    with tempfile.TemporaryDirectory() as folder:  # not below tmp_path, which only its owner may enter
        Path(folder).chmod(0o777)
        file = Path(folder) / "secret"
        file.write_bytes(bytes(size))
        file.chmod(0)

        def put() -> None:
            with Store.open(Path(folder) / "store") as store:
                store.put_file(file)

        assert as_nobody(put) == f"NotFound: the file {file} cannot be read: Permission denied."
