"""The exam for backends, and a backend that fails on purpose.

A backend of your own sits the exam in a test of your own::

    from twice.testing.backends import BackendExam

    class TestMine(BackendExam):
        def make(self):
            return MyBackend(...)  # a new, empty one

Each question is a method named ``test_…``, so pytest finds them; none needs pytest.
"""

# ruff: noqa: D102 - the questions are described by their names
from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

from twice.errors import NotFound
from twice.store.backend import Backend, Bytes

_DATA = (b"", b"\0", b"text\n", bytes(range(256)) * 300)
_NAMES = ("objects/ab/1", "objects/ab/12", "objects/cd/1", "refs/churn%40/v1", "format")


class BackendExam:
    """What every backend has to be able to do; a subclass says how one is made."""

    def make(self) -> Backend:
        """A new backend with nothing in it."""
        raise NotImplementedError

    def test_what_was_written_comes_back_by_every_way_of_reading(self) -> None:
        backend = self.make()
        items = {f"objects/ab/{number}": data for number, data in enumerate(_DATA)}
        backend.write(items.items())
        for name, data in items.items():
            assert backend.read(name) == data, "read gives the bytes that were written"
            assert bytes(backend.map(name)) == data, "map gives the bytes that were written"
            assert backend.map(name).readonly, "what is mapped cannot be written to"
            assert backend.file(name).read_bytes() == data, "file leads to the bytes that were written"
            assert backend.size(name) == len(data), "size counts the bytes"
            assert backend.exists(name), "what was written is there"

    def test_views_are_written_as_the_bytes_they_show(self) -> None:
        backend = self.make()
        backend.write([("objects/ab/1", memoryview(b"a view")), ("objects/ab/2", bytearray(b"an array"))])
        assert backend.read("objects/ab/1") == b"a view"
        assert backend.read("objects/ab/2") == b"an array"

    def test_what_is_not_there_is_said_to_be_not_found(self) -> None:
        backend = self.make()
        backend.write([("objects/ab/1", b"")])
        for name in ("objects/ab/2", "objects/ab", "objects/ab/1/2", "nothing"):
            assert not backend.exists(name), f"{name} does not exist"
            for ask in (backend.read, backend.map, backend.size, backend.file):
                try:
                    ask(name)
                except NotFound:
                    continue
                raise AssertionError(f"{ask.__name__} must raise NotFound for a name that has nothing")

    def test_names_are_listed_by_any_beginning_and_sorted(self) -> None:
        backend = self.make()
        backend.write((name, b"x") for name in reversed(_NAMES))
        for beginning in ("", "objects/", "objects/ab/1", "objects/a", "refs/churn", "format", "records/", "x"):
            expected = sorted(name for name in _NAMES if name.startswith(beginning))
            if beginning:  # a backend may keep things of its own beside what it was given
                assert backend.names(beginning) == expected, f"names({beginning!r})"

    def test_writing_again_replaces(self) -> None:
        backend = self.make()
        for data in _DATA:
            backend.write([("objects/ab/1", data)])
            assert backend.read("objects/ab/1") == data

    def test_what_is_mapped_stays_as_it_is_when_the_name_gets_other_bytes(self) -> None:
        backend = self.make()
        backend.write([("objects/ab/1", b"before")])
        mapped = backend.map("objects/ab/1")
        backend.write([("objects/ab/1", b"after.")])
        assert bytes(mapped) == b"before", "readers are not disturbed by writers"
        backend.delete(["objects/ab/1"])
        assert bytes(mapped) == b"before", "nor by what is taken away"

    def test_adopted_files_are_gone_and_their_bytes_are_there(self) -> None:
        backend = self.make()
        with tempfile.TemporaryDirectory() as folder:
            files = [Path(folder) / str(number) for number in range(len(_DATA))]
            for file, data in zip(files, _DATA, strict=True):
                file.write_bytes(data)
            backend.adopt((f"objects/ab/{file.name}", file) for file in files)
            assert [file.exists() for file in files] == [False] * len(files)
        assert [backend.read(f"objects/ab/{number}") for number in range(len(_DATA))] == list(_DATA)

    def test_a_claim_is_won_once(self) -> None:
        backend = self.make()
        assert backend.claim("refs/churn/v1", b"first") is True
        assert backend.claim("refs/churn/v1", b"second") is False
        assert backend.claim("refs/churn/v1", b"first") is False, "also where the bytes are the same"
        assert backend.read("refs/churn/v1") == b"first"
        backend.delete(["refs/churn/v1"])
        assert backend.claim("refs/churn/v1", b"second") is True, "a name that was freed can be claimed"

    def test_of_many_claims_at_one_instant_one_is_won(self) -> None:
        backend = self.make()
        with ThreadPoolExecutor(8) as threads:
            for turn in range(10):
                name = f"refs/churn/{turn}"
                claims = [threads.submit(backend.claim, name, str(number).encode()) for number in range(8)]
                won = [claim.result() for claim in claims]
                assert won.count(True) == 1, f"{won.count(True)} of 8 claims were won"
                assert backend.read(name) == str(won.index(True)).encode()

    def test_things_move_in_the_order_given(self) -> None:
        backend = self.make()
        backend.write([("a/1", b"one"), ("a/2", b"two")])
        backend.move([("a/1", "b/1"), ("a/none", "b/none"), ("a/2", "b/1"), ("b/1", "c/1")])
        assert backend.names("a/") == [] and backend.names("b/") == []
        assert backend.names("c/") == ["c/1"]
        assert backend.read("c/1") == b"two", "what had the new name is replaced"

    def test_what_is_deleted_is_gone_and_deleting_nothing_is_no_error(self) -> None:
        backend = self.make()
        backend.write((name, b"x") for name in _NAMES)
        backend.delete([_NAMES[0], "objects/none", _NAMES[1]])
        assert [name for name in _NAMES if backend.exists(name)] == list(_NAMES[2:])

    def test_settling_changes_nothing(self) -> None:
        backend = self.make()
        backend.write([("objects/ab/1", b"x")])
        backend.settle(["objects/ab/1"])
        assert backend.read("objects/ab/1") == b"x"

    def test_what_is_written_without_waiting_is_there_at_once_and_can_be_settled(self) -> None:
        backend = self.make()
        backend.write([("records/trace/ab/1", b"one"), ("records/trace/cd/1", b"two")], flush=False)
        assert backend.read("records/trace/ab/1") == b"one"
        assert backend.names("records/trace/") == ["records/trace/ab/1", "records/trace/cd/1"]
        backend.settle(["records/trace/ab/1", "records/trace/cd/1", "records/trace/none"], flush=True)
        assert backend.read("records/trace/cd/1") == b"two", "settling changes nothing, and what is gone is no error"

    def test_many_threads_write_and_read_at_once(self) -> None:
        backend = self.make()

        def work(number: int) -> bool:
            name, data = f"objects/{number % 7:02x}/{number % 20}", str(number % 20).encode() * 1000
            backend.write([(name, data)])
            return backend.read(name) == data and name in backend.names(f"objects/{number % 7:02x}/")

        with ThreadPoolExecutor(8) as threads:
            assert all(threads.map(work, range(140)))


