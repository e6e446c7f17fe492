"""The interface of a kind of value, and the few words in which a kind takes a value apart.

A kind turns a value into a *state*: a ``dict`` with ``str`` keys (its named parts), or any simpler value. Parts may be
any values at all; each is taken apart in its turn. Large bytes are wrapped in :class:`Buffer`, and what does not belong
to the meaning of the value in :class:`Aside`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twice.values.compare import Comparison
    from twice.values.differences import Difference
    from twice.values.terms import Tagged, Term


@dataclass(frozen=True)
class FileSource:
    """Bytes that are in a file and are never wholly in memory.

    Attributes:
        path: The file.
        size: How many bytes it holds.
    """

    path: Path
    size: int


BufferSource = bytes | bytearray | memoryview | FileSource
"""Where the bytes of a buffer are, before they are stored."""


def size_of(source: BufferSource) -> int:
    """How many bytes there are."""
    if isinstance(source, FileSource):
        return source.size
    return source.nbytes if isinstance(source, memoryview) else len(source)


class Buffer:
    """Bytes as a part of a state: on the way in a source, on the way back a ``memoryview``."""

    __slots__ = ("source",)

    def __init__(self, source: BufferSource) -> None:
        self.source = source


class Aside:
    """A part of a state that is needed to bring the value back but does not belong to what it means.

    It comes back as the value itself, or as None where nothing was put aside.
    """

    __slots__ = ("value",)

    def __init__(self, value: object = None) -> None:
        self.value = value


class Texts:
    """Many texts as a part of a state, when they lie in memory side by side: written as the tuple that they are.

    Args:
        count: How many there are; at least as many as are written the short way.
        lengths: How many bytes each has, as four bytes each, little-endian; 0 for None.
        data: All of them one after the other, in UTF-8.
        missing: A byte for each, 1 where it is None; None if there is no such.
    """

    __slots__ = ("count", "data", "lengths", "missing")

    def __init__(self, count: int, lengths: BufferSource, data: BufferSource, missing: BufferSource | None) -> None:
        self.count, self.lengths, self.data, self.missing = count, lengths, data, missing


class Hooked:
    """The base of objects that only the caller's hook can take apart, such as a path that moves with its root."""


class Often:
    """An immutable, hashable part that occurs again and again, such as the type of an array.

    It is written once and copied. Parts that Python takes for equal must be so: ``1`` and ``True`` may not stand for
    each other.
    """

    __slots__ = ("value",)

    def __init__(self, value: Hashable) -> None:
        self.value = value


@dataclass(frozen=True)
class Made:
    """Said by a kind that makes values in stages: the object exists now, and parts may refer to it."""

    value: object


Hook = Callable[[object], tuple[str, object] | None]
"""Asked first for every function, class, module and :class:`Hooked`: a tag and a state to take it over, or None."""

Stages = Generator["Term | Made", Any, Any]
"""Yields parts to be built and is sent the built ones; yields one :class:`Made`; returns the value."""


def import_by_name(module: str, qualified_name: str) -> object:
    """The class, function or module of that name, imported if need be.

    Args:
        module: A module's full name.
        qualified_name: The name inside it, with dots; empty for the module itself.

    Raises:
        ImportError: There is no such module here.
        AttributeError: The module has nothing of that name.
    """
    import importlib

    found: object = importlib.import_module(module)
    for part in qualified_name.split(".") if qualified_name else ():
        found = getattr(found, part)
    return found


def library(name: str) -> Any:
    """A library, imported now that a value of its is met. Untyped: which version it is, its user decides.

    Raises:
        ImportError: It is not installed here.
    """
    found = sys.modules.get(name)
    if found is not None and not getattr(getattr(found, "__spec__", None), "_initializing", False):
        return found
    import importlib

    return importlib.import_module(name)


@dataclass
class Making:
    """What a kind may use when it puts a value together.

    Attributes:
        find: Looks up a class, function or module by module and qualified name.
        place: A folder in which files may be put; None to keep them in memory until their path is asked for.
        calls: Whether code that the value itself names may be called.
    """

    find: Callable[[str, str], object] = import_by_name
    place: Path | None = None
    calls: bool = True
    files_placed: int = field(default=0, init=False)


class Kind:
    """A kind of value.

    Attributes:
        name: The word for it in the stream and in records, such as ``numpy.ndarray``.
        roots: Top-level names of the modules whose classes it serves; empty for classes of any module.
        identity: Whether two names for one such object mean something else than two equal objects: it is mutable.
        staged: Whether its values can contain themselves; then :meth:`stages` is used instead of :meth:`put_together`.
        executes: Whether putting it together calls code that the value itself names.
        content_only: Whether it serves what a value means, and not what is kept aside.
    """

    name: str
    roots: frozenset[str] = frozenset()
    identity: bool = True
    staged: bool = False
    executes: bool = False
    content_only: bool = False

    def recognises(self, cls: type) -> bool:
        """Whether values of exactly this class are of this kind; imports nothing."""
        raise NotImplementedError

    def take_apart(self, value: Any) -> object:
        """The value's state, made of simpler values; ``NotImplemented`` to leave it to a later kind.

        Raises:
            ValueNotStorable: The value cannot be brought back elsewhere.
        """
        raise NotImplementedError

    def put_together(self, state: Any, making: Making) -> object:
        """The value whose state this is, its parts already built."""
        raise NotImplementedError

    def stages(self, state: Mapping[str, Term], making: Making) -> Stages:
        """Make the value in stages, so that its parts can refer to it."""
        raise NotImplementedError

    def preview(self, value: Any) -> str:
        """A few words for people; calls nothing of the user's."""
        return type(value).__name__

    def compare(self, left: Tagged, right: Tagged, comparison: Comparison, path: str) -> Difference | None:
        """What differs between two values of this kind, in the terms of the type; looks at terms only."""
        return comparison.states(left, right, path)
