"""Every backend behaves as the dictionary in memory does."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from store.building import put_run, ref_to
from twice.errors import NotFound
from twice.store import Store
from twice.store.backend import Backend
from twice.store.index import Index
from twice.store.local import LocalBackend
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


@pytest.mark.parametrize("hard_links", [True, False])
def test_of_many_claims_at_one_instant_one_wins(tmp_path: Path, hard_links: bool) -> None:
    with_links = [LocalBackend(tmp_path, Scratch(tmp_path / "tmp"), hard_links=hard_links) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        for turn in range(20):
            name = f"refs/churn/{turn}"
            won = list(threads.map(lambda pair: pair[1].claim(name, b"%d" % pair[0]), enumerate(with_links)))  # noqa: B023
            assert won.count(True) == 1
            assert with_links[0].read(name) == b"%d" % won.index(True)


def test_a_store_works_over_bytes_that_are_in_no_folder(tmp_path: Path) -> None:
    with Store(tmp_path, MemoryBackend(), Scratch(tmp_path / "tmp"), Index(None)) as store:
        done = put_run(store)
        store.set_label("churn", "v1.0", ref_to(done))
        assert store.resolve("v1.0").run == done.run
        spooled = store.spool() / "file"
        spooled.write_bytes(b"spooled")
        assert store.file(store.adopt(spooled)).read_bytes() == b"spooled"
        assert store.check().ok
