"""Containers of the standard library beyond the six of the language, and classes that only hold named fields."""

# ruff: noqa: ARG002, D102 - the methods and their arguments are described by Kind
from __future__ import annotations

import collections
import dataclasses
from typing import TYPE_CHECKING, Any

from twice.values.kind import Kind, Made, Making, Stages

if TYPE_CHECKING:
    from twice.values.compare import Comparison
    from twice.values.differences import Difference
    from twice.values.terms import Tagged


class _Fielded(Kind):
    """The base of kinds that keep fields as names and values; they are compared under their names."""

    def compare(self, left: Tagged, right: Tagged, comparison: Comparison, path: str) -> Difference | None:
        return comparison.records(_by_field(left), _by_field(right), path, flat=())


def _by_field(value: Tagged) -> dict[str, Any]:
    from twice.values.terms import Container, Mapping
    from twice.values.words import by_name

    names, values, more = value.part("fields") or value.part("names"), value.part("values"), value.part("more")
    assert isinstance(names, Container)
    assert isinstance(values, Container)
    fields = dict(zip(map(str, names.items), values.items, strict=True))
    return {"class": value.part("class"), **fields, **(by_name(more) if isinstance(more, Mapping) else {})}


class _Holding(Kind):
    """The base of kinds that hold items beside little else; these are compared under the container's own place."""

    word: str

    def compare(self, left: Tagged, right: Tagged, comparison: Comparison, path: str) -> Difference | None:
        from twice.values.differences import group
        from twice.values.terms import Container, Mapping

        first, second = left.part("items"), right.part("items")
        items: Difference | None = None
        if isinstance(first, Mapping) and isinstance(second, Mapping):
            items = comparison.mappings(first, second, path)
        elif isinstance(first, Container) and isinstance(second, Container):
            items = comparison.sequences(first.items, second.items, path, self.word)
        else:
            return comparison.states(left, right, path)
        other = [
            comparison.differ(left.part(name), right.part(name), f"{path}.{name}") for name in ("factory", "maxlen")
        ]
        return group(path, [part for part in (items, *other) if part is not None])


class NamedTupleKind(_Fielded):
    """A named tuple: its class and its fields by name."""

    name = "namedtuple"
    identity = False

    def recognises(self, cls: type) -> bool:
        return issubclass(cls, tuple) and isinstance(getattr(cls, "_fields", None), tuple) and hasattr(cls, "_make")

    def take_apart(self, value: Any) -> object:
        cls = type(value)
        return {"class": cls, "names": cls._fields, "values": tuple(value)}

    def put_together(self, state: Any, making: Making) -> object:
        cls = state["class"]
        if cls._fields != state["names"]:
            raise AttributeError(f"the fields of {cls.__qualname__} are not the same any more")
        return tuple.__new__(cls, state["values"])

    def preview(self, value: Any) -> str:
        return f"{type(value).__name__}({', '.join(type(value)._fields)})"


class OrderedDictKind(_Holding):
    """An OrderedDict: its pairs."""

    name = "collections.OrderedDict"
    word = "OrderedDict"
    staged = True

    def recognises(self, cls: type) -> bool:
        return cls is collections.OrderedDict

    def take_apart(self, value: collections.OrderedDict[Any, Any]) -> object:
        return {"items": dict(value)}

    def stages(self, state: Any, making: Making) -> Stages:
        result: collections.OrderedDict[Any, Any] = collections.OrderedDict()
        yield Made(result)
        result.update((yield state["items"]))
        return result

    def preview(self, value: collections.OrderedDict[Any, Any]) -> str:
        return f"OrderedDict of {len(value)}"


class DefaultDictKind(_Holding):
    """A defaultdict: its factory and its pairs."""

    name = "collections.defaultdict"
    word = "defaultdict"
    staged = True

    def recognises(self, cls: type) -> bool:
        return cls is collections.defaultdict

    def take_apart(self, value: collections.defaultdict[Any, Any]) -> object:
        return {"factory": value.default_factory, "items": dict(value)}

    def stages(self, state: Any, making: Making) -> Stages:
        result: collections.defaultdict[Any, Any] = collections.defaultdict()
        yield Made(result)
        result.default_factory = yield state["factory"]
        result.update((yield state["items"]))
        return result

    def preview(self, value: collections.defaultdict[Any, Any]) -> str:
        return f"defaultdict of {len(value)}"


class CounterKind(_Holding):
    """A Counter: its counts, in order."""

    name = "collections.Counter"
    word = "Counter"

    def recognises(self, cls: type) -> bool:
        return cls is collections.Counter

    def take_apart(self, value: collections.Counter[Any]) -> object:
        return {"items": dict(value)}

    def put_together(self, state: Any, making: Making) -> object:
        result: collections.Counter[Any] = collections.Counter()
        dict.update(result, state["items"])
        return result

    def preview(self, value: collections.Counter[Any]) -> str:
        return f"Counter of {len(value)}"


