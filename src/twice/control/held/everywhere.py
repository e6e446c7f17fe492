"""A function replaced wherever somebody has taken a reference to it already."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from types import FrameType
from typing import Any

WAITING = frozenset(
    {"asyncio", "concurrent", "multiprocessing", "queue", "sched", "selectors", "signal", "socket", "subprocess"}
    | {"threading", "_pytest", "twice", "loky", "joblib"}
)
"""Libraries that wait for things to happen, and have to know how long really: top-level names of their modules."""


def replace(original: object, replacement: object, *, besides: Collection[str] = ()) -> None:
    """Let every module's variable that holds one thing hold another.

    Args:
        original: What it holds.
        replacement: What it is to hold.
        besides: Top-level names of modules that keep what they have.
    """
    for name, module in list(sys.modules.items()):
        if module is None or name.partition(".")[0] in besides:
            continue
        members = getattr(module, "__dict__", None)
        if not isinstance(members, dict):
            continue
        for variable, value in list(members.items()):
            if value is original:
                members[variable] = replacement


def asks(frame: FrameType | None, names: Collection[str]) -> bool:
    """Whether the code that called belongs to one of some libraries, by the top-level name of its module."""
    frame = _beyond_observers(frame)
    return frame is not None and str(frame.f_globals.get("__name__", "")).partition(".")[0] in names


def own(frame: FrameType | None, files: Collection[str]) -> bool:
    """Whether the code that called is the user's own."""
    frame = _beyond_observers(frame)
    return frame is not None and frame.f_code.co_filename in files


def _beyond_observers(frame: FrameType | None) -> FrameType | None:
    """The frame that really asked: those who only watch hand the question on."""
    while frame is not None and str(frame.f_globals.get("__name__", "")).startswith("twice.control."):
        frame = frame.f_back
    return frame


def set_on_type(type_: type, name: str, value: Callable[..., Any]) -> None:
    """Replace a class method of a type that is written in C, as ``datetime.now``.

    The type's own dictionary is reached through the garbage collector, which knows what its proxy refers to. This is
    CPython's business and nobody else's; elsewhere it does nothing.
    """
    import ctypes
    import gc

    for found in gc.get_referents(type_.__dict__):
        if isinstance(found, dict) and found.get("__doc__") == type_.__doc__ and name in found:
            found[name] = classmethod(value)
            ctypes.pythonapi.PyType_Modified(ctypes.py_object(type_))
            return
