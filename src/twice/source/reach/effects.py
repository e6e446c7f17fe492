"""What happens when a module is imported: it counts for everything that needs the module.

A definition or a constant counts only where it is used. What counts for all is a module's *effects*: statements that
do more than bind names. Whether a decorator or a base class does more is seen by looking at the live object.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING

from twice.records.digest import digest_texts
from twice.source.modules import MAIN, Source, is_local, module_file
from twice.source.pieces import CLASS, Piece
from twice.source.reach.found import NOTHING, Edge, Found
from twice.source.reach.live import MISSING, ask, cells_of, is_local_function, module_of, namespace_of, resolve
from twice.source.toplevel import absolute

if TYPE_CHECKING:
    from twice.source.reach.walk import Reach


class Effects:
    """The nodes of what modules do on import.

    Args:
        walk: The walk that they are part of.
    """

    def __init__(self, walk: Reach) -> None:
        self._walk = walk
        self._edges: dict[str, list[Edge]] = {}

    def edges(self, module: str) -> list[Edge]:
        """The edges to what happens when a module is imported: its effects, and those of the packages around it."""
        if module == MAIN:
            return []
        known = self._edges.get(module)
        if known is None:
            known = []
            parts = module.split(".")
            for index in range(1, len(parts) + 1):
                full = ".".join(parts[:index])
                found = self._node(full)
                known += [(f"import {full}", found)] if found else []
            self._edges[module] = known
        return known.copy()

    def _node(self, name: str) -> str | None:
        walk = self._walk
        id_ = f"{name} (on import)"
        if id_ in walk.graph.nodes:
            return id_
        source = walk.library.module(name)
        if source is None:
            walk.sources.use_without_text(name)
            loaded = sys.modules.get(name)
            if loaded is None or not is_local(loaded) or not module_file(loaded):
                return None
            own = digest_texts("extension", Path(module_file(loaded)).read_bytes())  # compiled: it counts as it is
            walk.graph.nodes[id_] = Found(id_, "module", own, own, name)
            return id_
        node = walk.graph.nodes[id_] = Found(id_, "effects", NOTHING, NOTHING, name)
        walk.sources.use(source)
        walk.later(lambda: self._scan(node, name, source))
        return id_

    def _scan(self, node: Found, name: str, source: Source) -> None:
        walk = self._walk
        top = walk.sources.survey(name)
        doubtful = [statement for statement in top.doubtful if self._has_effect(statement, name)]
        statements = sorted([*top.effects, *doubtful], key=lambda piece: piece.first)
        normal = walk.normalise(statements)
        node.own = digest_texts("effects", normal.data)
        node.text = digest_texts(*(statement.text for statement in statements))
        if statements:
            node.line, node.end_line = statements[0].first, statements[-1].last
        node.edges += walk.names.uses(node, normal, name, source)
        for _, imported in top.imports:
            target = absolute(imported, name, package=source.package)
            for part in (target, f"{target}.{imported.attribute}" if imported.attribute else ""):
                if part and walk.imports.is_local_name(part):
                    node.edges += self.edges(part)

    def _has_effect(self, statement: Piece, module: str) -> bool:
        """Whether a definition or an assignment at a module's top level may do more than bind its name."""
        namespace = namespace_of(module)
        for called in statement.known.calls:
            value = resolve(called, namespace) if called is not None else MISSING
            if value is MISSING or self._registers(value):
                return True
        if statement.kind == CLASS:
            class_ = namespace.get(statement.name)
            if not isinstance(class_, type):
                return True
            for base in class_.__mro__[1:]:
                if "__init_subclass__" in vars(base) and self._walk.sources.homes.is_local(base):
                    return True
            return self._walk.sources.homes.is_local(type(class_))
        return False

    def _registers(self, called: object, seen: frozenset[int] = frozenset()) -> bool:
        """Whether calling something may change what does not belong to it."""
        if id(called) in seen:
            return False
        seen |= {id(called)}
        if isinstance(called, MethodType):
            return not isinstance(called.__self__, type)  # a method of some object, as ``app.command``
        called = ask(called, "__wrapped__", called)
        if isinstance(called, FunctionType):
            return self._function_registers(called, seen)
        if isinstance(called, type):
            if not self._walk.sources.homes.is_local(called):
                return False
            return self._registers(vars(called).get("__init__", len), seen)
        return not isinstance(called, BuiltinFunctionType)

    def _function_registers(self, called: FunctionType, seen: frozenset[int]) -> bool:
        if not is_local_function(called):
            return "register" in called.__name__
        source = self._walk.library.of_code(called.__code__, module_of(called))
        definition = source.function(called.__code__) if source else None
        if definition is None:
            return True
        normal = definition.normal()
        around = {**called.__globals__, **cells_of(called)}
        if any(not isinstance(around.get(name, 0), FunctionType) for name in normal.stores_outside):
            return True
        names = [around[name] for name in sorted(normal.calls_outside) if name in around]
        if any(not isinstance(value, ModuleType | type | FunctionType) for value in names):
            return True
        return any(self._registers(around[name], seen) for name in sorted(normal.calls) if name in around)
