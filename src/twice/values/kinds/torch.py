"""PyTorch: tensors by type, shape and numbers; modules and optimizers by their own reduction. No unpickling.

Tensors that share memory share it again when they come back, as tied weights must. Which of them do is kept aside: it
does not belong to what a tensor means, and neither does the device that it was on, nor its strides.
"""

# ruff: noqa: ARG002, D102 - the methods and their arguments are described by Kind
from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from twice.errors import ValueNotStorable
from twice.values.kind import Aside, Buffer, Kind, Making, library
from twice.values.kinds.objects import LibraryObjectKind

if TYPE_CHECKING:
    from twice.values.compare import Comparison, Difference
    from twice.values.terms import Tagged

_ROOTS = frozenset({"torch"})


class Memory:
    """A stretch of memory that tensors lie in; made anew when the first of them comes back."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.storage: Any = None


class MemoryKind(Kind):
    """The memory of tensors: how large it is, and, by its identity, which tensors share it."""

    name = "torch.memory"
    roots = _ROOTS

    def recognises(self, cls: type) -> bool:
        return cls.__module__ == "torch.storage" and cls.__qualname__ == "UntypedStorage"

    def take_apart(self, value: Any) -> object:
        return {"size": value.nbytes()}

    def put_together(self, state: Any, making: Making) -> object:
        return Memory(state["size"])


class TensorKind(Kind):
    """A dense tensor or parameter, on any device; it comes back on the CPU, since another one may not be there."""

    name = "torch.Tensor"
    roots = _ROOTS

    def recognises(self, cls: type) -> bool:
        return f"{cls.__module__}.{cls.__qualname__}" in (
            "torch.Tensor", "torch.nn.parameter.Parameter", "torch.nn.parameter.Buffer",
        )  # fmt: skip

    def take_apart(self, value: Any) -> object:
        torch = library("torch")

        if value.layout != torch.strided or value.is_quantized or value.is_meta or value.is_nested:
            return NotImplemented
        here = value.detach().cpu().resolve_conj().resolve_neg()
        shared = None
        if value.device.type == "cpu" and not value.is_conj() and not value.is_neg():
            memory = value.detach().untyped_storage()
            shared = (memory, value.storage_offset(), tuple(value.stride()))
        return {
            "class": type(value).__qualname__,
            "dtype": str(value.dtype).removeprefix("torch."),
            "shape": tuple(value.shape),
            "requires_grad": value.requires_grad,
            "persistent": getattr(value, "persistent", None),
            "data": Buffer(_bytes_of(here)),
            "memory": Aside(shared),
            "device": Aside(None if value.device.type == "cpu" else str(value.device)),
        }

    def put_together(self, state: Any, making: Making) -> object:
        torch = library("torch")

        dtype = getattr(torch, state["dtype"], None)
        if not isinstance(dtype, torch.dtype):
            raise AttributeError(f"PyTorch has no type {state['dtype']!r} here")
        tensor = _placed(state, dtype)
        if state["class"] == "Parameter":
            return torch.nn.Parameter(tensor, requires_grad=state["requires_grad"])
        if state["class"] == "Buffer":
            return torch.nn.Buffer(tensor, persistent=state["persistent"])
        return tensor.requires_grad_() if state["requires_grad"] else tensor

    def preview(self, value: Any) -> str:
        return f"tensor {str(value.dtype).removeprefix('torch.')} {tuple(value.shape)}"

    def compare(self, left: Tagged, right: Tagged, comparison: Comparison, path: str) -> Difference | None:
        from twice.values.kinds.tensors import tensors_differ

        return tensors_differ(left, right, comparison, path)


def _bytes_of(tensor: Any) -> memoryview:
    """A tensor's numbers in C order, without a copy where they lie so."""
    torch = library("torch")

    if not tensor.numel():
        return memoryview(b"")
    flat = tensor.contiguous().reshape(-1).view(torch.uint8)
    return memoryview(flat.numpy()).cast("B")


