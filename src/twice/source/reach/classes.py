"""Classes: their bodies, what they inherit, and what was put onto them after their definition."""

from __future__ import annotations

import ast
import builtins
import contextlib
import functools
import sys
from collections.abc import Mapping
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING

from twice.errors import CaptureError
from twice.records.digest import digest_texts
from twice.source.installed import place_of
from twice.source.modules import MAIN, Library, Source, is_local
from twice.source.pieces import Piece
from twice.source.reach.found import NOTHING, Edge, Found
from twice.source.reach.functions import code_said, defaults_now, made_apart
from twice.source.reach.given import is_importable
from twice.source.reach.later import Installed, Names, later
from twice.source.reach.live import (
    MISSING,
    ask,
    class_cells,
    class_empty_around,
    held_by,
    is_local_function,
    module_of,
    namespace_of,
    own_functions,
    parts_of,
    subclasses,
)
from twice.source.reach.sources import source_key, source_name
from twice.source.remaking import bases_by_value
from twice.source.typed import STRING

if TYPE_CHECKING:
    from twice.source.reach.walk import Reach


class Classes:
    """The nodes of classes.

    Args:
        walk: The walk that they are part of.
    """

    def __init__(self, walk: Reach) -> None:
        self._walk = walk

    def node(self, class_: type) -> str | None:
        """The node of a class; None if it is not local.

        Raises:
            CaptureError: Its definition cannot be found, or cannot be carried out elsewhere.
        """
        walk = self._walk
        known = walk.graph.known(class_)
        if known is not None:
            return known
        module = walk.sources.homes.of(class_)
        owner = sys.modules.get(module)
        if owner is None or not is_local(owner):
            for function in own_functions(class_):
                if made_apart(function, module):
                    raise walk.functions.no_source(function, module, None)
            return None
        source, definition = walk.sources.class_definition(class_)
        id_ = walk.graph.register(f"{module}:{class_.__qualname__}", class_)
        if source is None or definition is None:
            return self._made_by_a_call(id_, class_, module)
        lines = (definition.first, definition.last)
        node = walk.graph.nodes[id_] = Found(id_, "class", NOTHING, NOTHING, source_key(source), *lines)
        walk.sources.use(source)
        walk.later(lambda: self._scan(node, class_, source, definition))
        return id_

    def _scan(self, node: Found, class_: type, source: Source, definition: Piece) -> None:
        walk, module = self._walk, self._walk.sources.homes.of(class_)
        normal = walk.normalise(definition)
        patches = _patches(class_, source, definition, walk.library)
        changed = later(class_, definition, walk.sources.homes.is_local)
        node.own = digest_texts("class", normal.data, sorted(name for name, _ in patches), _said(changed))
        walk.attributes.setdefault(node.id, {}).update(changed)
        node.text = definition.text
        for path, function in _methods(class_, source, definition):
            made = source.function(function.__code__)
            if made is not None and (function.__defaults__ or function.__kwdefaults__ or any(made.written)):
                place = f"{node.id}.{'.'.join(path)}"
                node.edges += walk.functions.set_later(node.id, path, place, function, made, defaults_now(function))
        cells = class_cells(class_, source, definition)
        around = cells
        if empty := class_empty_around(class_, source, definition):
            node.own = digest_texts(node.own, "empty", *empty)
            around = {**cells, **dict.fromkeys(empty, MISSING)}
        if "<locals>" in class_.__qualname__:
            self._made_inside(node, class_, definition, cells, f"{source_name(source)}:{node.line}")
        node.edges += walk.names.uses(
            node,
            normal,
            module,
            source,
            around,
            lambda name: self._cell(node.id, around, name),
        )
        for base in (*class_.__bases__, type(class_)):
            node.edges += [("inherits", found) for found in walk.visit(base)] if base not in (object, type) else []
        for name, value in patches:
            node.edges += [(f"patched {name}", found) for found in walk.visit(value)]
            walk.attributes.setdefault(node.id, {})[name] = vars(class_)[name]
        node.edges += self._put(node.id, self._put_from_outside(class_, source, definition))
        if ask(class_, "__members__") is None:  # an enum's members are what its body says
            node.edges += walk.functions.attributes(node.id, vars(class_))
        if walk.counts.subclasses:
            for subclass in subclasses(class_):
                node.edges += [("is inherited by", found) for found in walk.visit(subclass)]
        node.edges += walk.effects.edges(module)
        walk.wholes.widen(node, normal, module, around)

    def _put(self, id_: str, parts: list[tuple[str, object]]) -> list[Edge]:
        """The edges to what was put onto a class; what cannot be kept is made again by carrying out the class."""
        walk, edges = self._walk, list[Edge]()
        for name, put in parts:
            with contextlib.suppress(CaptureError):
                held = put.__func__ if isinstance(put, staticmethod | classmethod) else parts_of(put) or put
                found = walk.values.node(f"{id_}.{name}", held, place=f"{id_}.{name}", plain=True)
                edges.append((f"patched {name}", found))
                walk.attributes.setdefault(id_, {})[name] = put
        return edges

    def _made_inside(
        self, node: Found, class_: type, definition: Piece, cells: Mapping[str, object], place: str
    ) -> None:
        """A class made inside a function: its attributes may depend on that function's variables, so they count.

        Raises:
            CaptureError: Its body uses a variable of the function that nothing holds any more, and it is not in a
                module whose import makes it again.
        """
        walk = self._walk
        for name, value in held_by(class_).items():
            if not name.startswith("__") and not isinstance(
                value, FunctionType | staticmethod | classmethod | property
            ):
                with contextlib.suppress(CaptureError):
                    found = walk.values.node(f"{node.id}.{name}", value, place=f"{class_.__qualname__}.{name}")
                    node.edges.append((f"attribute {name}", found))
        namespace = vars(sys.modules[self._walk.sources.homes.of(class_)])
        statement = definition.node
        assert isinstance(statement, ast.ClassDef)
        body = [part for part in statement.body if not isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)]
        given = bool(bases_by_value(class_, walk.sources.homes.of(class_), definition, cells))
        head = [*statement.decorator_list, *(() if given else statement.bases)]
        for use in walk.normalise([*body, *map(ast.Expr, head)]).uses:
            used = use.name
            if isinstance(used, str) and used not in cells and used not in namespace and not hasattr(builtins, used):
                raise CaptureError(
                    f"step {walk.at_work!r} reaches the class {class_.__qualname__} ({place}), which is made inside a "
                    f"function and uses its variable {used!r}, which is gone by now.",
                    hint="define the class at the top level, or use the variable inside a method",
                )

    def _made_by_a_call(self, id_: str, class_: type, module: str) -> str:
        """A class made by a call (a named tuple, an enum from a list): the statement that binds it counts."""
        walk = self._walk
        statements = walk.sources.survey(module).bindings.get(class_.__name__, [])
        if not statements and walk.made_on_import(module, class_):
            made = [code_said(function.__code__) for function in own_functions(class_, typed=True)]
            own = digest_texts("made on import", *sorted(made))
            node = walk.graph.nodes[id_] = Found(id_, "class", own, own, module)
            node.note = "its text is not known: the whole module counts"
            node.edges += [*walk.effects.edges(module), ("is made on import", walk.wholes.node(module))]
            return id_
        if not statements and module != MAIN:
            raise CaptureError(
                f"step {walk.at_work!r} reaches the class {id_.replace(':', '.')}, whose definition cannot be found.",
                hint="define it with a class statement, or assign it to a name at the top level of a module",
            )
        if not statements:
            raise CaptureError(
                f"step {walk.at_work!r} reaches the class {class_.__qualname__}, whose source cannot be found.",
                hint="define it in a file or in a notebook cell; what is typed at a prompt before Python 3.13 is found "
                "again only if it has a method of its own",
            )
        walk.names.statements(id_, "class", module, statements)
        walk.later(lambda: walk.graph.nodes[id_].edges.extend(self._given(id_, class_)))
        return id_

    def _given(self, id_: str, class_: type) -> list[Edge]:
        """What a class got that was made by a call: by now its names may stand for something else."""
        walk, edges = self._walk, list[Edge]()
        names = tuple(sorted(name for name in held_by(class_) if not name.startswith("__")))
        edges += walk.functions.attributes(id_, vars(class_))
        walk.attributes.setdefault(id_, {})[""] = Names(names)
        for name, value in held_by(class_).items():
            function = ask(value, "__func__", value)
            if isinstance(function, FunctionType) and is_local_function(function):
                source = walk.library.of_code(function.__code__, module_of(function))
                if source is not None and source.function(function.__code__) is not None:
                    self._still_there(class_, function)
                    edges += [(f"holds {name}", found) for found in walk.visit(function)]
                    walk.attributes[id_][name] = value
            elif isinstance(value, FunctionType) and is_importable(value):
                walk.attributes[id_][name] = Installed(place_of(value))
                edges += walk.distributions.named(f"holds {name}", value)
        edges += self._put(id_, self._put_from_outside(class_, None, None))
        for base in class_.__bases__:
            edges += [("inherits", found) for found in walk.visit(base)] if base is not object else []
        return edges

    def _still_there(self, class_: type, function: FunctionType) -> None:
        """A script's class that a call makes is made again by it, from what its names stand for then.

        Raises:
            CaptureError: No name leads to one of its functions any more.
        """
        if self._walk.sources.homes.of(class_) != MAIN or function.__name__ == "<lambda>":
            return
        if not any(value is function for value in namespace_of(MAIN).values()):
            raise CaptureError(
                f"step {self._walk.at_work!r} reaches the class {class_.__qualname__}, which a call made from the "
                f"function {function.__qualname__}, and that name stands for something else by now.",
                hint="define the class with a class statement, or give what came later another name",
            )

    def _cell(self, id_: str, cells: Mapping[str, object], name: str) -> list[str]:
        value = cells[name]
        if value is MISSING:
            return []
        if isinstance(value, FunctionType | type | ModuleType):
            return self._walk.visit(value)
        place = f"the variable {name!r} around the class {id_}"
        return [self._walk.values.node(f"{id_} cell {name}", value, place=place)]

    def _put_from_outside(
        self, class_: type, source: Source | None, definition: Piece | None
    ) -> list[tuple[str, object]]:
        """Properties, classes and descriptors of the user's that a class may have got after its definition."""
        span = range(definition.first, definition.last + 1) if definition is not None else range(0)

        def inside(code: CodeType) -> bool:
            return source is not None and source.holds(code) and code.co_firstlineno in span

        found: list[tuple[str, object]] = []
        for name, value in held_by(class_).items():
            if name.startswith("__") or isinstance(value, FunctionType):
                continue
            if isinstance(value, staticmethod | classmethod):
                outside = isinstance(value.__func__, type) and self._walk.sources.homes.is_local(value.__func__)
            elif isinstance(value, type):
                outside = value.__qualname__ != f"{class_.__qualname__}.{name}"
            elif parts := parts_of(value):
                functions = [part for part in parts if isinstance(part, FunctionType)]
                ours = definition is not None or any(is_local_function(function) for function in functions)
                outside = ours and any(not inside(function.__code__) for function in functions)
                outside = outside or isinstance(value, functools.partialmethod)
            elif isinstance(value, functools.singledispatchmethod):
                made = getattr(value.func, "__code__", None)
                if definition is None or (isinstance(made, CodeType) and inside(made)):
                    continue
                raise CaptureError(
                    f"step {self._walk.at_work!r} reaches the class {class_.__qualname__}, which got {name!r}, one "
                    "method for each type of argument, after its definition.",
                    hint="define the method inside the class",
                )
            else:
                outside = hasattr(type(value), "__get__") and self._walk.sources.homes.is_local(type(value))
            if outside:
                found.append((name, value))
        return found


