"""Paths inside captured values: those below a root are written down so that they move with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePath

from twice.source.modules import Roots
from twice.values.kind import Hooked


@dataclass(frozen=True)
class Place(Hooked):
    """A path below one of the roots, inside a captured value; it moves with the root.

    Attributes:
        root: The root's name.
        path: Relative to it; for a text, the characters that follow the root's folder.
        text: Whether it is a text rather than a ``Path``.
    """

    root: str
    path: str
    text: bool


def placed(value: object, roots: Roots, depth: int = 0) -> object:
    """A value with every path below a root replaced by a :class:`Place`; looks into small plain containers.

    Args:
        value: The value.
        roots: Names for the folders.
        depth: How many containers there are around it.
    """
    if type(value) is str:
        if len(value) < 4096 and value.startswith(tuple(str(folder) for folder in roots.folders.values())):
            return _place(value, roots, text=True)
        return value
    if isinstance(value, PurePath):
        return _place(str(value), roots, text=False) if Path(value).is_absolute() else value
    if depth < 4 and type(value) in (list, tuple, dict) and len(value) <= 1000:  # type: ignore[arg-type]
        if isinstance(value, dict):
            return {key: placed(item, roots, depth + 1) for key, item in value.items()}
        assert isinstance(value, list | tuple)
        return type(value)(placed(item, roots, depth + 1) for item in value)
    return value


def _place(path: str, roots: Roots, *, text: bool) -> object:
    root, relative = roots.locate(Path(path))
    if not root:
        return path if text else Path(path)
    if text:  # every character counts: a slash at the end, a dot, a slash too many
        relative = path[len(str(roots.folders[root])) :]
    return Place(root, relative, text)
