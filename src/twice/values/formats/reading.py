"""One look into a file: how deep files lie in files, how much they unpack to, and why something was not looked into."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

UNPACKED_UP_TO = 1 << 30
"""Bytes that a file may unpack to and still be looked into."""

_DEPTH = 8


class Unread(Exception):  # noqa: N818 - a finding, not an error
    """A file cannot be looked into; the text says why."""


class Reading:
    """One look into a file and the files inside it."""

    def __init__(self) -> None:
        self._left = UNPACKED_UP_TO
        self._depth = 0

    def unpacks(self, size: int) -> None:
        """Count what is unpacked.

        Raises:
            Unread: It is too much.
        """
        self._left -= size
        if self._left < 0:
            raise Unread(f"it unpacks to more than {UNPACKED_UP_TO >> 30} GiB")

    @property
    def left(self) -> int:
        """How many bytes may still be unpacked."""
        return self._left

    @contextlib.contextmanager
    def inside(self, called: str) -> Iterator[None]:
        """Read a format; whatever its reader stumbles over is a reason.

        Raises:
            Unread: It cannot be read.
        """
        self._depth += 1
        if self._depth > _DEPTH:
            raise Unread(f"files lie more than {_DEPTH} deep in files")
        try:
            yield
        except Unread:
            raise
        except ImportError as problem:
            missing = (problem.name or "a library").partition(".")[0]
            raise Unread(f"its format ({called}) needs {missing}, which is not installed here") from problem
        except MemoryError as problem:
            raise Unread(f"it does not fit into memory as {called}") from problem
        except Exception as problem:
            raise Unread(f"it cannot be read as {called}: {_first_line(problem)}") from problem
        finally:
            self._depth -= 1


def _first_line(problem: Any) -> str:
    lines = str(problem).strip().splitlines()
    return lines[0][:200] if lines else type(problem).__name__
