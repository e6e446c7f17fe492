"""The numbers that a value consists of, by name: metrics, where an output is a number or a dict of numbers."""

from __future__ import annotations

import struct

from twice.values import terms
from twice.values.terms import Term

MOST = 60
"""A value of more numbers is no list of metrics; it is compared as a whole."""

_FORMATS = {
    **{f"f{size}": code for size, code in ((2, "e"), (4, "f"), (8, "d"))},
    **{f"i{size}": code for size, code in ((1, "b"), (2, "h"), (4, "i"), (8, "q"))},
    **{f"u{size}": code for size, code in ((1, "B"), (2, "H"), (4, "I"), (8, "Q"))},
}


def measures(value: Term) -> dict[str, float]:
    """Path → number, as ``test.accuracy``; a single number has the empty path. Empty where there are none, or many.

    Args:
        value: The value, looked at.
    """
    found: dict[str, float] = {}
    _collect(value, "", found, 0)
    return found if len(found) <= MOST else {}


def _collect(value: Term, path: str, found: dict[str, float], depth: int) -> None:
    if len(found) > MOST or depth > 4:
        return
    number = _number(value)
    if number is not None:
        found[path] = number
    elif isinstance(value, terms.Mapping):
        for key, part in value.items():
            if isinstance(key, str):
                _collect(part, f"{path}.{key}" if path else key, found, depth + 1)
    elif isinstance(value, terms.Container) and value.form in ("list", "tuple"):
        for index, part in enumerate(value.items[: MOST + 1]):
            _collect(part, f"{path}[{index}]", found, depth + 1)


def _number(value: Term) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, terms.Tagged) and value.kind == "numpy.scalar":
        dtype, data = value.part("dtype"), value.part("data")
        if isinstance(dtype, str) and dtype[1:] in _FORMATS and isinstance(data, bytes):
            order = ">" if dtype.startswith(">") else "<"
            found: float = struct.unpack(order + _FORMATS[dtype[1:]], data)[0]
            return found
    return None
