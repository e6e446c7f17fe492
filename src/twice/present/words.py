"""Sizes, durations, times and counts as people say them."""

from __future__ import annotations

import time
from datetime import UTC, datetime

DIGITS = 12
"""How many digits of a digest are shown."""

_SIZES = ("B", "kB", "MB", "GB", "TB")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def size(count: int) -> str:
    """A number of bytes: ``25 B``, ``1.2 kB``, ``340 MB``."""
    number, unit = float(count), 0
    while number >= 999.5 and unit < len(_SIZES) - 1:
        number, unit = number / 1000, unit + 1
    return f"{number:.0f} {_SIZES[unit]}" if unit == 0 or number >= 9.95 else f"{number:.1f} {_SIZES[unit]}"


def duration(seconds: float) -> str:
    """A length of time: ``<1 ms``, ``8 ms``, ``0.35 s``, ``12.4 s``, ``2 min 05 s``, ``1 h 03 min``."""
    if seconds < 0.0005:
        return "<1 ms"
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.995:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE:02} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02} min"


def ago(moment: int, now: int | None = None) -> str:
    """How long ago something was: ``just now``, ``3 minutes ago``, ``yesterday``, and the date from two weeks on.

    Args:
        moment: In nanoseconds since 1970, UTC.
        now: Likewise; by default the present.
    """
    seconds = ((time.time_ns() if now is None else now) - moment) / 1e9
    if seconds < -_MINUTE or seconds >= 14 * _DAY:
        # A moment in the future comes from a clock that is wrong, so only the moment itself is certain.
        return datetime.fromtimestamp(moment / 1e9, UTC).astimezone().strftime("%Y-%m-%d")
    if seconds < _MINUTE:
        return "just now"
    if seconds < _HOUR:
        return f"{count(int(seconds // _MINUTE), 'minute')} ago"
    if seconds < _DAY:
        return f"{count(int(seconds // _HOUR), 'hour')} ago"
    days = int(seconds // _DAY)
    return "yesterday" if days == 1 else f"{days} days ago"


def moment(stamp: str) -> int:
    """An ISO 8601 moment in nanoseconds since 1970."""
    return int(datetime.fromisoformat(stamp).timestamp() * 1000) * 1_000_000


def timestamp(moment: int) -> str:
    """A moment for programs: ISO 8601, UTC, to the millisecond.

    Args:
        moment: In nanoseconds since 1970, UTC.
    """
    return datetime.fromtimestamp(moment // 1_000_000 / 1000, UTC).isoformat(timespec="milliseconds")


def count(number: int, noun: str, plural: str = "") -> str:
    """A number and what it counts: ``1 step``, ``3 steps``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def short(digest: str) -> str:
    """The first digits of a digest; of a digest that is none, nothing."""
    return digest.rpartition(":")[2][:DIGITS]


def printable(text: str) -> str:
    """The text without characters that would steer the terminal; what a stored text holds is never trusted."""
    return "".join(
        character
        if character.isprintable() or character in "\n\t"
        else character.encode("unicode_escape", "surrogatepass").decode("ascii")
        for character in text
    )
