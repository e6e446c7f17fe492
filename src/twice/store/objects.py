"""Putting objects down: bytes named by their digest, each in the way that suits it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from twice.errors import NotFound, StoreError
from twice.records.digest import Digest, digest_bytes
from twice.store.backend import Bytes
from twice.store.content import Content, digest_finished
from twice.store.durable import copy_new, explained
from twice.store.large import LargeFiles
from twice.store.likeness import Likeness
from twice.store.packs import FEW, SMALL
from twice.store.scratch import Scratch
from twice.store.shelves import Shelves, object_name
from twice.store.stretches import LARGE


class Objects:
    """The objects of a store, to be added to.

    Args:
        content: Where they are filed.
        shelves: Those that are here already.
        scratch: Where copies are made before they are filed.
        likeness: Knows which large objects are like others.
    """

    def __init__(self, content: Content, shelves: Shelves, scratch: Scratch, likeness: Likeness) -> None:
        self._content = content
        self._shelves = shelves
        self._scratch = scratch
        self._large = LargeFiles(content, shelves, scratch, likeness)

    def put(self, many: Iterable[Bytes]) -> list[Digest]:
        """Put bytes down; the digests come in the same order."""
        items = [(digest_bytes(data), data) for data in map(_flat, many)]
        absent = self._shelves.absent(digest for digest, _ in items)
        fresh = {digest: data for digest, data in items if digest in absent}
        small = {digest: data for digest, data in fresh.items() if len(data) < SMALL}
        # A damaged member of a pack is mended by a file of its own, which is looked for first.
        packed = {d: data for d, data in small.items() if not self._content.backend.exists(object_name(d))}
        packed = {d: data for d, data in packed.items() if self._shelves.packs.find(d, look=False) is None}
        if len(packed) < FEW:
            packed = {}
        self._shelves.packs.put(packed.items())
        self._content.write((object_name(d), d, data) for d, data in fresh.items() if d not in packed)
        self._shelves.seen_whole(fresh)
        return [digest for digest, _ in items]

    def adopt(self, files: Iterable[Path], *, alike: bool = True) -> list[Digest]:
        """Move finished files in; the digests come in the same order, and the files are gone afterwards.

        Args:
            files: The files.
            alike: Whether large ones are held against what is there already.

        Raises:
            NotFound: A file is not there.
            StoreError: It is not a regular file.
        """
        given = list(files)
        owned = [self._owned(file) for file in given]
        digests = [digest_finished(file) for file in owned]
        absent = self._shelves.absent(digests)
        fresh: dict[Digest, Path] = {}
        for digest, file in zip(digests, owned, strict=True):
            if digest in absent and digest not in fresh:
                fresh[digest] = file
            else:
                file.unlink(missing_ok=True)
        small = {digest: file for digest, file in fresh.items() if file.stat().st_size < SMALL}
        if len(small) >= FEW:
            self.put(file.read_bytes() for file in small.values())
            for digest, file in small.items():
                file.unlink()
                del fresh[digest]
        for digest, file in list(fresh.items()):
            if file.stat().st_size >= LARGE:
                self._large.adopt(digest, file, alike=alike)
                del fresh[digest]
        self._content.adopt((object_name(digest), digest, file) for digest, file in fresh.items())
        for file in given:
            file.unlink(missing_ok=True)
        self._shelves.seen_whole(digests)
        return digests

    def put_file(self, file: Path, like: Digest | None = None) -> Digest:
        """Put a copy of a file down; the file stays as it is.

        The digest is that of the bytes put down, so it is right even if somebody writes to the file meanwhile.

        Args:
            file: The file.
            like: An object that it is probably like.

        Raises:
            NotFound: The file is not there.
            StoreError: It is not a regular file.
        """
        if _regular(file).st_size >= LARGE:
            digest = self._large.put(file, like)
            if digest is not None:
                return digest
        return self.adopt([self._copied(file)], alike=False)[0]

    def _owned(self, file: Path) -> Path:
        """The file itself where it is ours alone, otherwise a copy: no other name may lead to an object's bytes."""
        status = _regular(file)
        alone = status.st_nlink == 1 and not file.is_symlink()
        place, store, scratch = file.resolve(), self._scratch.path.parent.resolve(), self._scratch.path.resolve()
        if place.is_relative_to(store) and not place.is_relative_to(scratch):
            raise StoreError(f"{file} is a part of the store, so it cannot be moved into it.")
        if alone and file.absolute().parent.stat().st_dev == self._scratch.file().parent.stat().st_dev:
            return file
        return self._copied(file)

    def _copied(self, file: Path) -> Path:
        _regular(file)
        copy = self._scratch.file()
        with explained(self._scratch.path.parent):
            try:
                copy_new(file, copy)
            except BaseException:
                copy.unlink(missing_ok=True)
                raise
        return copy


def _regular(file: Path) -> os.stat_result:
    try:
        status = file.stat()
    except OSError as problem:
        raise NotFound(f"the file {file} cannot be read: {problem.strerror}.") from problem
    if not stat.S_ISREG(status.st_mode):
        raise StoreError(f"{file} is not a regular file, so it cannot be put in the store.")
    if not os.access(file, os.R_OK):
        raise NotFound(f"the file {file} cannot be read: {os.strerror(errno.EACCES)}.")
    return status


def _flat(data: Bytes) -> Bytes:
    """The same memory as a row of bytes; arrays come with shapes and item sizes."""
    if not isinstance(data, memoryview) or (data.format == "B" and data.ndim == 1 and data.contiguous):
        return data
    if data.nbytes == 0:
        return b""
    return data.cast("B") if data.c_contiguous else data.tobytes()
