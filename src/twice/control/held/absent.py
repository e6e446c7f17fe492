"""Files that are not there: as when the recorded run looked for them, before it or somebody else made them."""

from __future__ import annotations

import builtins
import errno
import functools
import json
import os
from collections.abc import Callable, Collection
from typing import Any

from twice.control.held.everywhere import replace

LIMITS = "files that native code looks for by itself, what a folder's listing says of them, and other processes"


def hold(setting: str, files: Collection[str]) -> None:
    """Let some files not be there, until they are written.

    Args:
        setting: Their absolute paths, as a list in JSON.
        files: Not needed.
    """
    del files
    gone = set(json.loads(setting))

    def is_gone(path: Any) -> bool:
        if not isinstance(path, str | bytes | os.PathLike):
            return False
        return os.path.abspath(os.fsdecode(path)) in gone  # noqa: PTH100

    def refuse(path: Any) -> None:
        if is_gone(path):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fsdecode(path))

    def looking(original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def look(path: Any, *arguments: Any, **keywords: Any) -> Any:
            refuse(path)
            return original(path, *arguments, **keywords)

        return look

    opened, opened_low, access = builtins.open, os.open, os.access

    @functools.wraps(opened)
    def open_(file: Any, mode: str = "r", *arguments: Any, **keywords: Any) -> Any:
        if {"w", "a", "x"}.isdisjoint(mode):
            refuse(file)
        elif is_gone(file):
            gone.discard(os.path.abspath(os.fsdecode(file)))  # noqa: PTH100
            mode = mode.replace("x", "w").replace("a", "w")  # really it is there
        return opened(file, mode, *arguments, **keywords)

    @functools.wraps(opened_low)
    def open_low(path: Any, flags: int, *arguments: Any, **keywords: Any) -> int:
        if not flags & os.O_CREAT:
            refuse(path)
        elif is_gone(path):
            gone.discard(os.path.abspath(os.fsdecode(path)))  # noqa: PTH100
            flags = flags & ~os.O_EXCL | os.O_TRUNC
        return opened_low(path, flags, *arguments, **keywords)

    @functools.wraps(access)
    def accessible(path: Any, *arguments: Any, **keywords: Any) -> bool:
        return not is_gone(path) and access(path, *arguments, **keywords)

    for original in (os.stat, os.lstat):
        replace(original, looking(original), besides=("posix", "_frozen_importlib_external", "importlib"))
    replace(opened, open_, besides=("_io",))
    replace(opened_low, open_low, besides=("posix", "_frozen_importlib_external", "importlib"))
    replace(access, accessible, besides=("posix",))
