"""A value in a store: put down, fetched, and looked at without bringing it back. Used in the parent process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from twice.errors import Damaged
from twice.records.artifact import Artifact, content_digest
from twice.records.digest import Digest
from twice.values.decode import WayBack, decode
from twice.values.encode import Encoded
from twice.values.kind import BufferSource, import_by_name
from twice.values.terms import Term, parse

Put = Callable[[BufferSource], Digest]
"""Puts bytes, or the bytes of a file, into a store."""

Read = Callable[[Digest], memoryview]
"""The bytes of an object, preferably a private writable map, so that arrays can be written to."""


def put(encoded: Encoded, put_object: Put) -> Artifact:
    """Put a value down.

    Args:
        encoded: The value, taken apart.
        put_object: Stores bytes and names them.
    """
    known: dict[int, Digest] = {}

    def put_once(source: BufferSource) -> Digest:
        # A shared part is mentioned more than once; its bytes are looked at once.
        if id(source) not in known:
            known[id(source)] = put_object(source)
        return known[id(source)]

    skeleton = put_object(encoded.skeleton)
    buffers = tuple(put_once(source) for source in encoded.buffers)
    return Artifact(
        kind=encoded.kind,
        content=content_digest(skeleton, buffers),
        skeleton=skeleton,
        buffers=buffers,
        aside=put_object(encoded.aside) if encoded.aside else None,
        aside_buffers=tuple(put_once(source) for source in encoded.aside_buffers),
        size=encoded.size,
        preview=encoded.preview,
        references=encoded.references,
        executes=encoded.executes,
    )


def fetch(
    artifact: Artifact,
    read: Read,
    *,
    find: Callable[[str, str], object] = import_by_name,
    place: Path | None = None,
    hooks: Mapping[str, WayBack] | None = None,
) -> Any:
    """Bring a value back.

    Code that the value names is called only if the record says so.

    Args:
        artifact: The value's record.
        read: The bytes of an object.
        find: Looks up classes and functions by module and qualified name.
        place: A folder for the files in the value.
        hooks: For each tag of ``encode``'s hook, the way back.

    Raises:
        Damaged: The objects are not what the record says.
        CaptureError: The value names a class or function that is not here.
    """
    separate = _Separate(read)
    return decode(
        read(artifact.skeleton),
        separate.all(artifact.buffers),
        b"" if artifact.aside is None else read(artifact.aside),
        separate.all(artifact.aside_buffers),
        find=find,
        place=place,
        hooks=hooks,
        calls=artifact.executes,
    )


def term(artifact: Artifact, read: Read) -> Term:
    """The value's structure, for comparing and listing; nothing is constructed, imported or executed.

    Raises:
        Damaged: The objects are not what the record says.
    """
    if artifact.content != content_digest(artifact.skeleton, artifact.buffers):
        raise Damaged("a record says of a value what its parts do not.")
    return parse(read(artifact.skeleton), [read(digest) for digest in artifact.buffers])


class _Separate:
    """Gives each mention of an object memory of its own: two equal arrays must not change together."""

    def __init__(self, read: Read) -> None:
        self.read = read
        self.seen: set[Digest] = set()

    def all(self, digests: Iterable[Digest]) -> list[memoryview | Path]:
        """The objects' bytes."""
        return [self._one(digest) for digest in digests]

    def _one(self, digest: Digest) -> memoryview:
        view = self.read(digest)
        if digest in self.seen:
            return memoryview(bytearray(view))
        self.seen.add(digest)
        return view
