"""Things written once, under a name made from what they hold."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from blake3 import blake3

from twice.errors import Damaged, NotFound
from twice.records.digest import Digest, digest_bytes, named, threads_for
from twice.store.backend import Backend, Bytes
from twice.store.gate import Gate


def digest_finished(file: Path) -> Digest:
    """The digest of a file that nobody writes to any more; mapped, and with all cores.

    Only for files of our own: a mapped file that another program shortens meanwhile ends this process.
    """
    return named(blake3(max_threads=threads_for(file.stat().st_size)).update_mmap(file))


def damaged(what: str, digest: Digest, size: int, found: Digest) -> Damaged:
    """What to say of bytes that are not what their name says."""
    return Damaged(
        f"{what} {digest} is damaged: its {size:,} bytes have the digest {found}.",
        hint="running the step again, or putting the same content again, mends it; "
        "`twice check` says what else it touches",
    )


class Content:
    """A backend seen as a place where a name vouches for the bytes.

    What is already there is not written again, but it is looked at, once per process: putting the right bytes under
    the name of a damaged thing heals it, so that running a step again is always a way out.

    Args:
        backend: Where the bytes are.
        gate: Keeps what is relied on from being taken away.
    """

    def __init__(self, backend: Backend, gate: Gate) -> None:
        self.backend = backend
        self.gate = gate
        self._sound: set[str] = set()

    def write(self, items: Iterable[tuple[str, Digest, Bytes]], *, flush: bool = True) -> None:
        """Put bytes, all of them with as few waits for the disk as the backend knows how to, or with none."""
        given = list(items)
        fresh: dict[str, Bytes] = {}
        present: list[str] = []
        with self.gate.relying(digest for _, digest, _ in given):
            for name, digest, data in given:
                if name not in fresh and not self._is_there(name, digest, present):
                    fresh[name] = data
        self.backend.write(fresh.items(), flush=flush)
        self._settle(fresh, present if flush else [])

    def adopt(self, items: Iterable[tuple[str, Digest, Path]]) -> None:
        """As :meth:`write`, with finished files, which are gone afterwards."""
        given = list(items)
        fresh: dict[str, Path] = {}
        spare: list[Path] = []
        present: list[str] = []
        with self.gate.relying(digest for _, digest, _ in given):
            for name, digest, file in given:
                if name in fresh or self._is_there(name, digest, present):
                    spare.append(file)
                else:
                    fresh[name] = file
        self.backend.adopt(fresh.items())
        self._settle(fresh, present)
        for file in spare:
            file.unlink(missing_ok=True)

    def read(self, name: str, digest: Digest, what: str) -> bytes:
        """The bytes under a name, held against it.

        Raises:
            NotFound: There is nothing under that name.
            Damaged: The bytes are not what the name says.
        """
        data = self.backend.read(name)
        self.hold(name, digest, data, what)
        return data

    def hold(self, name: str, digest: Digest, data: Bytes, what: str) -> None:
        """Hold bytes against their name.

        Raises:
            Damaged: They are not what the name says.
        """
        found = digest_bytes(data)
        if found != digest:
            self.doubt(name)
            raise damaged(what, digest, len(data), found)

    def doubt(self, name: str) -> None:
        """Look again at what is under a name before trusting it."""
        self._sound.discard(name)

    def _is_there(self, name: str, digest: Digest, present: list[str]) -> bool:
        """Whether the right bytes are under a name; those not seen by this process before are added to ``present``."""
        if not self.backend.exists(name):
            return False
        if name in self._sound:
            return True
        with suppress(NotFound):
            if digest_bytes(self.backend.map(name)) == digest:
                present.append(name)
                return True
        return False

    def _settle(self, fresh: Iterable[str], present: list[str]) -> None:
        # Another process may have renamed a thing into place and not yet waited for the disk. Whoever refers to it next
        # must not be more durable than the thing itself.
        if present:
            self.backend.settle(present)
        self._sound.update(fresh, present)
