"""Every backend behaves as the dictionary in memory does."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from store.building import put_run, ref_to
from store.nobody import as_nobody
from twice.errors import NotFound
from twice.store import Store
from twice.store.backend import Backend
from twice.store.index import Index
from twice.store.local import STALE, LocalBackend
from twice.store.memory import MemoryBackend
from twice.store.scratch import Scratch

NAMES = st.sampled_from(
    ["objects/ab/1", "objects/ab/12", "objects/cd/1", "refs/churn/v1", "refs/churn%40/v1", "format"]
)
DATA = st.binary(max_size=20)


class BothBackends(RuleBasedStateMachine):
    """The same verbs to both; every answer must be the same."""

    hard_links = True

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "store"
        self.scratch = Scratch(self.path / "tmp")
        self.local: Backend = LocalBackend(self.path, self.scratch, hard_links=self.hard_links)
        self.memory: Backend = MemoryBackend()

    def teardown(self) -> None:
        self.scratch.close()
        self.folder.cleanup()

    @rule(items=st.lists(st.tuples(NAMES, DATA), max_size=4, unique_by=lambda item: item[0]))
    def write(self, items: list[tuple[str, bytes]]) -> None:
        self.local.write(items)
        self.memory.write(items)

    @rule(name=NAMES, data=DATA)
    def adopt(self, name: str, data: bytes) -> None:
        for backend in (self.local, self.memory):
            file = self.scratch.file()
            file.write_bytes(data)
            backend.adopt([(name, file)])
            assert not file.exists()

    @rule(name=NAMES, data=DATA)
    def claim(self, name: str, data: bytes) -> None:
        assert self.local.claim(name, data) == self.memory.claim(name, data)

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        self.local.delete([name])
        self.memory.delete([name])

    @rule(moves=st.lists(st.tuples(NAMES, NAMES), max_size=3))
    def move(self, moves: list[tuple[str, str]]) -> None:
        self.local.move(moves)
        self.memory.move(moves)

    @rule(name=NAMES)
    def read(self, name: str) -> None:
        assert self.local.exists(name) == self.memory.exists(name)
        if self.memory.exists(name):
            data = self.memory.read(name)
            assert self.local.read(name) == data
            assert self.local.map(name) == self.memory.map(name) == data
            assert self.local.size(name) == self.memory.size(name) == len(data)
            assert self.local.file(name).read_bytes() == self.memory.file(name).read_bytes() == data
            self.local.settle([name])
        else:
            for backend in (self.local, self.memory):
                for ask in (backend.read, backend.map, backend.size, backend.file):
                    with pytest.raises(NotFound):
                        ask(name)

    @invariant()
    def both_list_the_same(self) -> None:
        for prefix in ("objects/", "objects/ab/1", "objects/a", "refs/churn/", "records/", "format"):
            assert self.local.names(prefix) == self.memory.names(prefix)


class WithoutHardLinks(BothBackends):
    hard_links = False


TestLocal = BothBackends.TestCase
TestLocal.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)
TestLocalWithoutHardLinks = WithoutHardLinks.TestCase
TestLocalWithoutHardLinks.settings = settings(max_examples=10, stateful_step_count=15, deadline=None)


def no_locks(descriptor: int, operation: int) -> None:
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))


@pytest.mark.parametrize(("hard_links", "locks"), [(True, True), (False, True), (False, False)])
def test_of_many_claims_at_one_instant_one_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hard_links: bool, locks: bool
) -> None:
    if not locks:
        monkeypatch.setattr(fcntl, "flock", no_locks)
    backends = [LocalBackend(tmp_path, Scratch(tmp_path / "tmp"), hard_links=hard_links) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        for turn in range(20):
            name = f"refs/churn/{turn}"
            won = list(threads.map(lambda pair: pair[1].claim(name, b"%d" % pair[0]), enumerate(backends)))  # noqa: B023
            assert won.count(True) == 1
            assert backends[0].read(name) == b"%d" % won.index(True)


def test_the_turn_of_a_process_that_died_while_claiming_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "flock", no_locks)
    backend = LocalBackend(tmp_path, Scratch(tmp_path / "tmp"), hard_links=False)
    left = tmp_path / "tmp" / "claiming.lock"
    left.mkdir(parents=True)
    os.utime(left, (0, time.time() - STALE - 1))
    assert backend.claim("refs/churn/v1", b"first")
    assert not left.exists()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # this process has threads; the child uses none
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_may_not_be_read_is_said_to_be_that_and_not_to_be_missing(kind: str) -> None:
    place = Path(tempfile.mkdtemp())  # not below tmp_path, which only its owner may enter
    try:
        with Store.open(place) as store:
            digest = store.put(b"mine alone")
            file = store.file(digest)
            target = file if kind == "file" else file.parent
            target.chmod(0)
        place.chmod(0o755)
        said = as_nobody(lambda: Store.open(place, create=False).get(digest))
        assert said.startswith("StoreUnusable"), said
        assert "Permission denied" in said and file.name in said and "hint: give yourself the right" in said
    finally:
        target.chmod(0o755)
        shutil.rmtree(place)


def test_a_store_works_over_bytes_that_are_in_no_folder(tmp_path: Path) -> None:
    with Store(tmp_path, MemoryBackend(), Scratch(tmp_path / "tmp"), Index(None)) as store:
        done = put_run(store)
        store.set_label("churn", "v1.0", ref_to(done))
        assert store.resolve("v1.0").run == done.run
        spooled = store.spool() / "file"
        spooled.write_bytes(b"spooled")
        assert store.file(store.adopt(spooled)).read_bytes() == b"spooled"
        assert store.check().ok
