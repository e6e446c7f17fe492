"""Everything local that a step reaches, followed from the live objects and through their source.

The walk starts at a step's function and follows every name that its code takes from outside: helpers, classes,
constants, closure cells, defaults, decorators, attributes of local modules, imports inside functions, what a local
module does when it is imported. It yields a graph of nodes (``records.code.Node``) whose merged digest keys traces.

Where something cannot be followed it is widened, never narrowed: a module handed around as an object, ``globals()``,
``exec`` or an import of a computed name make the whole module count.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import functools
import linecache
import math
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from types import BuiltinFunctionType, FrameType, FunctionType, MethodType, ModuleType
from typing import Protocol

from twice.errors import CaptureError, ValueNotStorable
from twice.records.code import COMPUTED_IMPORT
from twice.records.digest import Digest, digest_texts
from twice.source.modules import (
    MAIN,
    Library,
    Roots,
    Source,
    first_line,
    is_installed,
    is_local,
    last_line,
    module_file,
    module_path,
)
from twice.source.normal import (
    READS_ANNOTATIONS,
    READS_DOCSTRINGS,
    READS_SOURCE,
    Import,
    Normal,
    Use,
    normalise,
)
from twice.source.settings import is_setting
from twice.source.toplevel import TopLevel, absolute, calls_in, registrations, survey
from twice.values.encode import encode
from twice.values.fingerprint import content_of
from twice.values.kind import Hooked

Edge = tuple[str, str]
_MISSING = object()
_MACHINERY = frozenset(
    {
        "__name__",
        "__file__",
        "__builtins__",
        "__loader__",
        "__spec__",
        "__package__",
        "__path__",
        "__cached__",
        "__annotations__",
        "__dict__",
    }
)
"""What the interpreter itself puts into a module."""
CODE_TAG = "twice.code"
MODULE_TAG = "twice.module"
PLACE_TAG = "twice.place"


class Distributions(Protocol):
    """What is installed; the environment's room knows."""

    def owner(self, module: str) -> tuple[str, str] | None:
        """Name and version of the distribution that provides a module."""

    def requirements(self, name: str) -> list[tuple[str, str]]:
        """Name and version of the distributions that one depends on and that are installed."""


@dataclass
class Found:
    """A node under construction."""

    id: str
    kind: str
    own: Digest
    text: Digest
    module: str = ""
    line: int = 0
    end_line: int = 0
    edges: list[Edge] = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True)
class Place(Hooked):
    """A path below one of the roots, inside a captured value; it moves with the root."""

    root: str
    path: str
    text: bool


@dataclass(frozen=True)
class Reads:
    """What some code that is reached may read of other code, so that it counts everywhere.

    Attributes:
        annotations: Annotations, as by ``get_type_hints``.
        docstrings: Docstrings, as by ``getdoc``.
        source: The source as it is, as by ``getsource``.
        subclasses: Which classes there are, by ``__subclasses__``.
    """

    annotations: bool = False
    docstrings: bool = False
    source: bool = False
    subclasses: bool = False

    def __or__(self, other: Reads) -> Reads:
        return Reads(
            self.annotations or other.annotations,
            self.docstrings or other.docstrings,
            self.source or other.source,
            self.subclasses or other.subclasses,
        )

    @classmethod
    def of(cls, identifiers: set[str]) -> Reads:
        """What code that mentions these names may read."""
        return cls(
            bool(identifiers & READS_ANNOTATIONS),
            bool(identifiers & READS_DOCSTRINGS),
            bool(identifiers & READS_SOURCE),
            "__subclasses__" in identifiers,
        )


