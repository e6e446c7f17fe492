"""How two files differ: by what their format holds where it is known, as text, or byte by byte."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from twice.values.differences import Difference
from twice.values.formats import Unread, content, format_of
from twice.values.kind import FileSource
from twice.values.leaves import binary, texts

if TYPE_CHECKING:
    from twice.values.compare import Comparison
    from twice.values.terms import Term

_AS_TEXT = 4 << 20
"""Bytes up to which files are compared as text."""

_LOOKED_INTO = 1 << 30
"""Bytes up to which files are looked into."""


def contents_differ(
    left: tuple[str, memoryview], right: tuple[str, memoryview], comparison: Comparison, path: str
) -> Difference | None:
    """What differs between two files; None if they hold the same, whatever their bytes.

    Args:
        left: Name and bytes of the recorded one.
        right: Name and bytes of the other.
        comparison: Compares what they hold.
        path: Where they are.
    """
    (name, before), (other, after) = left, right
    if before == after:
        return None
    called = format_of(name, before)
    unread = ""
    if called and called == format_of(other, after) and max(before.nbytes, after.nbytes) <= _LOOKED_INTO:
        try:
            return comparison.differ(_term(content(name, before)), _term(content(other, after)), path)
        except Unread as problem:
            unread = str(problem)
        except RecursionError:
            unread = f"it is nested too deeply ({called})"
    found = _bytes_differ(before, after, path)
    return replace(found, unread=unread, softer=found.softer or unread) if found is not None and unread else found


def _bytes_differ(before: memoryview, after: memoryview, path: str) -> Difference | None:
    if max(before.nbytes, after.nbytes) <= _AS_TEXT:
        try:
            return texts(str(before, "utf-8"), str(after, "utf-8"), path)
        except UnicodeDecodeError:
            pass
    return binary(before, after, path)


def _term(value: Any) -> Term:
    """What a file holds as a term, as if it were an output itself."""
    from twice.values.encode import encode
    from twice.values.terms import parse

    encoded = encode(value)
    parts = [part.path if isinstance(part, FileSource) else memoryview(part) for part in encoded.buffers]
    return parse(encoded.skeleton, parts)
