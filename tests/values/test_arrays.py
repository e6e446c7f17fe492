from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from twice.values.compare import difference
from twice.values.encode import encode
from twice.values.fingerprint import fingerprint
from values.helpers import brought_back, in_memory, round_trip, term_of

ALIGNED = np.dtype([("a", "i1"), ("b", "f8"), ("c", [("d", "i2"), ("e", "f4", (2,))])], align=True)

dtypes = (
    hnp.boolean_dtypes()
    | hnp.integer_dtypes(endianness="?")
    | hnp.floating_dtypes(endianness="?")
    | hnp.complex_number_dtypes(endianness="?")
    | hnp.byte_string_dtypes()
    | hnp.unicode_string_dtypes()
    | hnp.datetime64_dtypes()
    | hnp.timedelta64_dtypes()
)
arrays = hnp.arrays(dtypes, hnp.array_shapes(min_dims=0, min_side=0))


def items(array: Any) -> bytes:
    return bytes(np.ascontiguousarray(array).tobytes())


@given(arrays)
def test_an_array_of_any_type_and_shape_comes_back(array: Any) -> None:
    back = round_trip(array)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert items(back) == items(array)
    assert fingerprint(back) == fingerprint(array)
    assert difference(term_of(array), term_of(back)) is None


@given(arrays)
def test_layout_in_memory_is_not_part_of_the_meaning_but_comes_back(array: Any) -> None:
    fortran = array.copy(order="F")
    assert fingerprint(fortran) == fingerprint(array)
    assert round_trip(fortran).flags.f_contiguous == fortran.flags.f_contiguous
    if array.ndim:
        spread = np.repeat(array, 2, axis=0)[::2]
        assert fingerprint(spread) == fingerprint(array)


@given(arrays, arrays)
def test_arrays_have_one_fingerprint_exactly_when_type_shape_and_items_are_the_same(left: Any, right: Any) -> None:
    same = (left.dtype, left.shape, items(left)) == (right.dtype, right.shape, items(right))
    assert (fingerprint(left) == fingerprint(right)) == same


@given(
    hnp.arrays(dtypes, hnp.array_shapes(max_dims=2)).flatmap(
        lambda one: st.tuples(st.just(one), hnp.arrays(one.dtype, one.shape))
    )
)
def test_arrays_differ_exactly_where_their_items_do(pair: tuple[Any, Any]) -> None:
    left, right = pair
    found = difference(term_of(left), term_of(right))
    size = left.dtype.itemsize
    count = sum(
        items(left)[at : at + size] != items(right)[at : at + size] for at in range(0, len(items(left)), size or 1)
    )
    assert (0 if found is None else found.detail["differing"]) == count


def test_padding_is_not_part_of_the_meaning() -> None:
    clean, dirty = np.zeros(3, ALIGNED), np.frombuffer(bytearray(b"\xff" * 3 * ALIGNED.itemsize), ALIGNED)
    dirty["a"], dirty["b"], dirty["c"]["d"], dirty["c"]["e"] = 0, 0, 0, 0
    assert clean.tobytes() != dirty.tobytes()
    assert fingerprint(clean) == fingerprint(dirty)
    back = round_trip(dirty)
    assert back.dtype == ALIGNED
    assert (back == clean).all()


def test_the_spare_bytes_of_a_long_double_are_not_part_of_the_meaning() -> None:
    dirty = np.frombuffer(bytearray(b"\xff" * 32), np.longdouble).copy()
    dirty[:] = 1.5
    assert fingerprint(dirty) == fingerprint(np.full(2, 1.5, np.longdouble))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (np.arange(6).reshape(2, 3), np.arange(6).reshape(3, 2)),
        (np.zeros(3, "i8"), np.zeros(3)),
        (np.zeros(3, "<i4"), np.zeros(3, ">i4")),
        (np.array([np.nan]), np.frombuffer(np.uint64(0x7FF8000000000001).tobytes(), "f8")),
        (np.array([0.0]), np.array([-0.0])),
        (np.array([1]), np.array(1)),
        (np.array(1), np.int64(1)),
        (np.int64(1), 1),
        (np.float64(1), 1.0),
        (np.array(["a"]), np.array(["a"], object)),
        (np.array(["a"]), np.array([b"a"])),
        (np.array([1, 2]), [1, 2]),
    ],
)
def test_what_looks_alike_and_is_not_the_same_differs(left: Any, right: Any) -> None:
    assert fingerprint(left) != fingerprint(right)
    assert difference(term_of(left), term_of(right)) is not None


