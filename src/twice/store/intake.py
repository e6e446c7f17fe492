"""Files of the user's, put down without reading again what has not changed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from twice.errors import Damaged, NotFound
from twice.records.digest import Digest
from twice.store.backend import Backend
from twice.store.files import FileDigests, Seen, identity_of
from twice.store.objects import Objects, object_name
from twice.store.packs import FULL, SMALL


class Intake:
    """Puts copies of files down; the files stay as they are.

    Args:
        objects: Where they go.
        files: Knows the digests of files that were left alone.
        backend: The store's bytes.
    """

    def __init__(self, objects: Objects, files: FileDigests, backend: Backend) -> None:
        self._objects = objects
        self._files = files
        self._backend = backend
        self._sound: set[str] = set()

    def file(self, file: Path) -> Digest:
        """Put a copy of a file down."""
        before = self._files.before(file)
        known = self._files.digest(file)
        if self._is_here(known):
            self._objects.settle(known)
            return known
        digest = self._objects.put_file(file, like=before)
        name = object_name(digest)
        # What was just written, or held against its name, is not read again the next time.
        with suppress(NotFound):
            self._files.vouch(self._backend.file(name), digest)
        return digest

    def files(self, files: Iterable[Path]) -> list[Digest]:
        """Put copies of many files down; the digests come in the same order."""
        paths = [os.path.abspath(file) for file in files]  # noqa: PTH100 - a Path for each is half of the time
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
        packs = self._objects.packs
        packs.look()
        packed: dict[str, set[Digest]] = {}
        here: set[Digest] = set()
        with self._objects.relying(digests):
            for digest in digests:
                member = packs.find(digest, look=False)
                if member is not None and not self._backend.exists(object_name(digest)):
                    packed.setdefault(member.pack, set()).add(digest)
                elif self._objects.there(digest):
                    here.add(digest)
        sound = {digest for digest in here if self._is_sound(digest)}
        names = {name for digest in sound for name, _ in self._objects.holders(digest)}
        for pack, members in packed.items():  # one pack vouches for all that lie in it
            if self._is_sound(next(iter(members))):
                sound |= members
                names.add(pack)
        self._backend.settle(names)
        return sound

    def _is_here(self, digest: Digest) -> bool:
        """Whether an object is here and was not tampered with; relied on from now on, and looked at again if not."""
        if not self._objects.rely(digest):
            return False
        if self._is_sound(digest):
            return True
        self._objects.doubt(digest)
        return False

    def _is_sound(self, digest: Digest) -> bool:
        try:
            for name, vouched in self._objects.holders(digest):
                if name not in self._sound:
                    if self._files.digest(self._backend.file(name)) != vouched:
                        return False
                    self._sound.add(name)
        except (NotFound, Damaged):
            return False
        return True


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
        data = os.read(descriptor, SMALL + 1)
        while len(data) <= SMALL and (more := os.read(descriptor, SMALL + 1)):
            data += more
        return data
    finally:
        os.close(descriptor)
