from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from twice.errors import Damaged
from twice.records.artifact import Artifact
from twice.records.canonical import decode as decode_record
from twice.records.canonical import encode as encode_record
from twice.records.digest import Digest, digest_bytes
from twice.values import artifact
from twice.values.compare import difference
from twice.values.encode import encode
from twice.values.fingerprint import fingerprint
from twice.values.kind import BufferSource
from values import samples
from values.helpers import in_memory


class Shelf:
    """The least that a store is: bytes under their digest."""

    def __init__(self) -> None:
        self.objects: dict[Digest, bytes] = {}

    def put(self, source: BufferSource) -> Digest:
        data = bytes(in_memory(source))
        digest = digest_bytes(data)
        self.objects[digest] = data
        return digest

    def read(self, digest: Digest) -> memoryview:
        return memoryview(bytearray(self.objects[digest]))


VALUES = samples.everything()


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_a_value_is_put_down_and_fetched(value: Any) -> None:
    shelf = Shelf()
    stored = artifact.put(encode(value), shelf.put)
    assert decode_record(encode_record(stored), Artifact) == stored
    assert stored.content == fingerprint(value)
    assert stored.size >= sum(len(shelf.objects[digest]) for digest in set(stored.objects))
    back = artifact.fetch(stored, shelf.read)
    assert fingerprint(back) == stored.content
    assert difference(artifact.term(stored, shelf.read), artifact.term(stored, shelf.read)) is None


def test_equal_buffers_are_stored_once_and_come_back_apart() -> None:
    shelf = Shelf()
    stored = artifact.put(encode([np.zeros(10_000), np.zeros(10_000)]), shelf.put)
    assert stored.buffers[0] == stored.buffers[1]
    one = memoryview(bytearray(shelf.objects[stored.buffers[0]]))
    back = artifact.fetch(stored, lambda digest: one if digest == stored.buffers[0] else shelf.read(digest))
    back[0][0] = 1
    assert back[1][0] == 0


def test_an_unchanged_array_in_a_changed_value_brings_no_new_bytes() -> None:
    shelf, array = Shelf(), np.arange(100_000)
    artifact.put(encode({"array": array, "note": "first"}), shelf.put)
    before = len(shelf.objects)
    artifact.put(encode({"array": array.copy(), "note": "second"}), shelf.put)
    assert len(shelf.objects) == before + 1


def test_a_value_of_a_kind_has_the_kinds_name() -> None:
    shelf = Shelf()
    values: list[Any] = [None, 1, [], np.zeros(1), samples.Trap()]
    kinds = [artifact.put(encode(value), shelf.put).kind for value in values]
    assert kinds == ["None", "int", "list", "numpy.ndarray", "object"]


def test_code_is_called_only_where_the_record_says_so() -> None:
    shelf = Shelf()
    stored = artifact.put(encode(samples.Trap()), shelf.put)
    samples.Trap.sprung.clear()
    artifact.term(stored, shelf.read)
    forged = Artifact(kind="int", content=stored.content, skeleton=stored.skeleton, size=stored.size)
    with pytest.raises(Damaged):
        artifact.fetch(forged, shelf.read)
    assert samples.Trap.sprung == []


def test_a_record_whose_content_is_not_that_of_its_parts_is_refused() -> None:
    shelf = Shelf()
    stored, other = (artifact.put(encode(number), shelf.put) for number in (1, 2))
    forged = Artifact(kind="int", content=stored.content, skeleton=other.skeleton, size=stored.size)
    with pytest.raises(Damaged):
        artifact.term(forged, shelf.read)
