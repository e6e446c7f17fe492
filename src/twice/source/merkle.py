"""The meaning of a node: a digest of what it says and of the meaning of all that it reaches.

Functions that call each other in a circle have no first one to name. Tarjan's algorithm (1972) finds such circles;
inside one, the digests are refined as in the colour refinement of Weisfeiler and Leman (1968): round after round, each
node's colour takes in the colours of what it reaches, until a round tells no more nodes apart than the one before. The
colours then say who reaches whom in the circle, up to nodes that nothing tells apart; and since each member of a circle
reaches every other, a member's meaning is its colour together with all colours of its circle.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

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
        if len(circle) == 1:
            (node,) = circle
            reached = [f"{how}\0{found[to] if to != node else 'itself'}" for how, to in edges.get(node, ())]
            found[node] = digest_texts(own[node], *sorted(reached))
            continue
        inside = set(circle)
        colour, told = {node: own[node] for node in circle}, 0
        while told < (told := len(set(colour.values()))):
            colour = {
                node: digest_texts(
                    own[node],
                    *sorted(f"{how}\0{colour[to] if to in inside else found[to]}" for how, to in edges.get(node, ())),
                )
                for node in circle
            }
        together = digest_texts(*sorted(set(colour.values())))
        found |= {node: digest_texts(colour[node], together) for node in circle}
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
        work: list[tuple[str, Iterator[tuple[str, str]]]] = []
        entered: str | None = root
        while entered is not None or work:
            if entered is not None:
                index[entered] = low[entered] = len(index)
                stack.append(entered)
                on_stack.add(entered)
                work.append((entered, iter(edges.get(entered, ()))))
                entered = None
            node, rest = work[-1]
            for _, target in rest:
                if target not in index:
                    entered = target
                    break
                if target in on_stack and index[target] < low[node]:
                    low[node] = index[target]
            else:
                work.pop()
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
