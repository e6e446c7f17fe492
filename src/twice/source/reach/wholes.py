"""Modules that count as a whole, because what is used of them cannot be followed.

Widened, never narrowed: a module handed around as an object, ``globals()``, ``exec`` or an import of a computed name.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import sys
from collections.abc import Mapping
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from twice.errors import CaptureError
from twice.records.code import COMPUTED_IMPORT
from twice.records.digest import digest_texts
from twice.source.mentions import STORES_ANYWHERE
from twice.source.modules import MAIN, Source, is_local
from twice.source.reach.found import NOTHING, Edge, Found
from twice.source.reach.live import MACHINERY, is_ours, module_of, name_of, namespace_of
from twice.source.reach.reads import reads_arguments, unpickles
from twice.source.toplevel import absolute
from twice.source.uses import Import, Normal

if TYPE_CHECKING:
    from twice.source.reach.walk import Reach

_FINDERS = (importlib.import_module, pkgutil.resolve_name)  # a program may take them away


class Wholes:
    """The nodes of whole modules.

    Args:
        walk: The walk that they are part of.
    """

    def __init__(self, walk: Reach) -> None:
        self._walk = walk
        self._changed: list[str] | None = None
        self._scanned: list[tuple[Found, str, Source]] = []

    def count_docstrings(self) -> None:
        """Count the docstrings of whole modules, once it is known that somebody looks through all that some hold."""
        while self._scanned:
            node, name, source = self._scanned.pop()
            said = (
                namespace_of(name).get("__doc__")
                if name in sys.modules
                else ast.get_docstring(source.tree, clean=False)
            )
            node.own = digest_texts(node.own, repr(said) if isinstance(said, str | None) else source.digest)

    def widen(self, node: Found, normal: Normal, module: str, cells: Mapping[str, object]) -> None:
        """Make the whole module count for code that looks at its module as a whole.

        Args:
            node: The code's node.
            normal: The code.
            module: The module that it stands in.
            cells: The variables around it.
        """
        namespace = namespace_of(module)
        if self._walk.counts.frames and self._walk.library.module(module) is not None:
            node.edges.append(("may be looked at through a frame", self.node(module)))
        if unpickles(normal.mentions):
            self._unpickled(node, module)
        if reads_arguments(normal.mentions):
            node.edges.append(("arguments", self._walk.arguments()))
        dynamic = {name for name in normal.sees_module if name not in namespace and name not in cells}
        computed = normal.calls_unknown_imports
        if not computed and _finds_modules(normal, namespace, cells):
            computed = True
            for name, loaded in list(sys.modules.items()):  # it may be any of them, so all of them count
                if name not in (MAIN, module) and is_local(loaded) and self._walk.library.module(name) is not None:
                    node.edges.append((COMPUTED_IMPORT, self.node(name)))
        if computed:  # what these say is seen when they are imported, but not what others put there
            for name in self._changed_by_others():
                node.edges.append((COMPUTED_IMPORT, self.node(name)))
        if (dynamic or computed) and self._walk.library.module(module) is not None:
            why = " and ".join([*sorted(dynamic), *([COMPUTED_IMPORT] if computed else [])])
            node.note = f"uses {why}: the whole module counts"
            node.edges.append((why, self.node(module)))

    def _changed_by_others(self) -> list[str]:
        """The loaded local modules into which other local code may store something."""
        if self._changed is None:
            local = {
                name: module
                for name, module in list(sys.modules.items())
                if is_local(module) and (name == MAIN or self._walk.library.module(name) is not None)
            }
            found: set[str] = set()
            for name, module in local.items():
                held = {
                    bound: name_of(value)
                    for bound, value in list(vars(module).items())
                    if isinstance(value, ModuleType) and value is not module
                }
                sources = self._walk.sources.of_script() if name == MAIN else [self._walk.library.module(name)]
                for source in sources:
                    normal = source.normal() if source is not None else Normal()
                    by_name = {held.get(stored, stored) for stored in normal.stores_outside}
                    found |= {*held.values()} if normal.mentions & STORES_ANYWHERE else by_name
            below = tuple(f"{name}." for name in found)  # ``a.b.c = 1`` begins with the name of the package
            self._changed = [name for name in local if name != MAIN and (name in found or name.startswith(below))]
        return self._changed

    def _unpickled(self, node: Found, module: str) -> None:
        """What a pickle may name: any definition here or in the script; what else it imports is seen when it runs."""
        walk = self._walk
        node.note = f"{COMPUTED_IMPORT}, by a pickle: any function and class of the script counts"
        for owner in dict.fromkeys((MAIN, module)):
            loaded = sys.modules.get(owner)
            if loaded is None or not is_local(loaded):
                continue
            for name, value in list(vars(loaded).items()):
                if self._defined_in(value, owner):
                    try:
                        node.edges += walk.names.follow(node, owner, name, (), f"pickled {name}", "a pickle")
                    except CaptureError:
                        node.names.pop(name, None)

    def _defined_in(self, value: object, module: str) -> bool:
        if isinstance(value, FunctionType):
            return module_of(value) == module
        return isinstance(value, type) and self._walk.sources.homes.of(value) == module

    def node(self, name: str) -> str:
        """The node of a module as a whole, loaded or not."""
        walk = self._walk
        id_ = f"{name} (whole)"
        if id_ in walk.graph.nodes:
            return id_
        source = walk.library.module(name)
        if source is None:
            own = digest_texts("module", name)
            node = walk.graph.nodes[id_] = Found(id_, "module", own, own, name, edges=walk.effects.edges(name))
            node.packages.setdefault(name)
            walk.sources.use_without_text(name)
            return id_
        source.parse()  # so that what is wrong with it is told of with its line
        note = "used in ways that cannot be followed: the whole module counts"
        node = walk.graph.nodes[id_] = Found(id_, "module", NOTHING, NOTHING, name, 1, len(source.lines), note=note)
        node.packages.setdefault(name)
        walk.sources.use(source)
        walk.later(lambda: self._scan(node, name, source))
        return id_

    def _scan(self, node: Found, name: str, source: Source) -> None:
        walk = self._walk
        # Nobody has seen that importing a module succeeds that is not loaded, and that evaluates its annotations.
        annotations = name not in sys.modules and source.known.evaluates
        normal = walk.normalise(source, annotations=annotations)
        node.own = digest_texts("module", normal.data)
        self._scanned.append((node, name, source))
        node.text = digest_texts(source.text)
        node.edges += walk.effects.edges(name)
        if name == MAIN:  # what its driver code says is none of a step's business, but all that it has left is
            node.own = digest_texts("module", MAIN)
            node.edges += self._everything(node, name)
            return
        if name in sys.modules:
            node.edges += walk.names.uses(node, normal, name, source)
            node.edges += self._everything(node, name)
            return
        for imported in normal.imports:  # not loaded: its imports count as wholes, too
            target = absolute(imported, name, package=source.package)
            for part in (target, f"{target}.{imported.attribute}" if imported.attribute else ""):
                if part and walk.imports.is_local_name(part):
                    node.edges.append((f"import {part}", self.node(part)))
            if not walk.imports.is_local_name(target):
                node.edges += walk.distributions.edges(target)

    def _everything(self, node: Found, module: str) -> list[Edge]:
        """All that a module's names stand for now, whoever gave them their values."""
        walk = self._walk
        edges: list[Edge] = []
        for name, value in _named_by_texts(vars(sys.modules[module])):
            private = name.startswith("_") and name not in walk.sources.survey(module).bindings  # as those of IPython
            if module == MAIN and (private or is_ours(value)):
                continue
            if name == "__doc__" or (name in MACHINERY and not walk.names.is_set_by_hand(module, name)):
                continue
            known = name in walk.main_names
            try:
                edges += walk.names.follow(node, module, name, (), name, f"{module} as a whole")
            except CaptureError:
                node.note += f"; {name!r} could not be looked at"
                node.names.pop(name, None)
                if module == MAIN and not known:
                    del walk.main_names[name]
        return edges


def _named_by_texts(names: Mapping[Any, object]) -> list[tuple[str, object]]:
    """A module's variables whose names are texts: others can be put there, and nobody looks them up."""
    return [(name, value) for name, value in list(names.items()) if isinstance(name, str)]


def _finds_modules(normal: Normal, namespace: Mapping[str, object], cells: Mapping[str, object]) -> bool:
    """Whether code uses something, under whatever name, that brings any module by its name."""
    finders = {id(finder) for finder in (*_FINDERS, sys.modules)}
    for name, chain, _ in normal.uses:
        if isinstance(name, Import):
            found: object = sys.modules.get(name.module)
            chain = chain if name.attribute is None else (name.attribute, *chain)
            if name.top_only:
                found = sys.modules.get(name.module.partition(".")[0])
        else:
            found = cells[name] if name in cells else namespace.get(name)
        for attribute in chain:
            if id(found) in finders or not isinstance(found, ModuleType):
                break
            found = vars(found).get(attribute)
        if id(found) in finders:
            return True
    return False
