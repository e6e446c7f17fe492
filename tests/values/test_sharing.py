from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from twice.errors import ValueNotStorable
from twice.values.compare import difference
from twice.values.encode import encode
from twice.values.fingerprint import fingerprint
from values import samples
from values.helpers import brought_back, round_trip, term_of


def test_one_list_twice_stays_one_list() -> None:
    inner = [1]
    back = round_trip({"a": inner, "b": inner})
    assert back["a"] is back["b"]


def test_two_equal_lists_stay_two() -> None:
    back = round_trip([[1], [1]])
    assert back[0] is not back[1]


def test_sharing_is_kept_aside_and_is_not_part_of_the_meaning() -> None:
    inner = [1, 2]
    assert fingerprint([inner, inner]) == fingerprint([[1, 2], [1, 2]])
    assert encode([inner, inner]).aside
    assert not encode([[1, 2], [1, 2]]).aside


def test_equal_texts_are_the_same_whether_they_are_one_object_or_two() -> None:
    text = "ab" * 10
    assert encode([text, text]) == encode([text, "".join(["ab"] * 10)])


def test_sharing_inside_what_is_shared_is_kept() -> None:
    deep: list[Any] = []
    middle = [deep, deep]
    back = round_trip([middle, middle, deep])
    assert back[0] is back[1]
    assert back[0][0] is back[0][1] is back[2]


def test_one_array_twice_stays_one_array_and_its_bytes_are_mentioned_twice() -> None:
    array = np.arange(100_000.0)
    encoded = encode({"a": array, "b": array})
    assert len(encoded.buffers) == 2
    assert encoded.buffers[0] is encoded.buffers[1]
    back = round_trip({"a": array, "b": array})
    assert back["a"] is back["b"]


def test_two_equal_arrays_do_not_change_together() -> None:
    back = round_trip([np.zeros(20_000), np.zeros(20_000)])
    back[0][0] = 1
    assert back[1][0] == 0


def test_a_list_that_contains_itself_comes_back_so() -> None:
    value: list[Any] = [1]
    value.append(value)
    back = round_trip(value)
    assert back[1] is back


def test_objects_that_know_each_other_come_back_so() -> None:
    parent, child = samples.Record("parent"), samples.Record("child")
    child.parent, parent.parent = parent, child
    back = round_trip(parent)
    assert back.parent.parent is back


def test_an_object_in_a_set_of_its_own_comes_back_so() -> None:
    value = samples.Plain(None)
    value.x = {value}
    back = round_trip(value)
    assert next(iter(back.x)) is back


def test_a_cycle_through_an_array_is_refused_with_its_place() -> None:
    array = np.empty(1, object)
    array[0] = [array]
    with pytest.raises(ValueNotStorable, match=r"contains itself"):
        encode({"a": array})


def test_sharing_that_would_repeat_too_much_is_written_with_references() -> None:
    value: list[Any] = ["some text"]
    for _ in range(40):
        value = [value, value]
    encoded = encode(value)
    assert len(encoded.skeleton) < 1000
    back = round_trip(value)
    assert back[0] is back[1]


def test_ten_thousand_nested_lists_are_no_trouble() -> None:
    value: list[Any] = []
    for _ in range(10_000):
        value = [value]
    back, depth = round_trip(value), 0
    while back:
        back, depth = back[0], depth + 1
    assert depth == 10_000


def test_a_chain_of_ten_thousand_objects_is_no_trouble() -> None:
    value = None
    for _ in range(10_000):
        value = samples.Plain(value)
    back, depth = round_trip(value), 0
    while back is not None:
        back, depth = back.x, depth + 1
    assert depth == 10_000


def test_sets_nested_too_deeply_are_refused() -> None:
    value: frozenset[Any] = frozenset()
    for _ in range(5_000):
        value = frozenset({value})
    with pytest.raises(ValueNotStorable, match="too deeply"):
        encode(value)


class Pair(NamedTuple):
    left: Any
    right: Any


@pytest.mark.parametrize(
    "nest",
    [lambda inner: (inner, inner), lambda inner: (inner, [1], inner), lambda inner: Pair(inner, inner)],
    ids=["tuples", "with lists", "named tuples"],
)
def test_tuples_nested_in_themselves_take_no_longer_for_each_level(nest: Callable[[Any], Any]) -> None:
    def nested(value: Any) -> Any:
        for _ in range(60):  # written in full, it would have no end
            value = nest(value)
        return value

    value = nested((1, "a"))
    encoded = encode(value)
    assert len(encoded.skeleton) < 20_000
    back = brought_back(encoded)
    assert back[0] is back[-1]
    assert fingerprint(back) == fingerprint(value)
    assert fingerprint(nested((1, "b"))) != fingerprint(value)
    assert difference(term_of(value), term_of(back)) is None
    found = difference(term_of(value), term_of(nested((1, "b"))))
    assert found is not None
    assert "differ" in found.what


def test_that_tuples_are_one_tuple_does_not_belong_to_what_they_mean() -> None:
    def long() -> tuple[Any, ...]:
        return tuple((number, str(number), None, 1.5, b"a") for number in range(9)) * 20

    shared = long()
    assert fingerprint([shared, shared, (shared, [shared])]) == fingerprint([long(), long(), (long(), [long()])])
    back = round_trip([shared, {"a": shared}])
    assert back == [shared, {"a": shared}]
