"""Names made from content."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Protocol

from blake3 import blake3

ALGORITHM = "blake3"
_PATTERN = re.compile(rf"{ALGORITHM}:[0-9a-f]{{64}}")


class Digest(str):
    """The name of some bytes: ``blake3:`` and 64 hexadecimal digits.

    It carries its algorithm, so that a store can outlive it. As a plain string it goes into JSON, SQL and file names
    as it is.

    Raises:
        ValueError: The text is not a digest.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Digest:
        """Check the form; content is checked by whoever reads the object."""
        if not _PATTERN.fullmatch(text):
            raise ValueError(f"not a digest: {text[:80]!r}")
        return super().__new__(cls, text)

    @property
    def hex(self) -> str:
        """The 64 hexadecimal digits."""
        return self[len(ALGORITHM) + 1 :]

    @property
    def short(self) -> str:
        """The first twelve digits, for people."""
        return self.hex[:12]


class _Hash(Protocol):
    def hexdigest(self) -> str: ...


def named(hash_: _Hash) -> Digest:
    """The digest that a finished hash object stands for."""
    return str.__new__(Digest, f"{ALGORITHM}:{hash_.hexdigest()}")  # its form is right: nothing to check


class _Threads:
    """How many threads may hash.

    A forked child has none of its parent's threads, and BLAKE3's pool would wait for them for ever.
    """

    forked = False


def _after_fork() -> None:
    _Threads.forked = True


os.register_at_fork(after_in_child=_after_fork)


def threads_for(size: int) -> int:
    """How many threads should hash this many bytes, as BLAKE3's ``max_threads``."""
    return blake3.AUTO if size > 1 << 20 and not _Threads.forked else 1


def digest_bytes(data: bytes | bytearray | memoryview) -> Digest:
    """The digest of some bytes; with all cores where there is enough to do."""
    return named(blake3(data, max_threads=threads_for(len(data))))


def digest_texts(*texts: str | bytes | Iterable[str]) -> Digest:
    """The digest of a sequence of texts, each with its length before it so that no two sequences run together."""
    parts: list[bytes] = []
    for text in texts:
        if isinstance(text, str):
            data = text.encode("utf-8", "surrogatepass")
        else:
            data = text if isinstance(text, bytes) else digest_texts(*text).encode()
        parts.append(len(data).to_bytes(8, "big"))
        parts.append(data)
    return named(blake3(b"".join(parts)))