class Reach:
    """One capture's walk. Keeps every object that it looked at alive, since it knows them by identity.

    Args:
        library: The sources, each read once.
        roots: Names for the folders.
        distributions: What is installed.
        counts: What counts beside code itself, because an earlier walk saw it read.
    """

    def __init__(
        self, library: Library, roots: Roots, distributions: Distributions, *, counts: Reads | None = None
    ) -> None:
        self.library = library
        self.roots = roots
        self.distributions = distributions
        self.counts = counts or Reads()
        self.reads = self.counts
        self.nodes: dict[str, Found] = {}
        self.objects: dict[str, object] = {}
        self.modules: dict[str, Source] = {}
        self.namespaces: dict[str, list[str]] = {}
        self.cells: dict[str, Source] = {}
        self.main_names: dict[str, None] = {}
        self.settings: list[ast.stmt] = []
        self.module_values: dict[tuple[str, str], object] = {}
        self.patches: dict[tuple[str, str], object] = {}
        self.attributes: dict[str, dict[str, object]] = {}
        self.submodules: dict[str, None] = {}
        self._known: dict[int, str] = {}
        self._globals: dict[tuple[str, str], str | None] = {}
        self._surveys: dict[tuple[str, str], TopLevel] = {}
        self._queue: deque[Callable[[], None]] = deque()
        self._step = ""

    # -- the walk itself

    def step(self, name: str, function: object) -> str:
        """Walk everything that a step's callable reaches; returns the id of its node.

        Raises:
            CaptureError: It reaches something that cannot be brought back elsewhere.
        """
        self._step = name
        if isinstance(function, FunctionType):
            id_ = self.function(function)
        elif isinstance(function, type):
            id_ = self.class_(function)
        else:
            id_ = self.value(f"step {name}", function, place=f"step {name!r}")
        if id_ is None:
            module = getattr(function, "__module__", None) or "?"
            id_ = self._foreign_step(module, getattr(function, "__qualname__", name))
        settings = self._settings()
        if settings is not None:
            edge = ("runs after", settings)
            self.nodes[id_].edges += [edge] if edge not in self.nodes[id_].edges else []
        while self._queue:
            self._queue.popleft()()
        return id_

    def _settings(self) -> str | None:
        """The node of the process-wide settings that the script has made so far, if it has made any."""
        id_ = f"{MAIN} (settings)"
        if id_ in self.nodes:
            return id_
        main = sys.modules.get(MAIN)
        if main is None or not is_local(main) or self.library.module(MAIN) is None:
            return None
        reached = _line_at_work(vars(main))
        self.settings = [
            statement
            for statement in sorted(self.survey(MAIN).effects, key=first_line)
            if last_line(statement) < reached and is_setting(statement, vars(main))
        ]
        if not self.settings:
            return None
        self._statement_node(id_, "effects", MAIN, self.settings)
        return id_

    def _foreign_step(self, module: str, qualname: str) -> str:
        """A step that is an installed library's own function."""
        id_ = f"{module}:{qualname}"
        own = digest_texts("foreign", id_)
        self.nodes.setdefault(id_, Found(id_, "builtin", own, own, edges=self._distribution(module)))
        return id_

    def visit(self, value: object) -> list[str]:
        """The nodes of a live object: of functions, classes and modules themselves, of anything else its type."""
        if isinstance(value, FunctionType):
            found = self.function(value)
            return [found] if found else []
        if isinstance(value, type):
            found = self.class_(value)
            return [found] if found else [to for _, to in self._distribution(value.__module__)]
        if isinstance(value, ModuleType):
            return [to for _, to in self._follow_module(value, (), value.__name__)]
        if isinstance(value, MethodType):
            return [
                *self.visit(value.__func__),
                *(() if isinstance(value.__self__, ModuleType) else self.visit(value.__self__)),
            ]
        if isinstance(value, functools.partial):
            parts = [value.func, *value.args, *value.keywords.values()]
            return [id_ for part in parts for id_ in self.visit(part)]
        if isinstance(value, staticmethod | classmethod):
            return self.visit(value.__func__)
        if isinstance(value, property):
            return [id_ for part in (value.fget, value.fset, value.fdel) if part for id_ in self.visit(part)]
        if isinstance(value, BuiltinFunctionType):
            return [to for _, to in self._distribution(getattr(value, "__module__", None) or "")]
        found_ids = self.visit(type(value)) if type(value).__module__ != "builtins" else []
        wrapped = getattr(value, "__wrapped__", None)
        return [*found_ids, *(self.visit(wrapped) if isinstance(wrapped, FunctionType) else ())]

    # -- functions

    def function(self, function: FunctionType) -> str | None:
        """The node of a function; None if it is not local and holds nothing local."""
        if id(function) in self._known:
            return self._known[id(function)]
        code = function.__code__
        module = str(function.__globals__.get("__name__", function.__module__))
        if not is_local_function(function):
            return self._foreign_function(function, module)
        source = self.library.of_code(code, module)
        definition = source.function(code) if source is not None else None
        if source is None or definition is None:
            raise self._no_source(function, module, source)
        id_ = self._register(f"{module}:{function.__qualname__}", function)
        node = self.nodes[id_] = Found(id_, "function", _NOTHING, _NOTHING, *self._lines(source, definition))
        self._source_used(source)

        def scan() -> None:
            normal = self._normalise(definition)
            node.own = digest_texts("function", normal.data)
            node.text = digest_texts(source.segment(definition))
            cells = cells_of(function)
            node.edges += self._uses(
                normal,
                module,
                source,
                lambda name: cells.get(name, _MISSING),
                lambda name: self._cell(id_, function, name),
            )
            node.edges += self._defaults(id_, function, definition)
            node.edges += self._attributes(id_, vars(function))
            node.edges += self._module_edges(module)
            self._widen(node, normal, module, cells)

        self._queue.append(scan)
        return id_

    def _foreign_function(self, function: FunctionType, module: str) -> str | None:
        """An installed function counts with its distribution, and with what of ours it holds in its cells."""
        self._known[id(function)] = id_ = f"{module}:{function.__qualname__}#{len(self._known)}"
        held: list[tuple[str, object]] = []
        for value in cells_of(function).values():
            if isinstance(value, dict):  # as the table of a single dispatch
                held += [(f"holds {getattr(key, '__qualname__', key)!s}", part) for key, part in value.items()]
            else:
                held.append(("holds", value))
        held.append(("holds", vars(function).get("__wrapped__")))
        edges = [
            (how, found) for how, value in held if isinstance(value, FunctionType | type) for found in self.visit(value)
        ]
        if not edges:
            del self._known[id(function)]
            return None
        id_ = self._register(f"{module}:{function.__qualname__}", function)
        own = digest_texts("foreign", f"{module}:{function.__qualname__}")
        self.nodes[id_] = Found(id_, "builtin", own, own, edges=[*edges, *self._distribution(module)])
        return id_

    def _no_source(self, function: FunctionType, module: str, source: Source | None) -> CaptureError:
        what = f"{module}.{function.__qualname__}"
        if source is not None:
            return CaptureError(
                f"{what} is no longer where it was: the file was changed after it was imported.",
                hint="restart Python, so that what is captured is what you see",
            )
        return CaptureError(
            f"step {self._step!r} reaches {what}, whose source cannot be found "
            f"(it was defined in {function.__code__.co_filename!r}).",
            hint="define it in a file or a notebook cell; code typed into a plain prompt or made by exec() has no text",
        )

    def _defaults(self, id_: str, function: FunctionType, definition: ast.AST) -> list[Edge]:
        """Default arguments that are not written as plain constants count by value."""
        arguments: ast.arguments = definition.args  # type: ignore[attr-defined]
        positional = [*arguments.posonlyargs, *arguments.args]
        written = dict(
            zip(
                [argument.arg for argument in positional][-len(arguments.defaults) or len(positional) :],
                arguments.defaults,
                strict=True,
            )
        )
        written |= {a.arg: d for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if d is not None}
        values: dict[str, object] = {}
        if function.__defaults__:
            values |= zip(
                [argument.arg for argument in positional][-len(function.__defaults__) :],
                function.__defaults__,
                strict=True,
            )
        values |= function.__kwdefaults__ or {}
        edges: list[Edge] = []
        for name, value in values.items():
            if name in written and not _is_constant(written[name]):
                place = f"the default of {name!r} in {id_.partition(':')[2]}"
                edges.append((f"default {name}", self.value(f"{id_} default {name}", value, place=place)))
        return edges

    def _attributes(self, id_: str, namespace: Mapping[str, object]) -> list[Edge]:
        """What was put onto a function or class counts by value, whoever put it there."""
        edges: list[Edge] = []
        for name, value in list(namespace.items()):
            if name.startswith("__") or isinstance(value, FunctionType | type) or hasattr(type(value), "__get__"):
                continue
            try:
                found = self.value(f"{id_}.{name}", value, place=f"{id_}.{name}", plain=True)
            except CaptureError:
                continue  # carrying out the definition makes it again
            edges.append((f"attribute {name}", found))
            self.attributes.setdefault(id_, {})[name] = value
        return edges

    def _cell(self, id_: str, function: FunctionType, name: str) -> list[str]:
        value = cells_of(function)[name]
        if isinstance(value, FunctionType | type | ModuleType):
            return self.visit(value)
        place = f"the closure variable {name!r} of {id_.partition(':')[2]}"
        return [self.value(f"{id_} cell {name}", value, place=place)]

    # -- classes

    def class_(self, class_: type) -> str | None:
        """The node of a class; None if it is not local."""
        if id(class_) in self._known:
            return self._known[id(class_)]
        module = class_.__module__
        owner = sys.modules.get(module)
        if owner is None or not is_local(owner):
            return None
        source, definition = self.class_definition(class_)
        id_ = self._register(f"{module}:{class_.__qualname__}", class_)
        if source is None or definition is None:
            return self._made_class(id_, class_, module)
        node = self.nodes[id_] = Found(id_, "class", _NOTHING, _NOTHING, *self._lines(source, definition))
        self._source_used(source)

        def scan() -> None:
            normal = self._normalise(definition)
            patches = self._patches(class_, source, definition)
            node.own = digest_texts("class", normal.data, sorted(name for name, _ in patches))
            node.text = digest_texts(source.segment(definition))
            cells = class_cells(class_, source, definition)
            if "<locals>" in class_.__qualname__:
                self._made_inside(id_, class_, definition, cells, f"{source_name(source)}:{node.line}")
            node.edges += self._uses(
                normal,
                module,
                source,
                lambda name: cells.get(name, _MISSING),
                lambda name: self._class_cell(id_, cells, name),
            )
            for base in (*class_.__bases__, type(class_)):
                node.edges += [("inherits", found) for found in self.visit(base)] if base not in (object, type) else []
            for name, value in patches:
                node.edges += [(f"patched {name}", found) for found in self.visit(value)]
                self.attributes.setdefault(id_, {})[name] = vars(class_)[name]
            if not hasattr(class_, "__members__"):  # an enum's members are what its body says
                node.edges += self._attributes(id_, vars(class_))
            if self.counts.subclasses:
                for subclass in _subclasses(class_):
                    node.edges += [("is inherited by", found) for found in self.visit(subclass)]
            node.edges += self._module_edges(module)
            self._widen(node, normal, module, cells)

        self._queue.append(scan)
        return id_

    def _made_inside(
        self, id_: str, class_: type, definition: ast.ClassDef, cells: Mapping[str, object], place: str
    ) -> None:
        """A class made inside a function: its attributes may depend on that function's variables, so they count.

        Raises:
            CaptureError: Its body uses a variable of the function that nothing holds any more, and it is not in a
                module whose import makes it again.
        """
        for name, value in vars(class_).items():
            if not name.startswith("__") and not isinstance(
                value, FunctionType | staticmethod | classmethod | property
            ):
                with contextlib.suppress(CaptureError):
                    found = self.value(f"{id_}.{name}", value, place=f"{class_.__qualname__}.{name}")
                    self.nodes[id_].edges.append((f"attribute {name}", found))
        namespace = vars(sys.modules[class_.__module__])
        body = [part for part in definition.body if not isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)]
        for use in self._normalise([*body, *map(ast.Expr, [*definition.decorator_list, *definition.bases])]).uses:
            used = use.name
            if isinstance(used, str) and used not in cells and used not in namespace and not hasattr(builtins, used):
                raise CaptureError(
                    f"step {self._step!r} reaches the class {class_.__qualname__} ({place}), which is made inside a "
                    f"function and uses its variable {used!r}, which is gone by now.",
                    hint="define the class at the top level, or use the variable inside a method",
                )

    def class_definition(self, class_: type) -> tuple[Source | None, ast.ClassDef | None]:
        """Where a class is defined: its source and its syntax tree, or (None, None) for a class made by a call."""
        functions = [value for value in vars(class_).values() if isinstance(value, FunctionType)]
        own = [
            f
            for f in functions
            if f.__module__ == class_.__module__ and not f.__code__.co_filename.startswith("<string")
        ]
        sources = [self.library.module(class_.__module__)]
        sources += [self.library.of_code(function.__code__, class_.__module__) for function in own]
        sources += self.main_cells() if class_.__module__ == MAIN else []
        fallback: tuple[Source | None, ast.ClassDef | None] = (None, None)
        for source in sources:
            for definition in reversed(source.classes.get(class_.__qualname__, []) if source else []):
                span = range(first_line(definition), last_line(definition) + 1)
                if any(function.__code__.co_firstlineno in span for function in own):
                    return source, definition
                fallback = fallback if fallback[1] is not None else (source, definition)
        return fallback

    def main_cells(self) -> list[Source | None]:
        """The cells of a notebook, newest first, as far as live functions of ``__main__`` lead to them."""
        main = vars(sys.modules[MAIN])
        history = main.get("In")
        found: list[Source | None] = []
        for value in list(main.values()):
            if isinstance(value, FunctionType) and value.__module__ == MAIN:
                found.append(self.library.of_code(value.__code__, MAIN))
        if isinstance(history, list):
            names = [name for name in linecache.cache if "ipykernel" in name or name.startswith("<ipython-input")]
            found += [self.library.of_file(name, MAIN) for name in reversed(names)]
        return found

    def _made_class(self, id_: str, class_: type, module: str) -> str:
        """A class made by a call (a named tuple, an enum from a list): the statement that binds it counts."""
        statements = self.survey(module).bindings.get(class_.__name__, []) if self.library.module(module) else []
        if not statements and module != MAIN:
            raise CaptureError(
                f"step {self._step!r} reaches the class {id_.replace(':', '.')}, whose definition cannot be found.",
                hint="define it with a class statement, or assign it to a name at the top level of a module",
            )
        if not statements:
            raise CaptureError(
                f"step {self._step!r} reaches the class {class_.__qualname__}, whose source cannot be found.",
                hint="define it in a file or in a notebook cell",
            )
        self._statement_node(id_, "class", module, statements)
        return id_

    def _patches(self, class_: type, source: Source, definition: ast.ClassDef) -> list[tuple[str, FunctionType]]:
        """Local functions that were put onto a class after its definition."""
        span = range(first_line(definition), last_line(definition) + 1)
        found = []
        for name, value in vars(class_).items():
            function = getattr(value, "__func__", value)
            if not isinstance(function, FunctionType) or function.__code__.co_filename.startswith("<"):
                continue
            code = function.__code__
            inside = code.co_filename == source.file and code.co_firstlineno in span
            owner = sys.modules.get(str(function.__globals__.get("__name__")))
            if not inside and owner is not None and is_local(owner):
                found.append((name, function))
        return found

    def _class_cell(self, id_: str, cells: Mapping[str, object], name: str) -> list[str]:
        value = cells[name]
        if isinstance(value, FunctionType | type | ModuleType):
            return self.visit(value)
        return [self.value(f"{id_} cell {name}", value, place=f"the variable {name!r} around the class {id_}")]

    # -- names

    def _uses(
        self,
        normal: Normal,
        module: str,
        source: Source,
        cell: Callable[[str], object],
        visit_cell: Callable[[str], list[str]],
    ) -> list[Edge]:
        edges: list[Edge] = []
        for use in normal.uses:
            how = _spoken(use)
            if isinstance(use.name, Import):
                edges += self._follow_import(use.name, use.chain, module, source.package, how)
                continue
            held = cell(use.name)
            if held is not _MISSING:
                if isinstance(held, ModuleType):
                    edges += self._follow_module(held, use.chain, how)
                else:
                    edges += [(how, found) for found in visit_cell(use.name)]
                continue
            edges += self._follow_global(module, use.name, use.chain, how, f"{source_name(source)}:{use.line}")
        for imported in normal.imports:
            edges += self._follow_import(imported, (), module, source.package, f"import {imported.module}", bare=False)
        if module == MAIN:
            # Annotations are looked up when a definition is carried out again, so their names come along; they count
            # for nothing.
            for name in sorted(normal.annotation_names):
                self._follow_global(module, name, (), name, source_name(source))
        return list(dict.fromkeys(edges))

    def _follow_global(self, module: str, name: str, chain: tuple[str, ...], how: str, place: str) -> list[Edge]:
        namespace = vars(sys.modules[module]) if module in sys.modules else {}
        value = namespace.get(name, _MISSING)
        if value is _MISSING:
            return []  # a built-in, or a name that does not exist (yet): reading it would fail, and running tells
        if name in _MACHINERY:
            return []
        if isinstance(value, FunctionType | BuiltinFunctionType):
            self.reads |= Reads.of({value.__name__})  # whatever it is called here
        if module == MAIN:
            self.main_names.setdefault(name)
        if isinstance(value, ModuleType):
            return self._follow_module(value, chain, how)
        id_ = self.global_(module, name, place)
        return [(how, id_)] if id_ is not None else self._distribution(_home(value))

    def global_(self, module: str, name: str, place: str) -> str | None:
        """The node of a module's global name; None for what an installed library or the interpreter provides."""
        key = (module, name)
        if key in self._globals:
            return self._globals[key]
        self._globals[key] = None
        value = vars(sys.modules[module])[name]
        try:
            self._globals[key] = id_ = self._global_node(module, name, value, place)
        except CaptureError:
            del self._globals[key]  # whoever uses it, too, is to hear of it
            raise
        return id_

    def _global_node(self, module: str, name: str, value: object, place: str) -> str | None:
        top = self.survey(module) if self.library.module(module) is not None else TopLevel()
        definition = top.definition(name, line_of(value))
        if isinstance(value, FunctionType):
            found = self.function(value)
            if definition is None or found is None or self.nodes[found].line == first_line(definition):
                if definition is None and module != MAIN and name not in top.bindings:
                    self.patches[key_of(module, name)] = value
                elif definition is not None and found is None:
                    return self._decorated(module, name, definition, value)
                return found
            if definition.decorator_list:
                return self._decorated(module, name, definition, value)
            if module != MAIN:
                self.patches[key_of(module, name)] = value
            return found
        if isinstance(value, type):
            return self.class_(value)
        if definition is not None and not isinstance(definition, ast.ClassDef):
            return self._decorated(module, name, definition, value)
        if isinstance(value, BuiltinFunctionType | ModuleType):
            return None
        if name in top.bindings and all(isinstance(s, ast.Import | ast.ImportFrom) for s in top.bindings[name]):
            return self._imported_value(module, name, value, place)
        return self._data(module, name, value, place)

    def _imported_value(self, module: str, name: str, value: object, place: str) -> str | None:
        """A constant that this module got from another one: local ones count by value, installed ones by version."""
        for bound, imported in self.survey(module).imports:
            if bound == name:
                source = self.library.module(module)
                home = absolute(imported, module, package=source is not None and source.package)
                owner = sys.modules.get(home)
                if owner is not None and is_local(owner) and imported.attribute in vars(owner):
                    return self._data(module, name, value, place)
        edges = self._distribution(_home(value)) or [
            edge
            for bound, imported in self.survey(module).imports
            if bound == name
            for edge in self._distribution(imported.module)
        ]
        return edges[0][1] if edges else None

    def _decorated(
        self, module: str, name: str, definition: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, value: object
    ) -> str:
        """A name bound by a decorated definition to something else than that function."""
        id_ = self._fresh(f"{module}:{name}", value)
        self._statement_node(id_, "function", module, [definition, *registrations(self.survey(module), name)])
        self._queue.append(lambda: self.nodes[id_].edges.extend(("wraps", to) for to in self.visit(value) if to != id_))
        return id_

    def _statement_node(self, id_: str, kind: str, module: str, statements: list[ast.stmt]) -> None:
        source = self.library.module(module)
        assert source is not None  # a survey was made of it
        line = min(first_line(statement) for statement in statements)
        end = max(last_line(statement) for statement in statements)
        node = self.nodes[id_] = Found(id_, kind, _NOTHING, _NOTHING, module, line, end)
        self._source_used(source)

        def scan() -> None:
            normal = self._normalise(statements)
            node.own = digest_texts(kind, normal.data)
            node.text = digest_texts(*(source.segment(statement) for statement in statements))
            node.edges += self._uses(normal, module, source, lambda _: _MISSING, lambda _: [])
            node.edges += self._module_edges(module)
            self._widen(node, normal, module, {})

        self._queue.append(scan)

    def _data(self, module: str, name: str, value: object, place: str) -> str:
        """The node of a module's constant or variable."""
        id_ = f"{module}:{name}"
        if module == MAIN:
            statements = self.survey(MAIN).bindings.get(name, []) if self.library.module(MAIN) else []
            if is_remade(value) and statements:
                self._statement_node(id_, "value", MAIN, statements)
                return id_
            return self.value(id_, value, place=f"the variable {name!r}, used at {place}")
        statements = self.survey(module).bindings.get(name, [])
        try:
            found = self.value(id_, value, place=f"the variable {name!r} of {module}, used at {place}", plain=True)
            self.module_values[key_of(module, name)] = value
        except CaptureError:
            # Importing the module makes it again, so what makes it counts.
            if not statements:
                raise
            self._statement_node(id_, "value", module, statements)
            return id_
        return found

    # -- modules

    def _follow_module(self, module: ModuleType, chain: tuple[str, ...], how: str) -> list[Edge]:
        edges: list[Edge] = []
        while True:
            name = module.__name__
            if not is_local(module):
                return edges + self._follow_foreign(module, chain, how)
            edges += self._module_edges(name)
            if not chain:
                return [*edges, (how, self.whole_module(name))]
            attribute, *rest = chain
            chain = tuple(rest)
            value = vars(module).get(attribute, _MISSING)
            if isinstance(value, ModuleType):
                self._submodule(name, attribute, value)
                module = value
                continue
            if value is not _MISSING:
                found = self.global_(name, attribute, how)
                return [*edges, (how, found)] if found else edges + self._distribution(_home(value))
            if self.library.module(f"{name}.{attribute}") is not None:  # a submodule that is not loaded yet
                return [*edges, (how, self.whole_module(f"{name}.{attribute}"))]
            return [*edges, (how, self.whole_module(name))]  # found by the module's __getattr__, or not at all

    def _submodule(self, package: str, attribute: str, value: ModuleType) -> None:
        """Note a submodule that is found as its package's attribute: there only because somebody imported it."""
        if value.__name__ == f"{package}.{attribute}":
            self.submodules.setdefault(value.__name__)

    def _follow_foreign(self, module: ModuleType, chain: tuple[str, ...], how: str) -> list[Edge]:
        """An installed module counts by its distribution, and a local function put into it as itself."""
        value: object = module
        for attribute in chain:
            outer = value
            value = vars(outer).get(attribute) if isinstance(outer, ModuleType) else None
            if isinstance(outer, ModuleType) and isinstance(value, ModuleType):
                self._submodule(outer.__name__, attribute, value)
        edges = self._distribution(module.__name__)
        if isinstance(value, FunctionType):
            found = self.function(value)
            edges += [(how, found)] if found else []
        return edges

    def _follow_import(
        self, imported: Import, chain: tuple[str, ...], module: str, package: bool, how: str, *, bare: bool = True
    ) -> list[Edge]:
        """An import inside a function: of a module that may not be loaded.

        Args:
            imported: What is imported.
            chain: The attributes taken from the bound name.
            module: The module whose code imports.
            package: Whether that module is a package.
            how: How to speak of it.
            bare: The bound name is used; otherwise only the import itself counts.
        """
        name = absolute(imported, module, package=package)
        if not name:
            return []
        loaded = sys.modules.get(name)
        if loaded is not None and not is_local(loaded):
            return self._distribution(name)
        if loaded is None and self.library.module(name) is None:
            return self._distribution(name)
        edges = self._module_edges(name)
        if imported.whole:
            bare = True
        if not bare:
            sub = f"{name}.{imported.attribute}"
            if imported.attribute == "*":
                edges.append((how, self.whole_module(name)))
            elif (
                imported.attribute
                and imported.attribute not in (vars(loaded) if loaded else {})
                and self.library.module(sub)
            ):
                edges += self._module_edges(sub)
            return edges
        if loaded is None:
            top = name.partition(".")[0]
            wholes = [name, top] if imported.top_only and self.library.module(top) is not None else [name]
            if imported.attribute and self.library.module(f"{name}.{imported.attribute}") is not None:
                wholes.append(f"{name}.{imported.attribute}")
            return edges + [(how, self.whole_module(found)) for found in wholes]
        if imported.attribute is not None:
            return edges + self._follow_module(loaded, (imported.attribute, *chain), how)
        if imported.top_only:  # ``import a.b``: the name is ``a``
            first = sys.modules.get(name.partition(".")[0])
            return edges + (self._follow_module(first, chain, how) if first is not None else [])
        return edges + self._follow_module(loaded, chain, how)

    def survey(self, module: str) -> TopLevel:
        """A module's top level; empty where it has no source."""
        source = self.library.module(module)
        return self.survey_of(source) if source is not None else TopLevel()

    def survey_of(self, source: Source) -> TopLevel:
        """The top level of a module or a notebook cell."""
        key = (source.module, source.file)
        if key not in self._surveys:
            self._surveys[key] = survey(source.tree)
        return self._surveys[key]

    def _module_edges(self, name: str) -> list[Edge]:
        """Edges to what happens when a module is imported: its own effects, and those of the packages it is in."""
        if name == MAIN:
            return []
        parts = name.split(".")
        edges: list[Edge] = []
        for index in range(1, len(parts) + 1):
            full = ".".join(parts[:index])
            found = self._effects(full)
            edges += [(f"import {full}", found)] if found else []
        return edges

    def _effects(self, name: str) -> str | None:
        id_ = f"{name} (on import)"
        if id_ in self.nodes:
            return id_
        source = self.library.module(name)
        if source is None:
            self._without_source(name)
            loaded = sys.modules.get(name)
            if loaded is None or not is_local(loaded) or not module_file(loaded):
                return None
            own = digest_texts("extension", Path(module_file(loaded)).read_bytes())  # compiled: it counts as it is
            self.nodes[id_] = Found(id_, "module", own, own, name)
            return id_
        node = self.nodes[id_] = Found(id_, "effects", _NOTHING, _NOTHING, name)
        self._source_used(source)

        def scan() -> None:
            top = self.survey(name)
            statements = sorted(
                [*top.effects, *filter(lambda s: self._has_effect(s, name), top.doubtful)], key=first_line
            )
            normal = self._normalise(statements)
            node.own = digest_texts("effects", normal.data)
            node.text = digest_texts(*(source.segment(statement) for statement in statements))
            if statements:
                node.line, node.end_line = first_line(statements[0]), last_line(statements[-1])
            node.edges += self._uses(normal, name, source, lambda _: _MISSING, lambda _: [])
            for _, imported in top.imports:
                target = absolute(imported, name, package=source.package)
                for part in (target, f"{target}.{imported.attribute}" if imported.attribute else ""):
                    if part and (part in sys.modules or self.library.module(part) is not None):
                        node.edges += self._module_edges(part) if self._is_local_name(part) else []

        self._queue.append(scan)
        return id_

    def _is_local_name(self, name: str) -> bool:
        loaded = sys.modules.get(name)
        return is_local(loaded) if loaded is not None else self.library.module(name) is not None

    def _without_source(self, name: str) -> None:
        """Namespace packages have a place but no text."""
        loaded = sys.modules.get(name)
        if loaded is not None and is_local(loaded) and not module_file(loaded):
            self.namespaces[name] = module_path(loaded)

    def _has_effect(self, statement: ast.stmt, module: str) -> bool:
        """Whether a definition or an assignment at a module's top level may do more than bind its name."""
        namespace = vars(sys.modules[module]) if module in sys.modules else {}
        for called in calls_in(statement):
            value = _resolve(called, namespace)
            if value is _MISSING or self._registers(value):
                return True
        if isinstance(statement, ast.ClassDef):
            class_ = namespace.get(statement.name)
            if not isinstance(class_, type):
                return True
            for base in class_.__mro__[1:]:
                owner = sys.modules.get(base.__module__)
                if owner is not None and is_local(owner) and "__init_subclass__" in vars(base):
                    return True
            maker = sys.modules.get(type(class_).__module__)
            return maker is not None and is_local(maker)
        return False

    def _registers(self, called: object, seen: frozenset[int] = frozenset()) -> bool:
        """Whether calling something may change what does not belong to it."""
        if id(called) in seen:
            return False
        seen |= {id(called)}
        if isinstance(called, MethodType):
            return not isinstance(called.__self__, type)  # a method of some object, as ``app.command``
        called = getattr(called, "__wrapped__", called)
        if isinstance(called, FunctionType):
            owner = sys.modules.get(str(called.__globals__.get("__name__")))
            if owner is None or not is_local(owner):
                return "register" in called.__name__
            source = self.library.of_code(called.__code__, owner.__name__)
            definition = source.function(called.__code__) if source else None
            if definition is None:
                return True
            normal = normalise(definition)
            around = {**called.__globals__, **cells_of(called)}
            if any(not isinstance(around.get(name, 0), FunctionType) for name in normal.stores_outside):
                return True
            names = [around[name] for name in sorted(normal.calls_outside) if name in around]
            if any(not isinstance(value, ModuleType | type | FunctionType) for value in names):
                return True
            return any(self._registers(around[name], seen) for name in sorted(normal.calls) if name in around)
        if isinstance(called, type):
            owner = sys.modules.get(called.__module__)
            return owner is not None and is_local(owner) and self._registers(vars(called).get("__init__", len), seen)
        return not isinstance(called, BuiltinFunctionType)

    def whole_module(self, name: str) -> str:
        """The node of a module as a whole, for uses that cannot be followed into it."""
        id_ = f"{name} (whole)"
        if id_ in self.nodes:
            return id_
        source = self.library.module(name)
        if source is None:
            own = digest_texts("module", name)
            self.nodes[id_] = Found(id_, "module", own, own, name, edges=self._module_edges(name))
            self._without_source(name)
            return id_
        note = "used in ways that cannot be followed: the whole module counts"
        node = self.nodes[id_] = Found(id_, "module", _NOTHING, _NOTHING, name, 1, len(source.lines), note=note)
        self._source_used(source)

        def scan() -> None:
            normal = self._normalise(source.tree.body)
            node.own = digest_texts("module", normal.data)
            node.text = digest_texts(source.text)
            node.edges += self._module_edges(name)
            if name == MAIN:  # what its driver code says is none of a step's business, but all that it has left is
                node.own = digest_texts("module", MAIN)
                node.edges += self._everything(node, name)
                return
            if name in sys.modules:
                node.edges += self._uses(normal, name, source, lambda _: _MISSING, lambda _: [])
                node.edges += self._everything(node, name)
                return
            for imported in normal.imports:  # not loaded: its imports count as wholes, too
                target = absolute(imported, name, package=source.package)
                for part in (target, f"{target}.{imported.attribute}" if imported.attribute else ""):
                    if part and self._is_local_name(part):
                        node.edges.append((f"import {part}", self.whole_module(part)))
                if not self._is_local_name(target):
                    node.edges += self._distribution(target)

        self._queue.append(scan)
        return id_

    def _everything(self, node: Found, module: str) -> list[Edge]:
        """All that a module's names stand for now, whoever gave them their values."""
        edges: list[Edge] = []
        for name, value in list(vars(sys.modules[module]).items()):
            if name in _MACHINERY or (module == MAIN and (name.startswith("_") or _is_ours(value))):
                continue
            known = name in self.main_names
            try:
                edges += self._follow_global(module, name, (), name, f"{module} as a whole")
            except CaptureError:
                node.note += f"; {name!r} could not be looked at"
                if module == MAIN and not known:
                    del self.main_names[name]
        return edges

    # -- values

    def value(self, id_: str, value: object, *, place: str, plain: bool = False) -> str:
        """The node of a value that code refers to; functions and classes inside it are followed.

        Args:
            id_: The node's id.
            value: The value.
            place: Where it is, for an error.
            plain: Refuse values that only their own code could bring back.

        Raises:
            CaptureError: No kind of value can hold it.
        """
        if id_ in self.nodes and self.objects.get(id_) is value:
            return id_
        edges: list[Edge] = []

        def hook(part: object) -> tuple[str, object] | None:
            found = self.hook(part)
            if found is not None and found[0] == CODE_TAG:
                edges.append(("holds", str(found[1])))
            elif isinstance(part, type | FunctionType):
                edges.extend(self._distribution(part.__module__ or ""))
            return found

        try:
            encoded = encode(self.placed(value), hook=hook, describe="it")
        except ValueNotStorable as problem:
            raise CaptureError(
                f"step {self._step!r} reaches {place}, which cannot be saved: {problem.message.removeprefix('it: ')}",
                hint="make it inside the step, or pass what it is made from as a parameter",
            ) from None
        if plain and encoded.executes:
            raise CaptureError(f"step {self._step!r} reaches {place}, which only code can bring back.")
        own = digest_texts("value", content_of(encoded))
        self.objects[id_] = value
        module = id_.partition(":")[0]
        node = self.nodes[id_] = Found(id_, "value", own, own, module, edges=list(dict.fromkeys(edges)))
        if module in sys.modules and self.library.module(module) is not None:
            statements = self.survey(module).bindings.get(id_.partition(":")[2], [])
            if statements:
                node.line, node.end_line = first_line(statements[-1]), last_line(statements[-1])
        return id_

    def hook(self, part: object) -> tuple[str, object] | None:
        """How code inside a value is written down: local functions and classes by their node, modules by name."""
        if isinstance(part, FunctionType):
            found = self.function(part)
            return (CODE_TAG, found) if found is not None and self.nodes[found].kind != "builtin" else None
        if isinstance(part, type):
            found = self.class_(part)
            return (CODE_TAG, found) if found is not None else None
        if isinstance(part, ModuleType):
            if is_local(part):
                self._follow_module(part, (), part.__name__)
            return (MODULE_TAG, part.__name__)
        if isinstance(part, Place):
            return (PLACE_TAG, (part.root, part.path, part.text))
        return None

    def placed(self, value: object, depth: int = 0) -> object:
        """A value with every path below a root replaced by a :class:`Place`; looks into small plain containers."""
        if type(value) is str:
            if len(value) < 4096 and value.startswith(tuple(str(folder) for folder in self.roots.folders.values())):
                return self._place(value, text=True)
            return value
        if isinstance(value, PurePath):
            return self._place(str(value), text=False) if Path(value).is_absolute() else value
        if depth < 4 and type(value) in (list, tuple, dict) and len(value) <= 1000:  # type: ignore[arg-type]
            if isinstance(value, dict):
                return {key: self.placed(item, depth + 1) for key, item in value.items()}
            assert isinstance(value, list | tuple)
            return type(value)(self.placed(item, depth + 1) for item in value)
        return value

    def _place(self, path: str, *, text: bool) -> object:
        root, relative = self.roots.locate(Path(path))
        if not root:
            return path if text else Path(path)
        if text:  # every character counts: a slash at the end, a dot, a slash too many
            relative = path[len(str(self.roots.folders[root])) :]
        return Place(root, relative, text)

    # -- small things

    def _normalise(self, node: ast.AST | list[ast.stmt]) -> Normal:
        normal = normalise(node, keep_annotations=self.counts.annotations, keep_docstrings=self.counts.docstrings)
        self.reads |= Reads.of(normal.identifiers)
        return normal

    def _widen(self, node: Found, normal: Normal, module: str, cells: Mapping[str, object]) -> None:
        """Code that looks at its module as a whole makes the whole module count."""
        namespace = vars(sys.modules[module]) if module in sys.modules else {}
        dynamic = {name for name in normal.sees_module if name not in namespace and name not in cells}
        if (dynamic or normal.calls_unknown_imports) and self.library.module(module) is not None:
            why = " and ".join([*sorted(dynamic), *([COMPUTED_IMPORT] if normal.calls_unknown_imports else [])])
            node.note = f"uses {why}: the whole module counts"
            node.edges.append((why, self.whole_module(module)))

    def _distribution(self, module: str) -> list[Edge]:
        top = module.partition(".")[0]
        loaded = sys.modules.get(module) or sys.modules.get(top)
        if loaded is not None and not is_installed(loaded):
            return []
        found = self.distributions.owner(top)
        return [(f"import {top}", self._distribution_node(*found))] if found else []

    def _distribution_node(self, name: str, version: str) -> str:
        id_ = f"{name}=={version}"
        if id_ not in self.nodes:
            own = digest_texts("distribution", id_)
            node = self.nodes[id_] = Found(id_, "distribution", own, own)
            node.edges = [("needs", self._distribution_node(*found)) for found in self.distributions.requirements(name)]
        return id_

    def _lines(self, source: Source, definition: ast.AST) -> tuple[str, int, int]:
        return source_key(source), first_line(definition), last_line(definition)

    def _source_used(self, source: Source) -> None:
        own = self.library.module(source.module)
        if own is source:
            self.modules[source.module] = source
            if source.module != MAIN:
                for parent in _parents(source.module):
                    found = self.library.module(parent)
                    if found is not None:
                        self.modules[parent] = found
                    else:
                        self._without_source(parent)
        else:
            self.cells[source.file] = source

    def _register(self, id_: str, value: object) -> str:
        id_ = self._fresh(id_, value)
        self._known[id(value)] = id_
        return id_

    def _fresh(self, id_: str, value: object) -> str:
        """An id that no other object has: two closures of one text are two nodes."""
        base, count = id_, 1
        while id_ in self.objects and self.objects[id_] is not value:
            count += 1
            id_ = f"{base}#{count}"
        self.objects[id_] = value
        return id_


