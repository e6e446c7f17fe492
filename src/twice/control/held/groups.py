"""Groups of Polars in one order: as if every call had said ``maintain_order=True``, or had sorted what keeps none.

Polars hashes what it groups, with seeds that it makes of addresses and clocks, which nothing holds still. Whether the
order of groups is what two runs disagree by can be seen all the same: by asking for an order.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection
from typing import Any

from twice.control.seeds import once_loaded

LIMITS = "sums that threads add up in any order, and orders of calls that are not known to lose them"

_CLASSES = ("DataFrame", "LazyFrame", "Series", "Expr")
_METHODS = {"group_by": True, "unique": True, "mode": True, "sort": True, "join": "left_right"}
"""What gives rows in any order unless it is told otherwise → what it is told."""


def hold(setting: str, files: Collection[str]) -> None:
    """Let Polars keep the order of what it groups.

    Args:
        setting: Not needed.
        files: Not needed.
    """
    del setting, files
    once_loaded("polars", _ordered)


def _ordered(polars: Any) -> None:
    for class_ in filter(None, (getattr(polars, name, None) for name in _CLASSES)):
        for name, order in _METHODS.items():
            original = class_.__dict__.get(name)
            if original is not None and "maintain_order" in inspect.signature(original).parameters:
                setattr(class_, name, _told(original, order))
        if "value_counts" in class_.__dict__:
            class_.value_counts = _sorted(class_.value_counts)


def _told(original: Callable[..., Any], order: object) -> Callable[..., Any]:
    @functools.wraps(original)
    def asked(*arguments: Any, **keywords: Any) -> Any:
        if keywords.get("maintain_order") in (None, False, "none"):
            keywords["maintain_order"] = order
        return original(*arguments, **keywords)

    return asked


def _sorted(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def asked(*arguments: Any, **keywords: Any) -> Any:
        found = original(*arguments, **keywords)
        return found.sort(found.columns) if hasattr(found, "columns") else found.sort()

    return asked
