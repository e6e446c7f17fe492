"""Objects: bytes named by their digest, whichever way they are filed.

An object is a file of its own, a member of a pack with other small ones, or made by a recipe out of stretches of
others; looked for in this order. Whoever reads gets the same bytes and need not know.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from blake3 import blake3

from twice.errors import Damaged, NotFound, StoreError
from twice.records.digest import Digest, digest_bytes, named, threads_for
from twice.store import packs, recipes
from twice.store.backend import Bytes
from twice.store.content import Content, digest_finished
from twice.store.durable import copy_new, copy_range, explained, seal, sync, sync_folder
from twice.store.likeness import Likeness
from twice.store.packs import FEW, SMALL, Packs
from twice.store.recipes import Stretch, recipe_name
from twice.store.scratch import Scratch
from twice.store.stretches import BLOCK, LARGE, Follower, Known, Piece

FOLDER = "objects"
ASSEMBLED = "assembled"
"""Where objects that a recipe makes lie as whole files, to be mapped; can be deleted."""

_TRIED = 2


def object_name(digest: Digest) -> str:
    """Where an object that is a file of its own is filed: ``objects/ab/cdef…``."""
    return f"{FOLDER}/{digest.hex[:2]}/{digest.hex[2:]}"


class Objects:
    """The objects of a store.

    Args:
        content: Where they are filed.
        scratch: Where copies are made before they are filed.
        likeness: Knows which large objects are like others.
        assembled: A folder for whole files of what recipes make.
    """

    def __init__(self, content: Content, scratch: Scratch, likeness: Likeness, assembled: Path) -> None:
        self._content = content
        self._backend = content.backend
        self._scratch = scratch
        self._likeness = likeness
        self._assembled = assembled
        self._whole: set[Digest] = set()
        self._taken_out: Path | None = None
        self.packs = Packs(content)

    # Putting

    def put(self, many: Iterable[Bytes]) -> list[Digest]:
        """Put bytes down; the digests come in the same order."""
        items = [(digest_bytes(data), data) for data in map(_flat, many)]
        absent = self._absent(digest for digest, _ in items)
        fresh = {digest: data for digest, data in items if digest in absent}
        small = {digest: data for digest, data in fresh.items() if len(data) < SMALL}
        # A damaged member of a pack is mended by a file of its own, which is looked for first.
        packed = {d: data for d, data in small.items() if not self._backend.exists(object_name(d))}
        packed = {d: data for d, data in packed.items() if self.packs.find(d, look=False) is None}
        if len(packed) < FEW:
            packed = {}
        self.packs.put(packed.items())
        self._content.write((object_name(d), d, data) for d, data in fresh.items() if d not in packed)
        self._whole.update(fresh)
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
        absent = self._absent(digests)
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
                self._adopt_large(digest, file, alike)
                del fresh[digest]
        self._content.adopt((object_name(digest), digest, file) for digest, file in fresh.items())
        for file in given:
            file.unlink(missing_ok=True)
        self._whole.update(digests)
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
            candidates = [like] if like is not None and self.has(like) else []
            candidates += [digest for digest in self._likeness.most_like(file) if digest != like]
            digest = self._by_stretches(file, candidates)
            if digest is not None:
                return digest
        return self.adopt([self._copied(file)], alike=False)[0]

    # Reading

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

    def copy_out(self, digest: Digest, target: Path) -> None:
        """Write an object to a new file.

        Raises:
            NotFound: There is no such object.
            FileExistsError: There is such a file.
        """
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        with open(descriptor, "wb", buffering=0) as out:
            if self._is_file(digest):
                with self._backend.file(object_name(digest)).open("rb") as source:
                    copy_range(source.fileno(), out.fileno(), 0, os.fstat(source.fileno()).st_size)
                return
            if self.packs.find(digest) is None and self._backend.exists(recipe_name(digest)):
                for one in self._recipe(digest):
                    if self._is_file(one.digest):
                        with self._backend.file(object_name(one.digest)).open("rb") as source:
                            copy_range(source.fileno(), out.fileno(), one.offset, one.length)
                    else:
                        _write_all(out.fileno(), self.map(one.digest)[one.offset : one.offset + one.length])
                return
            _write_all(out.fileno(), self.map(digest))

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

    def rely(self, digest: Digest) -> bool:
        """Rely on an object from now on, if it is there."""
        with self._content.gate.relying([digest]):
            return self.has(digest)

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

    def doubt(self, digest: Digest) -> None:
        """Look at the object's bytes again before the next put relies on them."""
        self._whole.discard(digest)
        self._content.doubt(object_name(digest))

    def forget_assembled(self, relied_on: frozenset[Digest]) -> None:
        """Remove whole files of what recipes make, unless a living process relies on them."""
        stay = {digest.hex for digest in relied_on}
        for file in self._assembled.glob("*/*"):
            if f"{file.parent.name}{file.name}" not in stay:
                file.unlink(missing_ok=True)

    # What is there

    def _absent(self, digests: Iterable[Digest]) -> set[Digest]:
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
            for view in self._views(digest):
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

    # Recipes

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

    def _views(self, digest: Digest) -> Iterator[memoryview]:
        for one in self._recipe(digest):
            view = self.map(one.digest)[one.offset : one.offset + one.length]
            if len(view) != one.length:
                raise Damaged(f"the recipe of object {digest} asks {one.digest} for bytes that it does not have.")
            yield view

    def _whole_file(self, digest: Digest) -> Path:
        """What a recipe makes, as a file."""
        place = self._assembled / digest.hex[:2] / digest.hex[2:]
        if not place.exists():
            with explained(self._assembled.parent):
                file = self._scratch.file()
                hash_ = blake3(max_threads=threads_for(LARGE))
                with open(file, "xb", buffering=0) as out:
                    for view in self._views(digest):
                        for start in range(0, len(view), BLOCK):
                            hash_.update(view[start : start + BLOCK])
                            _write_all(out.fileno(), view[start : start + BLOCK])
                if named(hash_) != digest:
                    file.unlink()
                    self.doubt(digest)
                    raise Damaged(
                        f"object {digest} is damaged: what its recipe makes has the digest {named(hash_)}.",
                        hint="running the step again, or putting the same content again, mends it; "
                        "`twice check` says what else it touches",
                    )
                self._keep_whole(digest, file)
        with self._content.gate.relying([digest]):
            return place

    def _keep_whole(self, digest: Digest, file: Path) -> None:
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

    def _by_stretches(self, file: Path, candidates: list[Digest]) -> Digest | None:
        """Put a large file down as a recipe, if it shares long stretches with an object that is here."""
        for candidate in candidates[:_TRIED]:
            with suppress(NotFound, Damaged):
                pieces = list(self._pieces(candidate))
                with self._content.gate.relying({piece.digest for piece in pieces}):
                    if not all(self.has(piece.digest) for piece in pieces):
                        continue
                digest = self._followed(file, Known(pieces))
                if digest is not None:
                    return digest
        return None

    def _pieces(self, digest: Digest) -> Iterator[Piece]:
        if self._is_file(digest) or self.packs.find(digest) is not None:
            yield Piece(digest, 0, self.map(digest))
        else:
            for one in self._recipe(digest):
                yield Piece(one.digest, one.offset, self.map(one.digest)[one.offset : one.offset + one.length])

    def _followed(self, file: Path, known: Known) -> Digest | None:
        new = self._scratch.file()
        hash_ = blake3(max_threads=threads_for(LARGE))
        try:
            with explained(self._scratch.path.parent), open(file, "rb", buffering=0) as source, open(new, "xb") as out:
                follower = Follower(known, out)
                if not _follow(source.readinto, hash_.update, follower):
                    return None
            digest = named(hash_)
            if follower.fresh_size and digest in {piece.digest for piece in known.pieces}:
                self.doubt(digest)  # the object itself, but with other bytes than it should have: no recipe mends it
                return None
            if not self._absent([digest]):
                return digest
            fresh = digest_finished(new)
            if follower.size > recipes.MOST_TIMES * known.size:
                return None
            if follower.fresh_size:
                self.adopt([new], alike=False)
            with suppress(OSError):
                self._likeness.remember(digest, file)
            self._backend.write([(recipe_name(digest), recipes.written(follower.stretches(fresh)))])
            self._whole.add(digest)
            return digest
        finally:
            new.unlink(missing_ok=True)

    def _adopt_large(self, digest: Digest, file: Path, alike: bool) -> None:
        if alike and self._by_stretches(file, self._likeness.most_like(file)):
            self._keep_whole(digest, file)
            return
        self._content.adopt([(object_name(digest), digest, file)])
        with suppress(NotFound, OSError):
            self._likeness.remember(digest, self._backend.file(object_name(digest)))

    # Files

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


def _follow(
    read: Callable[[bytearray], int | None], update: Callable[[memoryview], object], follower: Follower
) -> bool:
    """Read a file once, hash it beside that, and follow it; False if it is not worth it."""
    with ThreadPoolExecutor(1) as beside:
        blocks, turn, hashing = (bytearray(BLOCK), bytearray(BLOCK)), 0, None
        while count := read(blocks[turn]):
            if hashing is not None:
                hashing.result()
            hashing = beside.submit(update, memoryview(blocks[turn])[:count])
            follower.block(blocks[turn], count)
            if follower.worthless:
                return False
            turn = 1 - turn
        if hashing is not None:
            hashing.result()
    return follower.size >= LARGE


def _write_all(descriptor: int, data: memoryview) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _mapped(file: Path) -> memoryview:
    import mmap

    with file.open("rb") as opened:
        return memoryview(mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ))


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
