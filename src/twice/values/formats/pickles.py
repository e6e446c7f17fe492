"""Pickles read by their protocol: what they would make, without making it. Nothing is imported and nothing called.

What pickle's memo and interning do to the bytes is gone then: two pickles that would make the same objects read the
same. Files of joblib are pickles with the bytes of arrays between their instructions.
"""

# ruff: noqa: ARG001 - readers and sniffs of all formats are called alike
from __future__ import annotations

import io
import pickletools
from collections.abc import Callable
from typing import Any

from twice.values.formats.reading import Reading
from twice.values.kind import library

_NOISE = frozenset({"_stop_words_id", "_sklearn_version"})
"""What scikit-learn keeps in its objects beside what they mean: a memory address, and its version."""


class _Node:
    """Something that a pickle would make by naming or calling something."""

    __slots__ = ("parts",)

    def __init__(self, **parts: Any) -> None:
        self.parts: dict[str, Any] = parts


class _Set:
    __slots__ = ("items",)

    def __init__(self, items: list[Any]) -> None:
        self.items = items


_MARK = object()


def pickled(name: str, data: memoryview, reading: Reading) -> Any:
    """What the pickles in a file would make; of several, a list."""
    return Machine(io.BytesIO(data), reading).all()


class Machine:
    """Carries a pickle's instructions out on descriptions of objects.

    Args:
        file: The bytes.
        reading: Counts what is made.
        persistent: What an identifier of something outside the pickle stands for.
    """

    def __init__(self, file: io.BytesIO, reading: Reading, persistent: Callable[[Any], Any] | None = None) -> None:
        self._file = file
        self._reading = reading
        self._persistent = persistent
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._plain: dict[int, Any] = {}
        self._kept: list[Any] = []

    def all(self) -> Any:
        """Everything that there is."""
        found = [self._plainly(self._one())]
        size = self._file.getbuffer().nbytes
        while self._file.tell() < size:
            found.append(self._plainly(self._one()))
        return found[0] if len(found) == 1 else found

    def _one(self) -> Any:
        self._stack, self._memo = [], {}
        for opcode, argument, _ in pickletools.genops(self._file):
            if opcode.name == "STOP":
                return self._stack.pop()
            self._carry_out(opcode.name, argument)
        raise EOFError("a pickle ends too early")

    def _marked(self) -> list[Any]:
        place = len(self._stack) - 1
        while self._stack[place] is not _MARK:
            place -= 1
        items = self._stack[place + 1 :]
        del self._stack[place:]
        return items

    def _carry_out(self, name: str, argument: Any) -> None:
        stack = self._stack
        if name in ("PROTO", "FRAME", "READONLY_BUFFER"):
            return
        if name in _PUSHED:
            stack.append(argument)
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name in _MADE:
            stack.append(_MADE[name]())
        elif name == "MARK":
            stack.append(_MARK)
        elif name in ("MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT"):
            self._memo[len(self._memo) if name == "MEMOIZE" else int(argument)] = stack[-1]
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            stack.append(self._memo[int(argument)])
        elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
            count = int(name[-1])
            items = tuple(stack[-count:])
            del stack[-count:]
            stack.append(items)
        elif name in ("TUPLE", "LIST", "DICT", "FROZENSET"):
            items_ = self._marked()
            made: Any = {"TUPLE": tuple, "LIST": list, "FROZENSET": _Set}.get(name, _pairs)(items_)
            stack.append(made)
        elif name in ("APPEND", "APPENDS", "ADDITEMS"):
            added = [stack.pop()] if name == "APPEND" else self._marked()
            target = stack[-1]
            if isinstance(target, list):
                target += added
            elif isinstance(target, _Set):
                target.items += added
            else:
                target.parts.setdefault("items", []).extend(added)
        elif name in ("SETITEM", "SETITEMS"):
            if name == "SETITEM":
                added = stack[-2:]
                del stack[-2:]
            else:
                added = self._marked()
            target = stack[-1]
            if isinstance(target, _Pairs):
                target.pairs += zip(added[::2], added[1::2], strict=True)
            else:
                target.parts.setdefault("pairs", []).extend(zip(added[::2], added[1::2], strict=True))
        elif name == "GLOBAL":
            stack.append(_Node(**{"global": _renamed(*argument.split(" ", 1))}))
        elif name == "STACK_GLOBAL":
            qualified, module = stack.pop(), stack.pop()
            stack.append(_Node(**{"global": _renamed(module, qualified)}))
        elif name == "REDUCE":
            arguments, call = stack.pop(), stack.pop()
            stack.append(_Node(call=call, arguments=arguments))
        elif name in ("NEWOBJ", "NEWOBJ_EX"):
            keywords = stack.pop() if name == "NEWOBJ_EX" else None
            arguments, cls = stack.pop(), stack.pop()
            made = _Node(**{"class": cls, "arguments": arguments})
            if keywords is not None:
                made.parts["keywords"] = keywords
            stack.append(made)
        elif name == "INST":
            stack.append(_Node(**{"class": _renamed(*argument.split(" ", 1)), "arguments": tuple(self._marked())}))
        elif name == "OBJ":
            cls, *rest = self._marked()
            stack.append(_Node(**{"class": cls, "arguments": tuple(rest)}))
        elif name == "BUILD":
            state = stack.pop()
            self._build(stack[-1], state)
        elif name in ("PERSID", "BINPERSID"):
            id_ = self._plainly(argument if name == "PERSID" else stack.pop())
            stack.append(_Known(self._persistent(id_)) if self._persistent is not None else _Node(outside=id_))
        elif name == "POP":
            stack.pop()
        elif name == "POP_MARK":
            self._marked()
        elif name == "DUP":
            stack.append(stack[-1])
        elif name in ("EXT1", "EXT2", "EXT4", "NEXT_BUFFER"):
            stack.append(_Node(**{name: argument}))
        else:
            raise ValueError(f"unknown instruction {name}")

    def _build(self, target: Any, state: Any) -> None:
        if not isinstance(target, _Node):
            raise ValueError("it gives a state to what can have none")
        target.parts["state"] = state
        cls = target.parts.get("class")
        if isinstance(cls, _Node) and cls.parts.get("global") == "joblib.numpy_pickle.NumpyArrayWrapper":
            array = self._joblib_array(self._plainly(state))
            target.parts = {"array": array}

    def _joblib_array(self, state: dict[str, Any]) -> Any:
        """The array whose bytes follow in a file of joblib."""
        np = library("numpy")

        dtype = state["dtype"]
        if not isinstance(dtype, np.dtype) or dtype.hasobject:
            inner = Machine(self._file, self._reading, self._persistent)
            return {"shape": state["shape"], "items": inner._plainly(inner._one())}
        if state.get("numpy_array_alignment_bytes") is not None:
            self._file.read(self._file.read(1)[0])
        count = int(np.prod(state["shape"], dtype=np.int64))
        data = self._file.read(count * dtype.itemsize)
        return np.frombuffer(data, dtype, count).reshape(state["shape"], order=state.get("order", "C"))

    # From descriptions to plain values.

    def _plainly(self, made: Any) -> Any:
        if isinstance(made, _Known):
            return made.value
        if not isinstance(made, list | tuple | _Pairs | _Set | _Node):
            return made
        known = self._plain.get(id(made))
        if known is not None:
            return known
        self._kept.append(made)
        if isinstance(made, tuple):
            plain: Any = tuple(self._plainly(item) for item in made)
        elif isinstance(made, list):
            plain = self._plain[id(made)] = []
            plain += [self._plainly(item) for item in made]
        elif isinstance(made, _Set):
            plain = {"set": sorted((self._plainly(item) for item in made.items), key=_rank)}
        elif isinstance(made, _Pairs):
            plain = self._plain[id(made)] = {}
            for key, value in made.pairs:
                plain[_hashable(self._plainly(key))] = self._plainly(value)
        else:
            plain = self._plain[id(made)] = {}
            plain.update({name: self._plainly(part) for name, part in made.parts.items()})
            plain = _understood(plain)
        self._plain[id(made)] = plain
        return plain


