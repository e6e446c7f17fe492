"""Many small objects in one file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twice.errors import Damaged
from twice.records.digest import Digest, digest_bytes
from twice.store import Store, packs
from twice.store.backend import Backend
from twice.store.memory import MemoryBackend
from twice.store.packs import FEW, SMALL, Member, members, packed, taken_out

PARTS = [f"part {number} ".encode() * 50 for number in range(FEW)]


def packs_of(store: Store) -> list[Path]:
    return sorted((store.path / "packs").glob("*/*"))


def test_small_objects_that_come_together_lie_in_one_file(store: Store) -> None:
    digests = store.put_many(PARTS)
    assert len(packs_of(store)) == 1
    assert list((store.path / "objects").glob("*/*")) == []
    assert [store.get(digest) for digest in digests] == PARTS
    assert [store.size(digest) for digest in digests] == list(map(len, PARTS))
    assert [bytes(store.map(digest)) for digest in digests] == PARTS
    assert [store.file(digest).read_bytes() for digest in digests] == PARTS
    assert all(store.has(digest) for digest in digests)


def test_few_or_large_ones_are_files_of_their_own(store: Store) -> None:
    store.put_many(PARTS[: FEW - 1])
    store.put_many(os.urandom(SMALL) for _ in range(3))
    assert packs_of(store) == []


def test_another_store_object_sees_what_was_packed_meanwhile(store: Store) -> None:
    with Store.open(store.path) as other:
        assert not other.has(digest_bytes(PARTS[0]))
        digests = store.put_many(PARTS)
        assert other.get(digests[3]) == PARTS[3]


def test_what_is_packed_is_packed_once(store: Store) -> None:
    store.put_many(PARTS)
    with Store.open(store.path) as other:
        other.put_many([*PARTS, *(part + b"!" for part in PARTS)])
        other.put_many(PARTS)
    assert len(packs_of(store)) == 2
    assert store.check().objects == 2 * len(PARTS)


def test_compressing_is_decided_for_each_member_and_recorded() -> None:
    noise = [os.urandom(500) for _ in range(4)]
    items = [(digest_bytes(data), data) for data in [*PARTS, *noise]]
    backend = MemoryBackend()
    backend.write([("packs/ab/cd", packed(list(items)))])
    stored = dict(members(backend, "packs/ab/cd"))
    assert {stored[digest_bytes(data)].how for data in PARTS} == {1}
    assert {stored[digest_bytes(data)].how for data in noise} == {0}
    assert backend.size("packs/ab/cd") < sum(len(data) for _, data in items) / 2


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=300), min_size=1, unique=True))
def test_every_member_comes_back(many: list[bytes]) -> None:
    backend = MemoryBackend()
    backend.write([("packs/ab/cd", packed([(digest_bytes(data), data) for data in many]))])
    found = {
        digest: bytes(taken_out(backend.map(member.pack), member)) for digest, member in members(backend, "packs/ab/cd")
    }
    assert found == {digest_bytes(data): data for data in many}


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_pack_with_flipped_bits_gives_right_bytes_or_is_damaged(data: st.DataObject) -> None:
    pack = packed([(digest_bytes(part), part) for part in PARTS])
    place = data.draw(st.integers(0, len(pack) - 1))
    pack[place] ^= 1 << data.draw(st.integers(0, 7))
    backend = MemoryBackend()
    backend.write([("packs/ab/cd", pack[: data.draw(st.sampled_from([len(pack), len(pack) - 1, 20]))])])
    try:
        found = list(members(backend, "packs/ab/cd"))
    except Damaged:
        return
    for digest, member in found:
        try:
            taken = taken_out(backend.map(member.pack), member)
        except Damaged:
            continue
        assert bytes(taken) in PARTS or digest_bytes(taken) != digest


def test_a_member_that_unpacks_to_more_than_it_says_is_never_unpacked_whole(store: Store) -> None:
    """A decompression bomb: a thousand times more than its row says."""
    import zlib

    bomb = zlib.compress(bytes(100 << 20), 9)
    with pytest.raises(Damaged, match="has not the 10 bytes"):
        taken_out(memoryview(bomb), Member("packs/ab/cd", 0, len(bomb), 10, 1))
    with pytest.raises(Damaged, match="in a way that"):
        taken_out(memoryview(bomb), Member("packs/ab/cd", 0, len(bomb), 100 << 20, 1))


def test_a_table_that_leads_out_of_its_pack_is_refused() -> None:
    backend: Backend = MemoryBackend()
    for place, value in ((-16, 1 << 60), (-16, 2), (-41, 1 << 62)):
        data = packed([(digest_bytes(b"one"), b"one")])
        end = place + 8 if place + 8 else len(data)
        data[place:end] = value.to_bytes(8, "little")
        backend.write([("packs/ab/cd", data)])
        with pytest.raises(Damaged):
            list(members(backend, "packs/ab/cd"))


def test_a_damaged_member_is_found_and_putting_it_again_mends_it(store: Store) -> None:
    noise = [os.urandom(500) for _ in range(FEW)]
    digests = store.put_many(noise)
    [pack] = packs_of(store)
    data = bytearray(pack.read_bytes())
    data[data.index(noise[2])] ^= 1
    pack.chmod(0o644)
    pack.write_bytes(data)
    with Store.open(store.path) as other:
        with pytest.raises(Damaged):
            other.get(digests[2])
        assert [problem.name for problem in other.check().problems] == [digests[2]]
        assert other.get(digests[3]) == noise[3], "the others are not harmed"
        assert other.put(noise[2]) == digests[2]
        assert other.get(digests[2]) == noise[2]
        assert other.check().ok


def test_a_truncated_pack_is_damaged_and_putting_its_members_again_mends_them(store: Store) -> None:
    digests = store.put_many(PARTS)
    [pack] = packs_of(store)
    pack.chmod(0o644)
    os.truncate(pack, 100)
    with Store.open(store.path) as other:
        assert [problem.kind for problem in other.check().problems] == ["pack"]
        assert not other.has(digests[0])
        other.put_many(PARTS)
        assert [other.get(digest) for digest in digests] == PARTS


def test_adopted_small_files_are_packed_and_gone(store: Store) -> None:
    spool = store.spool()
    for number, part in enumerate(PARTS):
        (spool / str(number)).write_bytes(part)
    digests = store.adopt_many(spool / str(number) for number in range(len(PARTS)))
    assert [store.get(digest) for digest in digests] == PARTS
    assert list(spool.iterdir()) == []
    assert len(packs_of(store)) == 1


def test_many_files_are_put_at_once_and_not_read_again(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    files = [folder / f"{number}.txt" for number in range(200)]
    for number, file in enumerate(files):
        file.write_text(f"content {number % 150}\n")
        os.utime(file, ns=(1, 1))
    big = folder / "big"
    big.write_bytes(bytes(SMALL + 1))
    digests = store.put_files([*files, big])
    assert [store.get(digest) for digest in digests] == [file.read_bytes() for file in [*files, big]]
    assert digests == [store.digest_file(file) for file in [*files, big]]
    files[7].write_text("other\n")
    assert store.get(store.put_files(files)[7]) == b"other\n"
    assert len(packs_of(store)) == 1


def test_unchanged_files_are_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from twice.store import files as module

    monkeypatch.setattr(module, "SETTLED", -1)  # as if they had been left alone
    files = [tmp_path / f"{number}.txt" for number in range(FEW)]
    for number, file in enumerate(files):
        file.write_text(f"content {number}\n")
    path = tmp_path / ".twice"
    with Store.open(path) as store:
        digests = store.put_files(files)
    for file in files:
        file.chmod(0o644)  # touches the entry only, which is noticed
    with Store.open(path) as store:
        assert store.put_files(files) == digests
    opened: list[str] = []
    real = os.open

    def opening(file: str, flags: int, mode: int = 0o777) -> int:
        opened.append(str(file))
        return real(file, flags, mode)

    monkeypatch.setattr(os, "open", opening)
    with Store.open(path) as store:
        assert store.put_files(files) == digests
    assert not [name for name in opened if name.endswith(".txt")]


def test_a_pack_that_was_tampered_with_is_not_relied_on(store: Store, tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.txt" for number in range(FEW)]
    for number, file in enumerate(files):
        file.write_bytes(PARTS[number])
    digests = store.put_files(files)
    [pack] = packs_of(store)
    pack.chmod(0o644)
    data = bytearray(pack.read_bytes())
    data[9] ^= 1
    pack.write_bytes(data)
    with Store.open(store.path) as other:
        assert other.put_files(files) == digests
        assert [other.get(digest) for digest in digests] == PARTS


def test_a_name_that_is_no_pack_does_no_harm(store: Store) -> None:
    digests = store.put_many(PARTS)
    stray = store.path / packs.FOLDER / "README"
    stray.write_text("hello")
    with Store.open(store.path) as other:
        assert other.get(digests[0]) == PARTS[0]
        assert str(stray.relative_to(store.path)) in other.check().leftovers
    assert isinstance(digests[0], Digest)
