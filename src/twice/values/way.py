"""Where in a value something is, said as an expression: ``output["model"][2]``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_SHOWN = 100
"""So many steps of the way to a part are shown."""


def way(describe: str, stack: Sequence[tuple[object, object]]) -> str:
    """The way to a part of a value, as an expression.

    Args:
        describe: What the value is called.
        stack: What the part lies in, from the value on; with None for what is no part of it.
    """
    owners = [owner for owner, _ in stack if owner is not None]
    pairs = zip([None, *owners[:_SHOWN]], owners[:_SHOWN], owners[1:], strict=False)
    steps = "".join(_step(above, owner, below) for above, owner, below in pairs)
    return describe + steps + ("…" if len(owners) > _SHOWN else "")


def _step(above: object, owner: object, below: object) -> str:
    """How one gets from an object to a part of it; ``above`` is what the object is itself a part of."""
    if isinstance(owner, list | tuple):
        if isinstance(owner, tuple) and (name := _field_of(above, below)):
            return f".{name}"
        return next((f"[{index}]" for index, item in enumerate(owner) if item is below), "")
    if isinstance(owner, dict):
        key = next((key for key, item in owner.items() if item is below), None)
        if isinstance(key, str) and not isinstance(above, dict) and _vars_of(above) == owner.keys():
            return f".{key}"
        return f"[{key!r}]" if type(key) in (str, int, float, bool, bytes) else "[…]"
    return ""


def _field_of(value: object, part: object) -> str:
    """The name of the field of a data class or the like that holds an object; empty if none does."""
    cls = type(value)
    names = getattr(cls, "__dataclass_fields__", None) or [one.name for one in getattr(cls, "__attrs_attrs__", ())]
    return next((name for name in names if getattr(value, name, None) is part), "")


def _vars_of(value: object) -> Iterable[str]:
    """The names of an object's own attributes."""
    attributes = getattr(value, "__dict__", None)
    return attributes.keys() if isinstance(attributes, dict) else ()
