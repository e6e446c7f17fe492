"""What popular hashers of values get wrong: pairs that collide, values that wobble, samples that miss a change."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from twice.errors import ValueNotStorable
from twice.testing.strategies import plain_values
from twice.values.fingerprint import fingerprint
from values import samples
from values.helpers import in_other_process

X = np.random.default_rng(0).normal(size=(50, 3))
Y = (X[:, 0] > 0).astype(int)


def deep(leaf: Any) -> Any:
    for _ in range(9):
        leaf = samples.Plain(leaf)
    return leaf


def adds(k: int) -> Callable[[int], int]:
    def add(x: int) -> int:
        return x + k

    return add


def changed(array: Any, place: int) -> Any:
    other = array.copy()
    other[place] = 1
    return other


def frame(**columns: Any) -> Any:
    return pd.DataFrame(columns)


def forest(seed: int) -> Any:
    return RandomForestClassifier(3, random_state=seed).fit(X, Y)


BIG = np.zeros(3_000_000)
ROWS = np.zeros(200_000)
NAN = np.frombuffer(np.uint64(0x7FF8000000000001).tobytes(), "f8").copy()

DIFFERENT: dict[str, tuple[Any, Any]] = {
    "1 and '1'": (1, "1"),
    "1 and 1.0": (1, 1.0),
    "1 and True": (1, True),
    "zeros of two signs": (0.0, -0.0),
    "a list and a tuple": ([1, 2], (1, 2)),
    "one text and two": (["ab"], ["a", "b"]),
    "shapes": (np.arange(6).reshape(2, 3), np.arange(6).reshape(3, 2)),
    "types of zeros": (np.zeros(3, "i8"), np.zeros(3)),
    "one of three million": (BIG, changed(BIG, 12345)),
    "one cell of a frame": (frame(a=ROWS), frame(a=changed(ROWS, 777))),
    "a column renamed": (frame(a=[1.0, 2]), frame(b=[1.0, 2])),
    "a column's type": (frame(a=[1, 2]), frame(a=[1.0, 2.0])),
    "an index renamed": (frame(a=[1]).rename_axis("i"), frame(a=[1]).rename_axis("j")),
    "two classes": (samples.Plain(1), samples.Other(1)),
    "a leaf deep inside": (deep(1), deep(2)),
    "the order of a dict": ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    "tensors": (torch.zeros(3), torch.ones(3)),
    "requires_grad": (torch.zeros(3), torch.zeros(3, requires_grad=True)),
    "a model's setting": (LogisticRegression(C=1.0).fit(X, Y), LogisticRegression(C=2.0).fit(X, Y)),
    "a model's seed": (forest(0), forest(1)),
    "a polars column renamed": (pl.DataFrame({"a": [1]}), pl.DataFrame({"b": [1]})),
    "payloads of NaN": (np.array([np.nan]), NAN),
    "a set and a list": ({1}, [1]),
    "a set and a frozen one": ({1}, frozenset({1})),
    "bytes and text": (b"a", "a"),
    "bytes and bytearray": (b"a", bytearray(b"a")),
    "an array and its list": (np.array([1]), [1]),
    "an array and its bytes": (np.zeros(1), bytes(8)),
    "None and its text": (None, "None"),
    "nothing of two kinds": ([], {}),
    "a tensor and an array": (torch.zeros(3), np.zeros(3, "f4")),
    "a frame of two libraries": (pl.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]})),
}


@pytest.mark.parametrize("pair", DIFFERENT.values(), ids=DIFFERENT.keys())
def test_different_values_have_different_fingerprints(pair: tuple[Any, Any]) -> None:
    assert fingerprint(pair[0]) != fingerprint(pair[1])


@pytest.mark.parametrize("function", [adds(1), lambda x: x + 1], ids=["a closure", "a lambda"])
def test_code_without_a_name_is_refused_rather_than_guessed(function: Any) -> None:
    with pytest.raises(ValueNotStorable):
        fingerprint(function)


def again(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


TEXT = "abc" * 10
SHARED = [1, 2]
ARRAY = np.arange(6.0).reshape(2, 3)
MODEL = forest(0)


def linear() -> Any:
    torch.manual_seed(0)
    return torch.nn.Linear(3, 2)


SAME: dict[str, tuple[Any, Any]] = {
    "a text that is shared": ([TEXT, TEXT], [TEXT, "".join(["abc"] * 10)]),
    "a list that is shared": ([SHARED, SHARED], [[1, 2], [1, 2]]),
    "a tuple that is shared": ([(1, "q")] * 2, [(1, "q"), tuple(iter([1, "q"]))]),
    "a dict, pickled": ({"a": TEXT, "b": [TEXT, (1, 2.5)]}, again({"a": TEXT, "b": [TEXT, (1, 2.5)]})),
    "memory order": (np.ascontiguousarray(ARRAY), np.asfortranarray(ARRAY)),
    "a view and a copy": (np.arange(12.0)[::2], np.arange(12.0)[::2].copy()),
    "an array, pickled": (ARRAY, again(ARRAY)),
    "types of arrays": ([np.dtype("f4")] * 2, [np.dtype("f4"), again(np.dtype("f4"))]),
    "a frame, pickled": (frame(a=[1.0], s=["x"]), again(frame(a=[1.0], s=["x"]))),
    "a frame, copied": (frame(a=[1.0], s=["x"]), frame(a=[1.0], s=["x"]).copy()),
    "a frame, column by column": (
        frame(a=[1.0, 2], b=[3.0, 4]),
        pd.concat([pd.Series([1.0, 2], name="a"), pd.Series([3.0, 4], name="b")], axis=1),
    ),
    "how a set was filled": ({"a", "b", "c", "d"}, {"d", "c", "b", "a"}),
    "collisions in a set": ({0, 8}, {8, 0}),
    "collisions in a frozen set": (frozenset([0, 8]), frozenset([8, 0])),
    "a model, pickled": (MODEL, again(MODEL)),
    "a model, trained again": (MODEL, forest(0)),
    "a tensor, copied": (torch.arange(3.0), torch.arange(3.0).clone()),
    "a module, made again": (linear(), linear()),
    "a polars frame": (pl.DataFrame({"a": [1, 2]}), pl.DataFrame({"a": [1, 2]})),
}


@pytest.mark.parametrize("pair", SAME.values(), ids=SAME.keys())
def test_values_that_mean_the_same_have_one_fingerprint(pair: tuple[Any, Any]) -> None:
    assert fingerprint(pair[0]) == fingerprint(pair[1])


WOBBLING = """{
    "set": str(fingerprint({"apple", "pear", "fig"})), "frozen": str(fingerprint(frozenset({"apple", "pear", "fig"}))),
    "object": str(fingerprint(samples.Plain({"apple", "pear", "fig"}))), "tensor": str(fingerprint(torch.arange(9.0))),
    "module": str(fingerprint(made.linear())), "forest": str(fingerprint(made.MODEL)),
    "polars": str(fingerprint(made.pl.DataFrame({"a": ["x", "y"]}))),
}"""
_SETUP = (
    "import torch\nfrom values import samples, test_hashers as made\nfrom twice.values.fingerprint import fingerprint"
)


def test_no_fingerprint_wobbles_from_process_to_process() -> None:
    first, second = (in_other_process(WOBBLING, hash_seed=seed, setup=_SETUP) for seed in (1, 2))
    assert first == second
    assert first["tensor"] == str(fingerprint(torch.arange(9.0)))


@given(plain_values(), plain_values())
@settings(max_examples=100, deadline=None)
def test_no_two_plain_values_of_other_types_have_one_fingerprint(left: Any, right: Any) -> None:
    if typed(left) != typed(right):
        assert fingerprint(left) != fingerprint(right)


def typed(value: Any) -> Any:
    """Something that is equal only for values of the same types with the same bits."""
    if isinstance(value, float | complex):
        return type(value).__name__, pickle.dumps(value)
    if isinstance(value, list | tuple):
        return type(value).__name__, [typed(item) for item in value]
    if isinstance(value, set | frozenset):
        return type(value).__name__, sorted(repr(typed(item)) for item in value)
    if isinstance(value, dict):
        return "dict", [(typed(key), typed(item)) for key, item in value.items()]
    return type(value).__name__, value
