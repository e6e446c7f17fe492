"""PyTorch: tensors by type, shape and numbers; modules and optimizers by their own reduction. No unpickling.

Tensors that share memory share it again when they come back, as tied weights must. Which of them do is kept aside: it
does not belong to what a tensor means, and neither does the device that it was on, nor its strides.
"""

# ruff: noqa: ARG002, D102 - the methods and their arguments are described by Kind
from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from twice.errors import Damaged, ValueNotStorable
from twice.values.format import OUTSIDE
from twice.values.kind import Aside, Buffer, Kind, Making, library
from twice.values.kinds.objects import LibraryObjectKind
from twice.values.memory import Memory, Place, Window

if TYPE_CHECKING:
    from twice.values.compare import Comparison
    from twice.values.differences import Difference
    from twice.values.terms import Tagged

_ROOTS = frozenset({"torch"})


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
        window = None
        if value.device.type == "cpu" and value.numel():
            window = Window(value.detach(), _place, borrowed=True)
        return {
            "class": type(value).__qualname__,
            "dtype": str(value.dtype).removeprefix("torch."),
            "shape": tuple(value.shape),
            "requires_grad": value.requires_grad,
            "persistent": getattr(value, "persistent", None),
            "data": Buffer(_bytes_of(here)),
            "memory": Aside(window),
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


def _place(tensor: Any) -> Place:
    width = tensor.element_size()
    strides = tuple(stride * width for stride in tensor.stride())
    # Conjugated numbers are not what lies in memory.
    form = "fixed" if tensor.is_conj() or tensor.is_neg() else "bytes"
    lone = not tensor.is_contiguous() and form == "bytes"
    return Place(tensor.data_ptr(), tuple(tensor.shape), strides, width, True, form, lone)


def _placed(state: Any, dtype: Any) -> Any:
    """A tensor in its memory: that which it was given if it fills all of it, else its own part of what others share."""
    torch = library("torch")

    shape, data = state["shape"], state["data"]
    count, width = math.prod(shape), dtype.itemsize
    own = torch.empty(shape, dtype=dtype)
    if count:
        small = len(data) < OUTSIDE  # small parts are copied out of the skeleton, which is read-only
        data = bytearray(data) if small else data
        own = torch.frombuffer(data, dtype=dtype, count=count).reshape(shape)
    if state["memory"] is None or not count:
        return own
    memory, offset, strides = state["memory"]
    if not isinstance(memory, Memory):
        raise Damaged("a tensor is said to lie in what is no memory.")
    memory.check(shape, strides, width, offset)
    steps = tuple(stride // width for stride in strides)
    if min((offset, *strides)) < 0 or any(part % width for part in (offset, *strides)):
        raise Damaged("a tensor is said to lie where none can.")
    if memory.adopt(data, offset, whole=own.stride() == steps):
        memory.known["torch"] = own.untyped_storage()
        return own
    storage = memory.known.get("torch")
    if storage is None:
        storage = memory.known["torch"] = torch.frombuffer(memory.bytes(), dtype=torch.uint8).untyped_storage()
    placed = torch.empty(0, dtype=dtype).set_(storage, offset // width, shape, steps)
    if memory.filled:
        return placed
    if all(strides[place] or shape[place] <= 1 for place in range(len(shape))):
        placed.copy_(own)
    else:  # expanded: many places of the tensor are one place in memory
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

    def compare(self, left: Tagged, right: Tagged, comparison: Comparison, path: str) -> Difference | None:
        from twice.values.kinds.tensors import modules_differ

        return modules_differ(left, right, comparison, path)


KINDS: tuple[Kind, ...] = (
    TensorKind(),
    RandomKind(),
    NamedKind(),
    ModuleKind("torch.object", _ROOTS, frozenset({"numpy", "collections"})),
)
