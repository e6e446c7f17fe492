"""A large object that shares long stretches with others: not its bytes, but where they are.

A recipe is filed under the digest of the object that it makes, as ``recipes/ab/cdef…``, and is text::

    twice recipe 1
    <digest> <offset> <length>        of each stretch, in their order: these bytes of that object
    …
    end <digest of all the lines above>

The digests are 64 hexadecimal digits. The objects it names are files of their own or members of packs, never recipes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from twice.errors import Damaged
from twice.records.digest import ALGORITHM, Digest, digest_bytes
from twice.store.backend import Backend

FOLDER = "recipes"
MOST_TIMES = 64
"""How many times the bytes that it is made of a recipe may make."""

MOST_PARTS = 256
"""How many objects a recipe may name; each takes an open file while what it makes is read."""

_FIRST = "twice recipe 1"


class Stretch(NamedTuple):
    """Some bytes of an object."""

    digest: Digest
    offset: int
    length: int


def recipe_name(digest: Digest) -> str:
    """Where the recipe of an object is filed."""
    return f"{FOLDER}/{digest.hex[:2]}/{digest.hex[2:]}"


def written(stretches: Iterable[Stretch]) -> bytes:
    """A recipe's bytes."""
    lines = [_FIRST, *(f"{one.digest.hex} {one.offset} {one.length}" for one in stretches)]
    text = "".join(f"{line}\n" for line in lines).encode()
    return text + f"end {digest_bytes(text).hex}\n".encode()


def read(backend: Backend, name: str) -> tuple[Stretch, ...]:
    """The stretches of a recipe.

    Raises:
        NotFound: There is no such recipe.
        Damaged: It is not whole.
    """
    data = backend.read(name)
    text, _, end = data.rpartition(b"end ")
    if not text.startswith(f"{_FIRST}\n".encode()) or end != f"{digest_bytes(text).hex}\n".encode():
        raise Damaged(f"the recipe {name} is damaged.", hint="putting the same content again mends it")
    return tuple(_stretches(text.decode("ascii").splitlines()[1:]))


def bounded(stretches: Iterable[Stretch], size_of: Callable[[Digest], int]) -> None:
    """Refuse a recipe that makes far more than it is made of, or of far too many, before anything is made.

    Raises:
        Damaged: It does; no recipe of ours is like that, so somebody made it to fill disks.
    """
    many = list(stretches)
    made_of = {one.digest for one in many}
    if len(made_of) > MOST_PARTS:
        raise Damaged(f"a recipe names {len(made_of):,} objects, which is more than {MOST_PARTS}.")
    makes = sum(one.length for one in many)
    if makes > MOST_TIMES * sum(map(size_of, made_of)):
        raise Damaged(f"a recipe makes {makes:,} bytes, which is more than {MOST_TIMES} times what it is made of.")


def _stretches(lines: list[str]) -> Iterator[Stretch]:
    for line in lines:
        digits, offset, length = line.split(" ")
        yield Stretch(Digest(f"{ALGORITHM}:{digits}"), int(offset), int(length))
