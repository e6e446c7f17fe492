"""The canonical stream: how a value's structure is written down, byte by byte.

A *skeleton* is ``TWV`` and the format number (one byte, now 1), followed by one term. Equal values have equal
skeletons, in every process. A term is one byte that says what follows, and what follows::

    N  None                      T  True                     F  False
    i  int        varint length, then that many bytes: two's complement, little-endian, as short as possible
    d  float      8 bytes, IEEE 754, little-endian; NaN payloads and the sign of zero are kept
    c  complex    two floats, 16 bytes
    u  str        blob: UTF-8, where a lone surrogate is written as its three bytes
    y  bytes      blob
    Y  bytearray  blob                                                             has a number
    b  buffer     blob: part of the state of a tagged value
    (  tuple      body
    [  list       body                                                             has a number
    {  dict       body of the keys, body of the values, in the dict's order        has a number
    s  set        body, sorted                                                     has a number
    z  frozenset  body, sorted
    R  record     varint count, that many names (blobs), then that many terms: a state with named parts
    k  tagged     blob with the kind's name, then its state as one term: an immutable value
    K  tagged     the same, for a value with an identity                           has a number
    r  reference  varint number: the same object as the one with that number
    o  outer      varint number: the same, from the aside stream into the main one
    v  again      varint: the same as that one of the long immutable terms before it
    a  aside      something that does not belong to what the value means; see below

A *varint* is an unsigned integer in groups of seven bits, the lowest first, with the high bit set on all but the last.

A *blob* is a varint, ``2 * length + outside``. Where ``outside`` is 0 the bytes follow; where it is 1 they are the next
of the value's buffers, which are listed beside the skeleton in the order of their mention. Bytes go outside from
64 KiB on.

A *body* is one byte and what follows::

    m  mixed      varint count, then that many terms
    f  floats     varint count, blob of 8-byte floats
    q  integers   varint count, blob of signed 8-byte integers, little-endian
    t  texts      varint count, blob of byte lengths (4 bytes each, little-endian), blob of the texts joined, in UTF-8
    n  texts and None  varint count, blob of one byte each (1 where it is None), then lengths and texts as for ``t``,
                  where None has length 0
    p  tuples     varint count, varint length, then as many bodies: the first places of all, the second ones, …
    l  lists      the same                                                         have numbers
    D  dicts      varint count, body of the keys, then a body for each key         have numbers
    O  objects    varint count, ``k`` or ``K``, blob with the kind's name, ``R``, varint count of names, that many
                  blobs, then a body for each name: tagged values, each with a record; have numbers after ``K``

From 16 items on, a body whose items are all exactly of the type in question must be written the short way, and a body
of fewer must not, so that there is one way only. Tuples and lists are written by columns if all have one length, from 1
to 15; dicts if all have the same keys in the same order, one at least, which are texts; tagged values if all are
of one kind and class and their records have the same names, one at least. In a sorted body, ``t`` is sorted by code
point, ``q`` by value, and ``m`` by the bytes of its items' terms (nothing else is used there).

**Numbers and sharing.** What is mutable has an identity. Numbers are given from 0 in the order in which such terms
begin; the rows of a body by columns are given theirs together, before those of their parts. An object that is met again
is written again in full (so that ``[a, a]`` and ``[a, copy of a]``, which mean the same, are written the same), and the
aside stream says which is which. A value that contains itself, or that would repeat more than 1 MiB that way, is
written with references ``r`` instead, and then nothing by columns. Nor is anything by columns in a value in which a row
refers to a row of the same body.

What is immutable has no identity, and is written again in full as well, which counts towards that 1 MiB from 1 KiB on.
Only in a value that is written with references, a tuple, frozenset or immutable tagged value (``k``) of 1 KiB and more
that is met again is written ``v``; such long terms are counted from 0 in the order in which they end.

**The aside stream** is ``TWA`` and the format number; varint count of shared objects and for each two varints, the
number of the repetition and of the object it is; varint count of entries and for each a varint, which ``a`` of the
skeleton it belongs to (counted from 0), and a term. Numbers in its terms are its own; ``r`` is always used in it for
what is met again. An ``a`` without an entry stands for None. It has its own buffers.
"""

from __future__ import annotations

import functools

MAGIC = b"TWV\x01"
MAGIC_ASIDE = b"TWA\x01"

OUTSIDE = 64 * 1024
"""Bytes from which on a blob becomes an object of its own."""

RUN = 16
"""Items from which on a body of one type is written the short way; tuples and lists of as many are no rows."""

REPEATED = 1024 * 1024
"""Bytes that sharing may repeat before a value is written with references."""


LONG = 1024
"""Bytes from which on an immutable term may be referred to."""


def varint(number: int) -> bytes:
    """An unsigned integer in groups of seven bits, the lowest first."""
    if number < 0x80:
        return bytes((number,))
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    groups.append(number)
    return bytes(groups)


def short_blob(text: str) -> bytes:
    """A short text as a blob."""
    data = text.encode()
    return varint(2 * len(data)) + data


@functools.lru_cache(4096)
def heading(kind: str, parts: tuple[str, ...] | None, identity: bool) -> bytes:
    """What stands before the state of a tagged value: its kind, and the names of the state's parts if it has some."""
    out = (b"K" if identity else b"k") + short_blob(kind)
    if parts is not None:
        out += b"R" + varint(len(parts)) + b"".join(map(short_blob, parts))
    return out
