"""The walk: from a step's function to everything local that it reaches.

It starts at the function and follows every name that its code takes from outside: helpers, classes, constants, closure
cells, defaults, decorators, attributes of local modules, imports inside functions, what a local module does when it is
imported. It yields a graph of nodes (``records.code.Node``) whose merged digest keys traces.
"""

from __future__ import annotations

import ast
import functools
import sys
from collections import deque
from collections.abc import Callable, Sequence
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType

from twice.records.digest import digest_texts
from twice.source.modules import MAIN, Library, Roots, Source, is_local
from twice.source.normal import normalise
from twice.source.pieces import Piece, together
from twice.source.reach.classes import Classes
from twice.source.reach.distributions import Distributions, Installed
from twice.source.reach.effects import Effects
from twice.source.reach.found import Found, Graph
from twice.source.reach.functions import Functions
from twice.source.reach.imports import Imports
from twice.source.reach.live import attributes_of, is_local_function, name_of, namespace_of, resolve
from twice.source.reach.names import Names
from twice.source.reach.reads import Reads, looks_through
from twice.source.reach.refused import callable_place
from twice.source.reach.script import Script
from twice.source.reach.sources import Sources
from twice.source.reach.values import Values
from twice.source.reach.wholes import Wholes
from twice.source.uses import Normal


