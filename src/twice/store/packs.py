r"""Many small objects in one file, so that fifty thousand of them are not fifty thousand files and flushes.

A pack, filed under its own digest as ``packs/ab/cdef…``, is never changed once it is there::

    TWPACK1\n                                         8 bytes
    the members' stored bytes, one after the other
    the table, one row of 57 bytes for each member, sorted by digest:
        32 bytes   the member's BLAKE3 digest
         8 bytes   where its stored bytes begin, counted from the start of the file
         8 bytes   how many stored bytes there are
         8 bytes   how many bytes the member has
         1 byte    how it is stored: 0 as it is, 1 zlib
    how many rows there are                          8 bytes
    TWTABLE\n                                         8 bytes

All numbers are unsigned and little-endian. Whether compressing pays is decided for each member and recorded in its row.
"""

from __future__ import annotations

import struct
import threading
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from twice.errors import Damaged, NotFound
from twice.records.digest import ALGORITHM, Digest, digest_bytes
from twice.store.backend import Backend, Bytes
from twice.store.content import Content

FOLDER = "packs"
SMALL = 128 * 1024
"""Bytes below which an object goes into a pack, when it comes with others."""

FEW = 16
"""Fewer small objects than these are filed as files of their own."""

FULL = 64 << 20
"""Bytes from which on a pack is closed and another begun, so that clearing one out stays cheap."""

_HEAD, _TAIL = b"TWPACK1\n", b"TWTABLE\n"
_ROW = struct.Struct("<32sQQQB")
_COUNT = struct.Struct("<Q8s")
_PLAIN, _ZLIB = 0, 1
_TRIED = 8
"""Members of a pack that are compressed to see whether compressing pays."""


class Member(NamedTuple):
    """Where an object lies in a pack."""

    pack: str
    offset: int
    stored: int
    size: int
    how: int


class Packs:
    """The packs of a store, and which objects are in them.

    Args:
        content: Where they are filed.
    """

    def __init__(self, content: Content) -> None:
        self._content = content
        self._members: dict[str, Member] = {}
        self._known: set[str] = set()
        self._lock = threading.Lock()

    def find(self, digest: Digest, *, look: bool = True) -> Member | None:
        """Where an object lies, or None.

        Args:
            digest: The object.
            look: Whether to look for packs that were filed meanwhile; once is enough for many questions.
        """
        found = self._members.get(digest.hex)
        if found is None and look:
            self.look()
            found = self._members.get(digest.hex)
        return found

    def look(self) -> None:
        """Get to know packs that were filed, and forget those that are gone."""
        with self._lock:
            there = set(self._content.backend.names(f"{FOLDER}/"))
            if gone := self._known - there:
                self._members = {name: member for name, member in self._members.items() if member.pack not in gone}
                self._known -= gone
            for name in sorted(there - self._known):
                with suppress(NotFound, Damaged):
                    self._members.update(
                        (digest.hex, member) for digest, member in members(self._content.backend, name)
                    )
                self._known.add(name)

    def read(self, member: Member) -> Bytes:
        """A member's bytes, not yet held against its name.

        Raises:
            NotFound: The pack is gone.
            Damaged: They cannot be taken out.
        """
        return taken_out(self._content.backend.map(member.pack), member)

    def put(self, items: Iterable[tuple[Digest, Bytes]]) -> None:
        """File objects, in as many packs as they fill."""
        batch: list[tuple[Digest, Bytes]] = []
        size = 0
        for digest, data in items:
            batch.append((digest, data))
            size += len(data)
            if size >= FULL:
                self._file(batch)
                batch, size = [], 0
        if batch:
            self._file(batch)

    def _file(self, batch: list[tuple[Digest, Bytes]]) -> None:
        data = packed(batch)
        digest = digest_bytes(data)
        self._content.write([(pack_name(digest), digest, data)])
        with self._lock:
            name = pack_name(digest)
            self._members.update((member.hex, place) for member, place in _rows(memoryview(data), name))
            self._known.add(name)


def pack_name(digest: Digest) -> str:
    """Where a pack is filed."""
    return f"{FOLDER}/{digest.hex[:2]}/{digest.hex[2:]}"


def digest_of(name: str) -> Digest:
    """The digest of the pack that is filed under a name."""
    _, folder, rest = name.split("/")
    return Digest(f"{ALGORITHM}:{folder}{rest}")


def packed(batch: list[tuple[Digest, Bytes]]) -> bytearray:
    """A pack's bytes."""
    batch = sorted(batch)
    pays = _pays([data for _, data in batch])
    result = bytearray(_HEAD)
    rows = bytearray()
    for digest, data in batch:
        offset, how = len(result), _PLAIN
        if pays:
            small = zlib.compress(data, 1)
            if len(small) < 0.9 * len(data):
                result += small
                how = _ZLIB
        if how == _PLAIN:
            result += data
        rows += _ROW.pack(bytes.fromhex(digest.hex), offset, len(result) - offset, len(data), how)
    result += rows
    result += _COUNT.pack(len(batch), _TAIL)
    return result


def members(backend: Backend, name: str) -> Iterator[tuple[Digest, Member]]:
    """What a pack's table lists.

    Raises:
        NotFound: There is no such pack.
        Damaged: It has no readable table.
    """
    return _rows(backend.map(name), name)


def taken_out(pack: memoryview, member: Member) -> Bytes:
    """A member's bytes, taken out of its pack.

    Raises:
        Damaged: They cannot be.
    """
    stored = pack[member.offset : member.offset + member.stored]
    if member.how == _PLAIN:
        return stored
    if member.how != _ZLIB or member.size > SMALL:
        raise Damaged("a member of a pack is stored in a way that this Twice does not know.")
    opened = zlib.decompressobj()
    try:
        # One byte more than it should be is enough to see that it lies; no more than that is ever unpacked.
        data = opened.decompress(stored, member.size + 1)
    except zlib.error as problem:
        raise Damaged(f"a member of a pack cannot be unpacked: {problem}.") from problem
    if len(data) != member.size:
        raise Damaged(f"a member of a pack has not the {member.size} bytes that its row says.")
    return data


def _pays(many: list[Bytes]) -> bool:
    """Whether compressing some of them, from all over, saves a tenth or more."""
    tried = many[:: max(1, len(many) // _TRIED)]
    before = sum(len(data) for data in tried)
    return sum(len(zlib.compress(data, 1)) for data in tried) < 0.9 * before


def _rows(pack: memoryview, name: str) -> Iterator[tuple[Digest, Member]]:
    least = len(_HEAD) + _COUNT.size
    if len(pack) < least or pack[: len(_HEAD)] != _HEAD:
        raise Damaged(f"{name} is not a pack.")
    count, tail = _COUNT.unpack(pack[-_COUNT.size :])
    start = len(pack) - _COUNT.size - count * _ROW.size
    if tail != _TAIL or start < len(_HEAD):
        raise Damaged(f"{name} is a pack without its table.")
    found = []
    for digest, offset, stored, size, how in _ROW.iter_unpack(pack[start : len(pack) - _COUNT.size]):
        if offset + stored > start or (how == _PLAIN and stored != size):
            raise Damaged(f"{name} is a pack whose table leads out of it.")
        found.append((Digest(f"{ALGORITHM}:{digest.hex()}"), Member(name, offset, stored, size, how)))
    return iter(found)
