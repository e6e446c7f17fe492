"""Large files that are like an object which is here: filed as a recipe, and only what is new in them as bytes."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from blake3 import blake3

from twice.errors import Damaged, NotFound
from twice.records.digest import Digest, named, threads_for
from twice.store import recipes
from twice.store.content import Content, digest_finished
from twice.store.durable import explained
from twice.store.likeness import Likeness
from twice.store.recipes import recipe_name
from twice.store.scratch import Scratch
from twice.store.shelves import Shelves, object_name
from twice.store.stretches import BLOCK, LARGE, Follower, Known

_TRIED = 2


class LargeFiles:
    """Puts large files down.

    Args:
        content: Where they are filed.
        shelves: What is here already.
        scratch: Where new bytes lie before they are filed.
        likeness: Knows which large objects are like others.
    """

    def __init__(self, content: Content, shelves: Shelves, scratch: Scratch, likeness: Likeness) -> None:
        self._content = content
        self._shelves = shelves
        self._scratch = scratch
        self._likeness = likeness

    def put(self, file: Path, like: Digest | None = None) -> Digest | None:
        """Put a file of anybody's down beside an object that it is like; None if there is none.

        Args:
            file: The file; it stays as it is.
            like: An object that it is probably like.
        """
        candidates = [like] if like is not None and self._shelves.has(like) else []
        candidates += [digest for digest in self._likeness.most_like(file) if digest != like]
        for candidate in candidates[:_TRIED]:
            with suppress(NotFound, Damaged):
                pieces = list(self._shelves.pieces(candidate))
                if not self._shelves.rely(*{piece.digest for piece in pieces}):
                    continue
                digest = self._followed(file, Known(pieces))
                if digest is not None:
                    return digest
        return None

    def adopt(self, digest: Digest, file: Path, *, alike: bool) -> None:
        """Move a finished file in, which is gone afterwards.

        Args:
            digest: Its digest.
            file: The file.
            alike: Whether it is held against what is here already.
        """
        if alike and self.put(file):
            self._shelves.keep_whole(digest, file)
            return
        self._content.adopt([(object_name(digest), digest, file)])
        with suppress(NotFound, OSError):
            self._likeness.remember(digest, self._content.backend.file(object_name(digest)))

    def _followed(self, file: Path, known: Known) -> Digest | None:
        new = self._scratch.file()
        hash_ = blake3(max_threads=threads_for(LARGE))
        try:
            with explained(self._scratch.path.parent), open(file, "rb", buffering=0) as source, open(new, "xb") as out:
                follower = Follower(known, out, lambda place, count: os.pread(source.fileno(), count, place))
                if not _follow(source.readinto, hash_.update, follower):
                    return None
            digest = named(hash_)
            if follower.fresh_size and digest in {piece.digest for piece in known.pieces}:
                # The object itself, but with other bytes than it should have: no recipe mends it.
                self._shelves.doubt(digest)
                return None
            if not self._shelves.absent([digest]):
                return digest
            fresh = digest_finished(new)
            stretches = follower.stretches(fresh)
            if (
                follower.size > recipes.MOST_TIMES * known.size
                or len({one.digest for one in stretches}) > recipes.MOST_PARTS
            ):
                return None  # filed as it is, and what is like it later is made of that
            if follower.fresh_size:
                self._content.adopt([(object_name(fresh), fresh, new)])
            with suppress(OSError):
                self._likeness.remember(digest, file)
            self._content.backend.write([(recipe_name(digest), recipes.written(stretches))])
            self._shelves.seen_whole([digest])
            return digest
        finally:
            new.unlink(missing_ok=True)


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
