"""Names: what code takes from outside itself, and what the global names of a module stand for."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Mapping
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import TYPE_CHECKING

from twice.errors import CaptureError
from twice.records.digest import digest_texts
from twice.source.mentions import TELLING
from twice.source.modules import MAIN, Source, is_local
from twice.source.pieces import CLASS, IMPORT, Piece
from twice.source.reach.found import NOTHING, Edge, Found
from twice.source.reach.given import given_by_import, holds_definition, is_importable, is_plain, made_by_decorator
from twice.source.reach.live import (
    MACHINERY,
    MISSING,
    ask,
    cells_of,
    home,
    is_local_function,
    is_remade,
    line_of,
    name_of,
    namespace_of,
    parts_held,
)
from twice.source.reach.reads import Reads
from twice.source.reach.sources import source_key, source_name
from twice.source.remaking import has_another_decorator
from twice.source.toplevel import absolute
from twice.source.uses import Import, Normal

if TYPE_CHECKING:
    from twice.source.reach.walk import Reach

_FUNCTIONS = (FunctionType, BuiltinFunctionType)
_NO_CELLS: Mapping[str, object] = {}
_DEEP = 4
"""How far the parts of what cannot be kept are looked at."""
_DEEP_WAY = 2 + 2 * 8
"""How long the way to a variable around a function may be, which others are around: names by twos."""


class Names:
    """Follows names to the nodes of what they stand for.

    Args:
        walk: The walk that they are part of.
    """

    def __init__(self, walk: Reach) -> None:
        self._walk = walk
        self._ids: dict[tuple[str, str], str | None] = {}

    # -- from code to names

    def uses(
        self,
        node: Found,
        normal: Normal,
        module: str,
        source: Source,
        cells: Mapping[str, object] = _NO_CELLS,
        visit_cell: Callable[[str], list[str]] = lambda _: [],
    ) -> list[Edge]:
        """The edges to all that some code uses.

        Args:
            node: The code's node; what it needs to have ready is noted there.
            normal: The code.
            module: The module that it stands in.
            source: The source that it stands in.
            cells: The variables around the code.
            visit_cell: The nodes of such a variable.
        """
        walk, where = self._walk, source_name(source)
        edges: list[Edge] = []
        for name, chain, line in normal.uses:
            how = _spoken(name, chain)
            if isinstance(name, Import):
                edges += walk.imports.follow_import(node, name, chain, module, source.package, how)
            elif name not in cells:
                edges += self.follow(node, module, name, chain, how, f"{where}:{line}")
            else:
                held = cells[name]
                if isinstance(held, ModuleType):
                    edges += walk.imports.follow_module(node, held, chain, how)
                else:
                    edges += [(how, found) for found in visit_cell(name)]
        for imported in normal.imports:
            how = f"import {imported.module}"
            edges += walk.imports.follow_import(node, imported, (), module, source.package, how, bare=False)
        if module == MAIN:
            # Annotations are looked up when a definition is carried out again, so their names come along; they count
            # for nothing.
            for name in sorted(normal.annotation_names):
                mentioned = self.follow(node, module, name, (), name, where)
                node.mentions |= dict.fromkeys(id_ for _, id_ in mentioned)
        return list(dict.fromkeys(edges))

    def follow(self, node: Found, module: str, name: str, chain: tuple[str, ...], how: str, place: str) -> list[Edge]:
        """The edges to what a global name stands for.

        Args:
            node: The node whose code uses it.
            module: The module whose name it is.
            name: The name.
            chain: The attributes taken from it.
            how: How to speak of it.
            place: Where it is used, for an error.
        """
        walk = self._walk
        value = namespace_of(module).get(name, MISSING)
        if value is MISSING:
            return []  # a built-in, or a name that does not exist (yet): reading it would fail, and running tells
        if name in MACHINERY and not self.is_set_by_hand(module, name):
            return []
        if isinstance(value, _FUNCTIONS) and value.__name__ in TELLING:
            walk.reads |= Reads.of({value.__name__, str(value.__module__)})  # whatever it is called here
        if module == MAIN:
            walk.main_names.setdefault(name)
            node.names.setdefault(name)
        if isinstance(value, ModuleType):
            return walk.imports.follow_module(node, value, chain, how)
        id_ = self.node(module, name, place)
        return [(how, id_)] if id_ is not None else walk.distributions.named(how, value)

    def is_set_by_hand(self, module: str, name: str) -> bool:
        """Whether a name that the interpreter gives to a module was given another value."""
        if name == "__name__" and namespace_of(module).get(name) not in (module, "__mp_main__"):
            return True
        return name in self._walk.sources.survey(module).bindings

    # -- from names to nodes

    def node(self, module: str, name: str, place: str) -> str | None:
        """The node of a module's global name; None for what an installed library or the interpreter provides.

        Args:
            module: The module; it is loaded.
            name: One of its names.
            place: Where it is used, for an error.

        Raises:
            CaptureError: What it stands for cannot be brought back elsewhere.
        """
        key = (module, name)
        if key in self._ids:
            return self._ids[key]
        self._ids[key] = None
        value = vars(sys.modules[module])[name]
        try:
            self._ids[key] = id_ = self._new(module, name, value, place)
        except CaptureError:
            del self._ids[key]  # whoever uses it, too, is to hear of it
            raise
        return id_

    def known(self, module: str, name: str) -> str | None:
        """The node of a module's global name, if it was met and has one."""
        return self._ids.get((module, name))

    def statements(self, id_: str, kind: str, module: str, statements: list[Piece]) -> None:
        """Put down a node for what some statements of a module's top level make."""
        walk = self._walk
        source = walk.library.module(module)
        assert source is not None  # a survey was made of it
        line = min(statement.first for statement in statements)
        end = max(statement.last for statement in statements)
        node = walk.graph.nodes[id_] = Found(id_, kind, NOTHING, NOTHING, module, line, end)
        walk.sources.use(source)

        def scan() -> None:
            normal = walk.normalise(statements)
            node.own = digest_texts(kind, normal.data)
            node.text = digest_texts(*(statement.text for statement in statements))
            node.edges += self.uses(node, normal, module, source)
            node.edges += walk.effects.edges(module)
            walk.wholes.widen(node, normal, module, {})

        walk.later(scan)

    def _new(self, module: str, name: str, value: object, place: str) -> str | None:
        walk = self._walk
        top = walk.sources.survey(module)
        definition = top.definition(name, line_of(value))
        if isinstance(value, FunctionType):
            return self._function(module, name, definition, value, place)
        if isinstance(value, type):
            class_ = walk.classes.node(value)
            self._put_there(module, name, value)
            return class_
        defines = definition is not None and definition.kind != CLASS
        if definition is not None and defines and not definition.known.decorated:
            put = walk.values.node(f"{module}:{name} (put there)", value, place=place)
            self._put_there(module, name, value)  # it was a function
            return put
        if definition is not None and module == MAIN and has_another_decorator(walk.sources, definition):
            return self._variable(module, name, value, place)  # carried out again, it would not become what it is
        if definition is not None and defines and (module == MAIN or not is_plain(value)):
            if module != MAIN and not holds_definition(value, definition):
                with contextlib.suppress(CaptureError):  # what cannot be kept was made by the decorator, if by anybody
                    put = walk.values.node(f"{module}:{name} (put there)", value, place=place)
                    self._put_there(module, name, value)
                    return put
            return self._decorated(module, name, definition, value)
        if isinstance(value, ModuleType):
            return None
        if isinstance(value, BuiltinFunctionType) and isinstance(value.__self__, ModuleType | type | None):
            self._put_there(module, name, value)
            return None
        if name in top.bindings and all(piece.kind == IMPORT for piece in top.bindings[name]):
            return self._imported_value(module, name, value, place)
        return self._variable(module, name, value, place)

    def _put_there(self, module: str, name: str, value: object) -> None:
        """Note what importing a module may not give to one of its names: if it does, nothing changes in a worker."""
        if module != MAIN and not given_by_import(self._walk, module, name, value):
            self._walk.patches[module, name] = value

    def _function(
        self, module: str, name: str, definition: Piece | None, value: FunctionType, place: str
    ) -> str | None:
        """A name that stands for a function: its own definition's, or one that was put there later."""
        walk = self._walk
        found = walk.functions.node(value)
        node = walk.graph.nodes[found] if found is not None else None
        if node is not None and node.kind == "function" and module != MAIN:
            self._hold_variables(value, (module, name))
        begins = (source_key(definition.source), definition.first) if definition is not None else None
        if node is not None and (node.module, node.line) == begins:
            return found
        if definition is not None and definition.known.decorated:
            ours = node is not None and node.kind == "function"
            put = not made_by_decorator(value, definition, module) if ours else is_importable(value)
            if put and not (module == MAIN or holds_definition(value, definition)):
                self._put_there(module, name, value)
            return self._decorated(module, name, definition, value)
        if definition is None and not (node is not None and node.kind == "function") and not is_importable(value):
            made = self._variable(module, name, value, place)  # a library made it, of something that may be ours
            walk.graph.nodes[made].edges += [("is", found)] if found is not None and found != made else []
            return made
        self._put_there(module, name, value)
        return found

    def _hold_variables(self, function: FunctionType, way: tuple[object, ...]) -> None:
        """Note what is around a function that importing makes anew: by now the variables may have other values."""
        for variable, value in cells_of(function).items():
            further = (*way, "variable", variable)
            if isinstance(value, FunctionType):
                if value is not function and len(further) < _DEEP_WAY and is_local_function(value):
                    self._hold_variables(value, further)
            elif not isinstance(value, type | ModuleType):
                self._walk.held[further] = value

    def _decorated(self, module: str, name: str, definition: Piece, value: object) -> str:
        """A name bound by a decorated definition to something else than that function."""
        walk = self._walk
        id_ = walk.graph.fresh(f"{module}:{name}", value)
        wrapper = walk.graph.nodes.get(id_)  # a function that took the name of what it wraps
        self.statements(id_, "function", module, [definition, *walk.sources.survey(module).registrations(name)])
        node = walk.graph.nodes[id_]
        if wrapper is not None:  # the name of its decorator may lead elsewhere by now
            wrapper.id = f"{id_} (as decorated)"
            walk.graph.nodes[wrapper.id] = wrapper
            node.edges.append(("is", wrapper.id))
        walk.later(lambda: node.edges.extend(("wraps", to) for to in walk.visit(value) if to != id_))
        return id_

    def _imported_value(self, module: str, name: str, value: object, place: str) -> str | None:
        """A constant that this module got from another one: local ones count by value, installed ones by version."""
        walk = self._walk
        imports = [imported for bound, imported in walk.sources.survey(module).imports if bound == name]
        source = walk.library.module(module)
        for imported in imports:
            owner = sys.modules.get(absolute(imported, module, package=source is not None and source.package))
            if owner is not None and is_local(owner) and imported.attribute in vars(owner):
                return self._variable(module, name, value, place)
        edges = walk.distributions.edges(home(value)) or [
            edge for imported in imports for edge in walk.distributions.edges(imported.module)
        ]
        # Of several ways to import it (``try`` one, else the other) that counts which gave the value.
        origins = [(found, sys.modules.get(found.module)) for found in imports]
        here = [found for found, origin in origins if ask(origin, str(found.attribute), MISSING) is value]
        if not here:  # somebody gave the name another value, or it is made anew each time
            with contextlib.suppress(CaptureError):
                return self._variable(module, name, value, place)
        what = sorted({f"{found.module}.{found.attribute}" for found in here or imports})
        return walk.distributions.outside(" or ".join(what), edges) if what else None

    def _variable(self, module: str, name: str, value: object, place: str) -> str:
        """The node of a module's constant or variable."""
        walk = self._walk
        id_ = walk.graph.fresh(f"{module}:{name}", value)
        statements = walk.sources.survey(module).bindings.get(name, [])
        if is_remade(value) and statements:
            self.statements(id_, "value", module, statements)
            self._follow_origin(id_, module, name, place)
            return id_
        if module == MAIN:
            return walk.values.node(id_, value, place=f"the variable {name!r}, used at {place}")
        try:
            found = walk.values.node(
                id_, value, place=f"the variable {name!r} of {module}, used at {place}", plain=True
            )
            walk.module_values[module, name] = value
        except CaptureError:
            # Importing the module makes it again, so what makes it counts.
            if not statements:
                starred = self._starred(module, name, value, place)
                if starred is None:
                    raise
                return starred
            self.statements(id_, "value", module, statements)
            self._follow_origin(id_, module, name, place)
            walk.graph.nodes[id_].edges += self._held(id_, value, place, (module, name))
            return id_
        return found

    def _held(
        self, id_: str, value: object, place: str, way: tuple[object, ...], seen: tuple[int, ...] = ()
    ) -> list[Edge]:
        """What something holds now that importing makes anew: somebody may have given it that after the import.

        Args:
            id_: The node of the whole thing.
            value: The thing, or a part of it that cannot be kept either.
            place: Where it is used, for an error.
            way: The module, its name there, and how to come from there to the part.
            seen: What it is a part of.
        """
        walk, edges = self._walk, list[Edge]()
        for how, key, part in parts_held(value, walk.sources.homes.is_local) if len(seen) < _DEEP else ():
            if id(part) in seen or isinstance(part, ModuleType):
                continue
            further = (*way, how, key)
            try:
                now = walk.values.node(f"{id_} now", part, place=place)
                edges.append((f"holds {key}", now))
                walk.held[further] = part
            except CaptureError:
                edges += self._held(id_, part, place, further, (*seen, id(value)))
        return edges

    def _starred(self, module: str, name: str, value: object, place: str) -> str | None:
        """The node that a variable has where it was made, if ``from there import *`` brought it here."""
        walk = self._walk
        source = walk.library.module(module)
        for _, imported in walk.sources.survey(module).imports:
            if imported.attribute != "*" or source is None:
                continue
            origin = sys.modules.get(absolute(imported, module, package=source.package))
            if origin is not None and is_local(origin) and vars(origin).get(name, MISSING) is value:
                return self.node(origin.__name__, name, place)
        return None

    def _follow_origin(self, id_: str, module: str, name: str, place: str) -> None:
        """What a module got from another one is made there, so what makes it there counts."""
        walk = self._walk
        source = walk.library.module(module)
        for bound, imported in walk.sources.survey(module).imports:
            if bound != name or imported.attribute is None or source is None:
                continue
            origin = sys.modules.get(absolute(imported, module, package=source.package))
            if origin is not None and is_local(origin) and imported.attribute in vars(origin):
                made = self.node(name_of(origin), imported.attribute, place)
                if made is not None:
                    walk.graph.nodes[id_].edges.append((f"import {name}", made))


def _spoken(name: str | Import, chain: tuple[str, ...]) -> str:
    root = name if isinstance(name, str) else (name.attribute or name.module)
    return ".".join((root, *chain)) if chain else root
