"""Memos save time: whoever reads one gets all that somebody wrote, or nothing, and a store is whole without them."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from twice.store.store import Store


def test_a_memo_is_what_was_written_last_and_may_be_gone(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store") as store:
        memo = store.memo("sources")
        assert memo.read() is None
        memo.write(b"one")
        memo.write(b"two")
        assert store.memo("sources").read() == b"two"
        shutil.rmtree(tmp_path / "store" / "memos")
        assert memo.read() is None
        memo.write(b"three")
        assert memo.read() == b"three"
        report = store.check()
        assert report.leftovers == ()
    assert Store.open(tmp_path / "store").memo("sources").read() == b"three"


def test_many_writers_leave_one_whole_memo(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store") as store, ThreadPoolExecutor(4) as pool:
        written = [bytes([number]) * 100_000 for number in range(40)]

        def there(data: bytes) -> bytes | None:
            store.memo("m").write(data)
            return store.memo("m").read()

        assert all(data in written for data in pool.map(there, written))
        assert len(list((tmp_path / "store" / "memos").iterdir())) == 1


def test_a_memo_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store") as store:
        (tmp_path / "store" / "memos").write_text("in the way")
        store.memo("m").write(b"one")
        assert store.memo("m").read() is None
