"""The captured code that a task names, and stored values, brought back in the process that a step runs in.

Standard library only, beside what the user's own values need.
"""

from __future__ import annotations

import errno
import json
import mmap
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twice.source.importer import Module
from twice.source.loader import Code

MAPPED = 1 << 20
"""Bytes from which on a part of a value is mapped instead of read."""


class Captured:
    """What a task brings from the store.

    Args:
        task: As ``execute.task`` writes it.
        files: The folder in which values that are files are laid down.
    """

    def __init__(self, task: Mapping[str, Any], files: Path) -> None:
        self._files = files
        self._roots = {name: Path(folder) for name, folder in task["roots"].items()}
        modules = [
            Module(
                module["name"],
                module["file"],
                Path(module["data"]).read_bytes() if module["data"] else b"",
                module["package"],
                module["namespace"],
            )
            for module in task["modules"]
        ]
        outline = json.loads(Path(task["outline"]).read_bytes())
        self.code = Code(modules, outline, lambda number: self.bring_back(task["values"][number]))

    def bring_back(self, stored: Mapping[str, Any]) -> Any:
        """A stored value, its large parts as private maps: what the step writes there, nobody else sees."""
        from twice.values.decode import decode

        return decode(
            Path(stored["skeleton"]).read_bytes(),
            [private_map(path) for path in stored["buffers"]],
            Path(stored["aside"]).read_bytes() if stored["aside"] else b"",
            [private_map(path) for path in stored["aside_buffers"]],
            place=self._place(),
            hooks={**self.code.hooks, "twice.place": self._located},
            calls=stored["executes"],
        )

    def _place(self) -> Path:
        folder = self._files / str(len(list(self._files.glob("*"))))
        folder.mkdir(parents=True)
        return folder

    def _located(self, state: tuple[str, str, bool]) -> object:
        root, path, text = state
        return f"{self._roots[root]}{path}" if text else self._roots[root] / path

    def hook(self, part: object) -> tuple[str, object] | None:
        """Code that no module leads to is written down by its node."""
        for id_, made in self.code.made.items():
            if made is part and "<locals>" in id_:
                return ("twice.code", id_)
        return None


def private_map(path: str | Path) -> memoryview:
    """A file as writable memory whose changes nobody else sees; a small one is read.

    A map takes an open file for as long as it lives, and a value may have thousands of parts.
    """
    with open(path, "rb", buffering=0) as file:
        if os.fstat(file.fileno()).st_size >= MAPPED:
            try:
                return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
            except OSError as problem:
                if problem.errno not in (errno.EMFILE, errno.ENFILE):
                    raise
        return memoryview(bytearray(file.readall()))
