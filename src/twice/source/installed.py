"""What classes hold of installed code: said by where it can be imported from, and found there again.

Runs in workers, so this module imports the standard library only.
"""

from __future__ import annotations

import functools
import importlib
import types
from types import BuiltinFunctionType, FunctionType
from typing import Any

CACHED = type(functools.lru_cache(id))
"""What a cache around a function is."""
_DESCRIPTORS = (
    types.WrapperDescriptorType,
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
    types.GetSetDescriptorType,
    types.MemberDescriptorType,
)
WRAPPERS: dict[str, type[Any]] = {"static": staticmethod, "class": classmethod}
"""In what a class holds a function that is no method, by the word that a snapshot has for it."""


def place_of(held: object) -> str:
    """Where a function or descriptor can be imported from, and how a class holds it; empty for anything else.

    Args:
        held: What the class has, as ``vars`` shows it.
    """
    kind = next((word for word, wrapper in WRAPPERS.items() if type(held) is wrapper), "")
    inner = held.__func__ if isinstance(held, staticmethod | classmethod) else held
    owner = inner.__objclass__ if isinstance(inner, _DESCRIPTORS) else None
    if isinstance(owner, type):  # ``object.__repr__`` and the like
        return f"{kind} {owner.__module__}:{owner.__qualname__}.{getattr(inner, '__name__', '')}"
    importable = isinstance(inner, FunctionType | BuiltinFunctionType) or type(inner) is CACHED
    if importable or (kind and isinstance(inner, type)):
        return f"{kind} {getattr(inner, '__module__', '')}:{getattr(inner, '__qualname__', '')}"
    return ""


def found_at(place: str) -> object:
    """What :func:`place_of` said where to find, held as it was.

    Raises:
        ImportError: Its module is not there.
        AttributeError: The module has no such thing.
    """
    kind, _, where = place.partition(" ")
    module, _, path = where.partition(":")
    *outer, name = path.split(".")
    holder: object = importlib.import_module(module)
    for part in outer:
        holder = getattr(holder, part)
    held = vars(holder)[name] if isinstance(holder, type) and name in vars(holder) else getattr(holder, name)
    return WRAPPERS[kind](held) if kind else held
