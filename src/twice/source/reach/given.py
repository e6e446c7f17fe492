"""Whether importing a module gives one of its names what it has by now, or somebody put it there later."""

from __future__ import annotations

import functools
import sys
from types import FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING

from twice.source.modules import is_local
from twice.source.pieces import CLASS, IMPORT, Piece
from twice.source.reach.live import MISSING, ask, attributes_of, cells_of, line_of, module_of, namespace_of, resolve
from twice.source.toplevel import absolute

if TYPE_CHECKING:
    from twice.source.reach.walk import Reach

_DEEP = 50
"""How many modules that hand a name on are gone through; some import one another."""
_PLAIN = (int, float, complex, bool, str, bytes, bytearray, type(None), tuple, list, dict, set, frozenset)


def is_plain(value: object) -> bool:
    """Whether something is data of the language's own types, which no decorator makes of a function by itself."""
    return type(value) in _PLAIN


def is_importable(function: FunctionType) -> bool:
    """Whether a module leads to a function by the names that it says of itself."""
    names = namespace_of(str(function.__module__))
    return resolve(function.__qualname__.split("."), names) is function if names else False


def given_by_import(walk: Reach, module: str, name: str, value: object, deep: int = 0) -> bool:
    """Whether importing a module surely gives one of its names a value: its own definition does, or an import.

    Args:
        walk: The walk.
        module: The module; it is loaded.
        name: The name.
        value: A function, a class, or what an extension module has.
        deep: How many modules have handed it on.
    """
    loaded = sys.modules.get(module)
    if loaded is None or not is_local(loaded):
        return loaded is not None and ask(loaded, name, MISSING) is value
    source = walk.library.module(module)
    if source is None or deep > _DEEP or vars(loaded).get(name, MISSING) is not value:
        return False
    top = walk.sources.survey(module)
    definition = top.definition(name, line_of(value))
    if definition is not None:
        return _is_own(definition, module, value)
    if any(piece.kind != IMPORT for piece in top.bindings.get(name, ())):
        return False
    for bound, imported in top.imports:
        if imported.attribute == "*" or bound == name:
            attribute = name if imported.attribute == "*" else str(imported.attribute)
            origin = absolute(imported, module, package=source.package)
            if given_by_import(walk, origin, attribute, value, deep + 1):
                return True
    return False


def _is_own(definition: Piece, module: str, value: object) -> bool:
    if definition.kind == CLASS:
        return isinstance(value, type) and (value.__module__, value.__name__) == (module, definition.name)
    return holds_definition(value, definition, 0)


def holds_definition(value: object, definition: Piece, deep: int = 3, seen: frozenset[int] = frozenset()) -> bool:
    """Whether something is the function that a definition made, or wraps it, as decorators do.

    Args:
        value: The thing.
        definition: The definition.
        deep: Through how many things that it holds to look, other than by ``__wrapped__``.
        seen: What holds it.
    """
    if id(value) in seen:
        return False
    seen |= {id(value)}
    if isinstance(value, FunctionType):
        code = value.__code__
        if (code.co_filename, code.co_firstlineno) == (definition.source.file, definition.first):
            return True
    own = attributes_of(value)
    if "__wrapped__" in own and holds_definition(own["__wrapped__"], definition, deep, seen):
        return True
    if not deep:
        return False
    held = [*own.values()]
    if isinstance(value, FunctionType):
        held += cells_of(value).values()
    elif isinstance(value, MethodType | staticmethod | classmethod):
        held += [value.__func__, getattr(value, "__self__", None)]
    elif isinstance(value, functools.partial):
        held += [value.func]
    parts = [part for part in held if not isinstance(part, type | ModuleType)]
    return any(holds_definition(part, definition, deep - 1, seen) for part in parts)


def made_by_decorator(function: FunctionType, definition: Piece, module: str) -> bool:
    """Whether a function was made inside one of a definition's decorators, as far as their names tell.

    Args:
        function: What the defined name stands for.
        definition: The decorated definition.
        module: Where it stands.
    """
    maker, inside, _ = function.__code__.co_qualname.partition(".<locals>.")
    if not inside:
        return False
    made = resolve(maker.split("."), namespace_of(module_of(function)))
    names = namespace_of(module)
    return any(chain is None or resolve(chain, names) in (made, MISSING) for chain in definition.known.calls)