class Reach:
    """One capture's walk.

    It knows objects by identity, so it keeps every object that it looked at alive. What a node is made of is the
    business of its parts: ``functions``, ``classes``, ``names``, ``imports``, ``effects``, ``wholes`` and ``values``,
    each of which calls the others through the walk.

    Args:
        library: The sources, each read once.
        roots: Names for the folders.
        installed: What is installed.
        counts: What counts beside code itself, because an earlier walk saw it read.

    Attributes:
        graph: The nodes found so far.
        sources: The texts that they stand in.
        reads: What the code met so far may read of other code; where it is more than ``counts``, walk again.
        at_work: The name of the step that is walked from.
        main_names: The script's names that something reached looks up.
        module_values: (module, variable) → the value that an imported module's variable has now.
        patches: (module, name) → a function that was put into an imported module from outside.
        held: (module, name, how, key, …) → what a part has now of a variable that cannot be kept as a whole.
        attributes: Node of a class or function → what was put onto it after its definition.
        looks_through: Whether something reached may look at all that a module holds, as by ``vars``.
        argv: The arguments that the program was called with, if something reached may read them.
    """

    def __init__(self, library: Library, roots: Roots, installed: Installed, *, counts: Reads | None = None) -> None:
        self.library = library
        self.roots = roots
        self.counts = counts or Reads()
        self.reads = self.counts
        self.at_work = ""
        self.graph = Graph()
        self.sources = Sources(library)
        self.distributions = Distributions(self.graph, installed)
        self.functions = Functions(self)
        self.classes = Classes(self)
        self.names = Names(self)
        self.imports = Imports(self)
        self.effects = Effects(self)
        self.wholes = Wholes(self)
        self.values = Values(self)
        self.script = Script(self)
        self.main_names: dict[str, None] = {}
        self.module_values: dict[tuple[str, str], object] = {}
        self.patches: dict[tuple[str, str], object] = {}
        self.held: dict[tuple[object, ...], object] = {}
        self.attributes: dict[str, dict[str, object]] = {}
        self.argv: list[str] | None = None
        self.looks_through = False
        self._queue: deque[Callable[[], None]] = deque()

    def step(self, name: str, function: object) -> str:
        """Walk everything that a step's callable reaches; returns the id of its node.

        Raises:
            CaptureError: It reaches something that cannot be brought back elsewhere.
        """
        self.at_work = name
        if isinstance(function, FunctionType):
            id_ = self._by_name(function) or self.functions.node(function)
        elif isinstance(function, type):
            id_ = self.classes.node(function)
        else:
            id_ = self.values.node(f"step {name}", function, place=callable_place(function))
        if id_ is None:
            module = getattr(function, "__module__", None) or "?"
            id_ = self._foreign_step(module, getattr(function, "__qualname__", name))
        settings = self.script.node()
        if settings is not None:
            node, edge = self.graph.nodes[id_], ("runs after", settings)
            node.edges += [edge] if edge not in node.edges else []
        while self._queue:
            self._queue.popleft()()
        return id_

    def _by_name(self, function: FunctionType) -> str | None:
        """The node of a step that a library's decorator made something else of, by the name that leads to it."""
        if is_local_function(function):
            return None
        for module in (MAIN, str(function.__module__)):
            loaded, name = sys.modules.get(module), function.__qualname__
            if loaded is not None and is_local(loaded) and namespace_of(module).get(name) is function:
                found = self.names.node(module, name, "its own name")
                if found is not None and module == MAIN:
                    self.main_names.setdefault(name)
                    self.graph.nodes[found].names.setdefault(name)
                return found
        return None

    def later(self, scan: Callable[[], None]) -> None:
        """Look at a node's code when the walk comes to it, however deep the calls are at which it was met."""
        self._queue.append(scan)

    def normalise(
        self, code: Source | Piece | Sequence[Piece] | list[ast.stmt], *, annotations: bool = False
    ) -> Normal:
        """What some code says that counts, noting what it may read of other code.

        Args:
            code: The code.
            annotations: Count its annotations, whether anybody is known to read annotations or not.
        """
        annotations, docstrings = annotations or self.counts.annotations, self.counts.docstrings
        if isinstance(code, Source | Piece):
            normal = code.normal(keep_annotations=annotations, keep_docstrings=docstrings)
        elif all(isinstance(part, Piece) for part in code):
            parts = [part for part in code if isinstance(part, Piece)]
            normal = together([part.normal(keep_annotations=annotations, keep_docstrings=docstrings) for part in parts])
        else:
            normal = normalise(
                [part for part in code if isinstance(part, ast.stmt)],
                keep_annotations=annotations,
                keep_docstrings=docstrings,
            )
        if normal.mentions:
            self.reads |= Reads.of(normal.mentions)
            self.looks_through = self.looks_through or looks_through(normal.mentions)
        return normal

    def made_on_import(self, module: str, value: FunctionType | type) -> bool:
        """Whether importing a local module makes what has no text, so that a name leads to it there."""
        if module == MAIN or self.library.module(module) is None:
            return False
        return resolve(value.__qualname__.split("."), namespace_of(module)) is value

    def visit(self, value: object) -> list[str]:
        """The nodes of a live object: of functions, classes and modules themselves, of anything else its type."""
        if isinstance(value, FunctionType):
            found = self.functions.node(value)
            return [found] if found else self._named(value)
        if isinstance(value, type):
            found = self.classes.node(value)
            return [found] if found else self._named(value)
        if isinstance(value, ModuleType):
            return [to for _, to in self.imports.as_a_whole(value, name_of(value))]
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
            return self._named(value)
        found_ids = self.visit(type(value)) if type(value).__module__ != "builtins" else []
        wrapped = attributes_of(value).get("__wrapped__")  # of a cache, or of a decorator that is a class
        return [*found_ids, *(self.visit(wrapped) if wrapped is not None and wrapped is not value else ())]

    def _named(self, value: object) -> list[str]:
        return [to for _, to in self.distributions.named("", value)]

    def arguments(self) -> str:
        """The node of the arguments that the program was called with."""
        self.argv = self.argv if self.argv is not None else list(sys.argv)
        return self.values.node("the program's arguments", self.argv, place="sys.argv")

    def _foreign_step(self, module: str, qualname: str) -> str:
        """A step that is an installed library's own function."""
        id_ = f"{module}:{qualname}"
        own = digest_texts("foreign", id_)
        self.graph.nodes.setdefault(id_, Found(id_, "builtin", own, own, edges=self.distributions.edges(module)))
        return id_
