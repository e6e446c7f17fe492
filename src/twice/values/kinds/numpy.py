"""NumPy: arrays of every type and layout, scalars, types, and random generators."""

from __future__ import annotations

import math
from typing import Any

from twice.errors import ValueNotStorable
from twice.values.kind import Aside, Buffer, Kind, Making

_ROOTS = frozenset({"numpy"})


# Types.


def dtype_state(dtype: Any) -> object:
    """A dtype as a text such as ``<f8``, or for structured ones the fields with their offsets."""
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return {"base": dtype_state(base), "shape": tuple(shape)}
    if dtype.names is not None:
        fields = tuple(_field_state(name, *dtype.fields[name]) for name in dtype.names)
        return {"fields": fields, "size": dtype.itemsize, "aligned": bool(dtype.isalignedstruct)}
    if dtype.kind == "T":
        return "T" if not hasattr(dtype, "na_object") else {"texts": True, "missing": dtype.na_object}
    import numpy as np

    if np.dtype(dtype.str) != dtype:
        raise ValueNotStorable(
            f"arrays of the type {dtype} are not supported yet", hint="convert the array to a type of NumPy's own"
        )
    return dtype.str


def _field_state(name: str, dtype: Any, offset: int, title: object = None) -> object:
    return (name, dtype_state(dtype), offset, title)


def dtype_from(state: Any) -> Any:
    """The dtype of such a state."""
    import numpy as np

    if isinstance(state, str):
        return np.dtypes.StringDType() if state == "T" else np.dtype(state)
    if "texts" in state:
        return np.dtypes.StringDType(na_object=state["missing"])
    if "base" in state:
        return np.dtype((dtype_from(state["base"]), state["shape"]))
    fields = state["fields"]
    description: dict[str, Any] = {
        "names": [field[0] for field in fields],
        "formats": [dtype_from(field[1]) for field in fields],
        "offsets": [field[2] for field in fields],
        "itemsize": state["size"],
    }
    if any(field[3] is not None for field in fields):
        description["titles"] = [field[3] for field in fields]
    return np.dtype(description, align=state["aligned"])


def _used_bytes(dtype: Any) -> list[bool]:
    """For each byte of an item, whether it is part of its value and not padding."""
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return _used_bytes(base) * math.prod(shape)
    if dtype.names is not None:
        used = [False] * dtype.itemsize
        for name in dtype.names:
            inner, offset = dtype.fields[name][:2]
            for place, part in enumerate(_used_bytes(inner), start=offset):
                used[place] |= part
        return used
    if dtype.kind in "fc" and dtype.itemsize // (2 if dtype.kind == "c" else 1) > 8:
        return _used_of_long_double(dtype)
    return [True] * dtype.itemsize


