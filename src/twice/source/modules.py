"""Which code is local, where it lies, and what its text is.

Local is what belongs to the user: not the standard library, not an installed distribution, not Twice itself. An
editable install is local code. The script, the notebook or the prompt that runs is the module ``__main__``.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.machinery
import linecache
import os
import site
import sys
import sysconfig
import time
import tokenize
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from io import BytesIO
from pathlib import Path
from types import CodeType, ModuleType

from twice.errors import CaptureError
from twice.records.digest import Digest, digest_bytes
from twice.source.memory import Memory
from twice.source.pieces import CLASS, Known, Piece, Top, normal_of, take_apart
from twice.source.typed import codes_of, kept_with, program_of, statement_of
from twice.source.uses import Normal

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
    names = getattr(module, "__dict__", {})  # asking the module could run its ``__getattr__``
    spec = names.get("__spec__")
    if isinstance(spec, importlib.machinery.ModuleSpec) and spec.has_location and isinstance(spec.origin, str):
        file: object = spec.origin  # it may have set its ``__file__`` to anything
    else:
        file = names.get("__file__")
    if not isinstance(file, str) or file.startswith("<"):
        return ""
    if names.get("__name__") == MAIN and os.path.basename(os.path.dirname(file)) == "_pyrepl":  # noqa: PTH119, PTH120
        return ""  # what reads a prompt is not what is typed at it
    return file


def module_path(module: ModuleType) -> list[str]:
    """Where a package looks for its submodules; empty for what is no package."""
    path = vars(module).get("__path__")
    return [str(place) for place in path] if path is not None else []


def is_local(module: ModuleType) -> bool:
    """Whether a module is local code."""
    file = module_file(module)
    if file:
        return is_local_file(file)
    if module is sys.modules.get(MAIN):
        return True
    places = module_path(module)  # a namespace package
    return bool(places) and all(is_local_file(os.path.join(place, "__init__.py")) for place in places)  # noqa: PTH118


def is_installed(module: ModuleType) -> bool:
    """Whether a module belongs to an installed distribution rather than to the interpreter."""
    file = module_file(module) or next(iter(module_path(module)), "")
    return any(part in _INSTALLED for part in Path(file).parts) if file else False


@dataclass(eq=False)
class Source:
    """The text of one local module, or of one notebook cell.

    Attributes:
        module: The module that it belongs to.
        file: The file name that its code objects carry.
        digest: The digest of its bytes.
        given: Its bytes, if they were read already.
        package: Whether it is the ``__init__`` of a package.
        remembered: What is known of these bytes from before, if anything is.
        codes: The code objects that it was compiled to, where only these tell whose text it is: what is typed at a
            prompt, or made by ``exec``, shares its file name with other texts.
        learned: Whether more is known by now.
    """

    module: str
    file: str
    digest: Digest
    given: bytes | None
    package: bool = False
    remembered: Known | None = None
    codes: frozenset[CodeType] | None = None
    learned: bool = field(default=False, init=False)

    @cached_property
    def data(self) -> bytes:
        """Its bytes, as they are.

        Raises:
            CaptureError: They are no longer what they were when the capture began.
        """
        if self.given is not None:
            return self.given
        data = _bytes_of(self.module, self.file)
        if digest_bytes(data) != self.digest:
            raise CaptureError(
                f"{Path(self.file).name} was changed while it was being captured.", hint="do the same again"
            )
        return data

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
            line, why = getattr(problem, "lineno", None), getattr(problem, "msg", problem)
            raise CaptureError(
                f"{Path(self.file).name}{f', line {line}' if line else ''}: {why}. "
                f"A step may import the module {self.module}, so it has to be valid Python.",
                hint="mend the file, or remove the import",
            ) from problem

    @cached_property
    def lines(self) -> list[str]:
        """The text, line by line, with line ends."""
        return self.text.splitlines(keepends=True)

    @cached_property
    def known(self) -> Known:
        """What is known of it."""
        if self.remembered is not None:
            return self.remembered
        known, self.nodes = take_apart(self.tree, lambdas="lambda" in self.text)
        self.learned = True
        return known

    def parse(self) -> None:
        """See to it that what its text says is known.

        Raises:
            CaptureError: It cannot be parsed.
        """
        _ = self.known

    @property
    def has_pieces(self) -> bool:
        """Whether anybody asked for its pieces."""
        return self.remembered is not None or "known" in vars(self)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """The syntax trees of its pieces."""
        return take_apart(self.tree, lambdas="lambda" in self.text)[1]

    @cached_property
    def pieces(self) -> list[Piece]:
        """Its definitions, and the statements of its top level."""
        return [Piece(self, number, known) for number, known in enumerate(self.known.pieces)]

    @cached_property
    def top(self) -> Top:
        """Its top level."""
        return Top(self)

    @cached_property
    def definitions(self) -> dict[tuple[int, str], list[Piece]]:
        """Functions and lambdas by (first line, name) as code objects have them."""
        found: dict[tuple[int, str], list[Piece]] = {}
        for piece in self.pieces:
            if piece.name and piece.kind != CLASS:
                found.setdefault((piece.first, piece.name), []).append(piece)
        return found

    def classes(self, qualname: str) -> list[Piece]:
        """The classes of a qualified name, in the order in which they stand."""
        return [self.pieces[number] for number in self.known.classes.get(qualname, ())]

    def holds(self, code: CodeType) -> bool:
        """Whether a code object was compiled from this text."""
        return _same_file(self.file, code.co_filename) and (self.codes is None or code in self.codes)

    def function(self, code: CodeType) -> Piece | None:
        """The definition that a code object was compiled from."""
        found = self.definitions.get((code.co_firstlineno, code.co_name), [])
        if len(found) > 1:  # several lambdas on one line: the innermost that holds every instruction
            places = {(line, column) for line, _, column, _ in code.co_positions() if line and column}
            found = [piece for piece in found if all(_holds(piece, place) for place in places)] or found
            found = sorted(found, key=lambda piece: (piece.known.line, piece.known.column), reverse=True)
        return found[0] if found else None

    def normal(self, *, keep_annotations: bool = False, keep_docstrings: bool = False) -> Normal:
        """The normal form of all that it says."""
        return normal_of(self, self.known.whole, None, keep_annotations, keep_docstrings)

    def segment(self, first: int, last: int) -> str:
        """Some of its lines, as they are."""
        return "".join(self.lines[first - 1 : last])


def _holds(piece: Piece, place: tuple[int, int]) -> bool:
    known = piece.known  # where it begins itself stands what makes it, in the code around it
    return (known.line, known.column) < place <= (known.last, known.last_column)


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
        self._located: dict[str, tuple[str, str]] = {}
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
        folder, own = os.path.split(file)
        if not os.path.islink(file):  # noqa: PTH114 - for hundreds of files, most of them in few folders
            around = self._located.get(folder) or self.locate(Path(os.path.realpath(folder)))
            if around[0]:
                self._located[folder] = around
                return around[0], own if around[1] == "." else f"{around[1]}/{own}"
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

    Args:
        memory: What is known of sources from before.
    """

    def __init__(self, memory: Memory | None = None) -> None:
        self._memory = memory if memory is not None else Memory()
        self._modules: dict[str, Source | None] = {}
        self._files: dict[str, Source | None] = {}
        self._texts: dict[tuple[str, Digest], Source] = {}
        self._of_codes: dict[CodeType, Source | None] = {}

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
            if not file:
                return self._handed_over(loaded) if name == MAIN else None
            return self._read(name, file, "__path__" in vars(loaded))
        spec = find_spec(name)
        if spec is None or not spec.has_location or spec.origin is None or not is_local_file(spec.origin):
            return None
        return self._read(name, spec.origin, spec.submodule_search_locations is not None)

    def _handed_over(self, main: ModuleType) -> Source | None:
        """The script that came with ``-c`` or through standard input."""
        found = program_of(main)
        if found is None:
            return None
        file, data, codes = found
        return Source(MAIN, file, digest_bytes(data), data, codes=codes)

    def _read(self, name: str, file: str, package: bool) -> Source | None:
        if not file.endswith((".py", ".pyw")) and name != MAIN:
            return None  # an extension module: a file that is read, not source
        source = self._files[file] = self._unchanged(name, file, package) or self._fresh(name, file, package)
        return source

    def _unchanged(self, name: str, file: str, package: bool) -> Source | None:
        """A source that surely has the bytes which it had, so that they need not be read."""
        with contextlib.suppress(OSError):
            digest = self._memory.unchanged(file, os.stat(file))  # noqa: PTH116 - for hundreds of files
            if digest is not None:
                return Source(name, file, digest, None, package, self._memory.known(digest))
        return None

    def _fresh(self, name: str, file: str, package: bool) -> Source:
        now = time.time_ns()
        with contextlib.suppress(OSError):
            before = os.stat(file)  # noqa: PTH116
        data = _bytes_of(name, file)
        if b"\0" in data:
            raise CaptureError(f"the source of module {name} holds null bytes.", hint="is it really a Python file?")
        digest = digest_bytes(data)
        with contextlib.suppress(OSError):
            self._memory.read(file, before, os.stat(file), digest, now)  # noqa: PTH116
        return Source(name, file, digest, data, package, self._memory.known(digest))

    def let_go(self) -> None:
        """Let go of the syntax trees and decoded texts; whoever needs one again gets it made anew."""
        for source in self._files.values():
            if source is not None:
                for made in ("tree", "nodes", "text", "lines"):
                    vars(source).pop(made, None)

    def remember(self) -> None:
        """Keep what is known by now of the sources for the next capture."""
        sources = {source.digest: source for source in self._files.values() if source is not None}
        known = {digest: source.known for digest, source in sources.items() if source.has_pieces}
        self._memory.keep(known, [digest for digest in known if sources[digest].learned])

    def of_code(self, code: CodeType, module: str) -> Source | None:
        """The source that a code object was compiled from: its module's file, or the cell it was typed into."""
        own = self.module(module)
        if own is not None and own.holds(code):
            return own
        if code not in self._of_codes:
            self._of_codes[code] = self._proven(code, module)
        return self._of_codes[code]

    def _proven(self, code: CodeType, module: str) -> Source | None:
        """The source of a code object that no module's own file holds; a text without a file has to prove itself."""
        file = code.co_filename
        if not file.startswith("<") or file.startswith("<ipython-input"):
            return self.of_file(file, module)
        kept = self.of_file(file, module)
        texts = [kept.text] if kept is not None else []
        for text in filter(None, [*texts, kept_with(code), statement_of(code)]):
            codes = codes_of(text, file, code)
            if code in codes:
                return self._typed(text, file, module, codes)
        return None

    def _typed(self, text: str, file: str, module: str, codes: frozenset[CodeType]) -> Source:
        """The source of a text without a file; one text of one name is one source."""
        data = text.encode()
        digest = digest_bytes(data)
        found = self._files.get(file)
        if found is None or found.digest != digest:
            found = self._texts.setdefault((file, digest), Source(module, file, digest, data))
        found.codes = codes
        return found

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
                    data = "".join(lines).encode()
                    self._files[file] = Source(module, file, digest_bytes(data), data)
        return self._files[file]


def _bytes_of(module: str, file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except FileNotFoundError:
        raise CaptureError(
            f"the source of module {module} is gone: {Path(file).name} was deleted after it was imported.",
            hint="put the file back, or restart Python without it",
        ) from None
    except OSError as problem:
        raise CaptureError(f"the source of module {module} cannot be read: {problem}") from problem


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
        if path is not None and not path:
            return None  # below what is no package
        try:
            spec = importlib.machinery.PathFinder.find_spec(full, path)
        except (ImportError, ValueError, AttributeError):
            return None
        if spec is None:
            return None
        path = list(spec.submodule_search_locations or [])
    return spec
