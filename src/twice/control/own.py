"""Which files hold the user's own code, as opposed to libraries and the interpreter.

Runs in workers: standard library only.
"""

from __future__ import annotations

import os
from collections.abc import Iterable


class OwnCode(frozenset[str]):
    """The file names of captured code; any other file below the project counts as the user's own, too.

    A step may run a file that no import leads to, as ``runpy.run_path("plots/draw.py")`` does.

    Args:
        files: The file names of captured code.
        roots: Folders that hold the user's files.
        ignored: Folders (with a separator at the end) that do not, though they may lie in one that does.
    """

    _roots: tuple[str, ...]
    _ignored: tuple[str, ...]
    _known: dict[str, bool]

    def __new__(cls, files: Iterable[str], roots: Iterable[str] = (), ignored: Iterable[str] = ()) -> OwnCode:
        """Made like any frozen set, of the files."""
        made = super().__new__(cls, files)
        made._roots = tuple(os.path.join(root, "") for root in roots)  # noqa: PTH118
        made._ignored = tuple(place for place in ignored if place.endswith("/"))
        made._known = {}
        return made

    def __contains__(self, file: object) -> bool:
        if frozenset.__contains__(self, file):
            return True
        if not isinstance(file, str) or not self._roots or file.startswith("<"):
            return False
        if file not in self._known:
            path = os.path.abspath(file)  # noqa: PTH100
            self._known[file] = path.startswith(self._roots) and not path.startswith(self._ignored)
        return self._known[file]