class Fault(Exception):  # noqa: N818 - what is asked for is no error
    """The failure that was asked for."""


class FaultyBackend:
    """A backend that fails at its nth write point, and stays dead from then on, as after a crash.

    A write point is any moment in which things can be cut short: before each item of a verb that changes something, and
    after the last, when all is done and the caller does not know it yet. What the verb did up to there stays done.

    Args:
        inner: What does the work.
        at: At which write point it fails, counted from 1; None to count only.
        act: What happens there instead of raising :class:`Fault`, such as the end of the process.
        stays_dead: Whether everything after the fault fails too. Without it the fault is one that passes, as a disk
            that is full for a moment.
    """

    def __init__(
        self,
        inner: Backend,
        at: int | None = None,
        act: Callable[[], NoReturn] | None = None,
        *,
        stays_dead: bool = True,
    ) -> None:
        self.inner = inner
        self.at = at
        self.points = 0
        self.verbs: list[str] = []
        self._act = act
        self._stays_dead = stays_dead
        self._dead = False

    def read(self, name: str) -> bytes:
        """The bytes under a name."""
        return self._living().read(name)

    def map(self, name: str) -> memoryview:
        """The bytes under a name, read-only."""
        return self._living().map(name)

    def file(self, name: str) -> Path:
        """A file that holds the bytes."""
        return self._living().file(name)

    def size(self, name: str) -> int:
        """How many bytes are under a name."""
        return self._living().size(name)

    def exists(self, name: str) -> bool:
        """Whether there is something under a name."""
        return self._living().exists(name)

    def names(self, prefix: str) -> list[str]:
        """Every name that starts with a text."""
        return self._living().names(prefix)

    def write(self, items: Iterable[tuple[str, Bytes]], *, flush: bool = True) -> None:
        """Put bytes under names, one after the other."""
        for item in items:
            self._point("write")
            self.inner.write([item], flush=flush)
        self._point("write")

    def adopt(self, items: Iterable[tuple[str, Path]]) -> None:
        """Move files in, one after the other."""
        for item in items:
            self._point("adopt")
            self.inner.adopt([item])
        self._point("adopt")

    def settle(self, names: Iterable[str], *, flush: bool = False) -> None:
        """Make sure that names survive a crash."""
        self._point("settle")
        self.inner.settle(names, flush=flush)

    def claim(self, name: str, data: bytes) -> bool:
        """Put bytes under a name that has none."""
        self._point("claim")
        won = self.inner.claim(name, data)
        self._point("claim")
        return won

    def move(self, moves: Iterable[tuple[str, str]]) -> None:
        """Rename, one after the other."""
        for pair in moves:
            self._point("move")
            self.inner.move([pair])
        self._point("move")

    def delete(self, names: Iterable[str]) -> None:
        """Remove, one after the other."""
        for name in names:
            self._point("delete")
            self.inner.delete([name])
        self._point("delete")

    def _living(self) -> Backend:
        if self._dead:
            raise Fault("the backend is gone")
        return self.inner

    def _point(self, verb: str) -> None:
        self._living()
        self.points += 1
        self.verbs.append(verb)
        if self.points == self.at:
            self._dead = self._stays_dead
            if self._act is not None:
                self._act()
            raise Fault(f"write point {self.points} ({verb})")


def every_fault(
    make: Callable[[], Backend], story: Callable[[Backend], object], *, stays_dead: bool = True
) -> Iterator[tuple[int, Backend]]:
    """Tell a story again and again, each time cut short at the next of its write points.

    Args:
        make: A new backend, as it is when the story begins.
        story: Does something with a backend, always the same.
        stays_dead: As for :class:`FaultyBackend`.

    Yields:
        The number of the write point, and the backend as the fault left it, without further faults.
    """
    at = 1
    while True:
        faulty = FaultyBackend(make(), at, stays_dead=stays_dead)
        try:
            story(faulty)
        except Fault:
            yield at, faulty.inner
        else:
            if faulty.points < at:
                return
            yield at, faulty.inner  # the story took the fault in its stride
        at += 1
