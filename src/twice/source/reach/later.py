"""What a class has by now that its body did not give it: names that it lost, special names, and installed code."""

from __future__ import annotations

import abc
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType

from twice.source.installed import CACHED, place_of
from twice.source.pieces import Piece
from twice.source.reach.live import ask, held_by, is_local_function

_OF_ITS_OWN = {"__module__", "__qualname__", "__annotations__", "__dict__", "__weakref__", "__doc__"}
_OF_ITS_OWN |= {"__firstlineno__", "__static_attributes__"}
"""What every class has, and what says nothing of what it does."""
_PLAIN_METACLASSES = (type, abc.ABCMeta)
"""Metaclasses that keep no books of their own under special names."""


@dataclass(frozen=True)
class Gone:
    """Stands for what a class has no more."""


@dataclass(frozen=True)
class Installed:
    """Stands for installed code.

    Attributes:
        place: Where it is; see ``source.installed``.
    """

    place: str


@dataclass(frozen=True)
class Names:
    """Stands for all names that a class made by a call has, other than special ones.

    Attributes:
        names: They.
    """

    names: tuple[str, ...]


def later(class_: type, definition: Piece, is_ours: Callable[[type], bool]) -> dict[str, object]:
    """What a class has under each name, as far as its body alone does not say so.

    Args:
        class_: The class.
        definition: Its statement.
        is_ours: Whether a class is the user's own.
    """
    names, docstring = definition.body
    found: dict[str, object] = {}
    held = held_by(class_)
    for name in names:
        mangled = f"_{class_.__name__.lstrip('_')}{name}" if name.startswith("__") and not name.endswith("__") else name
        if name not in held and mangled not in held:
            found[mangled] = Gone()
    for name, value in held.items():
        special = name.startswith("__")
        inner = value.__func__ if isinstance(value, staticmethod | classmethod) else value
        inner = getattr(inner, "__wrapped__", inner) if type(inner) is CACHED else inner
        if is_local_function(inner) if isinstance(inner, FunctionType) else isinstance(inner, type) and is_ours(inner):
            continue
        if ask(value, "__objclass__") is class_:
            continue  # a slot
        if (special or hasattr(type(value), "__get__")) and name not in _OF_ITS_OWN:
            if place := place_of(value):
                found[name] = Installed(place)
            elif special and _is_plain(value) and (value is None or type(class_) in _PLAIN_METACLASSES):
                found[name] = value
    doc = held.get("__doc__")
    said = isinstance(doc, str) and not (docstring is not None and inspect.cleandoc(doc) == inspect.cleandoc(docstring))
    # what a data class or a named tuple says of itself is made from its fields, and may have addresses in it
    fields = held.get("_fields")
    made = isinstance(fields, tuple) and doc == f"{class_.__name__}({', '.join(map(str, fields))})"
    if said and "__dataclass_fields__" not in held and not made:
        found["__doc__"] = doc
    abstract = held.get("__abstractmethods__")
    if isinstance(abstract, frozenset):
        found["__abstractmethods__"] = tuple(sorted(map(str, abstract)))
    return found


def _is_plain(value: object) -> bool:
    if type(value) is tuple:
        return all(_is_plain(part) for part in value)
    return value is None or type(value) in (bool, int, float, str, bytes)
