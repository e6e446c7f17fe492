from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from twice.store import Store
from twice.store.scratch import OLD, Scratch

HOLD = """
import sys
from pathlib import Path
from twice.store.scratch import Scratch

scratch = Scratch(Path(sys.argv[1]))
spool = scratch.spool()
(spool / "half").write_bytes(b"written")
print(spool, flush=True)
sys.stdin.read()
"""


def holder(path: Path) -> tuple[subprocess.Popen[str], Path]:
    """A process that holds a spool until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def make_old(folder: Path) -> None:
    past = folder.stat().st_mtime - OLD - 1
    os.utime(folder, (past, past))


def test_what_a_living_process_writes_stays_however_old(tmp_path: Path) -> None:
    process, spool = holder(tmp_path)
    try:
        make_old(spool.parent)
        scratch = Scratch(tmp_path)
        assert scratch.clean() == []
        assert scratch.leftovers() == []
        assert (spool / "half").read_bytes() == b"written"
    finally:
        end(process)


def test_what_a_killed_process_left_goes_when_it_is_old(tmp_path: Path) -> None:
    process, spool = holder(tmp_path)
    end(process)
    scratch = Scratch(tmp_path)
    assert scratch.leftovers() == [spool.parent]
    assert scratch.clean() == [], "it may be about to be locked"
    make_old(spool.parent)
    assert scratch.clean() == [spool.parent]
    assert not spool.exists()


def test_opening_a_store_clears_away_what_is_old(tmp_path: Path) -> None:
    place = tmp_path / ".twice"
    Store.open(place).close()
    process, spool = holder(place / "tmp")
    end(process)
    make_old(spool.parent)
    with Store.open(place) as store:
        assert not spool.exists()
        assert store.check().leftovers == ()


def test_a_process_that_ends_in_order_leaves_nothing(tmp_path: Path) -> None:
    process, spool = holder(tmp_path)
    process.communicate("")
    assert process.returncode == 0
    assert not spool.exists()
    assert list(tmp_path.iterdir()) == []


def test_two_stores_of_one_process_do_not_clear_away_each_others_things(tmp_path: Path) -> None:
    one, other = Scratch(tmp_path), Scratch(tmp_path)
    spool = one.spool()
    make_old(spool.parent)
    assert other.clean() == []
    other.spool()
    other.close()
    assert spool.is_dir()
    one.close()
    assert list(tmp_path.iterdir()) == []


def test_every_spool_is_fresh(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path)
    assert len({scratch.spool() for _ in range(10)}) == 10
    assert len({scratch.file() for _ in range(10)}) == 10
    scratch.close()
    assert scratch.spool().is_dir(), "it can be used again"
    scratch.close()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # this process has threads; the child uses none
def test_a_child_that_is_forked_does_not_take_the_parents_things_with_it(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path)
    spool = scratch.spool()
    process = os.fork()
    if process == 0:
        status = 1
        try:
            assert scratch.spool().parent != spool.parent
            scratch.close()
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
    assert spool.is_dir()
    other = Scratch(tmp_path)
    make_old(spool.parent)
    assert other.clean() == []
    scratch.close()
    assert list(tmp_path.iterdir()) == []