def _placed(state: Any, dtype: Any) -> Any:
    """A tensor in its memory: that which it was given if it fills all of it, else its own part of what others share."""
    torch = library("torch")

    shape, data = state["shape"], state["data"]
    count = math.prod(shape)
    own = torch.empty(shape, dtype=dtype)
    if count:
        small = len(data) < 1 << 16  # small parts are copied out of the skeleton, which is read-only
        own = torch.frombuffer(bytearray(data) if small else data, dtype=dtype, count=count).reshape(shape)
    if state["memory"] is None:
        return own
    memory, offset, strides = state["memory"]
    if not isinstance(memory, Memory):
        raise AttributeError("a tensor's memory is none")
    width = dtype.itemsize
    reach = 1 + sum((length - 1) * stride for length, stride in zip(shape, strides, strict=True)) if count else 0
    if min((offset, *strides)) < 0 or (offset + reach) * width > memory.size:
        raise AttributeError("a tensor lies outside of its memory")
    whole = not offset and own.stride() == tuple(strides) and count * width == memory.size
    if whole and memory.storage is None:
        memory.storage = own.untyped_storage()
        return own
    if memory.storage is None:
        memory.storage = torch.zeros(memory.size, dtype=torch.uint8).untyped_storage()
    placed = torch.empty(0, dtype=dtype).set_(memory.storage, offset, shape, tuple(strides))
    if count and all(strides[place] or shape[place] <= 1 for place in range(len(shape))):
        placed.copy_(own)
    elif count:  # expanded: many places of the tensor are one place in memory
        first = tuple(slice(0, 1) if not stride else slice(None) for stride in strides)
        placed[first].copy_(own[first])
    return placed


class RandomKind(Kind):
    """A random generator: its state."""

    name = "torch.Generator"
    roots = _ROOTS

    def recognises(self, cls: type) -> bool:
        return cls.__module__ in ("torch._C", "torch") and cls.__qualname__ == "Generator"

    def take_apart(self, value: Any) -> object:
        if value.device.type != "cpu":
            raise ValueNotStorable(f"a random generator on {value.device} cannot be stored", hint="store its seed")
        return {"state": value.get_state()}

    def put_together(self, state: Any, making: Making) -> object:
        made = library("torch").Generator()
        made.set_state(state["state"])
        return made


class NamedKind(Kind):
    """A type of numbers, a layout, a memory format, a size, a device."""

    name = "torch.name"
    roots = _ROOTS
    identity = False

    def recognises(self, cls: type) -> bool:
        return cls.__module__ == "torch" and cls.__qualname__ in ("dtype", "layout", "memory_format", "Size", "device")

    def take_apart(self, value: Any) -> object:
        what = type(value).__qualname__
        return {"what": what, "value": tuple(value) if what == "Size" else str(value)}

    def put_together(self, state: Any, making: Making) -> object:
        torch = library("torch")

        what, value = state["what"], state["value"]
        if what == "Size":
            return torch.Size(value)
        if what == "device":
            return torch.device(value)
        found = getattr(torch, value.removeprefix("torch."))
        if type(found).__qualname__ != what:
            raise AttributeError(f"PyTorch has no {what} {value!r} here")
        return found


class ModuleKind(LibraryObjectKind):
    """A module, optimizer or scheduler: its attributes, tensors among them."""

    def preview(self, value: Any) -> str:
        parameters = getattr(value, "_parameters", None)
        if parameters is None:
            return type(value).__name__
        pending, count = [value], 0
        while pending:
            module = pending.pop()
            inner = vars(module)
            count += sum(one.numel() for one in inner.get("_parameters", {}).values() if one is not None)
            pending += [one for one in inner.get("_modules", {}).values() if one is not None]
        return f"{type(value).__name__} of {count} parameters"


KINDS: tuple[Kind, ...] = (
    TensorKind(),
    MemoryKind(),
    RandomKind(),
    NamedKind(),
    ModuleKind("torch.object", _ROOTS, frozenset({"numpy", "collections"})),
)
