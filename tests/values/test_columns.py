"""Many things of one form are written by columns: they come back as they were, and mean what they say one by one."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from twice.errors import Damaged
from twice.values.compare import difference
from twice.values.encode import encode
from twice.values.fingerprint import fingerprint
from twice.values.format import MAGIC
from twice.values.terms import parse
from values.helpers import round_trip, term_of


@dataclass
class Pair:
    a: Any
    b: Any


def pairs(count: int = 20) -> list[Pair]:
    return [Pair(number, [number]) for number in range(count)]


FORMS: list[Any] = [
    [(1, 2)] * 20, [[1, 2]] * 20, [{"a": 1, "b": 2}] * 20, [Pair(1, 2)] * 20, [(1.0, 2)] * 20, [(True, 2)] * 20,
    [(1,)] * 20, [()] * 20, [{}] * 20, [[]] * 20, [{"b": 2, "a": 1}] * 20, [None] * 20, [False] * 20, [True] * 20,
    [(2, 1)] * 20, [{1: 1, 2: 2}] * 20, ((1, 2),) * 20, ((1, 2),) * 21, [[1, 2]] * 19 + [(1, 2)],
    [Pair(1, 2)] * 19 + [Pair(2, 1)], [int] * 20, [int] * 19 + [str], [tuple(range(16))] * 20, [np.float64(1)] * 20,
    [np.float32(1)] * 20, [(1, "x")] * 20, [(1, b"x")] * 20, [frozenset({1})] * 20, dict.fromkeys(range(20), (1, 2)),
]  # fmt: skip


def test_what_differs_in_form_differs_and_each_comes_back() -> None:
    assert len({str(fingerprint(form)) for form in FORMS}) == len(FORMS)
    for form in FORMS:
        back = round_trip(form)
        assert back == form
        assert [type(item) for item in back] == [type(item) for item in form]


def test_rows_that_are_one_object_mean_what_copies_mean_and_come_back_as_one() -> None:
    pair = Pair(1, [2])
    one, many = [pair] * 20, [Pair(1, [2]) for _ in range(20)]
    assert fingerprint(one) == fingerprint(many)
    back, others = round_trip(one), round_trip(many)
    assert all(item is back[0] for item in back)
    assert len({id(item) for item in others}) == len({id(item.b) for item in others}) == 20


def test_a_row_is_met_again_before_and_after_alone_and_among_others() -> None:
    rows = pairs()
    value = [rows[3], rows, {"best": rows[3], "part": rows[4].b, "some": [rows[5], rows[6]], "all": list(rows)}]
    copies = copy.deepcopy(rows)
    some = {"best": Pair(3, [3]), "part": [4], "some": [Pair(5, [5]), Pair(6, [6])], "all": copy.deepcopy(copies)}
    assert fingerprint(value) == fingerprint([Pair(3, [3]), copies, some])
    first, back, others = round_trip(value)
    assert first is back[3] is others["best"]
    assert others["part"] is back[4].b
    assert others["some"][1] is back[6]
    assert all(one is other for one, other in zip(back, others["all"], strict=True))


def test_what_a_row_shares_with_the_next_is_shared_though_columns_are_read_in_another_order() -> None:
    parts = [[number] for number in range(21)]
    back = round_trip([Pair(parts[number], parts[number + 1]) for number in range(20)])
    assert all(back[number].b is back[number + 1].a for number in range(19))


def test_arrays_in_rows_share_memory_again() -> None:
    base = np.arange(100.0)
    rows = [Pair(base[number : number + 5], base) for number in range(20)]
    copies = [Pair(np.arange(100.0)[number : number + 5].copy(), np.arange(100.0)) for number in range(20)]
    assert fingerprint(rows) == fingerprint(copies)
    back = round_trip(rows)
    back[3].b[3] = 7
    assert back[3].a[0] == 7
    assert back[0].b is back[19].b


def test_rows_that_refer_to_each_other_or_to_what_holds_them_come_back_so() -> None:
    rows: list[Any] = [Pair(number, None) for number in range(20)]
    for number in range(19):
        rows[number].b = rows[number + 1]
    assert round_trip(rows)[3].b.b.a == 5
    rows[19].b = rows[0]
    ring = round_trip(rows)
    assert ring[19].b is ring[0]
    tree: dict[str, Any] = {}
    tree["children"] = [{"parent": tree, "number": number} for number in range(20)]
    grown = round_trip(tree)
    assert grown["children"][7]["parent"] is grown


def test_columns_may_be_nested_deeply() -> None:
    chains: Any = [None] * 20
    for _ in range(3000):
        chains = [{"next": chain} for chain in chains]
    back = round_trip(chains)
    depth = 0
    while back[7] is not None:
        back, depth = [row["next"] for row in back], depth + 1
    assert depth == 3000


def test_a_difference_in_a_row_is_told_where_the_row_is() -> None:
    changed = pairs()
    changed[7].b[0] = 0
    found = difference(term_of(pairs()), term_of(changed))
    assert found is not None
    while found.children:
        (found,) = found.children
    assert found.path == "[7].b[0]"


def test_what_cannot_be_stored_is_refused_where_it_is() -> None:
    rows = pairs()
    rows[7].b = lambda: None
    with pytest.raises(Exception, match=r"output\[7\]\.b"):
        encode(rows)


@pytest.mark.parametrize(
    "data",
    [
        b"(p\x90\x4e\x00",
        b"(O\x10K\x02xR\x00",
        b"(O\x10k\x02xN",
        b"(p\x10\x02m\x01Nm\x01N",
        b"(D\xff\xff\xff\xff\x0fm\x00",
    ],
)
def test_rows_without_columns_or_of_other_lengths_are_damaged(data: bytes) -> None:
    with pytest.raises(Damaged):
        parse(MAGIC + data)
