"""Bytes that save time and may be gone at any moment: in the store's folder, and no part of what it vouches for."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from twice.store.scratch import Scratch

FOLDER = "memos"


class Memo:
    """Some bytes under a name, for many processes at once: whoever reads gets all that one of them wrote, or nothing.

    Nothing waits for the disk, so after a power cut the bytes may be others; whoever keeps something here has to see
    from the bytes themselves whether they are whole.

    Args:
        file: Where they are kept.
        scratch: Where they are written first.
    """

    def __init__(self, file: Path, scratch: Scratch) -> None:
        self._file = file
        self._scratch = scratch

    def read(self) -> bytes | None:
        """What was written last; None if there is nothing."""
        try:
            return self._file.read_bytes()
        except OSError:
            return None

    def write(self, data: bytes) -> None:
        """Put something there, all of it or nothing; that it cannot be done is no error."""
        with suppress(OSError):
            temporary = self._scratch.file()
            try:
                temporary.write_bytes(data)
                self._file.parent.mkdir(exist_ok=True)
                temporary.replace(self._file)
            finally:
                temporary.unlink(missing_ok=True)
