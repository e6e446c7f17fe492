"""Everything that the list of kinds names: it comes back, is equal, and has one fingerprint, as has a copy."""

from __future__ import annotations

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from twice.values.compare import difference
from twice.values.encode import encode
from twice.values.fingerprint import content_of, fingerprint
from twice.values.terms import parse
from values.every import EVERY, PINNED, fingerprints
from values.helpers import brought_back, in_memory, in_other_process, term_of

GOLDEN = Path(__file__).parent.parent / "golden" / "values_1.json"


@cache
def here() -> dict[str, str]:
    return fingerprints()


@pytest.mark.parametrize("name", EVERY)
def test_a_value_comes_back_with_its_class_and_its_meaning_and_so_does_a_copy(name: str) -> None:
    value = EVERY[name]()
    encoded = encode(value)
    assert encoded.executes == (name == "opaque object")
    back: Any = brought_back(encoded)
    # A map of a file comes back as an array: the file is no part of it.
    assert type(back).__name__ == ("ndarray" if name == "memory map" else type(value).__name__)
    assert fingerprint(back) == content_of(encoded)
    parts = [in_memory(source) for source in encoded.buffers]
    assert difference(parse(encoded.skeleton, parts), term_of(back)) is None
    assert fingerprint(copy.deepcopy(value)) == content_of(encoded)


@pytest.mark.parametrize("hash_seed", [1, 77])
def test_fingerprints_are_the_same_in_processes_with_other_hash_seeds(hash_seed: int) -> None:
    setup = "import values.every"
    assert in_other_process("values.every.fingerprints()", hash_seed=hash_seed, setup=setup) == here()


def test_no_two_have_one_fingerprint() -> None:
    assert len(set(here().values())) == len(EVERY)


def test_fingerprints_are_what_they_always_were() -> None:
    assert {name: here()[name] for name in PINNED} == json.loads(GOLDEN.read_bytes())
