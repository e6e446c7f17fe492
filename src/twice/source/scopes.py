"""Scopes: which names a function, class or comprehension binds, and what they are called in the normal form."""

from __future__ import annotations

from collections.abc import Sequence

from twice.source.uses import Import


class Scope:
    """One scope, filled while its code is gone through; what it says of a name is right once that is over.

    Args:
        parent: The scope around it; None for a module's top level.
        function: Whether names in it are seen from scopes inside it; a class's are not.
        renames: Whether its names may get others at all.
        comprehension: Whether it is that of a comprehension, in which a walrus binds a name of the scope around.

    Attributes:
        bound: The names that it binds.
        kept: Names of its own that somebody outside may see, and that so keep their names: parameters, classes.
        inner: The names of functions inside it.
        elsewhere: Names declared global.
        outer: Names declared nonlocal.
        imports: The imports that bind a name of it.
        sees: Something in it, or in a scope inside it, may look up local variables by name.
        asks: Something in it may ask what a function is called.
        loaded: Names that are handed around in it, rather than only called.
    """

    __slots__ = (
        "_called",
        "asks",
        "binder",
        "bound",
        "depth",
        "elsewhere",
        "function",
        "imports",
        "inner",
        "kept",
        "loaded",
        "outer",
        "parent",
        "renames",
        "sees",
    )

    def __init__(self, parent: Scope | None, *, function: bool, renames: bool = True, comprehension: bool = False):
        self.parent = parent
        self.function = function
        self.renames = renames
        self.depth: int = (parent.depth if parent is not None else 0) + (1 if function else 0)
        self.binder: Scope | None = self if not comprehension else parent.binder if parent is not None else None
        self.bound: set[str] = set()
        self.kept: set[str] = set()
        self.inner: set[str] = set()
        self.elsewhere: set[str] = set()
        self.outer: set[str] = set()
        self.imports: dict[str, list[Import]] = {}
        self.sees = False
        self.asks = False
        self.loaded: set[str] = set()
        self._called: dict[str, str] = {}

    def canonical(self, name: str) -> str:
        """What a name that it binds is called in the normal form."""
        if not self.renames or name in self.kept:
            return name
        found = self._called.get(name)
        if found is None:
            found = self._called[name] = f"%{self.depth}.{len(self._called)}"
        return found

    def own(self, name: str) -> str:
        """What a name is called here where this scope binds it; the name itself otherwise."""
        return self.canonical(name) if name in self.bound else name

    def owner(self, name: str) -> Scope | None:
        """The scope that binds a name which is looked up in this one; None for a module's top level and beyond."""
        here: Scope | None = self
        while here is not None:
            if name in here.elsewhere:
                return None
            if name in here.bound and (here.function or here is self):
                return here
            here = here.parent
        return None


def settle(scopes: Sequence[Scope]) -> None:
    """Finish scopes whose code was gone through to its end.

    Args:
        scopes: All of them, each after the one around it.
    """
    for scope in reversed(scopes):
        parent = scope.parent
        if scope.elsewhere or scope.outer:
            scope.bound -= scope.elsewhere
            scope.bound -= scope.outer
        if scope.inner:
            scope.kept |= scope.inner if scope.asks else scope.inner & scope.loaded
        if parent is not None:
            parent.asks = parent.asks or scope.asks
            parent.loaded |= scope.loaded
        while scope.sees and parent is not None:
            if parent.function:  # what a method sees are not the names of its class
                parent.sees = True
                break
            parent = parent.parent
    for scope in scopes:
        if scope.sees or (scope.parent is not None and not renames(scope.parent)):
            scope.renames = False


def renames(scope: Scope) -> bool:
    """Whether the names of the function that a scope belongs to may be changed: not where somebody may look them up."""
    here: Scope | None = scope
    while here is not None and not here.function:
        here = here.parent
    return here is None or here.renames