_NOTHING = digest_texts("nothing")


def _is_ours(value: object) -> bool:
    """Whether a value belongs to Twice: the pipeline itself, a run."""
    return type(value).__module__.partition(".")[0] == "twice"


def _line_at_work(namespace: dict[str, object]) -> float:
    """The line that the script's top level has come to; infinity if it has come to its end."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_globals is namespace and frame.f_code.co_name == "<module>":
            return frame.f_lineno
        frame = frame.f_back
    return math.inf


def key_of(module: str, name: str) -> tuple[str, str]:
    """A global name's key."""
    return (module, name)


def source_name(source: Source) -> str:
    """What people call a source: its file's name."""
    return source.file.rpartition("/")[2]


def source_key(source: Source) -> str:
    """The name under which a snapshot knows a source: its module, or its module and a cell."""
    from twice.records.digest import digest_bytes

    if not source.file.startswith("<") and "ipykernel" not in source.file:
        return source.module
    return f"{source.module}/cell-{digest_bytes(source.data).short[:8]}.py"


def _parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    for index in range(1, len(parts)):
        yield ".".join(parts[:index])


def cells_of(function: FunctionType) -> dict[str, object]:
    """A function's closure variables that have a value."""
    found: dict[str, object] = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # empty: not assigned yet
            continue
    return found


