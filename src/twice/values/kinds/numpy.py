"""NumPy: arrays of every type and layout, scalars, types, and random generators."""

# ruff: noqa: ARG002, D102 - the methods and their arguments are described by Kind
from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twice.errors import Damaged
from twice.values.kind import Aside, Buffer, Kind, Making, library
from twice.values.kinds.numpy_types import dtype_from, dtype_part, dtype_state, padding_of
from twice.values.memory import Memory, Place, Window, meets_itself

if TYPE_CHECKING:
    from twice.values.compare import Comparison
    from twice.values.differences import Difference
    from twice.values.terms import Tagged

_ROOTS = frozenset({"numpy"})
_MAPPED = 1 << 20


# Arrays.


def array_state(value: Any) -> dict[str, Any]:
    """An array's type, shape and items in C order; equal for equal arrays, whatever their layout in memory."""
    dtype = value.dtype
    state: dict[str, Any] = {"dtype": dtype_part(dtype), "shape": tuple(value.shape)}
    flags = value.flags
    state["order"] = _FORTRAN if flags.f_contiguous and not flags.c_contiguous else _NOTHING
    state["memory"] = Aside(window_on(value)) if value.size else _NOTHING
    if dtype.hasobject or dtype.kind == "T":
        if dtype.names is not None:
            # Copies, since these views of it are none of the user's.
            state["columns"] = tuple(value[name].copy() for name in dtype.names)
        else:
            state["items"] = tuple(value.ravel(order="C").tolist())
    else:
        state["data"] = Buffer(_bytes_of(value))
    return state


_NOTHING, _FORTRAN = Aside(), Aside("F")

_AS_THEY_LIE = frozenset("?bBhHiIlLqQfdFD")
"""Types of NumPy whose items ``memoryview`` knows and that have no padding."""


def window_on(value: Any, *, fixed: bool = False) -> Window:
    """Where an array of at least one item lies; ``fixed`` if it cannot be put into memory that others share."""
    return Window(value, _fixed_place if fixed else _place, borrowed=value.base is not None)


def _place(value: Any) -> Place:
    dtype = value.dtype
    form = "bytes"
    if dtype.hasobject or dtype.kind == "T":
        whole = dtype.kind == "O" and not any(stride % dtype.itemsize for stride in value.strides)
        form = "objects" if whole else "fixed"
    # Not from ``__array_interface__``, which also describes structured types, for longer than all the rest takes.
    address, written = value.ctypes.data, value.flags.writeable
    lone = written and not value.flags.forc and meets_itself(value.shape, value.strides, dtype.itemsize)
    return Place(address, value.shape, value.strides, dtype.itemsize, written, form, lone)


def _fixed_place(value: Any) -> Place:
    from dataclasses import replace

    return replace(_place(value), form="fixed", lone=False)


def _bytes_of(value: Any) -> memoryview:
    """The items in C order, padding zeroed; without a copy where the memory is like that already."""
    np = library("numpy")

    if value.size == 0 or value.dtype.itemsize == 0:
        return memoryview(b"")
    dtype = value.dtype
    if dtype.isnative and dtype.char in _AS_THEY_LIE and value.flags.c_contiguous:
        return memoryview(value).cast("B")
    padding = padding_of(dtype) if dtype.names is not None or dtype.kind in "fcV" else []
    if padding:
        items = bytearray(value.tobytes())
        rows = np.frombuffer(items, np.uint8).reshape(-1, dtype.itemsize)
        for start, end in padding:
            rows[:, start:end] = 0
        return memoryview(items)
    flat = np.ascontiguousarray(value).reshape(-1).view(np.ndarray).view(np.uint8)
    return memoryview(flat.data)


def array_from(state: Any) -> Any:
    """The array of such a state. It uses the memory that it is given."""
    np = library("numpy")

    dtype, shape = dtype_from(state["dtype"]), state["shape"]
    window = state.get("memory")
    if "columns" in state:
        result = np.empty(shape, dtype)
        for name, column in zip(dtype.names, state["columns"], strict=True):
            result[name] = column
    elif "items" in state:
        items = state["items"]
        result = (
            np.fromiter(items, dtype, len(items)) if dtype.hasobject and dtype.kind == "O" else np.array(items, dtype)
        )
        result = result.reshape(shape)
    elif math.prod(shape) == 0 or dtype.itemsize == 0:
        result = np.zeros(shape, dtype)
    else:
        result = np.frombuffer(writable(state["data"]), dtype=_flat_dtype(dtype)).view(dtype).reshape(shape)
    if window is not None:
        return _seen_through(window, result)
    return np.asfortranarray(result) if state["order"] == "F" else result


