"""Canonical bytes ⇄ record.

A record is a frozen :class:`Record`; its bytes are JSON in UTF-8 with sorted keys, no white space and no field left
out, led by ``"format"`` and ``"record"``, so that people and other programs can read it. Equal records have equal
bytes.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from twice.errors import Damaged
from twice.records.digest import Digest, digest_bytes

FORMAT = 1


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The base of everything that is written down."""


R = TypeVar("R", bound=Record)


def _to_plain(value: object) -> object:
    if isinstance(value, Digest):
        return str(value)
    raise TypeError(f"a record cannot hold a {type(value).__name__}")


def _from_plain(kind: type, value: object) -> object:
    if kind is Digest and isinstance(value, str):
        return Digest(value)
    raise TypeError(f"a record cannot hold a {kind.__name__}")


def encode(record: Record) -> bytes:
    """The one sequence of bytes that stands for this record."""
    body: dict[str, Any] = msgspec.to_builtins(record, enc_hook=_to_plain)
    return msgspec.json.encode({"format": FORMAT, "record": type(record).__name__, **body}, order="sorted")


def decode(data: bytes | memoryview, kind: type[R]) -> R:
    """The record that the bytes stand for.

    Raises:
        Damaged: The bytes are not a record of this kind, or were written by a newer Twice.
    """
    try:
        body = msgspec.json.decode(data)
        form, name = body.pop("format"), body.pop("record")
        if form != FORMAT or name != kind.__name__:
            raise Damaged(
                f"expected a {kind.__name__} record of format {FORMAT}, found {name!r} of format {form!r}.",
                hint="a record of a newer format needs a newer Twice",
            )
        return msgspec.convert(body, kind, dec_hook=_from_plain, strict=True)
    except (msgspec.MsgspecError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise Damaged(f"these bytes are not a {kind.__name__} record: {problem}") from problem


def digest(record: Record) -> Digest:
    """The record's name: the digest of its canonical bytes."""
    return digest_bytes(encode(record))


def of_plain(value: Any) -> Digest:
    """The digest of plain JSON-like data (str, int, bool, None, lists, and dicts with text keys)."""
    return digest_bytes(msgspec.json.encode(value, enc_hook=_to_plain, order="sorted"))
