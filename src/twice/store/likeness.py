"""Which of the large objects a file is most like, by a few samples from its beginning and its end."""

from __future__ import annotations

import os
from pathlib import Path

from blake3 import blake3

from twice.records.digest import ALGORITHM, Digest
from twice.store.index import Index

_KIND = "sample"
_APART = 4 << 20
_SAMPLES = 48
_LENGTH = 64


class Likeness:
    """Samples of large objects, remembered in the index: without it nothing is wrong, only more is stored.

    Samples are taken at fixed places counted from both ends, so wherever something was put in or left out, those before
    it or those behind it are still the same.

    Args:
        index: Remembers samples.
    """

    def __init__(self, index: Index) -> None:
        self._index = index

    def remember(self, digest: Digest, file: Path) -> None:
        """Take samples of an object, from a file that holds it."""
        self._index.put(_KIND, {digest.hex: [*sorted(_samples(file))]})

    def most_like(self, file: Path) -> list[Digest]:
        """Objects that have samples in common with a file, the most like first."""
        mine = _samples(file)
        scores = {name: len(mine.intersection(fact)) for name, fact in self._index.all(_KIND).items()}
        names = sorted((name for name, score in scores.items() if score), key=lambda name: (-scores[name], name))
        return [Digest(f"{ALGORITHM}:{name}") for name in names]


def _samples(file: Path) -> set[str]:
    with file.open("rb", buffering=0) as opened:
        size = os.fstat(opened.fileno()).st_size
        places = {number * _APART for number in range(_SAMPLES)}
        places |= {size - place - _LENGTH for place in places}
        pieces = {os.pread(opened.fileno(), _LENGTH, place) for place in places if 0 <= place <= size - _LENGTH}
    return {blake3(piece).hexdigest()[:16] for piece in pieces if len(set(piece)) > 1}
