"""How far off an output may be, at which place of it: what a step declares, looked up by path."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far off a number may be.

    Attributes:
        rtol: Relative: ``|right - left| <= atol + rtol * |left|`` is covered.
        atol: Absolute, in the unit of the numbers.
        ulps: How many representable numbers may lie between them; this covers, too.
    """

    rtol: float = 0.0
    atol: float = 0.0
    ulps: int = 0

    def __bool__(self) -> bool:
        return bool(self.rtol or self.atol or self.ulps)


NONE = Tolerance()

_PART = re.compile(
    r"""/(?P<file>[^\[]+)
    | \.?\[(?P<key>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\]]*)\]
    | \.?(?P<name>[^.\[\]/]+)""",
    re.VERBOSE,
)


def parts_of(path: str) -> tuple[str, ...]:
    """The names on a path, without their brackets: ``["model"].coef_`` has ``model`` and ``coef_``."""
    return tuple(_plain(match) for match in _PART.finditer(path))


def _plain(match: re.Match[str]) -> str:
    key = match["key"]
    if key is None:
        return str(match["file"] or match["name"])
    if key[:1] in "'\"":
        try:
            return str(ast.literal_eval(key))
        except (SyntaxError, ValueError):
            return str(key)
    return str(key)


class Tolerances:
    """The tolerances of one step.

    A place is named by a column's, key's, attribute's or file's name, wherever it occurs, or by a path from the top
    such as ``metrics.auc`` or ``["metrics"]["auc"]``, in which ``*`` stands for any one name. The longest place that
    fits holds, and what is declared for a place replaces what is declared for the whole.

    Args:
        everywhere: Holds where no place fits.
        places: Place → tolerance.
    """

    def __init__(self, everywhere: Tolerance = NONE, places: Mapping[str, Tolerance] | None = None) -> None:
        self.everywhere = everywhere
        self.places = places or {}
        self._known: dict[str, Tolerance] = {}

    @cached_property
    def any(self) -> bool:
        """Whether anything is declared at all."""
        return bool(self.everywhere) or any(map(bool, self.places.values()))

    def at(self, path: str) -> Tolerance:
        """What holds at a path."""
        if not self.places:
            return self.everywhere
        found = self._known.get(path)
        if found is None:
            found = self._known[path] = self._look_up(parts_of(path))
        return found

    def _look_up(self, parts: tuple[str, ...]) -> Tolerance:
        best, length = self.everywhere, 0
        for place, tolerance in self.places.items():
            wanted = parts_of(place)
            if place in parts or (len(wanted) == 1 and wanted[0] in parts):
                fits = 1
            else:
                top = parts[: len(wanted)]
                same = len(top) == len(wanted) and all(
                    name in ("*", part) for name, part in zip(wanted, top, strict=True)
                )
                fits = len(wanted) if same else 0
            if fits > length:
                best, length = tolerance, fits
        return best
