"""A value that was put down: an output, a parameter, a captured constant."""

from __future__ import annotations

from twice.records.canonical import Record
from twice.records.digest import Digest


class Artifact(Record, frozen=True, kw_only=True):
    """Where a value's bytes are, and what they mean.

    A value is stored as a *skeleton* (its structure and small parts, in the canonical stream of ``twice.values``) and
    *buffers* (large parts, each an object of its own). ``aside`` holds what is needed to bring the value back but does
    not belong to what it means, such as a figure's pickled state beside its pixels.

    Attributes:
        kind: What the value is, in the words of its library: ``int``, ``numpy.ndarray``, ``pandas.DataFrame``.
        content: The digest of what the value means: equal content, equal digest, in every process.
        skeleton: The object with the structure.
        buffers: The objects with the large parts, in the order in which the skeleton mentions them.
        aside: The object with the structure of what is kept aside, if there is any.
        aside_buffers: Its large parts.
        size: All bytes together.
        preview: A short text for people.
        references: ``module:qualname`` of every class and function outside the standard library that the value names.
        executes: Bringing the value back calls code that the value itself names (the marked pickle fallback).
        unstable: Its form is another in every process, so that ``content`` differing says nothing yet. Only looked for
            where ``executes``: what others make of a value for pickling may depend on hash seeds and addresses.
    """

    kind: str
    content: Digest
    skeleton: Digest
    buffers: tuple[Digest, ...] = ()
    aside: Digest | None = None
    aside_buffers: tuple[Digest, ...] = ()
    size: int
    preview: str = ""
    references: tuple[str, ...] = ()
    executes: bool = False
    unstable: bool = False

    @property
    def objects(self) -> tuple[Digest, ...]:
        """Every object this value needs."""
        aside = () if self.aside is None else (self.aside,)
        return (self.skeleton, *self.buffers, *aside, *self.aside_buffers)


def content_digest(skeleton: Digest, buffers: tuple[Digest, ...]) -> Digest:
    """What a value means, from the digests of its parts."""
    from twice.records.canonical import of_plain

    return of_plain(["value", skeleton, list(buffers)])
