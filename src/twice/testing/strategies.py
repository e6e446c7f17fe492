"""Hypothesis strategies for values that steps may give; needs Hypothesis."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st


def leaves() -> st.SearchStrategy[Any]:
    """Values of the language that hold no others: all floats (NaN, signed zero), surrogates, large integers."""
    return st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.complex_numbers(),
        st.text(st.characters(exclude_categories=())),
        st.binary(),
    )


def hashable() -> st.SearchStrategy[Any]:
    """Values that can be keys and members of sets."""
    return st.recursive(
        leaves(), lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=4
    )


def plain_values() -> st.SearchStrategy[Any]:
    """Plain values, nested: lists, tuples, dicts, sets and frozen sets of them."""
    return st.recursive(
        leaves(),
        lambda inner: st.one_of(
            st.lists(inner, max_size=4),
            st.lists(inner, max_size=4).map(tuple),
            st.dictionaries(hashable(), inner, max_size=4),
            st.sets(hashable(), max_size=4),
        ),
        max_leaves=12,
    )
