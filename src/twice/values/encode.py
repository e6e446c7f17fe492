"""From a value to its canonical stream."""

from __future__ import annotations

from dataclasses import dataclass

from twice.errors import ValueNotStorable
from twice.values.columns import NeedsRows
from twice.values.format import MAGIC
from twice.values.identity import NeedsReferences
from twice.values.kind import BufferSource, Hook, size_of
from twice.values.preview import preview
from twice.values.writer import Writer


@dataclass(frozen=True)
class Encoded:
    """A value taken apart.

    Attributes:
        kind: What the value is, in the words of its library.
        skeleton: Its structure and small parts.
        buffers: Its large parts, in the order in which the skeleton mentions them. They may be views of the value's own
            memory, so they are to be stored before the value is changed.
        aside: The structure of what is kept aside; empty if there is nothing.
        aside_buffers: Its large parts.
        preview: One short line for people.
        references: ``module:qualname`` of every class and function outside the standard library that the value names.
        executes: Whether bringing the value back calls code that the value itself names.
    """

    kind: str
    skeleton: bytes
    buffers: list[BufferSource]
    aside: bytes
    aside_buffers: list[BufferSource]
    preview: str
    references: tuple[str, ...]
    executes: bool

    @property
    def size(self) -> int:
        """All bytes together."""
        parts = [self.skeleton, self.aside, *self.buffers, *self.aside_buffers]
        return sum(size_of(part) for part in parts)


def encode(value: object, *, hook: Hook | None = None, describe: str = "output") -> Encoded:
    """Take a value apart.

    Args:
        value: Any value.
        hook: Asked first for every function, class and module. It answers None, or a tag and a state made of storable
            values; ``decode`` needs the way back under that tag.
        describe: How errors call the value, as in ``output["model"][2]``.

    Raises:
        ValueNotStorable: Something in the value cannot be brought back elsewhere; the error says where it sits.
    """
    writer = written(value, hook=hook, describe=describe)
    aside, aside_buffers = writer.beside.stream()
    return Encoded(
        kind=writer.kind_of(value),
        skeleton=MAGIC + bytes(writer.out),
        buffers=writer.buffers,
        aside=aside,
        aside_buffers=aside_buffers,
        preview=preview(value, writer.finder),
        references=tuple(sorted(writer.notes.references)),
        executes=writer.notes.executes,
    )


def written(value: object, *, hook: Hook | None, describe: str, content_only: bool = False) -> Writer:
    """What has written a value's skeleton: by columns where that is possible, with references where it must be so.

    Args:
        value: Any value.
        hook: As for :func:`encode`.
        describe: How errors call the value.
        content_only: Whether nothing needs to be kept aside.

    Raises:
        ValueNotStorable: As for :func:`encode`.
    """
    columns, graph = True, False
    while True:
        writer = Writer(hook, graph=graph, columns=columns, describe=describe, content_only=content_only)
        try:
            writer.write(value)
            return writer
        except NeedsRows:
            columns = False
        except NeedsReferences:
            columns, graph = False, True
        except RecursionError as problem:
            raise ValueNotStorable(
                f"{describe} is nested too deeply to be stored.", path=describe, hint="return a flatter value"
            ) from problem
        except ValueNotStorable:
            if not columns:
                raise
            columns = False  # where exactly it is, only rows can say
