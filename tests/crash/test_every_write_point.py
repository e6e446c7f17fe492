"""A store that is cut short at each of its write points, one after the other."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from store.building import NOON, Done, put_run, ref_to
from twice.errors import NotFound
from twice.records.run import RunRecord
from twice.store import Store
from twice.store.backend import Backend
from twice.store.index import Index
from twice.store.memory import MemoryBackend
from twice.store.scratch import Scratch
from twice.testing.backends import FaultyBackend, every_fault

Reported = list[tuple[str, str]]


def opened(backend: Backend, place: Path) -> Store:
    return Store(place, backend, Scratch(place / "tmp"), Index(None))


def day(store: Store, reported: Reported, place: Path) -> None:
    """Files put and adopted, two runs filed, and both saved under one label, which the second does not get."""
    for digest in store.put_many([b"%d" % number * 40 for number in range(20)]):
        reported.append(("object", digest))
    outside = place / "outside"
    outside.write_bytes(b"a file of the user's")
    reported.append(("object", store.put_file(outside)))
    spooled = store.spool() / "output"
    spooled.write_bytes(b"an output")
    reported.append(("object", store.adopt(spooled)))
    first = put_run(store)
    reported.append(("run", first.run))
    store.set_label("churn", "v1.0", ref_to(first))
    reported.append(("name", "churn@v1.0"))
    second = put_run(store, seed=1, started=NOON + 1)
    reported.append(("run", second.run))
    store.set_name("best", ref_to(second))
    reported.append(("name", "best"))
    store.set_label("churn", "v1.0", ref_to(first))  # again: changes nothing


def held(store: Store, reported: Reported) -> None:
    """What was reported is there, and nothing half-written is taken for whole."""
    report = store.check()
    assert report.problems == ()
    runs = {digest for digest, _ in store.runs()}
    for kind, name in reported:
        match kind:
            case "object":
                assert store.get(name)  # type: ignore[arg-type]
            case "run":
                assert name in runs
            case "name":
                assert store.resolve(name).run is not None
    for ref in (*store.refs(), *store.names().values()):
        assert store.load(ref.run, RunRecord).version == ref.version


@pytest.mark.parametrize("stays_dead", [True, False], ids=["a crash", "a fault that passes"])
def test_what_is_cut_short_at_any_write_point_loses_nothing_and_can_be_done_again(
    tmp_path: Path, stays_dead: bool
) -> None:
    reported: Reported = []

    def story(backend: Backend) -> None:
        reported.clear()
        day(opened(backend, tmp_path), reported, tmp_path)

    points = 0
    for point, left in every_fault(MemoryBackend, story, stays_dead=stays_dead):
        points = point
        with opened(left, tmp_path) as store:
            held(store, reported)
            again: Reported = []
            day(store, again, tmp_path)
            held(store, again)
    assert points > 60, "the walk must come to every write point of the day"


def test_large_files_that_are_cut_short_at_any_write_point_lose_nothing_and_can_be_done_again(tmp_path: Path) -> None:
    """With an index that remembers what the last telling put, of which nothing is in the store of this one."""
    from crash.stories import STORIES

    told = STORIES["large"].told
    reported: Reported = []
    place = tmp_path / "store"
    place.mkdir()

    def story(backend: Backend) -> None:
        reported.clear()
        with remembering(backend) as store:
            told(store, lambda kind, name: reported.append((kind, name)))

    def remembering(backend: Backend) -> Store:
        return Store(place, backend, Scratch(place / "tmp"), Index(place / "index.sqlite"))

    points, recipes = 0, 0
    for point, left in every_fault(MemoryBackend, story):
        points, recipes = point, max(recipes, len(left.names("recipes/")))
        shutil.rmtree(place / "assembled", ignore_errors=True)
        with remembering(left) as store:
            held(store, reported)
            told(store, lambda kind, name: None)
            assert store.check().problems == ()
    assert points >= 12 and recipes >= 2, "the walk must come to every write point of what is filed by a recipe"


def test_a_second_save_that_meets_the_first_at_any_write_point_wins_or_is_told(tmp_path: Path) -> None:
    """Between any two write points of one save another comes by with another version under the same label."""
    from twice.errors import LabelTaken

    taken = 0
    for point in range(1, 10_000):
        inner = MemoryBackend()
        with opened(inner, tmp_path) as other:
            rival = put_run(other, seed=7)

            def come_by(other: Store = other, rival: Done = rival) -> None:
                other.set_label("churn", "v1.0", ref_to(rival))

            faulty = _Visited(inner, point, come_by)
            with opened(faulty, tmp_path) as store:
                mine = put_run(store)
                try:
                    store.set_label("churn", "v1.0", ref_to(mine))
                except LabelTaken as problem:
                    taken += 1
                    assert rival.version.short in str(problem)
                    assert store.resolve("v1.0").version == rival.version
                else:
                    if faulty.came:
                        raise AssertionError("the rival was first")
                    assert store.resolve("v1.0").version == mine.version
                    break
                assert store.check().ok
    assert taken > 30


class _Visited(FaultyBackend):
    """Lets somebody come by at a write point, instead of failing."""

    def __init__(self, inner: Backend, at: int, come_by: Callable[[], None]) -> None:
        super().__init__(inner)
        self.when = at
        self.come_by = come_by
        self.came = False

    def _point(self, verb: str) -> None:
        super()._point(verb)
        if self.points == self.when and verb != "claim":
            self.came = True
            self.come_by()


def test_a_run_that_was_not_reported_is_not_listed_half(tmp_path: Path) -> None:
    """At every write point of filing a run it is listed with all it refers to, or not at all."""

    def story(backend: Backend) -> None:
        put_run(opened(backend, tmp_path))

    for _, left in every_fault(MemoryBackend, story):
        with opened(left, tmp_path) as store:
            for digest, run in store.runs():
                assert store.load(digest, RunRecord) == run
                for result in run.steps:
                    assert result.trace is not None
            try:
                store.resolve("latest")
            except NotFound:
                assert store.runs() == []


def test_clearing_out_that_is_cut_short_at_any_write_point_loses_nothing_and_comes_to_its_end(tmp_path: Path) -> None:
    from crash.stories import before_clearing, clear, kept

    def make() -> Backend:
        backend = MemoryBackend()
        with opened(backend, tmp_path) as store:
            before_clearing(store)
        return backend

    reported: Reported = []

    def story(backend: Backend) -> None:
        reported.clear()
        with opened(backend, tmp_path) as store:
            clear(store, lambda kind, name: reported.append((kind, name)))

    points = 0
    for point, left in every_fault(make, story):
        points = point
        with opened(left, tmp_path) as store:
            assert store.check().problems == ()
            deleting = any(name.endswith(".deleting") for name in left.names("aside/"))
            if not deleting:
                kept(store, reported)
        with opened(left, tmp_path) as store:
            clear(store, lambda kind, name: None)
            assert store.check().problems == ()
            assert store.collector.aside() == 0
            assert len(store.runs()) == 2
    assert points > 15
