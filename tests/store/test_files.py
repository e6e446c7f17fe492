from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from twice.errors import NotFound, StoreError
from twice.records.digest import digest_bytes
from twice.store import Store
from twice.store.files import SETTLED, FileDigests
from twice.store.index import Index


def wait_until_settled(file: Path) -> None:
    """Wait until a file's times are old enough to be believed; no program can set the time of the last change back."""
    while time.time_ns() - file.stat().st_ctime_ns <= SETTLED:
        time.sleep(0.05)


def test_the_digest_is_that_of_the_content(store: Store, tmp_path: Path) -> None:
    for data in (b"", b"x", bytes(20_000_000)):
        file = tmp_path / "data"
        file.write_bytes(data)
        assert store.digest_file(file) == digest_bytes(data)


def test_a_file_that_was_left_alone_is_not_read_again(tmp_path: Path) -> None:
    index = Index(tmp_path / "index.sqlite")
    file = tmp_path / "data"
    file.write_bytes(b"one")
    wait_until_settled(file)
    digests = FileDigests(index)
    first = digests.digest(file)
    # What the index remembers is believed: a false memory with a true seal shows that the file was not read.
    [(name, fact)] = index.all("file").items()
    index.put("file", {name: [*fact[:-1], digest_bytes(b"remembered")]})
    assert first == digest_bytes(b"one")
    assert digests.digest(file) == digest_bytes(b"remembered")
    file.write_bytes(b"two")
    assert digests.digest(file) == digest_bytes(b"two")
    index.close()


def test_a_file_written_a_moment_ago_is_not_remembered(tmp_path: Path) -> None:
    index = Index(tmp_path / "index.sqlite")
    file = tmp_path / "data"
    file.write_bytes(b"fresh")
    FileDigests(index).digest(file)
    assert index.all("file") == {}
    index.close()


def test_other_content_of_the_same_size_and_time_is_noticed(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.write_bytes(b"one")
    wait_until_settled(file)
    assert store.digest_file(file) == digest_bytes(b"one")
    before = file.stat()
    file.write_bytes(b"two")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_mtime_ns == before.st_mtime_ns
    assert store.digest_file(file) == digest_bytes(b"two")


def test_a_file_put_in_the_place_of_another_is_noticed(store: Store, tmp_path: Path) -> None:
    file, other = tmp_path / "data", tmp_path / "other"
    file.write_bytes(b"one")
    other.write_bytes(b"two")
    wait_until_settled(other)
    assert store.digest_file(file) == digest_bytes(b"one")
    os.utime(other, ns=(0, file.stat().st_mtime_ns))
    other.replace(file)
    assert store.digest_file(file) == digest_bytes(b"two")


def test_a_time_in_the_future_is_not_believed(tmp_path: Path) -> None:
    index = Index(tmp_path / "index.sqlite")
    file = tmp_path / "data"
    file.write_bytes(b"from tomorrow")
    wait_until_settled(file)
    tomorrow = time.time_ns() + 86_400_000_000_000
    os.utime(file, ns=(tomorrow, tomorrow))
    assert FileDigests(index).digest(file) == digest_bytes(b"from tomorrow")
    assert index.all("file") == {}
    index.close()


def test_paths_of_any_bytes_have_digests(store: Store, tmp_path: Path) -> None:
    for name in (b"\xff\xfe", "ünïcode \n".encode()):
        file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
        try:
            file.write_bytes(b"odd")
        except OSError:
            pytest.skip("this file system wants names that are text")
        wait_until_settled(file)
        assert store.digest_file(file) == digest_bytes(b"odd")
        assert store.digest_file(file) == digest_bytes(b"odd")


def test_what_is_no_file_has_no_digest(store: Store, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="absent"):
        store.digest_file(tmp_path / "absent")
    with pytest.raises(StoreError, match="not a regular file"):
        store.digest_file(tmp_path)


def test_many_files_written_a_moment_ago_are_not_remembered(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}" for number in range(20)]
    for file in files:
        file.write_bytes(b"fresh")
    with Store.open(tmp_path / ".twice") as store:
        store.put_files(files)
        index = Index(tmp_path / ".twice" / "index.sqlite")
        assert index.all("folder") == {}
        for file in files:
            wait_until_settled(file)
        store.put_files(files)
        assert len(index.all("folder")) == 1
        index.close()


def test_what_the_store_wrote_itself_is_not_read_again_but_a_change_to_it_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.write_bytes(b"x" * 200_000)
    wait_until_settled(file)
    with Store.open(tmp_path / ".twice") as store:
        digest = store.put_file(file)
        kept = store.file(digest)
    index = Index(tmp_path / ".twice" / "index.sqlite")
    assert index.get("file", str(kept)) is not None
    assert index.get("file", str(kept))[-1] == digest  # type: ignore[index]
    index.close()
    kept.chmod(0o644)
    kept.write_bytes(b"y" * 200_000)
    with Store.open(tmp_path / ".twice") as store:
        assert store.put_file(file) == digest
        assert store.get(digest) == b"x" * 200_000