def _seen_through(window: Any, own: Any) -> Any:
    """An array in the memory that it shares with others, which is its own if it fills all of it."""
    np = library("numpy")

    memory, offset, strides = window
    if not isinstance(memory, Memory):
        raise Damaged("an array is said to lie in what is no memory.")
    objects = own.dtype.kind == "O"
    memory.check(own.shape, strides, own.dtype.itemsize, offset, "objects" if objects else "bytes")
    if not objects and memory.adopt(_memory_of(own), offset, whole=own.strides == strides):
        return own
    if objects:
        if memory.data is None:
            memory.data = np.empty(memory.size // own.dtype.itemsize, object)
        first = memory.data[offset // own.dtype.itemsize :]
        seen = np.lib.stride_tricks.as_strided(first, own.shape, strides)
    else:
        seen = np.ndarray(own.shape, own.dtype, memory.bytes(), offset, strides)
    if not memory.filled:
        seen[...] = own
    return seen


def _memory_of(array: Any) -> memoryview:
    np = library("numpy")

    return memoryview(array.reshape(-1).view(np.uint8))


def _flat_dtype(dtype: Any) -> Any:
    np = library("numpy")

    return np.dtype((np.void, dtype.itemsize))


def writable(data: Any) -> Any:
    """Memory for an array: small parts are copied out of the skeleton, large ones used as they are."""
    from twice.values.format import OUTSIDE

    if isinstance(data, memoryview):
        return bytearray(data) if data.nbytes < OUTSIDE else data
    if Path(data).stat().st_size < _MAPPED:  # a map takes an open file, and a value may have thousands of parts
        return bytearray(Path(data).read_bytes())
    np = library("numpy")

    return np.memmap(data, mode="c", dtype=np.uint8)


def _dtype_text(dtype: Any) -> str:
    """A type in few words: of a structured one the names of its fields."""
    return str(dtype) if dtype.names is None else f"{{{', '.join(dtype.names)}}}"


class ArrayKind(Kind):
    """An array; one that is a map of a file comes back as a plain array."""

    name = "numpy.ndarray"
    roots = _ROOTS

    def recognises(self, cls: type) -> bool:
        return cls.__module__ == "numpy" and cls.__qualname__ in ("ndarray", "memmap")

    def take_apart(self, value: Any) -> object:
        return array_state(value)

    def put_together(self, state: Any, making: Making) -> object:
        return array_from(state)

    def preview(self, value: Any) -> str:
        return f"array {_dtype_text(value.dtype)} {value.shape}"

    def compare(self, left: Tagged, right: Tagged, comparison: Comparison, path: str) -> Difference | None:
        from twice.values.kinds.arrays import arrays_differ

        return arrays_differ(left, right, comparison, path)


class ArrayViewKind(Kind):
    """A ``numpy.matrix``, ``recarray`` or ``char.chararray``: an array seen as another class."""

    name = "numpy.view"
    roots = _ROOTS
    classes = ("matrix", "recarray", "chararray")

    def recognises(self, cls: type) -> bool:
        return cls.__module__.partition(".")[0] == "numpy" and cls.__qualname__ in self.classes

    def take_apart(self, value: Any) -> object:
        np = library("numpy")

        return {"class": type(value).__qualname__, "array": np.asarray(value)}

    def put_together(self, state: Any, making: Making) -> object:
        np = library("numpy")

        chosen = {"matrix": np.matrix, "recarray": np.recarray, "chararray": np.char.chararray}[state["class"]]
        return state["array"].view(chosen)

    def preview(self, value: Any) -> str:
        return f"{type(value).__qualname__} {_dtype_text(value.dtype)} {value.shape}"


class MaskedArrayKind(Kind):
    """A masked array: data, mask and fill value."""

    name = "numpy.ma.MaskedArray"
    roots = _ROOTS

    def recognises(self, cls: type) -> bool:
        return cls.__module__.startswith("numpy.ma") and cls.__qualname__ == "MaskedArray"

    def take_apart(self, value: Any) -> object:
        np = library("numpy")

        mask = None if value.mask is np.ma.nomask else value.mask
        fill = None if value._fill_value is None else value.fill_value
        return {"data": value.data, "mask": mask, "fill": fill, "hard": bool(value.hardmask)}

    def put_together(self, state: Any, making: Making) -> object:
        np = library("numpy")

        mask = np.ma.nomask if state["mask"] is None else state["mask"]
        return np.ma.MaskedArray(state["data"], mask=mask, fill_value=state["fill"], hard_mask=state["hard"])

    def preview(self, value: Any) -> str:
        return f"masked array {_dtype_text(value.dtype)} {value.shape}"


class MaskedConstantKind(Kind):
    """``numpy.ma.masked``."""

    name = "numpy.ma.masked"
    roots = _ROOTS
    identity = False

    def recognises(self, cls: type) -> bool:
        return cls.__module__.startswith("numpy.ma") and cls.__qualname__ == "MaskedConstant"

    def take_apart(self, value: Any) -> object:
        return None

    def put_together(self, state: Any, making: Making) -> object:
        np = library("numpy")

        return np.ma.masked

    def preview(self, value: Any) -> str:
        return "masked"


class ScalarKind(Kind):
    """A NumPy scalar: its type and its bytes."""

    name = "numpy.scalar"
    roots = _ROOTS
    identity = False

    def recognises(self, cls: type) -> bool:
        return cls.__module__ == "numpy" and any(base.__qualname__ == "generic" for base in cls.__mro__)

    def take_apart(self, value: Any) -> object:
        np = library("numpy")

        if value.dtype.char in _AS_THEY_LIE:
            return {"dtype": dtype_state(value.dtype), "data": value.tobytes()}
        array = np.empty((), value.dtype)
        array[()] = value
        if value.dtype.hasobject:
            return {"array": array}
        return {"dtype": dtype_state(value.dtype), "data": bytes(_bytes_of(array))}

    def put_together(self, state: Any, making: Making) -> object:
        np = library("numpy")

        if "array" in state:
            return state["array"][()]
        dtype = dtype_from(state["dtype"])
        if not dtype.itemsize:
            return np.zeros((), dtype)[()]
        return np.frombuffer(bytearray(state["data"]), dtype=_flat_dtype(dtype)).view(dtype)[0]

    def preview(self, value: Any) -> str:
        from twice.values.preview import number_text

        return number_text(float(value)) if value.dtype.kind == "f" else str(value)


KINDS: tuple[Kind, ...] = (ArrayKind(), ArrayViewKind(), MaskedArrayKind(), MaskedConstantKind(), ScalarKind())
