"""The digest of what a value means: equal values, equal fingerprint, in every process."""

from __future__ import annotations

from typing import Any

from blake3 import blake3

from twice.records.artifact import content_digest
from twice.records.digest import Digest, digest_bytes, named, threads_for
from twice.values.encode import Encoded, written
from twice.values.format import MAGIC
from twice.values.kind import BufferSource, FileSource, Hook


def fingerprint(value: Any, *, hook: Hook | None = None) -> Digest:
    """The digest of a value's content, the same as its record's ``content``.

    Args:
        value: Any value.
        hook: As for :func:`~twice.values.encode.encode`.

    Raises:
        ValueNotStorable: Something in the value cannot be named.
    """
    writer = written(value, hook=hook, describe="value", content_only=True)
    return _content(MAGIC + bytes(writer.out), writer.buffers)


def content_of(encoded: Encoded) -> Digest:
    """The digest of what a value that was taken apart means."""
    return _content(encoded.skeleton, encoded.buffers)


def _content(skeleton: bytes, buffers: list[BufferSource]) -> Digest:
    known: dict[int, Digest] = {}
    for source in buffers:
        if id(source) not in known:
            known[id(source)] = digest_source(source)
    return content_digest(digest_bytes(skeleton), tuple(known[id(source)] for source in buffers))


def digest_source(source: BufferSource) -> Digest:
    """The digest of bytes in memory or in a file."""
    if isinstance(source, FileSource):
        hash_ = blake3(max_threads=threads_for(source.size))
        hash_.update_mmap(source.path)
        return named(hash_)
    return digest_bytes(source)
