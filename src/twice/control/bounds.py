"""What a strict step may read, list and write, as one value; and what it was refused, as lines in a file.

The kernel enforces the bounds (:mod:`twice.control.landlock`) and tells nobody what it refused. So whoever sees a step
ask for a file (the interpreter's hooks, the kernel's notifications, strace) holds the path against the bounds, too, and
writes down what will be refused: a library may take the refusal for a file that is not there, or say nothing at all.

Runs in workers: standard library only.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from twice.control import landlock

SYSTEM = (
    *(f"{above}/{name}" for above in ("", "/usr", "/usr/local") for name in ("bin", "sbin", "lib", "lib32", "lib64")),
    *("/usr/libexec", "/usr/share", "/usr/local/share", "/usr/local/libexec", "/etc", "/run", "/sys", "/var/cache"),
    *("/nix/store", "/gnu/store"),
)
"""Folders of the operating system, which is the machine's part and no input."""

_SHARED_MEMORY = "/dev/shm"
DEVICES = ("/dev", "/proc")
"""What may be written, since it is no file."""


@dataclass(frozen=True)
class Bounds:
    """What a step may touch. Folders stand for all that is below them.

    Attributes:
        environment: Folders and files of the interpreter, of installed packages and of the system.
        files: Files that may be read: declared inputs, and the step's own code.
        folders: Folders whose names may be asked for, as a declared pattern does.
        writable: Folders that are the step's own.
        temporary: The one of them that is for temporary files; the step makes it, and whoever runs the step removes it.
    """

    environment: tuple[str, ...]
    files: tuple[str, ...]
    folders: tuple[str, ...]
    writable: tuple[str, ...]
    temporary: str

    @classmethod
    def told(cls, task: Mapping[str, Any]) -> Bounds:
        """The bounds that a task file holds."""
        environment, files, folders, writable = (
            tuple(task[name]) for name in ("environment", "files", "folders", "writable")
        )
        return cls(environment, files, folders, writable, task["temporary"])

    def tell(self) -> dict[str, Any]:
        """The bounds for a task file."""
        return asdict(self)

    def of(self, own: Iterable[str]) -> Bounds:
        """The bounds with more in the environment: what only the step's interpreter knows to be its own."""
        return replace(self, environment=(*self.environment, *(place.rstrip("/") for place in own)))

    def confine(self) -> int:
        """Confine this process for good; which version of the kernel's interface did it.

        Raises:
            OSError: It cannot be done here.
        """
        readable = (*self.environment, *SYSTEM, *_libraries())
        devices = landlock.READ | landlock.WRITE_FILE | landlock.TRUNCATE
        return landlock.confine(
            [
                *((place, landlock.READ) for place in readable),
                *((place, devices) for place in DEVICES),
                *((place, landlock.EXECUTE | landlock.READ_FILE) for place in self.files),
                *((place, landlock.READ_DIR) for place in self.folders),
                *((place, landlock.EVERYTHING) for place in (*self.writable, self.temporary, _SHARED_MEMORY)),
            ]
        )

    def refuse(self, path: str, *, writes: bool = False) -> str:
        """What is refused if somebody opens a path: ``read``, ``list``, ``write``, or nothing."""
        real = os.path.realpath(path)
        if _within(real, (*self.writable, self.temporary, *DEVICES)):
            return ""
        if writes:
            return "write" if os.path.isdir(os.path.dirname(real)) else ""  # noqa: PTH112, PTH120
        if real in self.files or not os.path.exists(real):  # noqa: PTH110
            return ""
        if os.path.isdir(real):  # noqa: PTH112
            return "" if _within(real, (*self.folders, *self._readable)) else "list"
        return "" if _within(real, self._readable) else "read"

    @property
    def _readable(self) -> tuple[str, ...]:
        return (*self.environment, *SYSTEM)


def _within(path: str, places: Iterable[str]) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in places if place)


def _libraries() -> list[str]:
    """Where the loader was told to look for shared libraries, and where CUDA is by custom."""
    told = os.environ.get("LD_LIBRARY_PATH", "").split(":")
    return [*(place for place in told if os.path.isabs(place)), *glob.glob("/usr/local/cuda*")]  # noqa: PTH117, PTH207


@dataclass(frozen=True)
class Refusal:
    """Something that a step was refused.

    Attributes:
        what: ``read``, ``list``, ``write`` or ``start``.
        path: Absolute.
        native: Whether it was seen at the kernel's door only, so that no Python code need have heard of it.
        file: The user's file with the line that led to it; empty where none is known.
        line: The line.
        function: The function that it is in.
        process: Which process can find out the line: the one that asked, or one above it; 0 if none can.
    """

    what: str
    path: str
    native: bool = False
    file: str = ""
    line: int = 0
    function: str = ""
    process: int = 0


class Refusals:
    """A file to which all watchers of a step write what it is refused, whichever process it happens in."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def add(self, refusal: Refusal) -> None:
        """Write one down."""
        line = json.dumps(asdict(refusal)).encode() + b"\n"
        with contextlib.suppress(OSError):
            descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(descriptor, line)
            finally:
                os.close(descriptor)

    def all(self) -> list[Refusal]:
        """What was written down so far, in its order; the file is only ever added to."""
        found: list[Refusal] = []
        with contextlib.suppress(OSError):
            for line in self._file.read_bytes().splitlines():
                with contextlib.suppress(ValueError, TypeError):
                    told: dict[str, Any] = json.loads(line)
                    found.append(Refusal(**told))
        return found

    def merged(self) -> list[Refusal]:
        """Each thing once: with the line of the user's code where somebody knows it."""
        found: dict[tuple[str, str], Refusal] = {}
        heard: set[tuple[str, str]] = set()
        for refusal in self.all():
            place = (refusal.what, refusal.path)
            if not refusal.native:
                heard.add(place)
            if place not in found or (refusal.line and not found[place].line):
                found[place] = refusal
        # An interpreter lists folders to find modules and goes on without; it would have said if it were for more.
        imports = {place for place, one in found.items() if one.what == "list" and one.process and not one.line}
        return [
            Refusal(**{**asdict(refusal), "native": place not in heard})
            for place, refusal in found.items()
            if place not in imports or place in heard
        ]
