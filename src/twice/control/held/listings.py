"""The order in which folders tell their names: sorted, backwards, or shuffled."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Collection, Iterator
from typing import Any

from twice.control.held.everywhere import replace

LIMITS = "folders that native code lists by itself (Arrow's data sets, DuckDB's patterns), and processes started anew"


def hold(setting: str, files: Collection[str]) -> None:
    """Let folders be listed in an order; this reaches ``os``, ``glob``, ``pathlib`` and ``shutil``.

    Args:
        setting: ``sorted``, ``reversed`` or ``shuffled SEED``.
        files: Not needed.
    """
    del files
    how, _, number = setting.partition(" ")
    shuffle = random.Random(int(number or 0)).shuffle
    listdir, scandir = os.listdir, os.scandir

    def ordered(names: list[Any], key: Callable[[Any], Any]) -> list[Any]:
        names = sorted(names, key=key, reverse=how == "reversed")
        if how == "shuffled":
            shuffle(names)
        return names

    def listed(path: Any = None) -> list[Any]:
        """As ``os.listdir``, in order."""
        return ordered(listdir(path), lambda name: name)

    def scanned(path: Any = None) -> _Scan:
        """As ``os.scandir``, in order."""
        with scandir(path) as entries:
            return _Scan(ordered(list(entries), lambda entry: entry.name))

    replace(listdir, listed, besides=("posix", "_frozen_importlib_external", "importlib"))
    replace(scandir, scanned, besides=("posix",))


class _Scan:
    """What ``os.scandir`` returns: entries one by one, and a context."""

    def __init__(self, entries: list[Any]) -> None:
        self._entries = iter(entries)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self._entries)

    def __enter__(self) -> _Scan:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Nothing is open."""
