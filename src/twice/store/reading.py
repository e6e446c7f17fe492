"""A store that may be looked at and not be written to: an archive, a mounted snapshot, another user's."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

from twice.errors import StoreUnusable
from twice.store.backend import Bytes
from twice.store.local import LocalBackend


def refuse(place: Path) -> NoReturn:
    """Say that nothing can be written there.

    Raises:
        StoreUnusable: Always.
    """
    raise StoreUnusable(
        f"the store {place} cannot be written.",
        hint="give yourself the right to write there, or name another place with TWICE_STORE or store=",
    )


class ReadingBackend(LocalBackend):
    """A folder of this machine that is only read."""

    def write(self, items: Iterable[tuple[str, Bytes]], *, flush: bool = True) -> None:  # noqa: ARG002
        """Refused, if there is anything to write."""
        if list(items):
            refuse(self.path)

    def adopt(self, items: Iterable[tuple[str, Path]]) -> None:
        """Refused, if there is anything to move in."""
        if list(items):
            refuse(self.path)

    def settle(self, names: Iterable[str], *, flush: bool = False) -> None:
        """Nothing: what is here is as durable as its writers made it."""

    def claim(self, name: str, data: bytes) -> bool:  # noqa: ARG002 - the backend's verb
        """Refused."""
        refuse(self.path)

    def move(self, moves: Iterable[tuple[str, str]]) -> None:  # noqa: ARG002 - the backend's verb
        """Refused."""
        refuse(self.path)

    def delete(self, names: Iterable[str]) -> None:  # noqa: ARG002 - the backend's verb
        """Refused."""
        refuse(self.path)