def class_cells(class_: type, source: Source | None, definition: ast.AST | None) -> dict[str, object]:
    """The variables around a class that its own methods hold; generated methods (of a dataclass) hold none of them."""
    found: dict[str, object] = {}
    if source is None or definition is None:
        return found
    span = range(first_line(definition), last_line(definition) + 1)
    for value in vars(class_).values():
        parts = (value.fget, value.fset, value.fdel) if isinstance(value, property) else (value,)
        for part in parts:
            function = getattr(part, "__func__", part)
            if not isinstance(function, FunctionType) or function.__code__.co_filename != source.file:
                continue
            if function.__code__.co_firstlineno in span:
                found |= cells_of(function)
    found.pop("__class__", None)
    return found


def _spoken(use: Use) -> str:
    root = use.name if isinstance(use.name, str) else (use.name.attribute or use.name.module)
    return ".".join((root, *use.chain))


def _home(value: object) -> str:
    """The module that a value comes from: its own, or its type's."""
    module = getattr(value, "__module__", None)
    return module if isinstance(module, str) else type(value).__module__


def _is_constant(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp):
        return _is_constant(node.operand)
    if isinstance(node, ast.Tuple):
        return all(_is_constant(part) for part in node.elts)
    return isinstance(node, ast.Constant)


def _resolve(node: ast.expr, namespace: Mapping[str, object]) -> object:
    """The live object that a name with attributes stands for."""
    if isinstance(node, ast.Name):
        return namespace.get(node.id, getattr(builtins, node.id, _MISSING))
    if isinstance(node, ast.Attribute):
        owner = _resolve(node.value, namespace)
        return _MISSING if owner is _MISSING else getattr(owner, node.attr, _MISSING)
    return _MISSING


def line_of(value: object) -> int:
    """The first line of the definition that a function, or what a decorator made of one, was compiled from; or 0."""
    own = value if isinstance(value, FunctionType) else getattr(value, "__dict__", {}).get("__wrapped__")
    while isinstance(own, FunctionType) and isinstance(vars(own).get("__wrapped__"), FunctionType):
        own = vars(own)["__wrapped__"]
    return own.__code__.co_firstlineno if isinstance(own, FunctionType) else 0


def _subclasses(class_: type) -> list[type]:
    """The classes that inherit from one now; a metaclass may define the method otherwise."""
    found: list[type] = type.__subclasses__(class_)
    return found


def is_local_function(function: FunctionType) -> bool:
    """Whether a function's own code is local, whatever it says of its module."""
    name = str(function.__globals__.get("__name__", function.__module__))
    owner = sys.modules.get(name)
    return name == MAIN or (owner is not None and is_local(owner))


def is_remade(value: object) -> bool:
    """Whether a script's variable is better made again by its statement: type variables, aliases and the like."""
    return type(value).__module__ in ("typing", "typing_extensions", "types") and not isinstance(value, MethodType)
