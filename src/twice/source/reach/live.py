"""Small questions to live objects: what a function holds, where it was defined, what a name stands for."""

from __future__ import annotations

import builtins
import functools
import queue
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar, copy_context
from types import CodeType, FrameType, FunctionType, MethodType, ModuleType, SimpleNamespace
from typing import Final

from twice.source.installed import CACHED
from twice.source.modules import MAIN, Source, is_local
from twice.source.pieces import Piece

MISSING: Final = object()
"""Stands for the value of a name that has none."""

MACHINERY = frozenset(
    {
        "__name__",
        "__file__",
        "__builtins__",
        "__loader__",
        "__spec__",
        "__package__",
        "__path__",
        "__cached__",
        "__annotations__",
        "__dict__",
    }
)
"""What the interpreter itself puts into a module."""


def namespace_of(module: str) -> Mapping[str, object]:
    """A loaded module's variables; empty for one that is not loaded."""
    loaded = sys.modules.get(module)
    return vars(loaded) if loaded is not None else {}


def name_of(module: ModuleType) -> str:
    """The name under which a module is found, whatever it says of itself."""
    said = vars(module).get("__name__")
    if isinstance(said, str) and sys.modules.get(said) is module:
        return said
    spec = getattr(vars(module).get("__spec__"), "name", None)
    if isinstance(spec, str) and sys.modules.get(spec) is module:
        return spec
    return next((name for name, loaded in list(sys.modules.items()) if loaded is module), str(said))


def ask(value: object, attribute: str, default: object = None) -> object:
    """An attribute, where asking may run a user's own ``__getattr__``, which may fail in its own way."""
    try:
        return getattr(value, attribute, default)
    except Exception:
        return default


def attributes_of(value: object) -> Mapping[str, object]:
    """What an object holds under its attributes' names; empty where it keeps no such books, or others."""
    held = ask(value, "__dict__")
    return held if isinstance(held, Mapping) else {}


# -- functions


def owner_of(function: FunctionType) -> ModuleType | None:
    """The module whose names a function's code looks up, whatever it says of itself; None if no module has them."""
    names = function.__globals__
    said = names.get("__name__")
    owner = sys.modules.get(said) if isinstance(said, str) else None
    if owner is not None and getattr(owner, "__dict__", None) is names:
        return owner
    for loaded in list(sys.modules.values()):
        if getattr(loaded, "__dict__", None) is names:
            return loaded
    return None


def module_of(function: FunctionType) -> str:
    """The name of the module whose names a function's code looks up; what it says of itself if no module has them."""
    return name_of_owner(function, owner_of(function))


def name_of_owner(function: FunctionType, owner: ModuleType | None) -> str:
    """What :func:`module_of` says of a function, by what :func:`owner_of` said of it."""
    return name_of(owner) if owner is not None else str(function.__globals__.get("__name__", function.__module__))


def is_local_function(function: FunctionType) -> bool:
    """Whether a function's own code is local, whatever it says of its module."""
    return is_local_owner(owner_of(function))


def is_local_owner(owner: ModuleType | None) -> bool:
    """Whether the code of functions with that owner is local; see :func:`owner_of`."""
    return owner is not None and (owner is sys.modules.get(MAIN) or is_local(owner))


def own_functions(class_: type, *, typed: bool = False) -> list[FunctionType]:
    """The functions that were defined in a class's body, as far as their names tell.

    Args:
        class_: The class.
        typed: Those whose text came from no file, too, as it does where a library makes them.
    """
    found: list[FunctionType] = []
    for value in list(vars(class_).values()):
        parts = (value.fget, value.fset, value.fdel) if isinstance(value, property) else (value,)
        for part in parts:
            function = getattr(part, "__func__", part) if isinstance(part, staticmethod | classmethod) else part
            if isinstance(function, FunctionType) and function.__qualname__.startswith(f"{class_.__qualname__}."):
                found.append(function)
    return [function for function in found if typed or not function.__code__.co_filename.startswith("<string")]


def codes_in(code: CodeType) -> Iterator[CodeType]:
    """A code object, and those of the functions and classes inside it."""
    yield code
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from codes_in(part)


def cells_of(function: FunctionType) -> dict[str, object]:
    """A function's closure variables that have a value."""
    found: dict[str, object] = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # empty: not assigned yet
            continue
    return found


def line_of(value: object) -> int:
    """The first line of the definition that a function, or what a decorator made of one, was compiled from; or 0."""
    own = value if isinstance(value, FunctionType) else attributes_of(value).get("__wrapped__")
    while isinstance(own, FunctionType) and isinstance(vars(own).get("__wrapped__"), FunctionType):
        own = vars(own)["__wrapped__"]
    return own.__code__.co_firstlineno if isinstance(own, FunctionType) else 0


