from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import functools
import pathlib
import re
import struct
import types
import uuid
import zoneinfo
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twice.errors import Damaged
from twice.values.compare import difference
from twice.values.encode import encode
from twice.values.fingerprint import fingerprint
from twice.values.terms import parse
from values import samples
from values.helpers import round_trip, term_of

leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.text(st.characters(codec=None))
    | st.binary()
    | st.decimals(allow_nan=False)
    | st.fractions()
    | st.datetimes(timezones=st.none() | st.just(datetime.UTC))
    | st.timedeltas()
    | st.uuids()
)
hashable = st.recursive(leaves, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=20), max_leaves=8)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner)
        | st.dictionaries(leaves, inner)
        | st.sets(hashable)
        | st.binary().map(bytearray)
    ),
    max_leaves=30,
)
runs = (
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=14)
    | st.lists(st.integers(), min_size=14)
    | st.lists(st.floats(), min_size=14)
    | st.lists(st.text(st.characters(codec=None)), min_size=14)
    | st.lists(st.text() | st.none(), min_size=14)
    | st.sets(st.text(), min_size=14)
    | st.sets(st.integers(), min_size=14)
)


def told(value: Any) -> Any:
    """Types and contents, so that 1, True and 1.0 differ and NaN equals itself."""
    if isinstance(value, float):
        return ("float", struct.pack("d", value))
    if isinstance(value, complex):
        return ("complex", struct.pack("dd", value.real, value.imag))
    if isinstance(value, list | tuple):
        return (type(value), [told(item) for item in value])
    if isinstance(value, dict):
        return ("dict", [(told(key), told(item)) for key, item in value.items()])
    if isinstance(value, set | frozenset):
        return (type(value), sorted(repr(told(item)) for item in value))
    if isinstance(value, decimal.Decimal):
        return ("decimal", str(value))
    return (type(value), value)


@given(values | runs)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    assert told(round_trip(value)) == told(value)


@given(values | runs)
def test_a_value_that_came_back_has_the_same_fingerprint(value: Any) -> None:
    assert fingerprint(round_trip(value)) == fingerprint(value)


@given(values, values)
def test_fingerprints_are_equal_exactly_when_values_are(left: Any, right: Any) -> None:
    assert (fingerprint(left) == fingerprint(right)) == (told(left) == told(right))


@given(values | runs)
def test_a_value_does_not_differ_from_itself(value: Any) -> None:
    assert difference(term_of(value), term_of(round_trip(value))) is None


@given(values, values)
def test_values_differ_exactly_when_their_streams_do(left: Any, right: Any) -> None:
    same = encode(left).skeleton == encode(right).skeleton
    assert (difference(term_of(left), term_of(right)) is None) == same


@given(st.lists(hashable, max_size=40), st.randoms(use_true_random=False))
def test_the_order_in_which_a_set_was_filled_does_not_matter(items: list[Any], random: Any) -> None:
    kept = list(set(items))  # of items that are equal and yet differ, such as 1 and True, a set keeps the first
    shuffled = kept[:]
    random.shuffle(shuffled)
    assert fingerprint(set(kept)) == fingerprint(set(shuffled))


@given(st.binary(max_size=60))
def test_bytes_that_are_no_stream_are_refused(data: bytes) -> None:
    for head in (b"", b"TWV\x01"):
        try:
            parse(head + data)
        except Damaged:
            continue


@given(values, st.data())
def test_a_stream_that_ends_too_early_is_refused(value: Any, data: st.DataObject) -> None:
    skeleton = encode(value).skeleton
    with pytest.raises(Damaged):
        parse(skeleton[: data.draw(st.integers(0, len(skeleton) - 1))])


_TEXTS_AND_NONE = (
    b"[n\x10\x20" + bytes(15) + b"\x01" + b"\x80\x01" + b"\x01\0\0\0" * 15 + bytes(4) + b"\x1e" + b"a" * 15
)
_INSTANCE = (
    b"K\x10instanceR\x03\x0aclass\x14attributes\x0aslots"
    b"k\x0aclassu\x28values.samples:Plain" + b"{m\x01u\x02xm\x01i\x01\x01" + b"N"
)


