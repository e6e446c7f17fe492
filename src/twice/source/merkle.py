"""The meaning of a node: a digest of what it says and of the meaning of all that it reaches.

Functions that call each other in a circle have no first one to name. Tarjan's algorithm (1972) finds such circles;
inside one, the digests are refined as in the colour refinement of Weisfeiler and Leman (1968): round after round, each
node's colour takes in the colours of what it reaches, as often as the circle has members.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from twice.records.digest import Digest, digest_texts

Edges = Mapping[str, Sequence[tuple[str, str]]]


def meanings(own: Mapping[str, Digest], edges: Edges) -> dict[str, Digest]:
    """The meaning of every node.

    Args:
        own: What each node says itself, by id.
        edges: What each node reaches: (how, id) pairs. The id's own text plays no part, so a moved function keeps its
            meaning; how it is reached does.
    """
    found: dict[str, Digest] = {}
    for circle in _circles(own, edges):
        inside = set(circle)
        colour = {node: own[node] for node in circle}
        for _ in range(len(circle)):
            colour = {
                node: digest_texts(
                    own[node],
                    sorted(f"{how}\0{colour[to] if to in inside else found[to]}" for how, to in edges.get(node, ())),
                )
                for node in circle
            }
        found |= colour
    return found


def reachable(start: str, edges: Edges) -> list[str]:
    """Every node that can be reached from one, itself included, sorted."""
    seen = {start}
    pending = [start]
    while pending:
        for _, node in edges.get(pending.pop(), ()):
            if node not in seen:
                seen.add(node)
                pending.append(node)
    return sorted(seen)


def _circles(nodes: Mapping[str, Digest], edges: Edges) -> list[list[str]]:
    """Strongly connected components, each after all that it reaches (Tarjan, without recursion)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    on_stack: set[str] = set()
    stack: list[str] = []
    result: list[list[str]] = []
    for root in nodes:
        if root in index:
            continue
        work: list[tuple[str, int]] = [(root, 0)]
        while work:
            node, position = work.pop()
            if position == 0:
                index[node] = low[node] = len(index)
                stack.append(node)
                on_stack.add(node)
            targets = edges.get(node, ())
            for next_position in range(position, len(targets)):
                target = targets[next_position][1]
                if target not in index:
                    work += [(node, next_position + 1), (target, 0)]
                    break
                if target in on_stack:
                    low[node] = min(low[node], index[target])
            else:
                if low[node] == index[node]:
                    circle: list[str] = []
                    while not circle or circle[-1] != node:
                        circle.append(stack.pop())
                        on_stack.discard(circle[-1])
                    result.append(circle)
                if work:
                    parent = work[-1][0]
                    low[parent] = min(low[parent], low[node])
    return result
