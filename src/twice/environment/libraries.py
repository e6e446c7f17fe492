"""Libraries of the operating system, and the Debian packages that they belong to."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterable
from pathlib import Path

from twice.environment.cache import owners_remembered, remember_owners
from twice.records.environment import SharedLibrary

_DPKG = Path("/var/lib/dpkg")
SYSTEM = ("/usr/lib", "/lib", "/usr/local/lib")


def libraries(paths: Iterable[str]) -> tuple[SharedLibrary, ...]:
    """What is recorded of libraries that a process had loaded, sorted by name.

    Args:
        paths: Their files; those that are not the operating system's are left out.
    """
    wanted = sorted({path for path in paths if path.startswith(SYSTEM) and ".so" in os.path.basename(path)})  # noqa: PTH119
    found = _owned(tuple(wanted))
    return tuple(sorted({found[path] for path in wanted}, key=lambda library: (library.name, library.package)))


@functools.lru_cache(maxsize=16)
def _owned(paths: tuple[str, ...]) -> dict[str, SharedLibrary]:
    try:
        changed = (_DPKG / "status").stat().st_mtime_ns
    except OSError:
        changed = 0  # no Debian: nothing owns anything
    known = owners_remembered(changed)
    missing = tuple(path for path in paths if path not in known)
    if missing:
        owners = _owners(missing)
        versions = _versions(frozenset(owners.values()))
        known |= {path: (owners.get(path, ""), versions.get(owners.get(path, ""), "")) for path in missing}
        remember_owners(changed, known)
    return {
        path: SharedLibrary(name=os.path.basename(path), package=known[path][0], version=known[path][1])  # noqa: PTH119
        for path in paths
    }


def _owners(paths: tuple[str, ...]) -> dict[str, str]:
    """The packages whose lists of files name them; a merged /usr is listed by either name."""
    names = {name: path for path in paths for name in _names(path)}
    pattern = re.compile(rb"^(?:%s)$" % b"|".join(re.escape(name.encode()) for name in names), re.MULTILINE)
    found: dict[str, str] = {}
    if not names:
        return found
    try:
        lists = [entry for entry in os.scandir(_DPKG / "info") if entry.name.endswith(".list")]
    except OSError:
        return found
    for entry in lists:
        # Only packages of libraries are read: the others own none that a process loads.
        if not (entry.name.startswith(("lib", "python3", "zlib", "gcc")) or ":" in entry.name):
            continue
        try:
            with open(entry.path, "rb") as file:
                text = file.read()
        except OSError:
            continue
        for name in pattern.findall(text) if b".so" in text else ():
            found[names[name.decode()]] = entry.name.removesuffix(".list").partition(":")[0]
    return found


def _names(path: str) -> set[str]:
    return {path, path.removeprefix("/usr") if path.startswith("/usr/lib") else f"/usr{path}"}


def _versions(packages: frozenset[str]) -> dict[str, str]:
    try:
        text = b"\n" + (_DPKG / "status").read_bytes()
    except OSError:
        return {}
    found = {}
    for name in packages:
        begin = text.find(b"\nPackage: %s\n" % name.encode())
        told = text[begin : text.find(b"\n\n", begin)] if begin >= 0 else b""
        if match := re.search(rb"^Version: (.+)$", told, re.MULTILINE):
            found[name] = match[1].decode()
    return found
