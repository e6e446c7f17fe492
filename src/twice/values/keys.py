"""When two terms are the same: keys to look them up by, whatever their types' own idea of equality."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from twice.values import terms
from twice.values.terms import LEAVES, Term


def key_of(term: Term) -> Any:
    """Something hashable that is equal for equal terms, whatever their types' own idea of equality."""
    term = terms.referred(term)
    if isinstance(term, float | complex):
        return (type(term).__name__, bits_of(term))
    if type(term) in LEAVES:
        return (type(term).__name__, term)
    if isinstance(term, terms.Container):
        return _key_of_container(term)
    if isinstance(term, terms.Mapping):
        return ("dict", tuple(map(key_of, term.keys)), tuple(map(key_of, term.values)))
    if isinstance(term, terms.Record):
        return ("record", tuple(term.names), tuple(map(key_of, term.parts)))
    if isinstance(term, terms.Tagged):
        return (term.kind, key_of(term.state))
    if isinstance(term, terms.Bytes):
        return (term.form, bytes(term.view()))
    return ("reference", term.number) if isinstance(term, terms.Reference) else ("aside",)


def _key_of_container(term: terms.Container) -> Any:
    """One that holds others is asked at each level above it, and may be met again: its key is kept, and short."""
    if term.leaves or all(type(item) in LEAVES for item in term.items):
        return (term.form, tuple(map(key_of, term.items)))
    known: bytes | None = getattr(term, "key", None)
    if known is None:
        text = repr((term.form, *map(key_of, term.items)))
        known = term.key = blake2b(text.encode("utf-8", "surrogatepass")).digest()
    return known


def same_items(left: Sequence[Term], right: Sequence[Term]) -> bool:
    """Whether two sequences hold the same, in whichever order."""
    return len(left) == len(right) and Counter(map(key_of, left)) == Counter(map(key_of, right))


def bits_of(value: Any) -> bytes:
    """The bits of a float or complex number, by which also NaNs and zeros are told apart."""
    if isinstance(value, complex):
        return struct.pack("<dd", value.real, value.imag)
    return struct.pack("<d", value)
