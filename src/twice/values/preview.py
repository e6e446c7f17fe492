"""One short line about a value, for people; calls nothing of the user's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twice.values.registry import KindFinder

WIDTH = 80
_PLAIN = (type(None), bool, int, float, complex, str, bytes, bytearray)
_BRACKETS: dict[type, str] = {list: "[]", tuple: "()", dict: "{}"}


def preview(value: object, finder: KindFinder) -> str:
    """At most 80 characters that say what the value is: ``{'accuracy': 0.956, …}``, ``DataFrame 569 × 31``."""
    return shortened(_preview(value, finder, 0), WIDTH)


def shortened(text: str, width: int) -> str:
    """The text on one line of at most that many characters, printable anywhere."""
    line = "".join(character if character.isprintable() else " " for character in text)
    return line if len(line) <= width else line[: width - 1] + "…"


def number_text(value: float) -> str:
    """A number as people write it: four significant digits."""
    text = f"{value:.4g}"
    return f"{text}.0" if text.lstrip("-").isdigit() else text


def _preview(value: object, finder: KindFinder, depth: int) -> str:
    cls = type(value)
    if cls in _PLAIN:
        return _plain(value, depth)
    if cls in _BRACKETS:
        opening, closing = tuple(_BRACKETS[cls])
        items: Any = value
        if not items:
            return opening + closing
        if depth > 1:
            return f"{opening}…{closing}"
        comma = "," if cls is tuple and len(items) == 1 else ""
        return opening + _listed(items, finder, depth, mapping=cls is dict) + comma + closing
    if isinstance(value, set | frozenset):
        return f"{cls.__name__} of {len(value)}"  # its items have no order that would be the same next time
    for kind in finder.kinds_of(cls):
        return kind.preview(value)
    return cls.__name__


def _plain(value: Any, depth: int) -> str:
    if type(value) is float:
        return number_text(value)
    if type(value) is int:
        return str(value) if value.bit_length() < 256 else f"int of {value.bit_length()} bits"
    if isinstance(value, str | bytes | bytearray):
        limit = 30 if depth else 70
        shown = value[:limit]
        return repr(shown) + ("…" if len(value) > limit else "")
    return repr(value)


def _listed(items: Any, finder: KindFinder, depth: int, *, mapping: bool) -> str:
    shown: list[str] = []
    size = 0
    pairs: Iterable[Any] = items.items() if mapping else items
    for item in pairs:
        if size > WIDTH - 20:
            shown.append("…")
            break
        if mapping:
            text = f"{_preview(item[0], finder, depth + 1)}: {_preview(item[1], finder, depth + 1)}"
        else:
            text = _preview(item, finder, depth + 1)
        shown.append(text)
        size += len(text) + 2
    return ", ".join(shown)
