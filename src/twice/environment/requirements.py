"""Which installed distributions a distribution stands on."""

from __future__ import annotations

import functools
import importlib.metadata
import re
import sys
from collections.abc import Sequence

from twice.environment.installed import normalised

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


@functools.lru_cache(maxsize=1024)
def _direct(name: str, path: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    described = _described(name, path)
    if described is None:
        return ()
    for requirement in described.requires or []:
        text, _, marker = requirement.partition(";")
        match = _NAME.match(text.strip())
        # Optional extras are somebody's wish, not what this distribution stands on. Other markers are not evaluated:
        # a requirement for another platform is simply not installed.
        if match is None or re.search(r"\bextra\b", marker):
            continue
        needed = _described(match.group(), path)
        if needed is not None:
            found[normalised(match.group())] = needed.version
    return tuple(sorted(found.items()))


def _described(name: str, path: tuple[str, ...]) -> importlib.metadata.Distribution | None:
    found = importlib.metadata.distributions(name=name, path=[*(path or sys.path)])
    return next(iter(found), None)


def requirements(name: str, path: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Name and version of the installed distributions that one needs directly, without optional extras.

    Args:
        name: The distribution.
        path: Folders to look in; by default ``sys.path``.
    """
    return list(_direct(normalised(name), tuple(path)))
