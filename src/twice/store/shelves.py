"""Where the bytes of objects are, and reading them.

An object is a file of its own, a member of a pack with other small ones, or made by a recipe out of stretches of
others; looked for in this order. Whoever reads gets the same bytes and need not know.
"""

from __future__ import annotations

import io
import mmap
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, suppress
from io import FileIO
from pathlib import Path

from blake3 import blake3

from twice.errors import Damaged, NotFound
from twice.records.digest import Digest, digest_bytes, named, threads_for
from twice.store import packs, recipes
from twice.store.content import Content, damaged, digest_finished
from twice.store.durable import copy_whole, explained, seal, sync, sync_folder, write_all
from twice.store.packs import Packs
from twice.store.recipes import Stretch, recipe_name
from twice.store.scratch import Scratch
from twice.store.stretches import BLOCK, LARGE, Piece

FOLDER = "objects"
ASSEMBLED = "assembled"
"""Where objects that a recipe makes lie as whole files, to be mapped; can be deleted."""


def object_name(digest: Digest) -> str:
    """Where an object that is a file of its own is filed: ``objects/ab/cdef…``."""
    return f"{FOLDER}/{digest.hex[:2]}/{digest.hex[2:]}"


class Shelves:
    """The objects of a store, to be looked for and read.

    Args:
        content: Where they are filed.
        scratch: Where whole files are made of what is not filed as one.
        assembled: A folder for whole files of what recipes make.
    """

    def __init__(self, content: Content, scratch: Scratch, assembled: Path) -> None:
        self._content = content
        self._backend = content.backend
        self._scratch = scratch
        self._assembled = assembled
        self._whole: set[Digest] = set()
        self._taken_out: Path | None = None
        self.packs = Packs(content)

    def get(self, digest: Digest) -> bytes:
        """The bytes of an object, held against its name."""
        return bytes(self.map(digest, verify=True)) if not self._is_file(digest) else self._file_bytes(digest)

    def map(self, digest: Digest, *, verify: bool = False) -> memoryview:
        """The bytes of an object, mapped read-only."""
        for name, data in self._bytes(digest):
            if verify:
                try:
                    self._content.hold(name, digest, data, "object")
                except Damaged:
                    self.doubt(digest)
                    raise
            return data
        raise _missing(digest)

    def file(self, digest: Digest) -> Path:
        """A file that holds the object; only to be read."""
        name = object_name(digest)
        with suppress(NotFound):
            return self._backend.file(name)
        taken = self.taken_out / digest.hex
        if taken.exists():
            return taken
        if self.packs.find(digest) is not None:
            taken = self.taken_out / digest.hex
            partial = self.taken_out / secrets.token_hex(8)
            partial.write_bytes(self.map(digest, verify=True))
            partial.chmod(0o444)
            partial.replace(taken)
            return taken
        return self._whole_file(digest)

    @property
    def taken_out(self) -> Path:
        """A folder of this process for files of what lies in packs; it goes when the process ends."""
        if self._taken_out is None or not self._taken_out.is_dir():
            self._taken_out = self._scratch.spool()
        return self._taken_out

    def copy_out(self, digest: Digest, target: Path, *, verify: bool = False) -> None:
        """Write an object to a new file.

        Args:
            digest: The object.
            target: The file.
            verify: Hold what was written against the name; what is not right does not stay.

        Raises:
            NotFound: There is no such object.
            FileExistsError: There is such a file.
            Damaged: Its bytes are not what its name says (only with ``verify``), or its recipe is not whole.
        """
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            with open(descriptor, "wb", buffering=0) as out:
                if self._is_file(digest):
                    with self._backend.file(object_name(digest)).open("rb") as source:
                        copy_whole(source.fileno(), out.fileno())
                elif self.packs.find(digest) is None and self._backend.exists(recipe_name(digest)):
                    self._make(digest, out)
                else:
                    write_all(out.fileno(), self.map(digest))
            if verify and (found := digest_finished(target)) != digest:
                self.doubt(digest)
                raise damaged("object", digest, target.stat().st_size, found)
        except BaseException:
            target.unlink()
            raise

    def has(self, digest: Digest) -> bool:
        """Whether the object is there."""
        return (
            self._backend.exists(object_name(digest))
            or self.packs.find(digest, look=False) is not None
            or self._backend.exists(recipe_name(digest))
            or self.packs.find(digest) is not None
        )

    def size(self, digest: Digest) -> int:
        """How many bytes the object has."""
        with suppress(NotFound):
            return self._backend.size(object_name(digest))
        if (member := self.packs.find(digest)) is not None:
            return member.size
        with suppress(NotFound):
            return sum(one.length for one in recipes.read(self._backend, recipe_name(digest)))
        raise _missing(digest)

    def relying(self, digests: Iterable[Digest]) -> AbstractContextManager[None]:
        """Rely on objects from now on; held while it is looked whether they are there."""
        return self._content.gate.relying(digests)

    def rely(self, *digests: Digest) -> bool:
        """Rely on some objects from now on, if all of them are there."""
        with self._content.gate.relying(digests):
            return all(map(self.has, digests))

    def holders(self, digest: Digest) -> Iterator[tuple[str, Digest]]:
        """The names that an object's bytes are filed under, each with the digest that vouches for it.

        Raises:
            Damaged: Its recipe is.
        """
        if self._is_file(digest):
            yield object_name(digest), digest
        elif (member := self.packs.find(digest)) is not None:
            yield member.pack, packs.digest_of(member.pack)
        elif self._backend.exists(recipe_name(digest)):
            for part in dict.fromkeys(one.digest for one in self._recipe(digest)):
                yield from self.holders(part)

    def settle(self, digest: Digest) -> None:
        """Make sure that an object that is here survives a crash, whoever put it."""
        names = [name for name, _ in self.holders(digest)]
        if self._backend.exists(recipe_name(digest)):
            names.append(recipe_name(digest))
        self._backend.settle(names)

    def seen_whole(self, digests: Iterable[Digest]) -> None:
        """Take objects for whole that were written, or held against their names, just now."""
        self._whole.update(digests)

    def doubt(self, digest: Digest) -> None:
        """Look at the object's bytes again before the next put relies on them."""
        self._whole.discard(digest)
        self._content.doubt(object_name(digest))

    def forget_assembled(self, relied_on: frozenset[Digest]) -> None:
        """Remove whole files of what recipes make, unless a living process relies on them."""
        stay = {digest.hex for digest in relied_on}
        for folder in self._assembled.glob("??"):
            if not folder.is_symlink():
                for file in folder.glob("?" * 62):
                    if f"{folder.name}{file.name}" not in stay:
                        file.unlink(missing_ok=True)

    def absent(self, digests: Iterable[Digest]) -> set[Digest]:
        """Those objects that are not here whole; the others are relied on, and survive a crash."""
        wanted = dict.fromkeys(digests)
        present, absent = [], set()
        self.packs.look()
        with self._content.gate.relying(wanted):
            for digest in wanted:
                if not self.there(digest):
                    absent.add(digest)
                elif digest not in self._whole:
                    if self._is_whole(digest):
                        present.append(digest)
                    else:
                        absent.add(digest)
        for digest in present:
            self.settle(digest)
        self._whole.update(present)
        return absent

    def there(self, digest: Digest) -> bool:
        """As :meth:`has`, without looking for packs that were filed since :meth:`Packs.look`."""
        return (
            self.packs.find(digest, look=False) is not None
            or self._backend.exists(object_name(digest))
            or self._backend.exists(recipe_name(digest))
        )

    def _is_whole(self, digest: Digest) -> bool:
        with suppress(NotFound, Damaged):
            if self._is_file(digest) or self.packs.find(digest, look=False) is not None:
                return digest_bytes(self.map(digest)) == digest
            hash_ = blake3(max_threads=threads_for(LARGE))
            for view in self._views(digest, self._recipe(digest)):
                hash_.update(view)
            return named(hash_) == digest
        return False

    def _is_file(self, digest: Digest) -> bool:
        return self._backend.exists(object_name(digest))

    def _file_bytes(self, digest: Digest) -> bytes:
        try:
            return self._content.read(object_name(digest), digest, "object")
        except NotFound:
            raise _missing(digest) from None
        except Damaged:
            self.doubt(digest)
            raise

    def _bytes(self, digest: Digest) -> Iterator[tuple[str, memoryview]]:
        """The object's bytes in the first form that it is found in."""
        for _ in range(2):  # a pack may be cleared out between finding and reading, its members being in another then
            with suppress(NotFound):
                yield object_name(digest), self._backend.map(object_name(digest))
                return
            if (member := self.packs.find(digest)) is None:
                break
            with suppress(NotFound):
                yield member.pack, memoryview(self.packs.read(member)).toreadonly()
                return
        if self._backend.exists(recipe_name(digest)):
            yield recipe_name(digest), _mapped(self._whole_file(digest))

    def pieces(self, digest: Digest) -> Iterator[Piece]:
        """The stretches of files and members of packs that an object is made of, with their bytes.

        Raises:
            NotFound: There is no such object, or no such piece of it.
            Damaged: Its recipe is.
        """
        if self._is_file(digest) or self.packs.find(digest) is not None:
            yield Piece(digest, 0, self.map(digest))
        else:
            recipe = self._recipe(digest)
            for one, view in zip(recipe, self._views(digest, recipe), strict=True):
                yield Piece(one.digest, one.offset, view)

    def _recipe(self, digest: Digest) -> tuple[Stretch, ...]:
        try:
            stretches = recipes.read(self._backend, recipe_name(digest))
        except NotFound:
            raise _missing(digest) from None
        recipes.bounded(stretches, self._size_of_part)
        return stretches

    def _size_of_part(self, digest: Digest) -> int:
        """The size of what a recipe names: a file or a member of a pack, and nothing else."""
        with suppress(NotFound):
            return self._backend.size(object_name(digest))
        if (member := self.packs.find(digest)) is not None:
            return member.size
        if self._backend.exists(recipe_name(digest)):
            raise Damaged(f"a recipe names the object {digest}, which itself is made by a recipe.")
        raise _missing(digest)

    def _views(self, digest: Digest, recipe: tuple[Stretch, ...]) -> Iterator[memoryview]:
        mapped: dict[Digest, memoryview] = {}  # each once: a map takes an open file, of which there may be a thousand
        for one in recipe:
            if one.digest not in mapped:
                mapped[one.digest] = self.map(one.digest)
            view = mapped[one.digest][one.offset : one.offset + one.length]
            if len(view) != one.length:
                raise _too_short(digest, one.digest)
            yield view

    def _make(self, digest: Digest, out: FileIO) -> None:
        """Write what a recipe makes, in whole blocks wherever its stretches begin.

        The kernel could copy them, at half as much again: a stretch that begins within a page is two writes for each.
        """
        block, filled = memoryview(bytearray(BLOCK // 4)), 0
        with ExitStack() as opened:
            files: dict[Digest, FileIO] = {}
            for one in self._recipe(digest):
                if one.digest not in files and self._is_file(one.digest):
                    file = self._backend.file(object_name(one.digest))
                    files[one.digest] = opened.enter_context(file.open("rb", buffering=0))
                source = files.get(one.digest) or io.BytesIO(self.map(one.digest))
                source.seek(one.offset)
                rest = one.length
                while rest:
                    count = source.readinto(block[filled : filled + rest])
                    if not count:
                        raise _too_short(digest, one.digest)
                    filled += count
                    rest -= count
                    if filled == len(block):
                        write_all(out.fileno(), block)
                        filled = 0
        write_all(out.fileno(), block[:filled])

    def _whole_file(self, digest: Digest) -> Path:
        """What a recipe makes, as a file."""
        place = self._assembled / digest.hex[:2] / digest.hex[2:]
        if not place.exists():
            with explained(self._assembled.parent):
                file = self._scratch.file()
                with open(file, "xb", buffering=0) as out:
                    self._make(digest, out)
                if (found := digest_finished(file)) != digest:
                    size = file.stat().st_size
                    file.unlink()
                    self.doubt(digest)
                    raise damaged("object", digest, size, found)
                self.keep_whole(digest, file)
        with self._content.gate.relying([digest]):
            return place

    def keep_whole(self, digest: Digest, file: Path) -> None:
        """Keep a finished file as what a recipe makes."""
        place = self._assembled / digest.hex[:2] / digest.hex[2:]
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        try:
            seal(descriptor)
            sync(descriptor)
        finally:
            os.close(descriptor)
        place.parent.mkdir(parents=True, exist_ok=True)
        file.replace(place)
        sync_folder(place.parent)


def _mapped(file: Path) -> memoryview:
    with file.open("rb") as opened:
        return memoryview(mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ))


def _too_short(digest: Digest, part: Digest) -> Damaged:
    return Damaged(f"the recipe of object {digest} asks {part} for bytes that it does not have.")


def _missing(digest: Digest) -> NotFound:
    return NotFound(
        f"the store has no object {digest}.",
        hint="if the store was copied, it may be incomplete; `twice check` says which versions need the object",
    )
