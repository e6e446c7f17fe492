"""What can be asked of a path without reading it: where a link leads, how large it is, when it was changed.

Each is told as a short text, so that it can be recorded as a digest and asked again before a trace is reused.

Runs in workers: standard library only.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable

Mark = tuple[int, int, int, int]


def _link(path: str) -> str:
    return os.readlink(path)  # noqa: PTH115


def _size(path: str) -> str:
    found = os.stat(path)  # noqa: PTH116
    size = found.st_size if stat.S_ISREG(found.st_mode) else 0
    return f"{stat.S_IFMT(found.st_mode):o} {size}"


def _times(path: str) -> str:
    return str(os.stat(path).st_mtime_ns)  # noqa: PTH116


def _attributes(path: str) -> str:
    names = sorted(os.listxattr(path)) if hasattr(os, "listxattr") else []
    return " ".join(f"{name}={os.getxattr(path, name).hex()}" for name in names)


def _modules(path: str) -> str:
    with os.scandir(path) as entries:
        found = [entry.name for entry in entries if entry.name.endswith((".py", ".pyc", ".so")) or entry.is_dir()]
    return "\n".join(sorted(name for name in found if not name.startswith((".", "__pycache__"))))


FACTS: dict[str, Callable[[str], str]] = {
    "link": _link,
    "size": _size,
    "times": _times,
    "attributes": _attributes,
    "modules": _modules,
}
"""What can be recorded of a path besides its content, and how it is found out."""


def fact(kind: str, path: str) -> str | None:
    """What is so of a path, in words; None if it cannot be found out, as when nothing is there.

    Args:
        kind: One of :data:`FACTS`: ``link`` (where it leads), ``size`` (what sort of thing it is and how large),
            ``times`` (when its content was changed), ``attributes`` (extended ones), or ``modules`` (what can be
            imported from a folder).
        path: An absolute path.
    """
    with contextlib.suppress(OSError, ValueError):
        return FACTS[kind](path)
    return None


def mark_of(path: str) -> Mark | None:
    """What a regular file looks like from outside; None for anything else."""
    try:
        found = os.stat(path)  # noqa: PTH116
    except (OSError, ValueError):
        return None
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino) if stat.S_ISREG(found.st_mode) else None


def names_in(folder: str) -> list[str]:
    """The names in a folder, sorted, those of folders with a slash at their end."""
    with os.scandir(folder) as entries:
        return sorted(f"{entry.name}/" if entry.is_dir() else entry.name for entry in entries)


def tidied(path: str) -> str:
    """An absolute path without ``.`` and ``..``; where a link comes before ``..``, as the kernel would go."""
    if "/." not in path and "//" not in path and not path.endswith("/"):
        return path
    return os.path.realpath(path) if ".." in path.split("/") else os.path.normpath(path)
