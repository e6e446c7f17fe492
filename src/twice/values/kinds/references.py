"""Classes, functions and modules as values: kept by name, after a check that the name leads back to the same object."""

# ruff: noqa: ARG002, D102 - the methods and their arguments are described by Kind
from __future__ import annotations

import sys
import types
from typing import Any

from twice.errors import ValueNotStorable
from twice.values.kind import Kind, Making


def resolve(name: str, making: Making) -> object:
    """The class, function or module of a ``module:qualname``."""
    module, _, qualified_name = name.partition(":")
    return making.find(module, qualified_name)


def name_of(value: Any) -> str:
    """The ``module:qualname`` under which a class or function can be found again.

    Raises:
        ValueNotStorable: There is no such name.
    """
    qualified_name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None) or "?"
    what = "class" if isinstance(value, type) else "function"
    if "<lambda>" in qualified_name:
        raise ValueNotStorable(
            "a lambda has no name by which it could be found again", hint="define it with def at the top of a module"
        )
    if "<locals>" in qualified_name:
        raise ValueNotStorable(
            f"the {what} {qualified_name} is defined inside a function and cannot be found again by name",
            hint="move its definition to the top of the module",
        )
    module = getattr(value, "__module__", None)
    for candidate in (module, "types") if isinstance(module, str) else holders(value, qualified_name):
        if isinstance(candidate, str) and leads_to(candidate, qualified_name, value):
            return f"{candidate}:{qualified_name}"
    if isinstance(value, type) and module == "builtins":  # the interpreter's own: ``generator`` is types.GeneratorType
        named = sorted(key for key, found in vars(types).items() if found is value)
        if named:
            return f"types:{named[0]}"
    raise ValueNotStorable(
        f"the {what} {module}.{qualified_name} cannot be found again: that name leads to nothing, or to another object",
        hint="give it the name under which its module holds it",
    )


def holders(value: object, name: str) -> list[str]:
    """Modules that hold the object under its name, for objects that do not say where they belong."""
    found = [key for key, module in list(sys.modules.items()) if getattr(module, "__dict__", {}).get(name) is value]
    return sorted(found, key=lambda key: (key.count("."), key))


def leads_to(module: str, qualified_name: str, value: object) -> bool:
    """Whether an object is found under a name in a module that is imported."""
    found: object = sys.modules.get(module)
    try:
        for part in qualified_name.split("."):
            found = getattr(found, part, None)
    except Exception:  # a module's own ``__getattr__``, which may fail in its own way
        return False
    return found is value


class _Reference(Kind):
    classes: tuple[type, ...]

    def recognises(self, cls: type) -> bool:
        return issubclass(cls, self.classes)

    def take_apart(self, value: Any) -> object:
        return name_of(value)

    def put_together(self, state: Any, making: Making) -> object:
        return resolve(state, making)

    def preview(self, value: Any) -> str:
        called = "?" if isinstance(value, types.ModuleType) else getattr(value, "__qualname__", "?")
        return f"{self.name} {called}"


class ClassKind(_Reference):
    """A class, by name."""

    name = "class"
    identity = False
    classes = (type,)


class FunctionKind(_Reference):
    """A function, by name."""

    name = "function"
    identity = False
    classes = (types.FunctionType, types.BuiltinFunctionType)

    def recognises(self, cls: type) -> bool:
        return super().recognises(cls) or cls.__name__ in ("cython_function_or_method", "fused_cython_function")

    def take_apart(self, value: Any) -> object:
        owner = getattr(value, "__self__", None)
        if owner is None or isinstance(owner, types.ModuleType):
            return name_of(value)
        return NotImplemented  # a bound method of an extension type: what it is bound to belongs to it


class ModuleKind(_Reference):
    """A module, by name."""

    name = "module"
    identity = False
    classes = (types.ModuleType,)

    def take_apart(self, value: types.ModuleType) -> object:
        if sys.modules.get(value.__name__) is not value:
            raise ValueNotStorable(f"the module {value.__name__} cannot be imported by its name")
        return f"{value.__name__}:"


class MethodKind(Kind):
    """A method bound to an object: the object, and the function's name."""

    name = "method"
    identity = False

    def recognises(self, cls: type) -> bool:
        return issubclass(cls, types.MethodType | types.BuiltinFunctionType | types.MethodWrapperType)

    def take_apart(self, value: Any) -> object:
        return {"object": value.__self__, "name": value.__name__}

    def put_together(self, state: Any, making: Making) -> object:
        import inspect

        owner = state["object"]
        # Looked up without calling anything: a name may also lead to a property.
        found = inspect.getattr_static(owner, state["name"])
        if isinstance(found, classmethod):
            return types.MethodType(found.__func__, owner)
        if isinstance(found, types.ClassMethodDescriptorType):
            return found.__get__(None, owner)
        if isinstance(found, types.MethodDescriptorType | types.WrapperDescriptorType):
            return found.__get__(owner, type(owner))
        if type(found).__name__ == "cython_function_or_method" or isinstance(found, types.FunctionType):
            return types.MethodType(found, owner)
        raise AttributeError(f"{type(owner).__qualname__} has no method {state['name']!r}")

    def preview(self, value: Any) -> str:
        return f"method {getattr(value, '__qualname__', '?')}"


class WrappedMethodKind(Kind):
    """A ``staticmethod`` or ``classmethod`` by itself, as a class's body holds it: the function in it."""

    name = "wrapped method"
    identity = False

    def recognises(self, cls: type) -> bool:
        return cls is staticmethod or cls is classmethod

    def take_apart(self, value: Any) -> object:
        return [isinstance(value, staticmethod), value.__func__]

    def put_together(self, state: Any, making: Making) -> object:
        static, function = state
        return staticmethod(function) if static else classmethod(function)

    def preview(self, value: Any) -> str:
        return f"{type(value).__name__} {getattr(value.__func__, '__qualname__', '?')}"


KINDS: tuple[Kind, ...] = (ClassKind(), FunctionKind(), ModuleKind(), MethodKind(), WrappedMethodKind())
