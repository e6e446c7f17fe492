"""Modules that code gets hold of: followed by the attributes taken from them, into whatever these stand for."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING

from twice.errors import CaptureError
from twice.source.modules import is_local, module_file
from twice.source.reach.found import Edge, Found
from twice.source.reach.live import MISSING, name_of
from twice.source.toplevel import absolute
from twice.source.uses import Import

if TYPE_CHECKING:
    from twice.source.reach.walk import Reach


class Imports:
    """Follows modules and imports.

    Args:
        walk: The walk that they are part of.
    """

    def __init__(self, walk: Reach) -> None:
        self._walk = walk

    def is_local_name(self, name: str) -> bool:
        """Whether a module is local, loaded or not."""
        loaded = sys.modules.get(name)
        return is_local(loaded) if loaded is not None else self._walk.library.module(name) is not None

    def as_a_whole(self, module: ModuleType, how: str) -> list[Edge]:
        """The edges to a module that is handed around as an object."""
        if not is_local(module):
            return self._walk.distributions.named(how, module)
        name = self._name_of(module)
        return [
            *self._walk.effects.edges(name),
            (f"{how} is {name}", self._walk.wholes.node(name)),
        ]

    def _name_of(self, module: ModuleType) -> str:
        """The name of a local module.

        Raises:
            CaptureError: No name leads to it, so that no import could bring it back.
        """
        name = name_of(module)
        if sys.modules.get(name) is not module:
            raise CaptureError(
                f"step {self._walk.at_work!r} reaches the module {name} ({Path(module_file(module)).name}), which was "
                "loaded by its path, so that no import leads to it.",
                hint=f"put it into sys.modules[{name!r}] before it is executed, or import it by its name",
            )
        return name

    def follow_module(self, node: Found, module: ModuleType, chain: tuple[str, ...], how: str) -> list[Edge]:
        """The edges to what attributes of a module stand for.

        Args:
            node: The node whose code takes them.
            module: The module.
            chain: The attributes, one taken from the other.
            how: How to speak of it.
        """
        walk = self._walk
        edges: list[Edge] = []
        while True:
            if not is_local(module):
                return edges + self._follow_foreign(node, module, chain, how)
            name = self._name_of(module)
            if not chain:
                return edges + self.as_a_whole(module, how)
            edges += walk.effects.edges(name)
            attribute, *rest = chain
            chain = tuple(rest)
            value = vars(module).get(attribute, MISSING)
            if isinstance(value, ModuleType):
                _note_submodule(node, name, attribute, value)
                module = value
                continue
            if value is not MISSING:
                found = walk.names.node(name, attribute, how)
                return [*edges, (how, found)] if found else edges + walk.distributions.named(how, value)
            if walk.library.module(f"{name}.{attribute}") is not None:  # a submodule that is not loaded yet
                return [*edges, (how, walk.wholes.node(f"{name}.{attribute}"))]
            return [
                *edges,
                (f"{how}: {attribute} of {name}", walk.wholes.node(name)),
            ]  # found by the module's __getattr__, or not at all

    def _follow_foreign(self, node: Found, module: ModuleType, chain: tuple[str, ...], how: str) -> list[Edge]:
        """An installed module counts by its distribution, and a local function put into it as itself."""
        # Importing one of its submodules may change what the others do (sklearn.experimental), so all have to be there.
        node.packages.setdefault(name_of(module).partition(".")[0])
        value: object = module
        for attribute in chain:
            outer = value
            value = vars(outer).get(attribute) if isinstance(outer, ModuleType) else None
            if isinstance(outer, ModuleType) and isinstance(value, ModuleType):
                _note_submodule(node, name_of(outer), attribute, value)
        edges = self._walk.distributions.named(how, module)
        if isinstance(value, FunctionType):
            found = self._walk.functions.node(value)
            edges += [(how, found)] if found else []
        return edges

    def follow_import(
        self,
        node: Found,
        imported: Import,
        chain: tuple[str, ...],
        module: str,
        package: bool,
        how: str,
        *,
        bare: bool = True,
    ) -> list[Edge]:
        """The edges of an import inside a function: of a module that may not be loaded.

        Args:
            node: The node whose code imports.
            imported: What is imported.
            chain: The attributes taken from the bound name.
            module: The module whose code imports.
            package: Whether that module is a package.
            how: How to speak of it.
            bare: The bound name is used; otherwise only the import itself counts.
        """
        walk = self._walk
        name = absolute(imported, module, package=package)
        if not name:
            return []
        loaded = sys.modules.get(name)
        if loaded is not None and not is_local(loaded):
            return walk.distributions.edges(name)
        if loaded is None and walk.library.module(name) is None:
            return walk.distributions.edges(name)
        edges = walk.effects.edges(name)
        if loaded is None:  # nobody has seen that importing it succeeds, so all of it counts even if nothing is used
            return edges + self._not_loaded(imported, name, how)
        if not bare and not imported.whole:
            return edges + self._only_imported(imported, name, how)
        if imported.attribute is not None:
            return edges + self.follow_module(node, loaded, (imported.attribute, *chain), how)
        if imported.top_only:  # ``import a.b``: the name is ``a``
            first = sys.modules.get(name.partition(".")[0])
            return edges + (self.follow_module(node, first, chain, how) if first is not None else [])
        return edges + self.follow_module(node, loaded, chain, how)

    def _only_imported(self, imported: Import, name: str, how: str) -> list[Edge]:
        """What an import itself carries out, beside the module that it names."""
        walk = self._walk
        sub = f"{name}.{imported.attribute}"
        if imported.attribute == "*":
            return [(how, walk.wholes.node(name))]
        loaded = sys.modules.get(name)
        if (
            imported.attribute
            and imported.attribute not in (vars(loaded) if loaded else {})
            and walk.library.module(sub)
        ):
            return walk.effects.edges(sub)
        return []

    def _not_loaded(self, imported: Import, name: str, how: str) -> list[Edge]:
        """A local module that is not loaded has no objects to follow, so all of it counts."""
        walk = self._walk
        wholes = [name]
        top = name.partition(".")[0]
        if imported.top_only and walk.library.module(top) is not None:
            wholes.append(top)
        if imported.attribute and walk.library.module(f"{name}.{imported.attribute}") is not None:
            wholes.append(f"{name}.{imported.attribute}")
        return [(how, walk.wholes.node(found)) for found in wholes]


def _note_submodule(node: Found, package: str, attribute: str, value: ModuleType) -> None:
    """Note a submodule that is found as its package's attribute: there only because somebody imported it."""
    name = name_of(value)
    if name == f"{package}.{attribute}":
        node.submodules.setdefault(name)
