"""What code may read of other code, beside calling it: where somebody may, it counts everywhere."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, fields

from twice.source.mentions import (
    INSPECTS,
    LOOKS_THROUGH,
    READS_ANNOTATIONS,
    READS_ARGUMENTS,
    READS_DOCSTRINGS,
    READS_FRAMES,
    READS_LINES,
    READS_SOURCE,
    UNPICKLERS,
    UNPICKLES,
)


@dataclass(frozen=True)
class Reads:
    """What some code that is reached may read of other code.

    Attributes:
        annotations: Annotations, as by ``get_type_hints``.
        docstrings: Docstrings, as by ``getdoc``.
        source: The source as it is, as by ``getsource``.
        lines: Where something stands, as by ``tb_lineno``.
        frames: Any name of the module that a function stands in, as by ``f_globals``.
        subclasses: Which classes there are, by ``__subclasses__``.
    """

    annotations: bool = False
    docstrings: bool = False
    source: bool = False
    lines: bool = False
    frames: bool = False
    subclasses: bool = False

    def __or__(self, other: Reads) -> Reads:
        return Reads(*(getattr(self, part.name) or getattr(other, part.name) for part in fields(self)))

    @classmethod
    def of(cls, identifiers: Set[str]) -> Reads:
        """What code that mentions these names may read."""
        inspects = "inspect" in identifiers and bool(identifiers & INSPECTS)
        lines = inspects or bool(identifiers & READS_LINES)
        return cls(
            annotations=bool(identifiers & READS_ANNOTATIONS),
            docstrings=bool(identifiers & READS_DOCSTRINGS),
            source=lines or bool(identifiers & READS_SOURCE),
            lines=lines,
            frames=inspects or bool(identifiers & READS_FRAMES),
            subclasses="__subclasses__" in identifiers,
        )


def looks_through(identifiers: Set[str]) -> bool:
    """Whether code that mentions these names may look at all that a module holds, and so at its docstring."""
    return bool(identifiers & LOOKS_THROUGH)


def unpickles(identifiers: Set[str]) -> bool:
    """Whether code that mentions these names may bring back functions and classes that a text names."""
    return "read_pickle" in identifiers or (bool(identifiers & UNPICKLERS) and bool(identifiers & UNPICKLES))


def reads_arguments(identifiers: Set[str]) -> bool:
    """Whether code that mentions these names may read the arguments that the program was called with."""
    return bool(identifiers & READS_ARGUMENTS)