class _Known:
    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class _Pairs:
    __slots__ = ("pairs",)

    def __init__(self) -> None:
        self.pairs: list[tuple[Any, Any]] = []


def _pairs(items: list[Any]) -> _Pairs:
    made = _Pairs()
    made.pairs += zip(items[::2], items[1::2], strict=True)
    return made


def _renamed(module: str, name: str) -> str:
    """A name as it is now: NumPy moved its core, and pickles of Python 2 and 3 name built-ins otherwise."""
    module = {"__builtin__": "builtins", "copy_reg": "copyreg"}.get(module, module)
    return f"{module.replace('numpy.core', 'numpy._core')}.{name}"


def _hashable(key: Any) -> Any:
    try:
        hash(key)
    except TypeError:
        return repr(key)
    return key


def _rank(item: Any) -> tuple[str, str]:
    return type(item).__name__, repr(item)


def _named(part: Any) -> str:
    return str(part.get("global", "")) if isinstance(part, dict) else ""


def _understood(node: dict[str, Any]) -> Any:
    """An array, a type or a set where the description is one of such; anything else as it is."""
    call, arguments = _named(node.get("call")), node.get("arguments")
    if call in ("builtins.set", "builtins.frozenset") and isinstance(arguments, tuple) and arguments:
        items = arguments[0]
        return {"set": sorted(items, key=_rank)} if isinstance(items, list) else node
    if call == "_codecs.encode" and isinstance(arguments, tuple) and arguments[1:] == ("latin1",):
        return arguments[0].encode("latin1")
    state = node.get("state")
    if isinstance(state, dict) and _NOISE & state.keys() and _named(node.get("class")).startswith("sklearn."):
        node["state"] = {name: part for name, part in state.items() if name not in _NOISE}
        return node
    if call == "copyreg._reconstructor" and isinstance(state, dict):
        node["state"] = {name: part for name, part in state.items() if name not in _NOISE}
    if not call.startswith("numpy.") or not isinstance(arguments, tuple):
        return node
    try:
        return _array(call, arguments, state, node)
    except ImportError:
        return node


