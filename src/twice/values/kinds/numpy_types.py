"""NumPy's types and functions as values, and which bytes of an item are its own."""

# ruff: noqa: ARG002, D102 - the methods and their arguments are described by Kind
from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Hashable
from typing import Any

from twice.errors import ValueNotStorable
from twice.values.kind import Kind, Making, Often, library

_ROOTS = frozenset({"numpy"})


def dtype_state(dtype: Any) -> Hashable:
    """A dtype as a text such as ``<f8``, or for structured ones the fields with their offsets."""
    return _dtype_state(dtype, dtype.isalignedstruct)


@functools.lru_cache(1024)
def _dtype_state(dtype: Any, aligned: bool) -> Hashable:
    """The same, remembered.

    NumPy takes an aligned type and another for equal, so ``aligned`` is told apart; that of types inside is left out.
    """
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return ("repeated", _dtype_state(base, False), tuple(shape))
    if dtype.names is not None:
        fields = tuple(_field_state(name, *dtype.fields[name]) for name in dtype.names)
        return ("fields", fields, dtype.itemsize, bool(aligned))
    if dtype.kind == "T":
        return ("texts", dtype.na_object) if hasattr(dtype, "na_object") else "T"
    np = library("numpy")

    if np.dtype(dtype.str) != dtype:
        raise ValueNotStorable(
            f"arrays of the type {dtype} are not supported yet", hint="convert the array to a type of NumPy's own"
        )
    return str(dtype.str)


def dtype_part(dtype: Any) -> object:
    """A dtype as a part of an array's state."""
    state = dtype_state(dtype)
    return state if isinstance(state, str) else Often(state)


def _field_state(name: str, dtype: Any, offset: int, title: Hashable = None) -> Hashable:
    return (name, _dtype_state(dtype, False), offset, title)


def dtype_from(state: Any) -> Any:
    """The dtype of such a state."""
    np = library("numpy")

    if isinstance(state, str):
        return np.dtypes.StringDType() if state == "T" else np.dtype(state)
    if state[0] == "texts":
        return np.dtypes.StringDType(na_object=state[1])
    if state[0] == "repeated":
        return np.dtype((dtype_from(state[1]), state[2]))
    _, fields, size, aligned = state
    description: dict[str, Any] = {
        "names": [field[0] for field in fields],
        "formats": [dtype_from(field[1]) for field in fields],
        "offsets": [field[2] for field in fields],
        "itemsize": size,
    }
    if any(field[3] is not None for field in fields):
        description["titles"] = [field[3] for field in fields]
    return np.dtype(description, align=aligned)


@functools.lru_cache(1024)
def padding_of(dtype: Any) -> list[tuple[int, int]]:
    """The bytes of an item that are not part of its value: where each stretch of them begins, and ends."""
    stretches: list[tuple[int, int]] = []
    place = 0
    for used, parts in itertools.groupby(used_bytes(dtype)):
        size = len(list(parts))
        if not used:
            stretches.append((place, place + size))
        place += size
    return stretches


@functools.lru_cache(1024)
def used_bytes(dtype: Any) -> list[bool]:
    """For each byte of an item, whether it is part of its value and not padding."""
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return used_bytes(base) * int(math.prod(shape))
    if dtype.names is not None:
        used = [False] * dtype.itemsize
        for name in dtype.names:
            inner, offset = dtype.fields[name][:2]
            for place, part in enumerate(used_bytes(inner), start=offset):
                used[place] |= part
        return used
    if dtype.kind in "fc" and dtype.itemsize // (2 if dtype.kind == "c" else 1) > 8:
        return _used_of_long_double(dtype)
    return [True] * int(dtype.itemsize)


def _used_of_long_double(dtype: Any) -> list[bool]:
    """An x87 number has 10 bytes and is kept in 12 or 16; the rest is whatever was there before."""
    np = library("numpy")

    size = dtype.itemsize // (2 if dtype.kind == "c" else 1)
    significant = 10 if np.finfo(np.longdouble).nmant == 63 else size
    used: list[bool] = [True] * significant + [False] * (size - significant)
    return used * int(dtype.itemsize // size)


class DTypeKind(Kind):
    """A dtype as a value."""

    name = "numpy.dtype"
    roots = _ROOTS
    identity = False

    def recognises(self, cls: type) -> bool:
        return any(base.__module__ == "numpy" and base.__qualname__ == "dtype" for base in cls.__mro__)

    def take_apart(self, value: Any) -> object:
        return {"dtype": dtype_state(value)}

    def put_together(self, state: Any, making: Making) -> object:
        return dtype_from(state["dtype"])

    def preview(self, value: Any) -> str:
        return f"dtype {value}"


class UniversalFunctionKind(Kind):
    """A ufunc of a library, by name."""

    name = "numpy.ufunc"
    roots = _ROOTS
    identity = False

    def recognises(self, cls: type) -> bool:
        return cls.__module__ == "numpy" and cls.__qualname__ in ("ufunc", "_ArrayFunctionDispatcher")

    def take_apart(self, value: Any) -> object:
        from twice.values.kinds.references import holders, name_of

        if type(value).__qualname__ == "_ArrayFunctionDispatcher":
            return name_of(value)
        found = holders(value, value.__name__)
        if not found:
            raise ValueNotStorable(f"the ufunc {value.__name__} cannot be found again by name")
        preferred = [holder for holder in ("numpy", "scipy.special") if holder in found]
        return f"{(preferred or found)[0]}:{value.__name__}"

    def put_together(self, state: Any, making: Making) -> object:
        module, _, name = state.partition(":")
        return making.find(module, name)

    def preview(self, value: Any) -> str:
        return f"function {value.__name__}"


KINDS: tuple[Kind, ...] = (DTypeKind(), UniversalFunctionKind())