@pytest.mark.parametrize(
    ("value", "stream"),
    [
        (None, b"N"),
        (True, b"T"),
        (0, b"i\x01\x00"),
        (-1, b"i\x01\xff"),
        (128, b"i\x02\x80\x00"),
        (2**64, b"i\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01"),
        (1.0, b"d\x00\x00\x00\x00\x00\x00\xf0\x3f"),
        ("é", b"u\x04\xc3\xa9"),
        ("\ud800", b"u\x06\xed\xa0\x80"),
        (b"ab", b"y\x04ab"),
        (bytearray(b"ab"), b"Y\x04ab"),
        ((1, [2]), b"(m\x02i\x01\x01[m\x01i\x01\x02"),
        ({"a": 1}, b"{m\x01u\x02am\x01i\x01\x01"),
        ({2, 1}, b"sm\x02i\x01\x01i\x01\x02"),
        (frozenset(), b"zm\x00"),
        ([0] * 16, b"[q\x10\x80\x02" + bytes(128)),
        (
            ["a"] * 15 + [None],
            b"[n\x10\x20" + bytes(15) + b"\x01" + b"\x80\x01" + b"\x01\0\0\0" * 15 + bytes(4) + b"\x1e" + b"a" * 15,
        ),
        (range(3), b"k\x0arange(m\x03i\x01\x00i\x01\x03i\x01\x01"),
        (int, b"k\x0aclassu\x18builtins:int"),
        (
            samples.Plain(1),
            b"K\x10instanceR\x03\x0aclass\x14attributes\x0aslotsk\x0aclassu\x28values.samples:Plain{m\x01u\x02xm\x01i\x01\x01N",
        ),
    ],
)
def test_small_values_have_the_streams_that_the_format_says(value: Any, stream: bytes) -> None:
    assert encode(value).skeleton == b"TWV\x01" + stream


@pytest.mark.parametrize(
    "value",
    [
        ...,
        NotImplemented,
        range(1, 10, 3),
        slice(1, None, 2),
        datetime.date(2020, 2, 29),
        datetime.time(1, 2, 3, 4, tzinfo=datetime.UTC, fold=1),
        datetime.datetime(2020, 1, 1, 2, 3, 4, 5, tzinfo=zoneinfo.ZoneInfo("Europe/Paris"), fold=1),
        datetime.timezone(datetime.timedelta(hours=2), "mine"),
        datetime.timedelta(days=-1, microseconds=3),
        zoneinfo.ZoneInfo("UTC"),
        decimal.Decimal("1.00"),
        fractions.Fraction(1, 3),
        uuid.UUID(int=7),
        pathlib.Path("a/b"),
        pathlib.PureWindowsPath("c:/x"),
        re.compile("a+", re.IGNORECASE),
        re.compile(b"a"),
        samples.Colour.BLUE,
        samples.Access.READ | samples.Access.WRITE,
        types.SimpleNamespace(a=1, b=[2]),
        collections.OrderedDict(a=1),
        collections.defaultdict(list, a=[1]),
        collections.Counter("aab"),
        collections.deque([1, 2], maxlen=2),
        samples.Point(1, [2]),
        samples.Typed(1, "b"),
        samples.Record("n", [1]),
        samples.Frozen(1, (2,)),
        int,
        type(None),
        samples.Plain,
        len,
        samples.doubled,
        collections,
        list[int],
        int | str,
        samples.MyDict(a=1),
        ValueError("x").args,
    ],
    ids=lambda value: f"{type(value).__name__} {getattr(value, '__name__', None) or repr(value)}"[:40],
)
def test_each_plain_kind_comes_back(value: Any) -> None:
    back = round_trip(value)
    assert type(back) is type(value)
    assert back == value
    assert fingerprint(back) == fingerprint(value)


def test_what_is_equal_in_python_but_of_another_type_differs() -> None:
    ones: list[Any] = [1, True, 1.0, "1", b"1", bytearray(b"1"), complex(1)]
    ones += [decimal.Decimal(1), decimal.Decimal("1.0"), fractions.Fraction(1)]
    assert len({fingerprint(one) for one in ones}) == len(ones)
    pairs: list[Any] = [[1, 2], (1, 2), {1, 2}, frozenset({1, 2}), {1: 2}]
    pairs += [collections.deque([1, 2]), samples.Point(1, 2), samples.Typed(1, "2")]
    assert len({fingerprint(pair) for pair in pairs}) == len(pairs)
    assert fingerprint({"a": 1, "b": 2}) != fingerprint({"b": 2, "a": 1})
    assert fingerprint(0.0) != fingerprint(-0.0)


def test_a_partial_function_comes_back_and_is_not_marked() -> None:
    value = functools.partial(samples.doubled, x=4)
    assert round_trip(value)() == 8
    assert not encode(value).executes
