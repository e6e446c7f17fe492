"""Pydantic: models by their fields; putting one together validates nothing and calls nothing of its class."""

# ruff: noqa: ARG002, D102 - the methods and their arguments are described by Kind
from __future__ import annotations

from typing import Any

from twice.values.kind import Kind, Made, Making, Stages

_PARTS = ("__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")
_OWN = ("__new__", "__reduce__", "__reduce_ex__", "__getstate__", "__setstate__")


class PydanticKind(Kind):
    """A model of version 2: its class, its fields, which of them were set, what is private or extra."""

    name = "pydantic.BaseModel"
    roots = frozenset({"pydantic"})
    staged = True

    def recognises(self, cls: type) -> bool:
        if not any(base.__module__ == "pydantic.main" and base.__qualname__ == "BaseModel" for base in cls.__mro__):
            return False
        users = [base for base in cls.__mro__ if base is not object and not base.__module__.startswith("pydantic")]
        return not any(name in base.__dict__ for base in users for name in _OWN)

    def take_apart(self, value: Any) -> object:
        return {
            "class": type(value),
            "fields": dict(value.__dict__),
            "set": frozenset(value.__pydantic_fields_set__),
            "extra": value.__pydantic_extra__,
            "private": None if value.__pydantic_private__ is None else dict(value.__pydantic_private__),
        }

    def stages(self, state: Any, making: Making) -> Stages:
        cls = yield state["class"]
        if not isinstance(cls, type) or not self.recognises(cls):
            raise AttributeError(f"{cls!r} is no plain pydantic model any more")
        result: Any = object.__new__(cls)
        yield Made(result)
        object.__setattr__(result, "__dict__", (yield state["fields"]))
        values = (set((yield state["set"])), (yield state["extra"]), (yield state["private"]))
        for name, item in zip(_PARTS, values, strict=True):
            object.__setattr__(result, name, item)
        return result

    def preview(self, value: Any) -> str:
        return f"{type(value).__name__}({', '.join(value.__dict__)})"


KINDS: tuple[Kind, ...] = (PydanticKind(),)
