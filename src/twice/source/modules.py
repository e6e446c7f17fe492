"""Which code is local, where it lies, and what its text is.

Local is what belongs to the user: not the standard library, not an installed distribution, not Twice itself. An
editable install is local code. The script, the notebook or the prompt that runs is the module ``__main__``.
"""

from __future__ import annotations

import ast
import importlib.machinery
import linecache
import os
import site
import sys
import sysconfig
import tokenize
from dataclasses import dataclass
from functools import cached_property, lru_cache
from io import BytesIO
from pathlib import Path
from types import CodeType, ModuleType

from twice.errors import CaptureError
from twice.source.normal import Definition

MAIN = "__main__"
CELLS = "cells"
_INSTALLED = ("site-packages", "dist-packages")


@lru_cache(maxsize=1)
def _not_local() -> tuple[str, ...]:
    """Folders whose code is not the user's, each with a separator at its end."""
    paths = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib")}
    paths |= {*site.getsitepackages(), site.getusersitepackages()}
    own = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - called for every module
    return tuple(os.path.join(os.path.realpath(path), "") for path in [*paths, own])  # noqa: PTH118


@lru_cache(maxsize=4096)
def is_local_file(file: str) -> bool:
    """Whether a file holds local code."""
    if not file or file.startswith("<"):
        return False
    path = os.path.realpath(file)
    return not path.startswith(_not_local()) and not any(part in _INSTALLED for part in Path(path).parts)


def module_file(module: ModuleType) -> str:
    """The file that a module came from; empty for built-in, frozen, namespace and interactive ones."""
    file = vars(module).get("__file__")  # asking the module could run its ``__getattr__``
    return file if isinstance(file, str) else ""


def module_path(module: ModuleType) -> list[str]:
    """Where a package looks for its submodules; empty for what is no package."""
    path = vars(module).get("__path__")
    return [str(place) for place in path] if path is not None else []


def is_local(module: ModuleType) -> bool:
    """Whether a module is local code."""
    if module.__name__ == MAIN:
        file = module_file(module)
        return not file or is_local_file(file)
    file = module_file(module)
    if file:
        return is_local_file(file)
    places = module_path(module)  # a namespace package
    return bool(places) and all(is_local_file(os.path.join(place, "__init__.py")) for place in places)  # noqa: PTH118


def is_installed(module: ModuleType) -> bool:
    """Whether a module belongs to an installed distribution rather than to the interpreter."""
    file = module_file(module) or next(iter(module_path(module)), "")
    return any(part in _INSTALLED for part in Path(file).parts) if file else False


@dataclass(frozen=True)
class Source:
    """The text of one local module, or of one notebook cell.

    Attributes:
        module: The module that it belongs to.
        file: The file name that its code objects carry.
        data: Its bytes, as they are.
        package: Whether it is the ``__init__`` of a package.
    """

    module: str
    file: str
    data: bytes
    package: bool = False

    @cached_property
    def text(self) -> str:
        """The decoded text, by its byte order mark or coding line, with one kind of line end.

        Raises:
            CaptureError: The bytes are not text in the encoding they declare.
        """
        try:
            encoding, _ = tokenize.detect_encoding(BytesIO(self.data).readline)
            return self.data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
        except (SyntaxError, UnicodeDecodeError, LookupError) as problem:
            raise CaptureError(
                f"the source of module {self.module} cannot be read: {problem}.",
                hint="save it as UTF-8, or declare its encoding in the first line",
            ) from problem

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree.

        Raises:
            CaptureError: There is a syntax error.
        """
        try:
            return ast.parse(self.data if self.data else self.text, filename=self.file)
        except (SyntaxError, ValueError) as problem:
            line = getattr(problem, "lineno", None)
            raise CaptureError(
                f"{Path(self.file).name}{f', line {line}' if line else ''}: {problem}. "
                f"A step may import the module {self.module}, so it has to be valid Python.",
                hint="mend the file, or remove the import",
            ) from problem

    @cached_property
    def lines(self) -> list[str]:
        """The text, line by line, with line ends."""
        return self.text.splitlines(keepends=True)

    @cached_property
    def definitions(self) -> dict[tuple[int, str], list[Definition]]:
        """Functions and lambdas by (first line, name) as code objects have them; classes by (line, name), too."""
        found: dict[tuple[int, str], list[Definition]] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found.setdefault((first_line(node), node.name), []).append(node)
            elif isinstance(node, ast.Lambda):
                found.setdefault((node.lineno, "<lambda>"), []).append(node)
        return found

    @cached_property
    def classes(self) -> dict[str, list[ast.ClassDef]]:
        """Classes by qualified name, in the order in which they stand."""
        found: dict[str, list[ast.ClassDef]] = {}

        def walk(node: ast.AST, prefix: str) -> None:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.ClassDef):
                    found.setdefault(prefix + child.name, []).append(child)
                    walk(child, f"{prefix}{child.name}.")
                elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                    walk(child, f"{prefix}{child.name}.<locals>.")
                else:
                    walk(child, prefix)

        walk(self.tree, "")
        return found

    def function(self, code: CodeType) -> ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | None:
        """The definition that a code object was compiled from."""
        found: list[ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda] = [
            node
            for node in self.definitions.get((code.co_firstlineno, code.co_name), [])
            if not isinstance(node, ast.ClassDef)
        ]
        if len(found) > 1:  # several lambdas on one line: the innermost that holds every instruction
            places = {(line, column) for line, _, column, _ in code.co_positions() if line and column}
            found = [node for node in found if all(_holds(node, place) for place in places)] or found
            found.sort(key=lambda node: (node.lineno, node.col_offset), reverse=True)
        return found[0] if found else None

    def segment(self, node: ast.AST) -> str:
        """The lines of a definition, from its first decorator to its end, as they are."""
        return "".join(self.lines[first_line(node) - 1 : last_line(node)])


def _holds(node: ast.AST, place: tuple[int, int]) -> bool:
    start = (getattr(node, "lineno", 0), getattr(node, "col_offset", 0))
    end = (getattr(node, "end_lineno", 0), getattr(node, "end_col_offset", 0))
    return bool(start <= place <= end)


def first_line(node: ast.AST) -> int:
    """The first line of a definition, its decorators included."""
    decorators = getattr(node, "decorator_list", None)
    return int(decorators[0].lineno if decorators else getattr(node, "lineno", 0))


def last_line(node: ast.AST) -> int:
    """The last line of a definition."""
    return int(getattr(node, "end_lineno", 0) or 0)


class Roots:
    """Names for the folders in which local code and data lie, so that no record depends on where they are here.

    The project's folder is ``project``. A folder outside it from which local code is imported, or the working
    directory, gets the name of its last part.

    Args:
        project: The project's folder.
        cwd: The working directory.
    """

    def __init__(self, project: Path, cwd: Path) -> None:
        self.folders: dict[str, Path] = {"project": project.resolve()}
        self.cwd = self.locate(cwd.resolve(), make=True)

    def locate(self, path: Path, *, make: bool = False) -> tuple[str, str]:
        """The (root, relative path) of an absolute path; root is empty where no root holds it.

        Args:
            path: An absolute path; need not exist.
            make: Make the path itself a root where none holds it.
        """
        for name, folder in self.folders.items():
            if path == folder or folder in path.parents:
                return name, path.relative_to(folder).as_posix()
        if make:
            stem, name, count = path.name or "root", path.name or "root", 1
            while name in self.folders:
                count += 1
                name = f"{stem}-{count}"
            self.folders[name] = path
            return name, "."
        return "", path.as_posix()

    def locate_module(self, file: str, name: str, *, package: bool) -> tuple[str, str]:
        """Where a module's file lies; a folder on ``sys.path`` outside all roots becomes one."""
        path = Path(os.path.realpath(file))
        found = self.locate(path)
        if found[0]:
            return found
        up = len(name.split(".")) - (0 if package else 1)
        base = path.parents[min(up, len(path.parents) - 1)]
        self.locate(base, make=True)
        return self.locate(path)


