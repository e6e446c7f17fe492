"""Large objects that share long stretches with others."""

from __future__ import annotations

import io
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twice.errors import Damaged
from twice.records.digest import digest_bytes
from twice.store import Store, stretches
from twice.store.memory import MemoryBackend
from twice.store.recipes import Stretch, read, written
from twice.store.stretches import GRAIN, LARGE, Follower, Known, Piece

NOISE = random.Random(1).randbytes(LARGE + 512345)
OF_KNOWN, OF_FRESH = digest_bytes(b"known"), digest_bytes(b"fresh")


def size_on_disk(store: Store) -> int:
    return sum(
        file.stat().st_size for folder in ("objects", "packs", "recipes") for file in (store.path / folder).glob("*/*")
    )


EDITS: dict[str, tuple[Callable[[bytes], bytes], int]] = {
    "changed on the spot": (lambda data: data[:5_000_000] + bytes(1000) + data[5_001_000:], 20_000),
    "changed in many places": (lambda data: _spotted(data), 50 * 8192),
    "something put in": (lambda data: data[:7_000_001] + b"put in" + data[7_000_001:], 20_000),
    "something put in at the front": (lambda data: b"a header\n" + data, 20_000),
    "something left out": (lambda data: data[:3_000_000] + data[3_100_001:], 20_000),
    "put in and left out": (lambda data: b"x" * 77 + data[:4_000_000] + data[4_000_300:9_000_000] + data, 60_000),
    "more at the end": (lambda data: data + b"more" * 1000, 20_000),
    "an end left off": (lambda data: data[: LARGE + 1], 20_000),
}


