"""The laws of meanings: whoever reaches a change changes, nobody else does, and names of nodes play no part."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twice.records.digest import Digest, digest_texts
from twice.source.merkle import meanings, reachable

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
Graph = tuple[dict[str, Digest], dict[str, list[tuple[str, str]]]]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    nodes = [f"n{index}" for index in range(draw(st.integers(1, 8)))]
    own = {node: digest_texts(draw(st.sampled_from("abc"))) for node in nodes}
    reaches = st.lists(st.tuples(st.sampled_from(["calls", "holds"]), st.sampled_from(nodes)), max_size=3, unique=True)
    return own, {node: draw(reaches) for node in nodes}


@unhurried
@given(graphs(), st.data())
def test_whoever_reaches_a_changed_node_changes_and_nobody_else_does(graph: Graph, data: st.DataObject) -> None:
    own, edges = graph
    changed = data.draw(st.sampled_from(sorted(own)))
    before, after = meanings(own, edges), meanings({**own, changed: digest_texts("changed")}, edges)
    differ = {node for node in own if before[node] != after[node]}
    assert differ == {node for node in own if changed in reachable(node, edges)}


@unhurried
@given(graphs())
def test_names_and_order_of_nodes_play_no_part(graph: Graph) -> None:
    own, edges = graph
    other = {node: f"other-{len(own) - index}" for index, node in enumerate(own)}
    moved = meanings(
        {other[node]: own[node] for node in reversed(own)},
        {other[node]: [(how, other[to]) for how, to in reversed(edges[node])] for node in own},
    )
    assert {other[node]: meaning for node, meaning in meanings(own, edges).items()} == moved


def test_how_something_is_reached_counts() -> None:
    own = {node: digest_texts(node) for node in "ab"}
    assert meanings(own, {"a": [("calls", "b")]})["a"] != meanings(own, {"a": [("holds", "b")]})["a"]


def test_a_change_at_the_far_side_of_a_circle_reaches_all_of_it() -> None:
    nodes = [str(index) for index in range(2000)]
    edges = {node: [("calls", nodes[index - 1])] for index, node in enumerate(nodes)}
    own = {node: digest_texts(node) for node in nodes}
    before, after = meanings(own, edges), meanings({**own, "1000": digest_texts("changed")}, edges)
    assert all(before[node] != after[node] for node in nodes)


def test_who_reaches_whom_in_a_circle_counts() -> None:
    own = {node: digest_texts(node.rstrip("12")) for node in ("f", "g1", "g2", "h")}
    ring = {"f": [("", "g1")], "g1": [("", "g2")], "g2": [("", "h")], "h": [("", "f")]}
    other = {"f": [("", "g1")], "g1": [("", "h")], "h": [("", "g2")], "g2": [("", "f")]}
    assert meanings(own, ring)["f"] != meanings(own, other)["f"]