class Library:
    """The sources of all local modules that were asked for, each read once.

    A capture uses one library from start to end, so that it holds one state of every file.
    """

    def __init__(self) -> None:
        self._modules: dict[str, Source | None] = {}
        self._files: dict[str, Source | None] = {}

    def module(self, name: str) -> Source | None:
        """The source of a local module, loaded or not; None for what is not local or has no source."""
        if name not in self._modules:
            self._modules[name] = self._find(name)
        return self._modules[name]

    def _find(self, name: str) -> Source | None:
        loaded = sys.modules.get(name)
        if loaded is not None:
            if not is_local(loaded):
                return None
            file = module_file(loaded)
            return self._read(name, file, "__path__" in vars(loaded)) if file else None
        spec = find_spec(name)
        if spec is None or not spec.has_location or spec.origin is None or not is_local_file(spec.origin):
            return None
        return self._read(name, spec.origin, spec.submodule_search_locations is not None)

    def _read(self, name: str, file: str, package: bool) -> Source | None:
        if not file.endswith((".py", ".pyw")) and name != MAIN:
            return None  # an extension module: a file that is read, not source
        try:
            data = Path(file).read_bytes()
        except FileNotFoundError:
            raise CaptureError(
                f"the source of module {name} is gone: {Path(file).name} was deleted after it was imported.",
                hint="put the file back, or restart Python without it",
            ) from None
        except OSError as problem:
            raise CaptureError(f"the source of module {name} cannot be read: {problem}") from problem
        if b"\0" in data:
            raise CaptureError(f"the source of module {name} holds null bytes.", hint="is it really a Python file?")
        source = Source(name, file, data, package)
        self._files[file] = source
        return source

    def of_code(self, code: CodeType, module: str) -> Source | None:
        """The source that a code object was compiled from: its module's file, or the cell it was typed into."""
        own = self.module(module)
        if own is not None and _same_file(own.file, code.co_filename):
            return own
        return self.of_file(code.co_filename, module)

    def of_file(self, file: str, module: str) -> Source | None:
        """The source with that file name: a module's file, or a cell whose lines are still known."""
        if file not in self._files:
            self._files[file] = None
            if not file.startswith("<") and Path(file).is_file():
                loaded = next((name for name, mod in list(sys.modules.items()) if module_file(mod) == file), module)
                self._files[file] = self._read(loaded, file, False)
            else:  # a notebook cell or a prompt that keeps its lines
                linecache.checkcache(file)
                if lines := linecache.getlines(file):
                    self._files[file] = Source(module, file, "".join(lines).encode())
        return self._files[file]


def _same_file(left: str, right: str) -> bool:
    return left == right or os.path.realpath(left) == os.path.realpath(right)


def find_spec(name: str) -> importlib.machinery.ModuleSpec | None:
    """Where a module would come from, found without importing anything, its parents included."""
    path: list[str] | None = None
    spec: importlib.machinery.ModuleSpec | None = None
    parts = name.split(".")
    for index in range(len(parts)):
        full = ".".join(parts[: index + 1])
        loaded = sys.modules.get(full)
        if loaded is not None and index < len(parts) - 1:
            path = module_path(loaded)
            continue
        try:
            spec = importlib.machinery.PathFinder.find_spec(full, path)
        except (ImportError, ValueError, AttributeError):
            return None
        if spec is None:
            return None
        path = list(spec.submodule_search_locations or [])
    return spec
