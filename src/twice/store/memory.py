"""Bytes in this process: the model that other backends are held against."""

from __future__ import annotations

import shutil
import tempfile
import threading
import weakref
from collections.abc import Iterable
from pathlib import Path

from twice.errors import NotFound
from twice.store.backend import Bytes


class MemoryBackend:
    """A :class:`~twice.store.backend.Backend` in a dictionary; gone with the object."""

    def __init__(self) -> None:
        self._held: dict[str, bytes] = {}
        self._lock = threading.Lock()
        self._files: Path | None = None

    def read(self, name: str) -> bytes:
        """The bytes under a name."""
        try:
            return self._held[name]
        except KeyError:
            raise NotFound(f"nothing is filed under {name!r}.") from None

    def map(self, name: str) -> memoryview:
        """The bytes under a name, read-only."""
        return memoryview(self.read(name))

    def file(self, name: str) -> Path:
        """A copy in a temporary folder that goes with this object."""
        data = self.read(name)
        with self._lock:
            if self._files is None:
                self._files = Path(tempfile.mkdtemp(prefix="twice-"))
                weakref.finalize(self, shutil.rmtree, self._files, ignore_errors=True)
            path = self._files / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            return path

    def size(self, name: str) -> int:
        """How many bytes are under a name."""
        return len(self.read(name))

    def exists(self, name: str) -> bool:
        """Whether there is something under a name."""
        return name in self._held

    def names(self, prefix: str) -> list[str]:
        """Every name that starts with a text, sorted."""
        return sorted(name for name in list(self._held) if name.startswith(prefix))

    def write(self, items: Iterable[tuple[str, Bytes]], *, flush: bool = True) -> None:  # noqa: ARG002
        """Put bytes under names."""
        self._held.update({name: bytes(data) for name, data in items})

    def adopt(self, items: Iterable[tuple[str, Path]]) -> None:
        """Take the bytes of files, which are gone afterwards."""
        for name, file in items:
            self._held[name] = file.read_bytes()
            file.unlink()

    def settle(self, names: Iterable[str], *, flush: bool = False) -> None:
        """Nothing to do: this memory does not outlive a crash anyway."""

    def claim(self, name: str, data: bytes) -> bool:
        """Put bytes under a name that has none."""
        with self._lock:
            if name in self._held:
                return False
            self._held[name] = data
            return True

    def move(self, moves: Iterable[tuple[str, str]]) -> None:
        """Give things other names."""
        for old, new in moves:
            with self._lock:
                if old in self._held:
                    self._held[new] = self._held.pop(old)

    def delete(self, names: Iterable[str]) -> None:
        """Remove what is under some names, where there is something."""
        for name in names:
            self._held.pop(name, None)
