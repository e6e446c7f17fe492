"""Any other object, taken apart by the pickle protocol's own reduction: the marked fallback.

The parts become terms like all others, never pickle bytes, so that what pickle's memo and interning do to its bytes
does not matter. Putting such an object together calls what its reduction names, which is why it is marked.
"""

# ruff: noqa: ARG002, D102 - the methods and their arguments are described by Kind
from __future__ import annotations

import copyreg
from collections.abc import Mapping
from typing import Any

from twice.errors import ValueNotStorable
from twice.values.kind import Aside, Kind, Made, Making, Stages
from twice.values.kinds.references import holders, leads_to


def reduced(value: Any) -> dict[str, Any]:
    """An object's reduction as a state: what to call with what, then its state, items and pairs.

    Raises:
        ValueNotStorable: The object does not let itself be reduced.
    """
    cls = type(value)
    try:
        reduce = copyreg.dispatch_table.get(cls)
        reduction: Any = reduce(value) if reduce is not None else value.__reduce_ex__(4)
    except ValueNotStorable:
        raise
    except Exception as problem:
        raise ValueNotStorable(
            f"a {cls.__module__}.{cls.__qualname__} cannot be stored: {problem}",
            hint="return the data that it was made from, give its class a __reduce__ or __getstate__, or write a "
            "kind for it (docs/values.md)",
        ) from problem
    if isinstance(reduction, str):
        return {"global": _global_name(value, reduction)}
    if not _is_reduction(reduction):
        raise ValueNotStorable(
            f"a {cls.__module__}.{cls.__qualname__} cannot be stored: what its __reduce__ returns is no reduction",
            hint="it returns a callable and a tuple of arguments, and at most four things more",
        )
    call, arguments, state, items, pairs, setter = (*reduction, None, None, None, None)[:6]
    result: dict[str, Any]
    if call is copyreg.__newobj__:  # type: ignore[attr-defined]
        result = {"class": arguments[0], "arguments": tuple(arguments[1:])}
    elif call is copyreg.__newobj_ex__:  # type: ignore[attr-defined]
        result = {"class": arguments[0], "arguments": tuple(arguments[1]), "keywords": arguments[2]}
    else:
        result = {"call": call, "arguments": tuple(arguments)}
    if state is not None:
        result["state"] = state
    if items is not None and (listed := tuple(items)):
        result["items"] = listed
    if pairs is not None and (paired := tuple(pairs)):
        result["keys"] = tuple(key for key, _ in paired)
        result["values"] = tuple(item for _, item in paired)
    if setter is not None:
        result["setter"] = setter
    return result


def _is_reduction(reduction: object) -> bool:
    if not isinstance(reduction, tuple) or not 2 <= len(reduction) <= 6:
        return False
    return callable(reduction[0]) and isinstance(reduction[1], tuple)


def _global_name(value: Any, name: str) -> str:
    """Where a module holds the object; a name that leads to something else would name two values alike.

    Raises:
        ValueNotStorable: No module does.
    """
    module = getattr(value, "__module__", None)
    if not isinstance(module, str):
        found = holders(value, name)
        if found:
            return f"{found[0]}:{name}"
    elif "<" not in name and (leads_to(module, name, value) or not _can_tell(module, value)):
        return f"{module}:{name}"
    raise ValueNotStorable(f"no module holds the {type(value).__qualname__} named {name!r}")


def _can_tell(module: str, value: object) -> bool:
    """Whether a module is here as it was where the object was made: not so a script's, where it does not run."""
    cls = type(value)
    return cls.__module__ != module or leads_to(module, cls.__qualname__, cls)


