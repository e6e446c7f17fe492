"""How two tensors differ: as arrays do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from twice.values.differences import METADATA, Difference, Gathered
from twice.values.kind import library
from twice.values.terms import Bytes, Mapping, Tagged, Term, plain
from twice.values.words import by_name

if TYPE_CHECKING:
    from twice.values.compare import Comparison

_TYPES = {
    "float64": "<f8", "float32": "<f4", "float16": "<f2", "int64": "<i8", "int32": "<i4", "int16": "<i2", "int8": "i1",
    "uint8": "u1", "uint16": "<u2", "uint32": "<u4", "uint64": "<u8", "bool": "?", "complex64": "<c8",
    "complex128": "<c16",
}  # fmt: skip


def tensors_differ(left: Tagged, right: Tagged, comparison: Comparison, path: str) -> Difference | None:
    """What differs between two tensors."""
    from twice.values.kinds.arrays import figures

    before, after = plain(left.state), plain(right.state)
    for name, word in (("shape", "shape"), ("dtype", "type")):
        if before[name] != after[name]:
            change = (before[name], after[name])
            return Difference(path, f"the {word} was {change[0]} and is {change[1]}", {word: change})
    arrays = _array(before, left), _array(after, right)
    if arrays[0] is None or arrays[1] is None:
        return comparison.states(left, right, path)
    found = figures(*arrays, comparison, path)
    if found is not None:
        return found
    if before == after:
        return None
    changed = [name for name in before if before[name] != after.get(name) and name != "data"]
    if not changed:
        return None
    what = ", ".join(f"{name} was {before[name]} and is {after.get(name)}" for name in changed)
    return Difference(path, what, softer="the numbers are the same", explained=frozenset({METADATA}))


def modules_differ(left: Tagged, right: Tagged, comparison: Comparison, path: str) -> Difference | None:
    """What differs between two modules: their parameters and buffers by the names of their state dicts."""
    found = comparison.states(left, right, path)
    if found is None:
        return None
    before, after = dict(_tensors(left, "")), dict(_tensors(right, ""))
    if not before or before.keys() != after.keys():
        return found
    parts = Gathered()
    for name in before:
        parts.add(comparison.differ(before[name], after[name], f"{path}.{name}"))
    if not parts.count:
        return found
    what = f"{parts.count} of {len(before)} parameters and buffers differ"
    detail = {"differing": parts.count, "size": len(before)}
    return replace(found, path=path, what=what, detail=detail, children=tuple(parts.shown))


def _tensors(module: Term, prefix: str) -> Iterator[tuple[str, Term]]:
    state = module.part("state") if isinstance(module, Tagged) else None
    parts = by_name(state) if isinstance(state, Mapping) else {}
    for kind in ("_parameters", "_buffers", "_modules"):
        held = parts.get(kind)
        held = held.part("items") if isinstance(held, Tagged) else held
        for name, part in by_name(held).items() if isinstance(held, Mapping) else ():
            if kind == "_modules":
                yield from _tensors(part, f"{prefix}{name}.")
            elif part is not None:
                yield f"{prefix}{name}", part


def _array(state: dict[str, Any], term: Tagged) -> Any:
    try:
        np = library("numpy")
    except ImportError:
        return None
    part = term.part("data")
    data = part.view() if isinstance(part, Bytes) else memoryview(b"")
    if state["dtype"] == "bfloat16":
        return (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4").reshape(state["shape"])
    code = _TYPES.get(state["dtype"])
    return None if code is None else np.frombuffer(data, code).reshape(state["shape"])
