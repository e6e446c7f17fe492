"""Files that hold something else when they are read: what they held when the record was made."""

from __future__ import annotations

import builtins
import functools
import json
import os
from collections.abc import Callable, Collection
from typing import Any

from twice.control.held.everywhere import replace

LIMITS = "files that native code opens by itself, what was found out of a file without reading it, and other processes"


def hold(setting: str, files: Collection[str]) -> None:
    """Let some files be read as others. What is written goes where it is meant to go.

    Args:
        setting: Their absolute paths → those of the files that are read instead, as an object in JSON.
        files: Not needed.
    """
    del files
    others: dict[str, str] = json.loads(setting)

    def read(path: Any) -> Any:
        if not isinstance(path, str | bytes | os.PathLike):
            return path
        return others.get(os.path.abspath(os.fsdecode(path)), path)  # noqa: PTH100

    def looking(original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def look(path: Any, *arguments: Any, **keywords: Any) -> Any:
            return original(read(path), *arguments, **keywords)

        return look

    opened, opened_low = builtins.open, os.open

    @functools.wraps(opened)
    def open_(file: Any, mode: str = "r", *arguments: Any, **keywords: Any) -> Any:
        return opened(read(file) if {"w", "a", "x", "+"}.isdisjoint(mode) else file, mode, *arguments, **keywords)

    @functools.wraps(opened_low)
    def open_low(path: Any, flags: int, *arguments: Any, **keywords: Any) -> int:
        writing = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        return opened_low(path if writing else read(path), flags, *arguments, **keywords)

    for original in (os.stat, os.lstat, os.access):
        replace(original, looking(original), besides=("posix", "_frozen_importlib_external", "importlib"))
    replace(opened, open_, besides=("_io",))
    replace(opened_low, open_low, besides=("posix", "_frozen_importlib_external", "importlib"))
