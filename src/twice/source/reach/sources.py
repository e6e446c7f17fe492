"""The texts that a walk meets: which of them have to come along, and what stands at their top level."""

from __future__ import annotations

import ast
import contextlib
import linecache
import sys
from collections.abc import Iterator, Mapping
from types import FunctionType

from twice.errors import CaptureError
from twice.records.digest import digest_bytes
from twice.source.modules import MAIN, Library, Source, is_local, module_file, module_path
from twice.source.pieces import Piece, Top
from twice.source.reach.homes import Homes, leads_to
from twice.source.reach.live import MISSING, held_by, module_of
from twice.source.typed import STRING


class Sources:
    """The sources of one walk.

    Args:
        library: The sources, each read once.

    Attributes:
        modules: Modules that something reached stands in, with the packages around them.
        namespaces: Packages without a text: where each lies.
        cells: Notebook cells and what else has no file, and files that are no module's own, by their keys.
        homes: Where classes come from.
    """

    def __init__(self, library: Library) -> None:
        self.library = library
        self.modules: dict[str, Source] = {}
        self.namespaces: dict[str, list[str]] = {}
        self.cells: dict[str, Source] = {}
        self.homes = Homes(self)
        self._script: list[Source] | None = None

    def use(self, source: Source) -> None:
        """Note that something reached stands in a source."""
        if self.modules.get(source.module) is source:
            return
        if is_cell(source) or self.library.module(source.module) is not source:
            self.cells[source_key(source)] = source
            return
        self.modules[source.module] = source
        if source.module == MAIN:
            return
        for parent in _parents(source.module):
            found = self.library.module(parent)
            if found is not None:
                self.modules[parent] = found
            else:
                self.use_without_text(parent)

    def use_without_text(self, name: str) -> None:
        """Note that something reached is in a package that has a place but no text."""
        loaded = sys.modules.get(name)
        if loaded is not None and is_local(loaded) and not module_file(loaded):
            self.namespaces[name] = module_path(loaded)

    def survey(self, module: str) -> Top:
        """A module's top level; empty where it has no source."""
        source = self.library.module(module)
        return source.top if source is not None else Top()

    def survey_of(self, source: Source) -> Top:
        """The top level of a module or a notebook cell."""
        return source.top

    def class_definition(self, class_: type) -> tuple[Source | None, Piece | None]:
        """Where a class is defined: its source and its syntax tree, or (None, None) for a class made by a call."""
        module = self.homes.of(class_)
        functions = [value for value in vars(class_).values() if isinstance(value, FunctionType)]
        own = [
            f
            for f in functions
            if module_of(f) == module
            and (f.__code__.co_filename != STRING or self.library.of_code(f.__code__, module) is not None)
        ]
        found: dict[Piece, Source] = {}
        names = [class_.__qualname__]
        if any(
            base.__qualname__ == class_.__qualname__ for base in class_.__bases__
        ):  # it was given the name of its base
            names = list(dict.fromkeys([f.__code__.co_qualname.rpartition(".")[0] for f in own] + names))
        for source in self._of_class(module, own):
            for definition in [p for name in names for p in reversed(source.classes(name) if source else [])]:
                span = range(definition.first, definition.last + 1)
                if any(function.__code__.co_firstlineno in span for function in own):
                    return source, definition
                assert source is not None
                found.setdefault(definition, source)
        if not found:
            return None, None
        likely = likeliest(class_, module, list(found)) if len(found) > 1 else next(iter(found))
        return found[likely], likely

    def _of_class(self, module: str, own: list[FunctionType]) -> Iterator[Source | None]:
        """The sources in which a class may be defined, the likely one first: others, as ``dataclasses``, are long."""
        yield self.library.module(module)
        for function in own:
            yield self.library.of_code(function.__code__, module)
        if module == MAIN:
            yield from self.main_cells()

    def main_cells(self) -> list[Source | None]:
        """The cells of a notebook, newest first, as far as live functions of ``__main__`` lead to them."""
        main = vars(sys.modules[MAIN])
        history = main.get("In")
        found: list[Source | None] = []
        for value in list(main.values()):
            if isinstance(value, FunctionType) and module_of(value) == MAIN:
                found.append(self.library.of_code(value.__code__, MAIN))
        if isinstance(history, list):
            names = [name for name in linecache.cache if "ipykernel" in name or name.startswith("<ipython-input")]
            found += [self.library.of_file(name, MAIN) for name in reversed(names)]
        found += [self.library.of_file(name, MAIN) for name in reversed(_prompts())]
        return found

    def of_script(self) -> list[Source]:
        """What the script says at its top level: its file, or the cells of a notebook in the order of their running."""
        if self._script is None:
            self._script = self._texts_of_script()
        return self._script

    def _texts_of_script(self) -> list[Source]:
        main = vars(sys.modules[MAIN])
        own = self.library.module(MAIN)
        history, shell = main.get("In"), sys.modules.get("IPython")
        if own is not None:
            return [own]
        if not isinstance(history, list) or shell is None:
            return [typed for name in _prompts() if (typed := self.library.of_file(name, MAIN)) is not None]
        running = shell.get_ipython()
        by_text = {"".join(entry[2]): name for name, entry in list(linecache.cache.items()) if len(entry) == 4}
        found: list[Source] = []
        for number, raw in enumerate(history):
            text = running.transform_cell(raw) if running is not None and raw.strip() else ""
            file = by_text.get(text, f"<cell {number}>")
            source = self.library.of_file(file, MAIN) if text in by_text else None
            source = source or Source(MAIN, file, digest_bytes(text.encode()), text.encode())
            with contextlib.suppress(CaptureError):  # a cell with a syntax error did nothing
                assert source.tree
                found.append(source)
        return found


