"""Where classes come from, whatever they say: ``__module__`` and a module's ``__name__`` can be set to anything."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from twice.source.modules import is_local
from twice.source.pieces import CLASS
from twice.source.reach.live import attributes_of, is_local_function, module_of, name_of, own_functions

if TYPE_CHECKING:
    from twice.source.reach.sources import Sources


class Homes:
    """The modules that classes come from.

    Args:
        sources: The texts in which definitions are looked up.
    """

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._found: dict[int, tuple[type, str]] = {}
        self._bound: dict[int, str] | None = None

    def of(self, class_: type) -> str:
        """The module that a class comes from; empty if it says nothing that could be one."""
        known = self._found.get(id(class_))
        if known is None:
            known = self._found[id(class_)] = (class_, self._look(class_))
        return known[1]

    def is_local(self, class_: type) -> bool:
        """Whether a class comes from a local module."""
        owner = sys.modules.get(self.of(class_))
        return owner is not None and is_local(owner)

    def _look(self, class_: type) -> str:
        said = class_.__module__
        said = said if isinstance(said, str) else ""
        for function in own_functions(class_):  # those of a named tuple are the library's
            if is_local_function(function):
                return module_of(function)
        if said and leads_to(said, class_):
            return said
        if self._bound is None:
            self._bound = self._bindings()
        return self._bound.get(id(class_), said)

    def _bindings(self) -> dict[int, str]:
        """The classes that class statements at the top level of loaded local modules made."""
        found: dict[int, str] = {}
        for module in list(sys.modules.values()):
            if not hasattr(module, "__dict__") or not is_local(module):
                continue
            name = name_of(module)
            for bound, value in list(vars(module).items()):
                if isinstance(value, type) and value.__name__ == bound:
                    definition = self._sources.survey(name).definition(bound)
                    if definition is not None and definition.kind == CLASS:
                        found[id(value)] = name
        return found


def leads_to(module: str, class_: type) -> bool:
    """Whether a class's own name leads to it, in a module."""
    found: object = sys.modules.get(module)
    for part in class_.__qualname__.split("."):
        found = attributes_of(found).get(part)
    return found is class_
