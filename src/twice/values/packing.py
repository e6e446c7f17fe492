"""Bodies of one type, written the short way: a code and a few blobs instead of a term for each item."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Sequence
from typing import Any


def run_of(items: Sequence[Any], types: set[type]) -> tuple[bytes, list[bytes]] | None:
    """The code and the blobs of a body of these types; None if there is no short way for it."""
    if types == {float}:
        return b"f", [packed("d", items)]
    if types == {int}:
        try:
            return b"q", [packed("q", items)]
        except OverflowError:
            return None
    if types == {str}:
        return b"t", _texts(items)
    if types == {str, type(None)}:
        missing = bytes([item is None for item in items])
        return b"n", [missing, *_texts(["" if item is None else item for item in items])]
    return None


def packed(code: str, items: Iterable[Any]) -> bytes:
    """Numbers side by side, little-endian.

    Args:
        code: Their type, as the module ``array`` names it.
        items: The numbers.

    Raises:
        OverflowError: One of them does not fit.
    """
    numbers = array(code, items)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def fit(items: Iterable[int]) -> bool:
    """Whether all numbers fit into eight bytes."""
    return all(-(1 << 63) <= item < 1 << 63 for item in items)


def _texts(items: Sequence[str]) -> list[bytes]:
    joined = "".join(items)
    data = joined.encode("utf-8", "surrogatepass")
    if len(data) == len(joined):
        return [packed("I", map(len, items)), data]
    return [packed("I", (len(item.encode("utf-8", "surrogatepass")) for item in items)), data]