def object_stages(
    state: Mapping[str, Any], allowed: frozenset[str] | None = None, roots: frozenset[str] = frozenset()
) -> Stages:
    """Put a reduced object together, as ``pickle`` would.

    Args:
        state: The reduction's parts as terms.
        allowed: Top-level modules whose classes and functions may be called; None for all.
        roots: Top-level modules of which a class must have a base, where there is an ``allowed``.
    """
    arguments = yield state["arguments"]
    if "class" in state:
        cls = yield state["class"]
        check_class(cls, allowed, roots)
        keywords = (yield state["keywords"]) if "keywords" in state else {}
        result = cls.__new__(cls, *arguments, **keywords)
    else:
        call = yield state["call"]
        check_callable(call, allowed)
        result = call(*arguments)
    yield Made(result)
    if "items" in state:
        items = yield state["items"]
        if isinstance(result, list):
            list.extend(result, items)
        else:
            for item in items:
                result.append(item)
    if "keys" in state:
        keys = yield state["keys"]
        for key, item in zip(keys, (yield state["values"]), strict=True):
            result[key] = item
    if "state" in state:
        inner = yield state["state"]
        if "setter" in state:
            (yield state["setter"])(result, inner)
        else:
            set_state(result, inner)
    return result


def check_callable(call: Any, allowed: frozenset[str] | None) -> None:
    """Refuse what a kind with an allow-list may not call.

    Raises:
        AttributeError: It is of another module.
    """
    if allowed is not None and not may_call(call, allowed):
        raise AttributeError(f"its stream names {call!r} to be called, which this kind of value does not allow")


def check_class(cls: Any, allowed: frozenset[str] | None, roots: frozenset[str]) -> None:
    """Refuse to make an object of a class that brings code of its own for being made.

    Raises:
        AttributeError: It does.
    """
    if allowed is None:
        return
    makers = ("__new__", "__setstate__")
    bases = {base.__module__.partition(".")[0] for base in cls.__mro__} if isinstance(cls, type) else set()
    if not bases & roots or not own_methods(cls, makers, allowed):
        raise AttributeError(f"its stream names the class {cls!r}, which this kind of value does not allow")


def may_call(call: Any, allowed: frozenset[str]) -> bool:
    """Whether a callable belongs to one of some top-level modules."""
    module = getattr(call, "__module__", None) or getattr(type(call), "__module__", "")
    return str(module).partition(".")[0] in allowed


def set_state(result: Any, state: Any) -> None:
    """Give an object its state: by its own ``__setstate__``, or attribute by attribute."""
    setter = getattr(result, "__setstate__", None)
    if setter is not None:
        setter(state)
        return
    slots = None
    if isinstance(state, tuple) and len(state) == 2:
        state, slots = state
    if state:
        result.__dict__.update(state)
    for name, item in (slots or {}).items():
        setattr(result, name, item)


_BASIC = (object, dict, list, set, frozenset, tuple, str, bytes, int, float, complex)
"""Classes of the language whose making of an object calls nothing."""


def own_methods(cls: type, names: tuple[str, ...], allowed: frozenset[str]) -> bool:
    """Whether a class takes all of some methods from ``object`` or from classes of some top-level modules."""
    for name in names:
        for base in cls.__mro__:
            if name in base.__dict__:
                if base not in _BASIC and base.__module__.partition(".")[0] not in allowed:
                    return False
                break
    return True


class LibraryObjectKind(Kind):
    """An object of a library that is trusted to put its own objects together.

    Only classes and functions of that library and its companions are called, so the value is not marked. An object that
    would call anything else is left to :class:`ObjectKind`.

    Args:
        name: The kind's name.
        roots: Top-level modules whose classes it serves.
        companions: Further top-level modules that may be called.
        aside: Names of attributes that do not belong to what an object means.
    """

    staged = True

    def __init__(
        self,
        name: str,
        roots: frozenset[str],
        companions: frozenset[str] = frozenset(),
        aside: frozenset[str] = frozenset(),
    ) -> None:
        self.name = name
        self.roots = roots
        self.allowed = roots | companions
        self.aside = aside

    def recognises(self, cls: type) -> bool:
        return own_methods(cls, ("__new__", "__setstate__", "__reduce__", "__reduce_ex__"), self.allowed)

    def take_apart(self, value: Any) -> object:
        state = reduced(value)
        if "global" in state or ("call" in state and not may_call(state["call"], self.allowed)):
            return NotImplemented
        if "setter" in state:
            return NotImplemented
        inner = state.get("state")
        if self.aside and type(inner) is dict and self.aside & inner.keys():
            # The names are part of the structure, their values are not.
            state["state"] = {name: Aside(item) if name in self.aside else item for name, item in inner.items()}
        return state

    def stages(self, state: Mapping[str, Any], making: Making) -> Stages:
        if "setter" in state:
            raise AttributeError("its stream names a function to set its state, which this kind does not allow")
        return object_stages(state, self.allowed, self.roots)

    def preview(self, value: Any) -> str:
        return type(value).__name__


