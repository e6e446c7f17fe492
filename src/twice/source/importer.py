"""Imports local modules from the bytes of a snapshot, whatever lies in the working tree.

Runs in a worker, where Twice's own packages may not be, so it imports the standard library only. A module's
``__file__`` points into its root, so that data beside it is found.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import linecache
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAIN = "__main__"


def as_deep_as_a_program() -> None:
    """Let code that is carried out here go as deep as where it is the program itself, whatever called it here.

    Modules that import one another in a long chain take seven frames each, of the thousand that there are.
    """
    depth, frame = 0, sys._getframe()
    while frame.f_back is not None:
        depth, frame = depth + 1, frame.f_back
    sys.setrecursionlimit(sys.getrecursionlimit() + depth)


@dataclass(frozen=True)
class Module:
    """One module of a snapshot: its name, where its file is said to be, and its bytes."""

    name: str
    file: str
    data: bytes
    package: bool = False
    namespace: bool = False

    @property
    def text(self) -> str:
        """The source, decoded by its byte order mark or coding line."""
        return importlib.util.decode_source(self.data)

    def remember_lines(self) -> None:
        """Let tracebacks show these lines, whatever the file holds by now."""
        lines = self.text.splitlines(keepends=True)
        linecache.cache[self.file] = (len(self.data), None, lines, self.file)


@dataclass(frozen=True)
class _At:
    """As much of a loader as a reader of resources asks for."""

    path: str


class SnapshotImporter(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Finds and loads the modules of a snapshot, before anything else is asked.

    Args:
        modules: The snapshot's modules by name.
        around: Is given a module's name, its namespace, and the code to run there.
    """

    def __init__(
        self, modules: Mapping[str, Module], around: Callable[[str, dict[str, Any], types.CodeType], None]
    ) -> None:
        self.modules = modules
        self.around = around

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The spec of a captured module."""
        del path, target
        module = self.modules.get(fullname)
        if module is None or fullname == MAIN:
            return None
        if module.namespace:
            spec = importlib.machinery.ModuleSpec(fullname, None, is_package=True)
            spec.submodule_search_locations = [module.file]
            return spec
        spec = importlib.machinery.ModuleSpec(fullname, self, origin=module.file, is_package=module.package)
        spec.has_location = True
        if module.package:
            spec.submodule_search_locations = [str(Path(module.file).parent)]
        return spec

    def get_source(self, fullname: str) -> str:
        """The source text, for ``inspect`` and tracebacks."""
        return self.modules[fullname].text

    def get_code(self, fullname: str) -> types.CodeType:
        """The compiled source."""
        module = self.modules[fullname]
        return compile(module.data, module.file, "exec", dont_inherit=True)

    def get_filename(self, fullname: str) -> str:
        """Where the module's file is said to be."""
        return self.modules[fullname].file

    def is_package(self, fullname: str) -> bool:
        """Whether it is a package."""
        return self.modules[fullname].package

    def exec_module(self, module: types.ModuleType) -> None:
        """Run a captured module's code in its namespace."""
        name = module.__name__
        self.modules[name].remember_lines()
        self.around(name, module.__dict__, self.get_code(name))

    def get_data(self, path: str) -> bytes:
        """Data beside a module, for ``pkgutil.get_data``."""
        return Path(path).read_bytes()

    def get_resource_reader(self, fullname: str) -> Any:
        """Data beside a package, for ``importlib.resources``."""
        from importlib.resources.readers import FileReader

        return FileReader(_At(self.get_filename(fullname)))  # type: ignore[arg-type]
