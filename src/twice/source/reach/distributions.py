"""What belongs to an installed distribution is not walked into: it counts by the distribution's name and version."""

from __future__ import annotations

import sys
from typing import Protocol

from twice.records.digest import digest_texts
from twice.source.modules import is_installed
from twice.source.reach.found import Edge, Found, Graph


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

    def _node(self, name: str, version: str) -> str:
        id_ = f"{name}=={version}"
        if id_ not in self._graph.nodes:
            own = digest_texts("distribution", id_)
            node = self._graph.nodes[id_] = Found(id_, "distribution", own, own)
            node.edges = [("needs", self._node(*found)) for found in self._installed.requirements(name)]
        return id_
