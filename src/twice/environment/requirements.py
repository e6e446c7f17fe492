"""Which installed distributions a distribution stands on."""

from __future__ import annotations

import functools
import importlib.metadata
import re

from twice.environment.installed import normalised

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


@functools.lru_cache(maxsize=1024)
def _direct(name: str) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    try:
        wanted = importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:
        return ()
    for requirement in wanted:
        text, _, marker = requirement.partition(";")
        match = _NAME.match(text.strip())
        # Optional extras are somebody's wish, not what this distribution stands on. Other markers are not evaluated:
        # a requirement for another platform is simply not installed.
        if match is None or re.search(r"\bextra\b", marker):
            continue
        try:
            found[normalised(match.group())] = importlib.metadata.version(match.group())
        except importlib.metadata.PackageNotFoundError:
            continue
    return tuple(sorted(found.items()))


def requirements(name: str) -> list[tuple[str, str]]:
    """Name and version of the installed distributions that one needs directly, without optional extras."""
    return list(_direct(normalised(name)))