def _composed(np: Any, state: tuple[Any, ...], node: dict[str, Any]) -> Any:
    """A type of fields, or of arrays, if its parts are understood."""
    part, names, fields = state[2:5]
    if part is not None:
        return np.dtype(part) if isinstance(part[0], np.dtype) else node
    parts = [fields[name] for name in names]
    if not all(isinstance(found[0], np.dtype) for found in parts):
        return node
    formats, offsets = [found[0] for found in parts], [found[1] for found in parts]
    return np.dtype({"names": list(names), "formats": formats, "offsets": offsets, "itemsize": state[5]})


def _array(call: str, arguments: tuple[Any, ...], state: Any, node: dict[str, Any]) -> Any:
    np = library("numpy")

    if call == "numpy.dtype" and isinstance(arguments[0], str):
        if isinstance(state, tuple) and len(state) > 5 and (state[2] is not None or state[3] is not None):
            return _composed(np, state, node)
        order = state[1] if isinstance(state, tuple) and len(state) > 1 and state[1] in ("<", ">") else "="
        return np.dtype(arguments[0]).newbyteorder(order)
    if call == "numpy._core.multiarray._reconstruct" and isinstance(state, tuple) and len(state) == 5:
        _, shape, dtype, fortran, data = state
        if isinstance(dtype, np.dtype) and isinstance(data, bytes | bytearray):
            return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")
    if call == "numpy._core.multiarray.scalar" and isinstance(arguments[0], np.dtype):
        return np.frombuffer(arguments[1], arguments[0])[0] if isinstance(arguments[1], bytes) else node
    if call == "numpy._core.numeric._frombuffer" and isinstance(arguments[1], np.dtype):
        data, dtype, shape, order = arguments
        return np.frombuffer(data, dtype).reshape(shape, order=order) if isinstance(data, bytes | bytearray) else node
    return node


_PUSHED = frozenset(
    {
        *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
        *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
        *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
    }
)
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_MADE: dict[str, Callable[[], Any]] = {
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "EMPTY_DICT": _Pairs,
    "EMPTY_SET": lambda: _Set([]),
}
