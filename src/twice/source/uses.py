"""What code says of the world outside it: the names that it takes, the modules that it imports."""

from __future__ import annotations

from typing import NamedTuple

import msgspec


class Import(NamedTuple):
    """One name bound by an import statement.

    Attributes:
        module: The module named, without leading dots.
        level: How many leading dots.
        attribute: What is taken from it; None for ``import x``, ``*`` for a star import.
        top_only: ``import a.b`` without ``as`` binds ``a``.
        whole: What is done with it cannot be followed by name, as with ``importlib.import_module("a")``.
    """

    module: str
    level: int = 0
    attribute: str | None = None
    top_only: bool = False
    whole: bool = False


class Use(NamedTuple):
    """A name that code takes from outside itself.

    Attributes:
        name: The name, or the import that brought it, when that stands inside the function.
        chain: The attributes taken from it, one after the other: ``np.random.rand`` is ``np`` and ``random, rand``.
        line: Where it is taken first.
    """

    name: str | Import
    chain: tuple[str, ...]
    line: int


class Normal(msgspec.Struct, array_like=True, gc=False):
    """A normalised piece of code, and what it uses.

    Attributes:
        data: The canonical bytes.
        uses: What is taken from outside, each once.
        imports: Imports that it carries out, wherever they stand.
        mentions: The names and attributes in it that are among ``mentions.TELLING``.
        calls_unknown_imports: It imports a module whose name is computed.
        annotation_names: Names that stand in annotations which do not count.
        sees_module: Built-ins that it uses to reach names of its module that cannot be told from its text.
        stores_outside: It stores into or deletes from something it does not own, by name.
        calls_outside: It calls a method of something it does not own, by name.
        calls: It calls something it does not own, by name.
    """

    data: bytes = b""
    uses: list[Use] = []
    imports: list[Import] = []
    mentions: set[str] = set()
    calls_unknown_imports: bool = False
    annotation_names: set[str] = set()
    sees_module: set[str] = set()
    stores_outside: set[str] = set()
    calls_outside: set[str] = set()
    calls: set[str] = set()
