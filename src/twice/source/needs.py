"""What a worker has to have ready before some code runs, so that a step waits for its own needs only.

A script's names are looked up in its namespace by whatever code was defined there. Preparing all of them for every step
would import modules that only other steps need, and what these read while they are imported would count for the step.
So the outline says for each node which of the script's names it looks up and which submodules it takes from their
packages; the loader prepares these for what a step reaches, and the others when somebody asks for them.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from twice.source.modules import MAIN
from twice.source.reach.found import Found
from twice.source.reach.walk import Reach


def needs_of(reach: Reach) -> dict[str, object]:
    """What each node needs at hand, as far as it, or something that it reaches, needs anything.

    Returns:
        Node id → ``names``, ``submodules``, and ``reaches``: the nodes to go on with.
    """
    imported = _imported_submodules(reach)
    own = {
        id_: _own(node, imported)
        for id_, node in reach.graph.nodes.items()
        if node.names or node.submodules or (node.packages and imported)
    }
    ends = [id_ for id_, (names, submodules) in own.items() if names or submodules]
    if not ends:
        return {}
    reaches = {
        id_: list(dict.fromkeys([*(to for _, to in node.edges), *node.mentions]))
        for id_, node in reach.graph.nodes.items()
    }
    leading = _leading(ends, reaches)
    return {
        id_: {
            "names": own[id_][0] if id_ in own else [],
            "submodules": own[id_][1] if id_ in own else [],
            "reaches": [to for to in reaches[id_] if to in leading],
        }
        for id_ in reaches
        if id_ in leading
    }


def imports_of(reach: Reach, root: str) -> list[str]:
    """The local modules that a node reaches and that are loaded, in the order in which they were."""
    nodes = reach.graph.nodes
    seen, pending = {root}, [root]
    found: set[str] = set()
    while pending:
        node = nodes[pending.pop()]
        if node.id == f"{node.module} (on import)":
            found.add(node.module)
        for to in (*(to for _, to in node.edges), *node.mentions):
            if to not in seen:
                seen.add(to)
                pending.append(to)
    return [name for name in sys.modules if name in found]


def _own(node: Found, imported: list[str]) -> tuple[list[str], list[str]]:
    """The names and submodules that a node needs itself."""
    below = tuple(f"{package}." for package in node.packages)
    return [*node.names], [*node.submodules, *(name for name in imported if below and name.startswith(below))]


def _imported_submodules(reach: Reach) -> list[str]:
    """The submodules that the script imports by ``import package.submodule``: its name for them is the package's."""
    sources = [reach.library.module(MAIN), *reach.sources.cells.values()]
    return [
        imported.module
        for source in sources
        if source is not None and source.module == MAIN
        for bound, imported in reach.sources.survey_of(source).imports
        if bound in reach.main_names and imported.top_only and imported.module in sys.modules
    ]


def _leading(ends: list[str], reaches: Mapping[str, list[str]]) -> set[str]:
    """The nodes from which one of some others is reached, these included."""
    back: dict[str, list[str]] = {}
    for id_, targets in reaches.items():
        for to in targets:
            back.setdefault(to, []).append(id_)
    found = set(ends)
    pending = list(ends)
    while pending:
        for id_ in back.get(pending.pop(), ()):
            if id_ not in found:
                found.add(id_)
                pending.append(id_)
    return found
