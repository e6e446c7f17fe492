"""Objects: bytes named by their digest."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from twice.errors import NotFound, StoreError
from twice.records.digest import Digest, digest_bytes
from twice.store.backend import Bytes
from twice.store.content import Content, digest_finished
from twice.store.durable import copy_new, explained
from twice.store.scratch import Scratch

FOLDER = "objects"


def object_name(digest: Digest) -> str:
    """Where an object is filed: ``objects/ab/cdef…``."""
    return f"{FOLDER}/{digest.hex[:2]}/{digest.hex[2:]}"


class Objects:
    """The objects of a store.

    Args:
        content: Where they are filed.
        scratch: Where copies are made before they are filed.
    """

    def __init__(self, content: Content, scratch: Scratch) -> None:
        self._content = content
        self._scratch = scratch

    def put(self, many: Iterable[Bytes]) -> list[Digest]:
        """Put bytes down; the digests come in the same order."""
        items = [(digest_bytes(data), data) for data in map(_flat, many)]
        self._content.write((object_name(digest), digest, data) for digest, data in items)
        return [digest for digest, _ in items]

    def adopt(self, files: Iterable[Path]) -> list[Digest]:
        """Move finished files in; the digests come in the same order, and the files are gone afterwards.

        Raises:
            NotFound: A file is not there.
            StoreError: It is not a regular file.
        """
        given = list(files)
        owned = [self._owned(file) for file in given]
        digests = [digest_finished(file) for file in owned]
        self._content.adopt((object_name(digest), digest, file) for digest, file in zip(digests, owned, strict=True))
        for file in given:
            file.unlink(missing_ok=True)
        return digests

    def put_file(self, file: Path) -> Digest:
        """Put a copy of a file down; the file stays as it is.

        The digest is that of the copy, so it is right even if somebody writes to the file meanwhile.

        Raises:
            NotFound: The file is not there.
            StoreError: It is not a regular file.
        """
        return self.adopt([self._copied(file)])[0]

    def get(self, digest: Digest) -> bytes:
        """The bytes of an object, held against its name."""
        try:
            return self._content.read(object_name(digest), digest, "object")
        except NotFound:
            raise _missing(digest) from None

    def map(self, digest: Digest, *, verify: bool = False) -> memoryview:
        """The bytes of an object, mapped read-only."""
        name = object_name(digest)
        try:
            data = self._content.backend.map(name)
        except NotFound:
            raise _missing(digest) from None
        if verify:
            self._content.hold(name, digest, data, "object")
        return data

    def file(self, digest: Digest) -> Path:
        """A file that holds the object; only to be read."""
        try:
            return self._content.backend.file(object_name(digest))
        except NotFound:
            raise _missing(digest) from None

    def has(self, digest: Digest) -> bool:
        """Whether the object is there."""
        return self._content.backend.exists(object_name(digest))

    def size(self, digest: Digest) -> int:
        """How many bytes the object has."""
        try:
            return self._content.backend.size(object_name(digest))
        except NotFound:
            raise _missing(digest) from None

    def settle(self, digest: Digest) -> None:
        """Make sure that an object that is here survives a crash, whoever put it."""
        self._content.backend.settle([object_name(digest)])

    def doubt(self, digest: Digest) -> None:
        """Look at the object's bytes again before the next put relies on them."""
        self._content.doubt(object_name(digest))

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
    return status


def _flat(data: Bytes) -> Bytes:
    """The same memory as a row of bytes; arrays come with shapes and item sizes."""
    if not isinstance(data, memoryview) or (data.format == "B" and data.ndim == 1 and data.contiguous):
        return data
    if data.nbytes == 0:
        return b""
    return data.cast("B") if data.c_contiguous else data.tobytes()


def _missing(digest: Digest) -> NotFound:
    return NotFound(
        f"the store has no object {digest}.",
        hint="if the store was copied, it may be incomplete; `twice check` says which versions need the object",
    )