def empty_around(function: FunctionType) -> list[str]:
    """A function's closure variables that have no value (yet): their names mean them all the same, and nothing else."""
    held = cells_of(function)
    return [name for name in function.__code__.co_freevars if name not in held]


# -- classes


def held_by(class_: type) -> dict[str, object]:
    """What a class has itself, by name; a metaclass may have let it have things that have none."""
    return {name: value for name, value in vars(class_).items() if isinstance(name, str)}


def class_cells(class_: type, source: Source | None, definition: Piece | None) -> dict[str, object]:
    """The variables around a class that its own methods hold; generated methods (of a dataclass) hold none of them."""
    found: dict[str, object] = {}
    for function in _methods_written(class_, source, definition):
        found |= cells_of(function)
    found.pop("__class__", None)
    return found


def class_empty_around(class_: type, source: Source | None, definition: Piece | None) -> list[str]:
    """The variables around a class that its own methods mean, and that have no value (yet)."""
    methods = _methods_written(class_, source, definition)
    return sorted({name for function in methods for name in empty_around(function)} - {"__class__"})


def _methods_written(class_: type, source: Source | None, definition: Piece | None) -> Iterator[FunctionType]:
    """The functions in a class that its own statement defines."""
    if source is None or definition is None:
        return
    span = range(definition.first, definition.last + 1)
    for value in vars(class_).values():
        parts = (value.fget, value.fset, value.fdel) if isinstance(value, property) else (value,)
        for part in parts:
            function = ask(part, "__func__", part)
            if not isinstance(function, FunctionType) or not source.holds(function.__code__):
                continue
            if function.__code__.co_firstlineno in span:
                yield function


def subclasses(class_: type) -> list[type]:
    """The classes that inherit from one now; a metaclass may define the method otherwise."""
    found: list[type] = type.__subclasses__(class_)
    return found


# -- values


def home(value: object) -> str:
    """The module that a value comes from: its own, or its type's."""
    module = ask(value, "__module__")
    return module if isinstance(module, str) else type(value).__module__


def parts_of(value: object) -> tuple[object, ...]:
    """What a property, a cache, or a method with some arguments given, is made of; empty for anything else."""
    if isinstance(value, property):
        return (value.fget, value.fset, value.fdel)
    if isinstance(value, functools.partialmethod):
        return (value.func, value.args, dict(value.keywords))
    if isinstance(value, functools.cached_property):
        return (value.func,)
    if type(value) is CACHED:
        parameters = value.cache_parameters()
        return (value.__wrapped__, parameters["maxsize"], parameters["typed"])
    return ()


def parts_held(value: object, is_ours: Callable[[type], bool]) -> list[tuple[str, object, object]]:
    """What something holds that cannot be kept itself: how it is held, under which name, and what.

    A context variable holds what it was set to, an object of the user's own classes (one with a lock, say) and a
    thread's own variables their attributes, as a simple namespace does, a list or dict its items.

    Args:
        value: The thing.
        is_ours: Whether a class is the user's own.
    """
    if isinstance(value, ContextVar):
        held = copy_context().get(value, MISSING)
        return [] if held is MISSING else [("set", None, held)]
    if type(value) is dict:
        return [("item", key, part) for key, part in list(value.items()) if type(key) in (str, int)]
    if type(value) is list:
        return [("item", place, part) for place, part in enumerate(value)]
    if isinstance(value, threading.local | queue.Queue | SimpleNamespace) or is_ours(type(value)):
        return [("attribute", name, part) for name, part in list(attributes_of(value).items())]
    return []


def is_ours(value: object) -> bool:
    """Whether a value belongs to Twice: the pipeline itself, a run."""
    return type(value).__module__.partition(".")[0] == "twice"


def is_remade(value: object) -> bool:
    """Whether a script's variable is better made again by its statement: type variables, aliases and the like."""
    if isinstance(value, MethodType | SimpleNamespace):
        return False
    return type(value).__module__ in ("typing", "typing_extensions", "types")


# -- names


def resolve(chain: Sequence[str], namespace: Mapping[str, object]) -> object:
    """The live object that a name with attributes stands for; ``MISSING`` if there is none."""
    name, *attributes = chain
    value = namespace.get(name, getattr(builtins, name, MISSING))
    for attribute in attributes:
        value = MISSING if value is MISSING else ask(value, attribute, MISSING)
    return value


def frames_at_work(namespace: Mapping[str, object]) -> list[FrameType]:
    """The frames of a module's code that are at work now, the outermost first."""
    found: list[FrameType] = []
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_globals is namespace:
            found.append(frame)
        frame = frame.f_back
    return found[::-1]
