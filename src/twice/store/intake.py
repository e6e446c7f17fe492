"""Files of the user's, put down without reading again what has not changed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from twice.errors import Damaged, NotFound
from twice.records.digest import Digest, digest_bytes
from twice.store import packs as packs_
from twice.store.backend import Backend
from twice.store.files import FileDigests, Seen, identity_of
from twice.store.objects import Objects
from twice.store.packs import FULL, SMALL
from twice.store.shelves import Shelves, object_name
from twice.store.stretches import LARGE


class Intake:
    """Puts copies of files down; the files stay as they are.

    Args:
        objects: Where they go.
        shelves: What is here already.
        files: Knows the digests of files that were left alone.
        backend: The store's bytes.
    """

    def __init__(self, objects: Objects, shelves: Shelves, files: FileDigests, backend: Backend) -> None:
        self._objects = objects
        self._shelves = shelves
        self._files = files
        self._backend = backend
        self._sound: set[str] = set()

    def file(self, file: Path) -> Digest:
        """Put a copy of a file down."""
        seen = self._files.seen(file)
        if seen.digest is not None and self._is_here(seen.digest):
            self._shelves.settle(seen.digest)
            return seen.digest
        now = time.time_ns()
        # Read once: what is put down is what is hashed, and the file has that digest if it was left alone meanwhile.
        if int(seen.identity[0]) < LARGE:
            content = _content(seen.path)
            digest = digest_bytes(content)
            if self._is_here(digest):
                self._shelves.settle(digest)
            else:
                self._objects.put([content])
        else:
            digest = self._objects.put_file(file, like=self._files.before(file))
        self._files.learn(seen._replace(digest=digest), now)
        # What was just written, or held against its name, is not read again the next time.
        with suppress(NotFound):
            self._files.vouch(self._backend.file(object_name(digest)), digest)
        return digest

    def files(self, files: Iterable[Path]) -> list[Digest]:
        """Put copies of many files down; the digests come in the same order."""
        paths = list(map(_absolute, files))
        now = time.time_ns()
        known: dict[str, Digest] = {}
        unknown: list[Seen] = []
        for seen in self._files.many(paths):
            if seen.digest is not None:
                known[seen.path] = seen.digest
            else:
                unknown.append(seen)
        here = self._are_here(set(known.values()))
        unknown += [Seen(path, identity_of(path), None) for path, digest in known.items() if digest not in here]
        found: list[Seen] = []
        for batch in _batches(unknown):
            read: list[Seen] = []
            contents: list[bytes] = []
            for path, identity, _ in batch:
                data = _content(path)
                if len(data) >= SMALL:  # it has grown meanwhile
                    known[path] = self.file(Path(path))
                    continue
                contents.append(data)
                read.append(Seen(path, identity, None))
            for one, digest in zip(read, self._objects.put(contents), strict=True):
                known[one.path] = digest
                with suppress(OSError):
                    if identity_of(one.path) == one.identity:
                        found.append(Seen(one.path, one.identity, digest))
        for path, identity, _ in unknown:
            if path not in known or int(identity[0]) >= SMALL:
                known[path] = self.file(Path(path))
        self._files.remember(found, now)
        return [known[path] for path in paths]

    def _are_here(self, digests: set[Digest]) -> set[Digest]:
        """Those objects that are here and were not tampered with; relied on from now on."""
        packs = self._shelves.packs
        packs.look()
        packed: dict[str, set[Digest]] = {}
        alone: set[Digest] = set()
        with self._shelves.relying(digests):
            for digest in digests:
                member = packs.find(digest, look=False)
                if member is not None:
                    packed.setdefault(member.pack, set()).add(digest)
                else:
                    alone.add(digest)
            names: set[str] = set()
            sound: set[Digest] = set()
            for pack, members in packed.items():  # one pack vouches for all that lie in it
                if self._is_unchanged(pack, packs_.digest_of(pack)):
                    sound |= members
                    names.add(pack)
                else:
                    alone |= members
            for digest in filter(self._shelves.there, alone):
                if self._is_sound(digest):
                    sound.add(digest)
                    names.update(name for name, _ in self._shelves.holders(digest))
        self._backend.settle(names)
        return sound

    def _is_here(self, digest: Digest) -> bool:
        """Whether an object is here and was not tampered with; relied on from now on, and looked at again if not."""
        if not self._shelves.rely(digest):
            return False
        if self._is_sound(digest):
            return True
        self._shelves.doubt(digest)
        return False

    def _is_sound(self, digest: Digest) -> bool:
        try:
            return all(self._is_unchanged(name, vouched) for name, vouched in self._shelves.holders(digest))
        except (NotFound, Damaged):
            return False

    def _is_unchanged(self, name: str, digest: Digest) -> bool:
        """Whether a file of the store is what its name says; read again only if it is not as it was left."""
        if name not in self._sound:
            try:
                if self._files.digest(self._backend.file(name)) != digest:
                    return False
            except NotFound:
                return False
            self._sound.add(name)
        return True


def _absolute(file: Path) -> str:
    text = str(file)
    if text.startswith("/") and "/." not in text:  # as nearly all are; a Path knows no empty parts
        return text
    return os.path.abspath(text)  # noqa: PTH100 - a Path for each is half of the time


def _batches(unknown: list[Seen]) -> Iterator[list[Seen]]:
    """Small files, as many at a time as fill a pack."""
    batch: list[Seen] = []
    size = 0
    for seen in unknown:
        length = int(seen.identity[0])
        if length < SMALL:
            batch.append(seen)
            size += length
            if size >= FULL:
                yield batch
                batch, size = [], 0
    yield batch


def _content(path: str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as problem:
        raise NotFound(f"the file {path} cannot be read: {problem.strerror}.") from problem
    try:
        pieces = [os.read(descriptor, os.fstat(descriptor).st_size + 1)]
        while pieces[-1]:
            pieces.append(os.read(descriptor, SMALL))
        return pieces[0] if len(pieces) < 3 else b"".join(pieces)
    finally:
        os.close(descriptor)