class DequeKind(_Holding):
    """A deque: its items and its greatest length."""

    name = "collections.deque"
    word = "deque"
    staged = True

    def recognises(self, cls: type) -> bool:
        return cls is collections.deque

    def take_apart(self, value: collections.deque[Any]) -> object:
        return {"items": tuple(value), "maxlen": value.maxlen}

    def stages(self, state: Any, making: Making) -> Stages:
        result: collections.deque[Any] = collections.deque(maxlen=(yield state["maxlen"]))
        yield Made(result)
        result.extend((yield state["items"]))
        return result

    def preview(self, value: collections.deque[Any]) -> str:
        return f"deque of {len(value)}"


class DataClassKind(_Fielded):
    """A data class: its class and its fields; ``__init__`` and ``__post_init__`` are not called again."""

    name = "dataclass"
    staged = True

    def recognises(self, cls: type) -> bool:
        if not dataclasses.is_dataclass(cls) or any(
            base in cls.__mro__ for base in (dict, list, set, tuple, str, int, float)
        ):
            return False
        custom = [base for base in cls.__mro__ if base is not object and not _generated_state(base)]
        return not any(
            name in base.__dict__
            for base in custom
            for name in (
                "__reduce__",
                "__reduce_ex__",
                "__getnewargs__",
                "__getnewargs_ex__",
                "__setstate__",
                "__getstate__",
            )
        )

    def take_apart(self, value: Any) -> object:
        fields = [field.name for field in dataclasses.fields(value)]
        attributes = {name: getattr(value, name) for name in fields if _is_set(value, name)}
        more = {name: item for name, item in getattr(value, "__dict__", {}).items() if name not in fields}
        return {"class": type(value), "fields": tuple(attributes), "values": tuple(attributes.values()), "more": more}

    def stages(self, state: Any, making: Making) -> Stages:
        cls = yield state["class"]
        if not isinstance(cls, type) or not dataclasses.is_dataclass(cls):
            raise AttributeError(f"{cls!r} is not a data class any more")
        return (yield from _filled(cls, state))

    def preview(self, value: Any) -> str:
        return f"{type(value).__name__}({', '.join(field.name for field in dataclasses.fields(value))})"


class AttrsKind(_Fielded):
    """An object of a class made by attrs: its class and its fields; ``__init__`` is not called again."""

    name = "attrs"
    staged = True
    own = ("__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__getnewargs__", "__getnewargs_ex__")

    def recognises(self, cls: type) -> bool:
        if "__attrs_attrs__" not in {name for base in cls.__mro__ for name in base.__dict__}:
            return False
        if any("__new__" in base.__dict__ for base in cls.__mro__ if base is not object):
            return False
        users = [base for base in cls.__mro__ if base is not object]
        return not any(
            name in base.__dict__ and not _by_attrs(base.__dict__[name]) for base in users for name in self.own
        )

    def take_apart(self, value: Any) -> object:
        fields = [field.name for field in type(value).__attrs_attrs__ if hasattr(value, field.name)]
        values = tuple(getattr(value, name) for name in fields)
        more = {name: item for name, item in getattr(value, "__dict__", {}).items() if name not in fields}
        return {"class": type(value), "fields": tuple(fields), "values": values, "more": more}

    def stages(self, state: Any, making: Making) -> Stages:
        cls = yield state["class"]
        if not isinstance(cls, type) or not self.recognises(cls):
            raise AttributeError(f"{cls!r} is not made by attrs any more")
        return (yield from _filled(cls, state))

    def preview(self, value: Any) -> str:
        return f"{type(value).__name__}({', '.join(field.name for field in type(value).__attrs_attrs__)})"


def _filled(cls: type, state: Any) -> Stages:
    """An object of a class with fields, made without ``__init__`` and whatever the class does when a field is set."""
    result: Any = object.__new__(cls)
    yield Made(result)
    names = yield state["fields"]
    values = yield state["values"]
    more = yield state["more"]
    for name, item in (*zip(names, values, strict=True), *more.items()):
        object.__setattr__(result, name, item)
    return result


def _by_attrs(method: Any) -> bool:
    """Whether attrs wrote a method: it does so for classes with slots."""
    return getattr(method, "__name__", "") in ("slots_getstate", "slots_setstate")


def _is_set(value: object, name: str) -> bool:
    """Whether an attribute has a value, without calling a property for it."""
    if name in getattr(value, "__dict__", {}):
        return True
    return any(name in getattr(base, "__slots__", ()) for base in type(value).__mro__) and hasattr(value, name)


def _generated_state(cls: type) -> bool:
    """Whether the only reduction of a class is the one that ``dataclass(frozen=True, slots=True)`` writes."""
    getter = cls.__dict__.get("__getstate__")
    return getattr(getter, "__module__", None) == "dataclasses" or (
        getter is not None and getattr(getter, "__name__", "") == "_dataclass_getstate"
    )


KINDS: tuple[Kind, ...] = (
    NamedTupleKind(), OrderedDictKind(), DefaultDictKind(), CounterKind(), DequeKind(), DataClassKind(),
    AttrsKind(),
)  # fmt: skip
