"""The memory that several arrays of a value share; a part of what is kept aside, never a value of its own."""

# ruff: noqa: ARG002, D102 - the methods and their arguments are described by Kind
from __future__ import annotations

from typing import Any

from twice.errors import Damaged
from twice.values.kind import Kind, Making
from twice.values.memory import Memory


class MemoryKind(Kind):
    """How large a stretch of memory is; which arrays lie in it is seen by its identity."""

    name = "memory"

    def recognises(self, cls: type) -> bool:
        return cls is Memory

    def take_apart(self, value: Memory) -> object:
        return (value.size, value.form)

    def put_together(self, state: Any, making: Making) -> object:
        size, form = state
        if form not in ("bytes", "objects") or size < 0:
            raise Damaged("a stored value lies in memory of a form that does not exist.")
        return Memory(size, form)


KINDS: tuple[Kind, ...] = (MemoryKind(),)