def _spotted(data: bytes) -> bytes:
    changed = bytearray(data)
    for place in range(0, len(data), len(data) // 50):
        changed[place] ^= 1
    return bytes(changed)


@pytest.mark.parametrize("edit", EDITS)
def test_a_changed_large_file_stores_little_more_than_the_change(store: Store, tmp_path: Path, edit: str) -> None:
    change, most = EDITS[edit]
    file = tmp_path / "data.bin"
    file.write_bytes(NOISE)
    store.put_file(file)
    before = size_on_disk(store)
    file.write_bytes(change(NOISE))
    digest = store.put_file(file)
    assert digest == digest_bytes(file.read_bytes())
    assert size_on_disk(store) - before <= most
    assert store.size(digest) == file.stat().st_size
    assert store.get(digest) == file.read_bytes()
    assert store.file(digest).read_bytes() == file.read_bytes()
    target = tmp_path / "restored"
    store.copy_out(digest, target)
    assert target.read_bytes() == file.read_bytes()
    assert store.check().ok


def test_a_recipe_never_stands_on_a_recipe(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "data.bin"
    data = bytearray(NOISE)
    for turn in range(4):
        data[turn * 1_000_000 : turn * 1_000_000 + 10] = b"changed %02d" % turn
        file.write_bytes(data)
        digest = store.put_file(file)
        assert store.get(digest) == data
    recipes = {f"{path.parent.name}{path.name}" for path in (store.path / "recipes").glob("*/*")}
    assert len(recipes) == 3
    for path in (store.path / "recipes").glob("*/*"):
        made_of = {line.split(" ")[0] for line in path.read_text().splitlines()[1:-1]}
        assert not made_of & recipes
    assert size_on_disk(store) < len(NOISE) + 100_000


def test_a_file_that_changes_again_and_again_is_never_made_of_very_many_objects(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twice.store.recipes.MOST_PARTS", 3)
    file = tmp_path / "data.bin"
    data = bytearray(NOISE)
    for turn in range(6):
        data[turn * 1_000_000 : turn * 1_000_000 + 10] = b"changed %02d" % turn
        file.write_bytes(data)
        digest = store.put_file(file)
        assert store.get(digest) == data
        assert len({piece.digest for piece in store._shelves.pieces(digest)}) <= 3
    assert size_on_disk(store) < len(NOISE) + 100_000


def test_a_file_that_changed_in_thousands_of_places_needs_few_open_files(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "data.bin"
    data = bytearray(NOISE)
    file.write_bytes(data)
    store.put_file(file)
    for place in range(0, len(data), 3 * GRAIN):
        data[place] ^= 1
    file.write_bytes(data)
    digest = store.put_file(file)
    assert len((store.path / "recipes" / digest.hex[:2] / digest.hex[2:]).read_text().splitlines()) > 2000
    opened = Path("/proc/self/fd")
    before = len(list(opened.iterdir())) if opened.is_dir() else 0
    maps = list(store._shelves.pieces(digest))
    assert len(maps) > 2000
    if before:
        assert len(list(opened.iterdir())) - before < 5
    assert store.get(digest) == data


def test_another_file_that_has_nothing_in_common_is_filed_as_it_is(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "data.bin"
    file.write_bytes(NOISE)
    store.put_file(file)
    file.write_bytes(NOISE[:64] + random.Random(2).randbytes(len(NOISE)))
    digest = store.put_file(file)
    assert store.get(digest) == file.read_bytes()
    assert list((store.path / "recipes").glob("*/*")) == []


def test_an_output_that_is_like_another_is_still_a_whole_file_to_map(store: Store) -> None:
    spool = store.spool()
    (spool / "one").write_bytes(NOISE)
    changed = NOISE[:-1] + b"\0"
    (spool / "two").write_bytes(changed)
    digests = store.adopt_many([spool / "one", spool / "two"])
    assert list(spool.iterdir()) == []
    assert bytes(store.map(digests[1], verify=True)) == changed
    assert store.file(digests[1]).parent.parent.name == "assembled"
    store.file(digests[1]).unlink()
    assert store.file(digests[1]).read_bytes() == changed, "it is made again"


def test_what_a_damaged_stretch_makes_is_noticed_and_mended(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "data.bin"
    file.write_bytes(NOISE)
    base = store.put_file(file)
    changed = NOISE[:-1] + b"\0"
    file.write_bytes(changed)
    digest = store.put_file(file)
    path = store.file(base)
    path.chmod(0o644)
    with path.open("r+b") as opened:
        opened.write(b"\0\0\0")
    with Store.open(store.path) as other:
        assert {problem.name for problem in other.check().problems} == {base, digest}
        with pytest.raises(Damaged):
            other.get(digest)
        assert other.put_file(file) == digest
        assert other.get(digest) == changed
        assert {problem.name for problem in other.check().problems} == {base}


@pytest.mark.parametrize("harm", ["a flipped bit", "shortened"])
def test_a_damaged_recipe_is_noticed_and_mended(store: Store, tmp_path: Path, harm: str) -> None:
    file = tmp_path / "data.bin"
    file.write_bytes(NOISE)
    store.put_file(file)
    file.write_bytes(NOISE[:-1] + b"\0")
    digest = store.put_file(file)
    [path] = (store.path / "recipes").glob("*/*")
    text = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(text[:-10] if harm == "shortened" else text.replace(b" 0 ", b" 1 ", 1))
    with Store.open(store.path) as other:
        assert [problem.name for problem in other.check().problems] == [digest]
        with pytest.raises(Damaged):
            other.get(digest)
        other.put_file(file)
        assert other.get(digest) == file.read_bytes()
        assert other.check().ok


def test_without_an_index_more_is_stored_and_nothing_is_wrong(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "data.bin"
    file.write_bytes(NOISE)
    store.put_file(file)
    store.close()
    for index in store.path.glob("index.sqlite*"):
        index.unlink()
    file.write_bytes(NOISE[:-1] + b"\0")
    with Store.open(store.path) as other:
        digest = other.put_file(file)
        assert other.get(digest) == file.read_bytes()
        assert other.check().ok


PIECES = st.lists(
    st.tuples(st.sampled_from(["keep", "skip", "new", "again"]), st.integers(0, 300), st.integers(0, 40)), max_size=12
)


@settings(max_examples=150, deadline=None)
@given(edits=PIECES, cut=st.integers(1, 4000), block=st.integers(70, 700), seed=st.integers(0, 3), honest=st.booleans())
def test_a_followed_file_is_made_again_byte_for_byte(
    edits: list[tuple[str, int, int]], cut: int, block: int, seed: int, honest: bool
) -> None:
    """Whatever was kept, left out, put in or repeated; the grain made small so that small files show it.

    What is seen ahead may be something else by the time that it is read.
    """
    known = random.Random(seed).randbytes(3000) + bytes(500) + b"abcd" * 125
    file, place = bytearray(), 0
    for what, length, number in edits:
        if what == "keep":
            file += known[place : place + length * 8]
            place += length * 8
        elif what == "skip":
            place += length
        elif what == "new":
            file += random.Random(number).randbytes(length)
        else:
            place = max(0, place - length * 4)
    pieces = [Piece(OF_KNOWN, 0, memoryview(known)[:cut]), Piece(OF_KNOWN, cut, memoryview(known)[cut:])]
    fresh = io.BytesIO()
    ahead = bytes(file) if honest else known

    def peek(place: int, count: int) -> bytes:
        return ahead[place : place + count]

    follower = Follower(Known(pieces), fresh, peek)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stretches, "GRAIN", 16)
        patch.setattr(stretches, "_LATER", (0, 100, 1000))
        for start in range(0, len(file), block):
            part = bytearray(file[start : start + block])
            follower.block(part, len(part))
    made = b"".join(
        (fresh.getvalue() if one.digest == OF_FRESH else known)[one.offset : one.offset + one.length]
        for one in follower.stretches(OF_FRESH)
    )
    assert made == file
    assert follower.size == len(file)


def test_a_recipe_is_text_that_vouches_for_itself() -> None:
    many = [Stretch(OF_KNOWN, 0, 10), Stretch(OF_FRESH, 3, 1 << 40)]
    backend = MemoryBackend()
    backend.write([("recipes/ab/cd", written(many))])
    assert read(backend, "recipes/ab/cd") == tuple(many)
    data = backend.read("recipes/ab/cd")
    for place in range(len(data)):
        backend.write([("recipes/ab/cd", data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])])
        with pytest.raises(Damaged):
            read(backend, "recipes/ab/cd")
    assert os.linesep.encode() in data
