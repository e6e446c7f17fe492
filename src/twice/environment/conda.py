"""Packages of a conda environment that are no Python distributions: its BLAS, its compiler's libraries."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

from twice.environment.installed import Installed, normalised
from twice.records.environment import Distribution

_RECORD = re.compile(r"(?P<name>.+)-(?P<version>[^-]+)-(?P<build>[^-]+)\.json")
# A build for a Python, as py311h64a7726_0 and cpu_py311hb1 and pyhd8ed1ab_0, has a description of its own in
# site-packages, which may have another name (torch for pytorch).
_OF_PYTHON = re.compile(r"(?:^|_)py(?:\d|h)")


def packages_of(site: Path) -> tuple[Installed, ...]:
    """What conda installed besides Python distributions, by the names of its records; none where there is no conda.

    Args:
        site: A folder of installed packages, as ``<prefix>/lib/python3.11/site-packages``.
    """
    if site.name != "site-packages" or len(site.parents) < 3:
        return ()
    names: list[str] = []
    with contextlib.suppress(OSError):
        names = os.listdir(site.parents[2] / "conda-meta")  # noqa: PTH208
    return tuple(_described(names))


def _described(names: Iterable[str]) -> Iterable[Installed]:
    for name in sorted(names):
        told = _RECORD.fullmatch(name)
        if told and told["name"] != "python" and not _OF_PYTHON.search(told["build"]):
            found = Distribution(
                name=normalised(told["name"]), version=told["version"], installer="conda", origin="conda"
            )
            yield Installed(found, None)