def _used_of_long_double(dtype: Any) -> list[bool]:
    """An x87 number has 10 bytes and is kept in 12 or 16; the rest is whatever was there before."""
    import numpy as np

    size = dtype.itemsize // (2 if dtype.kind == "c" else 1)
    significant = 10 if np.finfo(np.longdouble).nmant == 63 else size
    used = [True] * significant + [False] * (size - significant)
    return used * (dtype.itemsize // size)


# Arrays.


def array_state(value: Any) -> dict[str, Any]:
    """An array's type, shape and items in C order; equal for equal arrays, whatever their layout in memory."""
    dtype = value.dtype
    state: dict[str, Any] = {"dtype": dtype_state(dtype), "shape": tuple(value.shape)}
    fortran = value.flags.f_contiguous and not value.flags.c_contiguous
    state["order"] = Aside("F" if fortran else None)
    if dtype.hasobject or dtype.kind == "T":
        if dtype.names is not None:
            state["columns"] = tuple(value[name] for name in dtype.names)
        else:
            state["items"] = tuple(value.ravel(order="C").tolist())
    else:
        state["data"] = Buffer(_bytes_of(value))
    return state


def _bytes_of(value: Any) -> memoryview:
    """The items in C order, padding zeroed; without a copy where the memory is like that already."""
    import numpy as np

    if value.size == 0 or value.dtype.itemsize == 0:
        return memoryview(b"")
    flat = np.ascontiguousarray(value).reshape(-1).view(np.ndarray).view(np.uint8)
    if value.dtype.names is not None or value.dtype.kind in "fcV":
        used = _used_bytes(value.dtype)
        if not all(used):
            rows = flat.reshape(-1, value.dtype.itemsize).copy()
            rows[:, [place for place, part in enumerate(used) if not part]] = 0
            flat = rows.reshape(-1)
    return flat.data


def array_from(state: Any) -> Any:
    """The array of such a state. It uses the memory that it is given."""
    import numpy as np

    dtype, shape = dtype_from(state["dtype"]), state["shape"]
    if "columns" in state:
        result = np.empty(shape, dtype)
        for name, column in zip(dtype.names, state["columns"], strict=True):
            result[name] = column
    elif "items" in state:
        items = state["items"]
        result = np.fromiter(items, dtype, len(items)) if dtype.hasobject and dtype.kind == "O" else np.array(items, dtype)
        result = result.reshape(shape)
    elif math.prod(shape) == 0 or dtype.itemsize == 0:
        result = np.zeros(shape, dtype)
    else:
        result = np.frombuffer(writable(state["data"]), dtype=_flat_dtype(dtype)).view(dtype).reshape(shape)
    return np.asfortranarray(result) if state["order"] == "F" else result


def _flat_dtype(dtype: Any) -> Any:
    import numpy as np

    return np.dtype((np.void, dtype.itemsize))


def writable(data: Any) -> Any:
    """Memory for an array: small parts are copied out of the skeleton, large ones used as they are."""
    from twice.values.format import OUTSIDE

    if isinstance(data, memoryview):
        return bytearray(data) if data.nbytes < OUTSIDE else data
    import numpy as np

    return np.memmap(data, mode="c", dtype=np.uint8)


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
        return f"array {value.dtype} {value.shape}"


class ArrayViewKind(Kind):
    """A ``numpy.matrix``, ``recarray`` or ``char.chararray``: an array seen as another class."""

    name = "numpy.view"
    roots = _ROOTS
    classes = ("matrix", "recarray", "chararray")

    def recognises(self, cls: type) -> bool:
        return cls.__module__.partition(".")[0] == "numpy" and cls.__qualname__ in self.classes

    def take_apart(self, value: Any) -> object:
        import numpy as np

        return {"class": type(value).__qualname__, "array": np.asarray(value)}

    def put_together(self, state: Any, making: Making) -> object:
        import numpy as np

        chosen = {"matrix": np.matrix, "recarray": np.recarray, "chararray": np.char.chararray}[state["class"]]
        return state["array"].view(chosen)

    def preview(self, value: Any) -> str:
        return f"{type(value).__qualname__} {value.dtype} {value.shape}"


class MaskedArrayKind(Kind):
    """A masked array: data, mask and fill value."""

    name = "numpy.ma.MaskedArray"
    roots = _ROOTS

    def recognises(self, cls: type) -> bool:
        return cls.__module__.startswith("numpy.ma") and cls.__qualname__ == "MaskedArray"

    def take_apart(self, value: Any) -> object:
        import numpy as np

        mask = None if value.mask is np.ma.nomask else value.mask
        fill = None if value._fill_value is None else value.fill_value
        return {"data": value.data, "mask": mask, "fill": fill, "hard": bool(value.hardmask)}

    def put_together(self, state: Any, making: Making) -> object:
        import numpy as np

        mask = np.ma.nomask if state["mask"] is None else state["mask"]
        return np.ma.MaskedArray(state["data"], mask=mask, fill_value=state["fill"], hard_mask=state["hard"])

    def preview(self, value: Any) -> str:
        return f"masked array {value.dtype} {value.shape}"


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
        import numpy as np

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
        import numpy as np

        array = np.empty((), value.dtype)
        array[()] = value
        if value.dtype.hasobject:
            return {"array": array}
        return {"dtype": dtype_state(value.dtype), "data": bytes(_bytes_of(array))}

    def put_together(self, state: Any, making: Making) -> object:
        import numpy as np

        if "array" in state:
            return state["array"][()]
        dtype = dtype_from(state["dtype"])
        if not dtype.itemsize:
            return np.zeros((), dtype)[()]
        return np.frombuffer(bytearray(state["data"]), dtype=_flat_dtype(dtype)).view(dtype)[0]

    def preview(self, value: Any) -> str:
        from twice.values.preview import number_text

        return number_text(float(value)) if value.dtype.kind == "f" else str(value)


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
        holders = holders(value, value.__name__)
        if not holders:
            raise ValueNotStorable(f"the ufunc {value.__name__} cannot be found again by name")
        preferred = [holder for holder in ("numpy", "scipy.special") if holder in holders]
        return f"{(preferred or holders)[0]}:{value.__name__}"

    def put_together(self, state: Any, making: Making) -> object:
        module, _, name = state.partition(":")
        return making.find(module, name)

    def preview(self, value: Any) -> str:
        return f"function {value.__name__}"


class BitGeneratorKind(Kind):
    """A bit generator: its algorithm, its state and the seeds that it would spawn from."""

    name = "numpy.random.BitGenerator"
    roots = _ROOTS
    algorithms = ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")

    def recognises(self, cls: type) -> bool:
        return cls.__module__.startswith("numpy.random") and cls.__qualname__ in self.algorithms

    def take_apart(self, value: Any) -> object:
        return {"algorithm": type(value).__qualname__, "state": value.state, "seeds": value.seed_seq}

    def put_together(self, state: Any, making: Making) -> object:
        import numpy as np

        if state["algorithm"] not in self.algorithms:
            raise AttributeError(f"NumPy has no bit generator {state['algorithm']!r}")
        generator = getattr(np.random, state["algorithm"])(0 if state["seeds"] is None else state["seeds"])
        if state["seeds"] is None:
            generator._legacy_seeding(0)  # as RandomState does it, which leaves no sequence to spawn from
        generator.state = state["state"]
        return generator


class SeedSequenceKind(Kind):
    """A seed sequence: what it was made from, and how many children it has."""

    name = "numpy.random.SeedSequence"
    roots = _ROOTS

    def recognises(self, cls: type) -> bool:
        return cls.__module__.startswith("numpy.random") and cls.__qualname__ == "SeedSequence"

    def take_apart(self, value: Any) -> object:
        return dict(value.state)

    def put_together(self, state: Any, making: Making) -> object:
        import numpy as np

        return np.random.SeedSequence(**state)


class GeneratorKind(Kind):
    """A random generator: its bit generator."""

    name = "numpy.random.Generator"
    roots = _ROOTS

    def recognises(self, cls: type) -> bool:
        return cls.__module__.startswith("numpy.random") and cls.__qualname__ == "Generator"

    def take_apart(self, value: Any) -> object:
        return {"bits": value.bit_generator}

    def put_together(self, state: Any, making: Making) -> object:
        import numpy as np

        return np.random.Generator(state["bits"])


class RandomStateKind(Kind):
    """A legacy random state, with the normal number that it may have in reserve."""

    name = "numpy.random.RandomState"
    roots = _ROOTS

    def recognises(self, cls: type) -> bool:
        return cls.__module__.startswith("numpy.random") and cls.__qualname__ == "RandomState"

    def take_apart(self, value: Any) -> object:
        state = value.get_state(legacy=False)
        return {"bits": value._bit_generator, "has_gauss": state["has_gauss"], "gauss": state["gauss"]}

    def put_together(self, state: Any, making: Making) -> object:
        import numpy as np

        result = np.random.RandomState(state["bits"])
        result.set_state({**state["bits"].state, "has_gauss": state["has_gauss"], "gauss": state["gauss"]})
        return result


KINDS: tuple[Kind, ...] = (
    ArrayKind(), ArrayViewKind(), MaskedArrayKind(), MaskedConstantKind(), ScalarKind(), DTypeKind(),
    UniversalFunctionKind(), BitGeneratorKind(), SeedSequenceKind(), GeneratorKind(), RandomStateKind(),
)  # fmt: skip