def _said(changed: Mapping[str, object]) -> list[str]:
    return [f"{name} {value!r}" for name, value in sorted(changed.items())]


def _methods(class_: type, source: Source, definition: Piece) -> list[tuple[tuple[str, ...], FunctionType]]:
    """The functions that a class's body defines, each with the way to it from the class."""
    found: list[tuple[tuple[str, ...], FunctionType]] = []
    span = range(definition.first, definition.last + 1)
    for name, value in held_by(class_).items():
        parts: list[tuple[tuple[str, ...], object]] = [((name,), ask(value, "__func__", value))]
        if isinstance(value, property):
            parts = [((name, part), getattr(value, part)) for part in ("fget", "fset", "fdel")]
        for path, part in parts:
            if not isinstance(part, FunctionType) or not source.holds(part.__code__):
                continue
            if part.__code__.co_firstlineno in span:
                found.append((path, part))
    return found


def _patches(class_: type, source: Source, definition: Piece, library: Library) -> list[tuple[str, FunctionType]]:
    """Local functions that were put onto a class after its definition."""
    span = range(definition.first, definition.last + 1)
    found = []
    for name, value in held_by(class_).items():
        function = ask(value, "__func__", value)
        if not isinstance(function, FunctionType):
            continue
        code = function.__code__
        if code.co_filename == STRING and library.of_code(code, module_of(function)) is None:
            continue  # made by a library, as those of dataclasses are
        inside = source.holds(code) and code.co_firstlineno in span
        if not inside and is_local_function(function):
            found.append((name, function))
    return found
