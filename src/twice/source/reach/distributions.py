"""What belongs to an installed distribution is not walked into: it counts by the distribution's name and version."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Protocol

from twice.records.digest import digest_texts
from twice.source.modules import is_installed, is_local
from twice.source.reach.found import Edge, Found, Graph
from twice.source.reach.live import ask, home, name_of


class Installed(Protocol):
    """What is installed; the environment's room knows."""

    def owner(self, module: str) -> tuple[str, str] | None:
        """Name and version of the distribution that provides a module."""

    def requirements(self, name: str) -> list[tuple[str, str]]:
        """Name and version of the distributions that one depends on and that are installed."""


class Distributions:
    """The nodes of distributions.

    Args:
        graph: Where they are put.
        installed: What is installed.
    """

    def __init__(self, graph: Graph, installed: Installed) -> None:
        self._graph = graph
        self._installed = installed

    def edges(self, module: str) -> list[Edge]:
        """The edge to the distribution that a module comes from; none for the interpreter's own and for local ones."""
        top = module.partition(".")[0]
        loaded = sys.modules.get(module) or sys.modules.get(top)
        if loaded is not None and not is_installed(loaded):
            return []
        found = self._installed.owner(top)
        return [(f"import {top}", self._node(*found))] if found else []

    def named(self, how: str, value: object) -> list[Edge]:
        """The edge to something that is not local, as which it counts: ``math.floor`` is not ``math.ceil``.

        Args:
            how: How it is reached.
            value: A function, class or module, or an instance of a class, that a name stands for.
        """
        module = name_of(value) if isinstance(value, ModuleType) else home(value)
        owner = sys.modules.get(module)
        if module.partition(".")[0] == "twice" or (owner is not None and is_local(owner)):
            return self.edges(module)
        return [(how, self.outside(_name_of(value, module), self.edges(module)))]

    def outside(self, what: str, edges: list[Edge]) -> str:
        """The node of something that is not local, by the name under which it is found."""
        if what not in self._graph.nodes:
            own = digest_texts("outside", what)
            self._graph.nodes[what] = Found(what, "builtin", own, own, edges=edges)
        return what

    def _node(self, name: str, version: str) -> str:
        id_ = f"{name}=={version}"
        if id_ not in self._graph.nodes:
            own = digest_texts("distribution", id_)
            node = self._graph.nodes[id_] = Found(id_, "distribution", own, own)
            node.edges = [("needs", self._node(*found)) for found in self._installed.requirements(name)]
        return id_


def _name_of(value: object, module: str) -> str:
    if isinstance(value, ModuleType):
        return module
    name = ask(value, "__qualname__")
    if not isinstance(name, str):
        return f"{type(value).__module__}.{type(value).__qualname__}"
    owner = ask(value, "__self__")
    if owner is not None and not isinstance(owner, ModuleType | type):  # a method of some object, as ``random.random``
        return f"{module}.{type(owner).__qualname__} {name}"
    return f"{module}.{name}"