class GlobalKind(Kind):
    """An object that is reduced to the name under which a module holds it."""

    name = "global"
    identity = False

    def recognises(self, cls: type) -> bool:
        return cls in copyreg.dispatch_table or not own_methods(cls, ("__reduce__", "__reduce_ex__"), frozenset())

    def take_apart(self, value: Any) -> object:
        state = reduced(value)
        return state.get("global", NotImplemented)

    def put_together(self, state: Any, making: Making) -> object:
        module, _, name = state.partition(":")
        return making.find(module, name)


class InstanceKind(Kind):
    """An object of an ordinary class: its class and its attributes. Putting it together calls nothing of the class."""

    name = "instance"
    staged = True

    def recognises(self, cls: type) -> bool:
        return (
            cls not in copyreg.dispatch_table
            and _plainly_made(cls)
            and own_methods(cls, _MAKERS, frozenset())
            and not any(hasattr(cls, name) for name in ("__setstate__", "__getnewargs__", "__getnewargs_ex__"))
        )

    def take_apart(self, value: Any) -> object:
        state = reduced(value)
        inner = state.pop("state", None)
        attributes, slots = inner if isinstance(inner, tuple) and len(inner) == 2 else (inner, None)
        plain = state == {"class": type(value), "arguments": ()}
        if not plain or not all(part is None or type(part) is dict for part in (attributes, slots)):
            return NotImplemented
        return {"class": type(value), "attributes": attributes, "slots": slots}

    def stages(self, state: Mapping[str, Any], making: Making) -> Stages:
        cls = yield state["class"]
        if not isinstance(cls, type) or not _plainly_made(cls):
            raise AttributeError(f"{cls!r} is no ordinary class any more")
        result: Any = object.__new__(cls)
        yield Made(result)
        attributes = yield state["attributes"]
        if attributes:
            result.__dict__.update(attributes)
        for name, item in ((yield state["slots"]) or {}).items():
            object.__setattr__(result, name, item)
        return result

    def preview(self, value: Any) -> str:
        return f"{type(value).__qualname__} object"


def _plainly_made(cls: Any) -> bool:
    """Whether ``object`` itself makes the objects of a class."""
    return cls.__new__ is object.__new__


_MAKERS = ("__new__", "__reduce__", "__reduce_ex__")


class HarmlessKind(Kind):
    """Small tools of the standard library whose making calls nothing but themselves."""

    name = "tool"
    staged = True
    tools = frozenset(
        {
            "functools:partial",
            "itertools:count",
            "operator:attrgetter",
            "operator:itemgetter",
            "operator:methodcaller",
            "types:GenericAlias",
        }
    )

    def recognises(self, cls: type) -> bool:
        return f"{cls.__module__}:{cls.__qualname__}" in self.tools

    def take_apart(self, value: Any) -> object:
        state = reduced(value)
        return state if state.get("call") is type(value) else NotImplemented

    def stages(self, state: Mapping[str, Any], making: Making) -> Stages:
        call = yield state["call"]
        if not isinstance(call, type) or not self.recognises(call):
            raise AttributeError(f"its stream names {call!r} to be called")
        return (yield from object_stages(state))

    def preview(self, value: Any) -> str:
        return type(value).__name__


class ObjectKind(Kind):
    """An object of any class, by its pickle reduction."""

    name = "object"
    staged = True
    executes = True

    def recognises(self, cls: type) -> bool:
        return True

    def take_apart(self, value: Any) -> object:
        return reduced(value)

    def stages(self, state: Mapping[str, Any], making: Making) -> Stages:
        return object_stages(state)

    def preview(self, value: Any) -> str:
        return f"{type(value).__qualname__} object"


KINDS: tuple[Kind, ...] = (HarmlessKind(), GlobalKind(), InstanceKind(), ObjectKind())
