"""Our own backends sit the exam that strangers sit."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from twice.store.backend import Backend
from twice.store.local import LocalBackend
from twice.store.memory import MemoryBackend
from twice.store.scratch import Scratch
from twice.testing.backends import BackendExam, FaultyBackend


class TestLocal(BackendExam):
    hard_links = True

    @pytest.fixture(autouse=True)
    def somewhere(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def make(self) -> Backend:
        place = Path(tempfile.mkdtemp(dir=self.folder))
        return LocalBackend(place, Scratch(place / "tmp"), hard_links=self.hard_links)


class TestLocalWithoutHardLinks(TestLocal):
    hard_links = False


class TestMemory(BackendExam):
    def make(self) -> Backend:
        return MemoryBackend()


class TestFaultyWithoutAFault(BackendExam):
    def make(self) -> Backend:
        return FaultyBackend(MemoryBackend())


class _Forgetful(MemoryBackend):
    """Wrong on purpose: the exam must be one that can be failed."""

    def claim(self, name: str, data: bytes) -> bool:
        self.write([(name, data)])
        return True


def test_the_exam_can_be_failed() -> None:
    class Wrong(BackendExam):
        def make(self) -> Backend:
            return _Forgetful()

    for question in (Wrong().test_a_claim_is_won_once, Wrong().test_of_many_claims_at_one_instant_one_is_won):
        with pytest.raises(AssertionError):
            question()