@pytest.mark.parametrize(
    "array",
    [
        np.array([{"a": 1}, None, [1, 2]], object),
        np.array([[1, "a"], [None, 2.5]], object),
        np.array([], object),
        np.array(["a", "bc"] * 20, object),
        np.array([(1, "x"), (2, [3])], [("n", "i4"), ("o", object)]),
        np.array(["a", "long text"], np.dtypes.StringDType()),
        np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
        np.ma.MaskedArray([1, 2, 3], mask=[False, True, False], fill_value=9),
    ],
    ids=lambda array: f"{type(array).__name__} {array.dtype}",
)
def test_arrays_that_are_more_than_bytes_come_back(array: Any) -> None:
    back = round_trip(array)
    assert type(back) is type(array)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert back.tolist() == array.tolist()
    assert fingerprint(back) == fingerprint(array)


def test_a_matrix_comes_back_as_a_matrix() -> None:
    with pytest.warns(PendingDeprecationWarning):
        matrix = np.matrix([[1, 2]])
    assert type(round_trip(matrix)) is np.matrix


@pytest.mark.parametrize(
    "scalar",
    [
        np.float32(1.5), np.int8(-1), np.bool_(True), np.str_("é"), np.bytes_(b"ab"), np.datetime64("2020-01-01", "D"),
        np.timedelta64(3, "s"), np.complex64(1 + 2j), np.longdouble(1.5), np.void(b"ab"), np.zeros((), ALIGNED)[()],
    ],
    ids=lambda scalar: str(scalar.dtype)[:20],
)  # fmt: skip
def test_scalars_come_back_with_their_type(scalar: Any) -> None:
    back = round_trip(scalar)
    assert back.dtype == scalar.dtype
    assert back == scalar


@pytest.mark.parametrize("dtype", [np.dtype("f4"), np.dtype("<M8[ns]"), ALIGNED, np.dtype((np.int32, (2, 2)))], ids=str)
def test_dtypes_are_values(dtype: Any) -> None:
    assert round_trip(dtype) == dtype


@pytest.mark.parametrize("function", [np.add, np.sum, np.linalg.norm], ids=lambda function: function.__name__)
def test_functions_of_numpy_are_kept_by_name(function: Any) -> None:
    assert round_trip(function) is function
    assert not encode(function).executes


@pytest.mark.parametrize("algorithm", ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_generators_go_on_where_they_were(algorithm: str) -> None:
    generator = np.random.Generator(getattr(np.random, algorithm)(7))
    generator.normal(size=3)
    back = round_trip(generator)
    assert fingerprint(back) == fingerprint(generator)
    assert (back.normal(size=5) == generator.normal(size=5)).all()
    assert back.spawn(1)[0].random() == generator.spawn(1)[0].random()


def test_a_random_state_keeps_the_number_in_reserve() -> None:
    state = np.random.RandomState(7)
    state.normal()
    back = round_trip(state)
    assert fingerprint(back) == fingerprint(state)
    assert (back.normal(size=5) == state.normal(size=5)).all()


def test_a_map_of_a_file_comes_back_as_a_plain_array(tmp_path: Any) -> None:
    np.save(tmp_path / "a.npy", np.arange(5))
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    back = round_trip(mapped)
    assert type(back) is np.ndarray
    assert fingerprint(mapped) == fingerprint(np.arange(5))
    del mapped


def test_large_arrays_use_the_memory_that_they_are_given() -> None:
    encoded = encode(np.zeros(10_000))
    memory = in_memory(encoded.buffers[0])
    from twice.values.decode import decode

    back: Any = decode(encoded.skeleton, [memory])
    back[0] = 1
    assert np.frombuffer(memory)[0] == 1
    frozen: Any = decode(encoded.skeleton, [memoryview(bytes(encoded.buffers[0]))])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="read-only"):
        frozen[0] = 1


def test_small_arrays_can_be_written_to() -> None:
    back = round_trip(np.zeros(3))
    back[0] = 1
    assert back.tolist() == [1, 0, 0]


def test_an_array_inside_a_tuple_inside_a_dict_is_an_object_of_its_own() -> None:
    array = np.arange(100_000)
    encoded = encode({"a": (1, array)})
    assert [in_memory(source).nbytes for source in encoded.buffers] == [array.nbytes]
    assert len(encoded.skeleton) < 200
    assert (brought_back(encoded)["a"][1] == array).all()
