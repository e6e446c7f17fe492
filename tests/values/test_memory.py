"""Arrays of one value that lie in the same memory: writing to one is seen in the others, before and after."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from twice.errors import Damaged, ValueNotStorable
from twice.values.decode import decode
from twice.values.encode import Encoded, encode
from twice.values.fingerprint import fingerprint
from twice.values.memory import Memory
from values.helpers import brought_back, in_memory, round_trip

VIEWS: dict[str, Any] = {
    "whole": lambda a: a[:],
    "front": lambda a: a[: len(a) // 2 + 1],
    "back": lambda a: a[len(a) // 2 :],
    "every second": lambda a: a[::2],
    "the others": lambda a: a[1::2],
    "backwards": lambda a: a[::-1],
    "turned": lambda a: a.T,
    "one column": lambda a: a[..., :1],
    "last column": lambda a: a[..., -1:],
    "flat": lambda a: a.reshape(-1) if a.flags.c_contiguous else a,
    "with a new axis": lambda a: a[None],
    "as words": lambda a: a.view(np.uint64) if a.dtype.kind == "f" else a,
    "real": lambda a: a.real,
    "windows": lambda a: np.lib.stride_tricks.sliding_window_view(a, 2, 0, writeable=True) if len(a) > 1 else a,
}


def shared(arrays: list[Any]) -> list[bool]:
    return [np.shares_memory(*pair) for pair in itertools.combinations(arrays, 2)]


@settings(deadline=None, max_examples=80)
@given(
    st.sampled_from([(6,), (4, 5), (3, 2, 4), (1,), (300, 50)]),
    st.sampled_from(["f8", "c16", "i2", "M8[s]", "O"]),
    st.sampled_from("CF"),
    st.lists(st.tuples(st.sampled_from(sorted(VIEWS)), st.sampled_from(sorted(VIEWS))), min_size=1, max_size=4),
    st.booleans(),
    st.integers(0, 10_000),
)
def test_what_is_written_through_one_view_is_seen_through_the_others(
    shape: tuple[int, ...], dtype: str, order: Any, chosen: list[tuple[str, str]], with_base: bool, at: int
) -> None:
    base = np.arange(np.prod(shape)).reshape(shape).astype(dtype, order=order)
    views = [VIEWS[second](VIEWS[first](base)) for first, second in chosen]
    value = [base, *views, base.copy()] if with_base else [*views, base.copy()]
    back = round_trip(value)
    assert [(one.dtype, one.shape) for one in back] == [(one.dtype, one.shape) for one in value]
    assert all(np.array_equal(one, other) for one, other in zip(back, value, strict=True))
    assert shared(back) == shared(value)
    for arrays in (value, back):
        filled = [array for array in arrays if array.size]
        one = filled[at % len(filled)]
        one[tuple(at % length for length in one.shape)] = 1
    assert all(np.array_equal(one, other) for one, other in zip(back, value, strict=True))
    assert fingerprint(back) == fingerprint(value)


def test_sharing_memory_is_not_part_of_the_meaning() -> None:
    base = np.arange(20_000.0)
    apart = [base.copy(), base[5:].copy()]
    assert fingerprint([base, base[5:]]) == fingerprint(apart) == fingerprint(copy.deepcopy(apart))
    assert not encode(apart).aside


def test_a_lone_view_of_a_large_array_takes_its_own_items_only_with_it() -> None:
    assert encode(np.zeros(1_000_000)[10:20]).size < 1000


def test_an_array_that_holds_all_of_the_memory_is_used_as_it_is() -> None:
    base = np.arange(100_000.0)
    encoded = encode({"base": base, "view": base[1:]})
    parts = [in_memory(source) for source in encoded.buffers]
    back: Any = decode(encoded.skeleton, parts, encoded.aside)
    assert np.shares_memory(back["base"], np.frombuffer(parts[0]))
    assert np.shares_memory(back["view"], back["base"])


def test_arrays_that_lie_between_each_other_share_nothing() -> None:
    table = np.arange(1000.0).reshape(10, 100)
    columns = {f"c{number}": table[:, number] for number in range(100)}
    assert not encode(columns).aside
    assert not encode(dict(itertools.islice(columns.items(), 5))).aside
    back = round_trip({**columns, "again": table[:, 7]})
    back["again"][0] = -1
    assert back["c7"][0] == -1
    assert sum(np.shares_memory(back["again"], column) for column in back.values()) == 2


def test_an_array_whose_items_lie_in_one_place_comes_back_so() -> None:
    rows = np.lib.stride_tricks.as_strided(np.arange(3.0), (2, 3), (0, 8))
    back = round_trip(rows)
    back[0, 0] = 9
    assert back[1, 0] == 9
    assert round_trip(np.broadcast_to(np.arange(3.0), (2, 3))).strides == (24, 8)


def test_parts_that_only_sit_inside_other_parts_are_seen_too() -> None:
    data = np.ma.MaskedArray([1.0, 2.0, 3.0], mask=[True, False, False])
    back = round_trip({"whole": data, "end": data[1:], "numbers": data.data})
    back["end"][0] = 9
    assert back["whole"][1] == 9 == back["numbers"][1]


def test_frames_copy_what_others_see_before_they_write() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    value = {"frame": frame, "same": frame[:], "numbers": frame.to_numpy(), "column": frame["a"]}
    assert b"memory" not in encode(value).aside
    back = round_trip(value)
    back["same"].iloc[0, 0] = 9
    assert back["frame"].iloc[0, 0] == 1 == back["column"].iloc[0] == back["numbers"][0, 0]


def test_a_frame_on_an_array_that_can_be_written_to_stays_on_it() -> None:
    numbers = np.arange(6.0).reshape(3, 2)
    value: dict[str, Any] = {"numbers": numbers, "frame": pd.DataFrame(numbers, columns=["a", "b"], copy=False)}
    back = round_trip(value)
    back["numbers"][1, 0] = 9
    assert back["frame"]["a"].tolist() == [0, 9, 4]
    with pytest.raises(ValueNotStorable, match="lie in the same memory"):
        encode({**value, "again": value["frame"][:]})


def test_arrays_in_the_cells_of_a_frame_are_seen() -> None:
    base = np.arange(4.0)
    frame = pd.DataFrame({"cell": pd.Series([base, base[1:]], dtype=object)})
    back = round_trip(frame)
    back["cell"][0][1] = 9
    assert back["cell"][1][0] == 9


@pytest.mark.parametrize(
    "shared",
    [
        lambda: (lambda data: [data, np.frombuffer(data, "u1")])(bytearray(80)),
        lambda: (lambda data: [np.frombuffer(data, "u1"), data])(bytearray(80)),
        lambda: (lambda one: [one, one["a"]])(np.zeros(3, [("a", "O"), ("b", "i8")])),
        lambda: (lambda one: [one, one[1:]])(np.array(["x", "y"], np.dtypes.StringDType())),
        lambda: (lambda one: [one, one[1:]])(pd.array([1, None, 3], dtype="Int64")),
        lambda: (lambda one: [one, one.conj()])(torch.ones(3, dtype=torch.complex64)),
    ],
)
def test_memory_that_cannot_be_shared_again_is_refused(shared: Any) -> None:
    with pytest.raises(ValueNotStorable, match="lie in the same memory") as caught:
        encode(shared())
    assert "copy" in caught.value.hint


def test_a_memoryview_is_refused() -> None:
    with pytest.raises(ValueNotStorable, match="memoryview"):
        encode(memoryview(b"abc"))


def test_an_array_and_a_tensor_in_one_memory_stay_in_one() -> None:
    array = np.arange(6.0).reshape(2, 3)
    for value in ([array, torch.from_numpy(array)], [torch.from_numpy(array).t(), array[0]]):
        back = round_trip(value)
        back[1][0] = 9
        assert back[0].ravel()[0] == 9


def test_a_tensor_that_looks_at_a_large_one_alone_takes_its_own_items_only() -> None:
    part = torch.zeros(1_000_000)[10:20]
    assert encode(part).size < 1000
    assert round_trip(part).untyped_storage().nbytes() == 40
    nhwc = torch.arange(24.0).reshape(1, 2, 3, 4).to(memory_format=torch.channels_last)
    assert round_trip(nhwc).stride() == nhwc.stride()


def test_slices_of_arrow_tables_cannot_be_written_to_and_come_back_apart() -> None:
    import pyarrow as pa

    table = pa.table({"a": list(range(100))})
    back = round_trip([table, table.slice(10)])
    assert back[1].equals(table.slice(10))
    assert not encode([table, table.slice(10)]).aside


def test_a_window_that_leads_out_of_its_memory_is_damage() -> None:
    base = np.arange(4.0)
    good = encode([base, base[1:]])
    place = good.aside.rindex(b"(m\x01i\x01\x08")
    for strides in (b"(m\x01i\x01\x70", b"(m\x01i\x01\x80"):
        bad = good.aside[:place] + strides + good.aside[place + 6 :]
        with pytest.raises(Damaged, match="outside of its memory"):
            brought_back(Encoded(**{**vars(good), "aside": bad}))
    with pytest.raises(Damaged):
        Memory(8, "bytes").check((1,), (8,), 8, 0, "objects")