def likeliest(class_: type, module: str, definitions: list[Piece]) -> Piece:
    """Which of several definitions made a class that has no method of its own to tell.

    Args:
        class_: The class.
        module: Where it was made.
        definitions: The newest first.
    """
    held = {name: value for name, value in held_by(class_).items() if name[:2] != "__"}
    unlike = [_unlikeness(definition, held) for definition in definitions]
    alike = [definition for definition, how_far in zip(definitions, unlike, strict=True) if how_far == min(unlike)]
    newest_is_another = not leads_to(module, class_) and alike[0] is definitions[0]
    return alike[1] if newest_is_another and len(alike) > 1 else alike[0]


def _unlikeness(definition: Piece, held: Mapping[str, object]) -> int:
    """How many names a class body binds and the class has not, or has and it does not, or with another constant."""
    bound: dict[str, object] = {}
    for statement in getattr(definition.node, "body", ()):
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound[statement.name] = MISSING
        elif isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            value: object = MISSING
            with contextlib.suppress(ValueError, TypeError):
                value = ast.literal_eval(statement.value)
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            bound |= {target.id: value for target in targets if isinstance(target, ast.Name)}
    known = [(value, held[name]) for name, value in bound.items() if name in held and value is not MISSING]
    other = sum(type(value) is not type(now) or value != now for value, now in known)
    return len(bound.keys() ^ held.keys()) + other


def _prompts() -> list[str]:
    """The file names of what was typed at a prompt that keeps it (Python 3.13 and newer), in order."""
    return [name for name in list(linecache.cache) if name.startswith(("<python-input-", "<stdin>-"))]


def source_name(source: Source) -> str:
    """What people call a source: its file's name."""
    return source.file.rpartition("/")[2]


def source_key(source: Source) -> str:
    """The name under which a snapshot knows a source: its module, or its module and a cell."""
    return f"{source.module}/cell-{source.digest.short[:8]}.py" if is_cell(source) else source.module


def is_cell(source: Source) -> bool:
    """Whether a source is no file's: a notebook's cell, what was typed at a prompt, a program given with ``-c``."""
    return source.file.startswith("<") or "ipykernel" in source.file


def _parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    for index in range(1, len(parts)):
        yield ".".join(parts[:index])
