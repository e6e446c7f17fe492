"""Disks that are full, and file systems that know no locks."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from store.building import put_run
from twice.errors import StoreUnusable
from twice.store import Store
from twice.store.needed import Policy

FILL = """
import os, sys
from pathlib import Path
from store.building import put_run, ref_to
from twice.errors import StoreUnusable
from twice.store import Store

disk = Path(sys.argv[1])
store = Store.open(disk / ".twice")
done = put_run(store)
store.set_label("churn", "v1.0", ref_to(done))
reported = []
said = []
for size in (100_000, 1000, 10):  # until not even ten bytes fit
    try:
        while True:
            reported += store.put_many([os.urandom(size)])
    except StoreUnusable as problem:
        said.append(str(problem))
try:
    for seed in range(1, 100):
        put_run(store, seed=seed)
    said.append("no")
except StoreUnusable as problem:
    said.append(str(problem))
assert len(said) == 4 and all("No space left on device" in text for text in said), said
assert "make room" in said[0]
with Store.open(disk / ".twice") as other:
    assert other.check().problems == ()
    for digest in reported:
        other.get(digest)
    assert other.resolve("v1.0").run == done.run
    # Room is made by the store's own means, without any to begin with.
    from twice.store.needed import Policy
    store.close()
    other.collector.set_aside(Policy(0, None, 1 << 62))
    other.collector.delete()
    assert other.check().problems == ()
    put_run(other, seed=7)
    assert other.check().problems == ()
print(len(reported))
"""


_MOUNTED = 'mount -t tmpfs -o size=2m none "$1" && exec "$2" -c "$3" "$1"'


def _private_disks() -> bool:
    return bool(shutil.which("unshare")) and (
        subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode == 0
    )


@pytest.mark.skipif(not _private_disks(), reason="needs a mount of its own")
def test_a_full_disk_is_said_loses_nothing_and_can_be_cleared_out(tmp_path: Path) -> None:
    tests = Path(__file__).parent.parent
    ended = subprocess.run(
        ["unshare", "-rm", "sh", "-c", _MOUNTED, "-", str(tmp_path), sys.executable, FILL],
        env={**os.environ, "PYTHONPATH": str(tests)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > 10


def test_without_locks_a_store_works_and_is_not_cleared_out(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    put_run(store)
    assert store.check().ok
    with pytest.raises(StoreUnusable, match="knows no locks"):
        store.collector.set_aside(Policy(0, None, 1 << 62))
    assert len(store.runs()) == 1
