"""The few verbs that a place for bytes needs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

Bytes = bytes | bytearray | memoryview


class Backend(Protocol):
    """A place for bytes under names; it knows nothing of what they mean.

    A name is text with forward slashes, such as ``objects/ab/cdef``. Two promises hold for every backend: what is
    there under a name is whole (it was written to its end, or it is not there), and what a verb has returned from
    survives a crash. There is one exception, for what is asked to be quick: what was written with ``flush=False``
    survives the end of this process and not a power cut, after which it may be torn or gone, until it is settled.

    All verbs may be used from many threads and processes at once.
    """

    def read(self, name: str) -> bytes:
        """The bytes under a name.

        Raises:
            NotFound: There are none.
        """
        ...

    def map(self, name: str) -> memoryview:
        """The bytes under a name, read-only, without reading them all now where that is possible.

        Raises:
            NotFound: There are none.
        """
        ...

    def file(self, name: str) -> Path:
        """A file of this machine that holds the bytes; it is only to be read.

        Raises:
            NotFound: There are none.
        """
        ...

    def size(self, name: str) -> int:
        """How many bytes are under a name.

        Raises:
            NotFound: There are none.
        """
        ...

    def exists(self, name: str) -> bool:
        """Whether there is something under a name."""
        ...

    def names(self, prefix: str) -> list[str]:
        """Every name that starts with a text, sorted."""
        ...

    def write(self, items: Iterable[tuple[str, Bytes]], *, flush: bool = True) -> None:
        """Put bytes under names, each whole or not at all, in place of what was there.

        Only for names that are made from the content: who comes second writes the same.

        Args:
            items: The names and the bytes.
            flush: Whether to wait until they survive a power cut.
        """
        ...

    def adopt(self, items: Iterable[tuple[str, Path]]) -> None:
        """As :meth:`write`, with finished files that are moved in and gone afterwards."""
        ...

    def settle(self, names: Iterable[str], *, flush: bool = False) -> None:
        """Make sure that what another process put under these names survives a crash too.

        Args:
            names: The names.
            flush: Whether it may have been written with ``flush=False``.
        """
        ...

    def claim(self, name: str, data: bytes) -> bool:
        """Put bytes under a name that has none (compare-and-swap with nothing).

        Returns:
            Whether this call did. Of any number of calls at one instant exactly one does.
        """
        ...

    def move(self, moves: Iterable[tuple[str, str]]) -> None:
        """Give things other names, one after the other in the order given; what had the new name is replaced.

        Where there is nothing under the old name, nothing happens.
        """
        ...

    def delete(self, names: Iterable[str]) -> None:
        """Remove what is under some names, where there is something, in the order given."""
        ...
