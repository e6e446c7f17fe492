"""Everything that the list of kinds names: it comes back, is equal, and has one fingerprint, as has a copy."""

from __future__ import annotations

import collections
import copy
import fractions
import json
import uuid
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from sklearn.linear_model import LogisticRegression

from twice.compare.judge import said
from twice.values.compare import difference
from twice.values.encode import encode
from twice.values.fingerprint import content_of, fingerprint
from twice.values.terms import parse
from values import samples
from values.every import EVERY, PINNED, A, Y, fingerprints, light, nan_with_payload, piped
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


def linear(seed: int) -> Any:
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Linear(2, 2))


@pytest.mark.parametrize(
    ("left", "right", "words"),
    [
        (float("nan"), nan_with_payload(), "was nan and is nan, another one: its bits differ"),
        (0.0, -0.0, "was 0.0 and is -0.0"),
        (slice(1), slice(2), "was slice(None, 1, None) and is slice(None, 2, None)"),
        (range(3), range(4), "was range(0, 3) and is range(0, 4)"),
        (fractions.Fraction(1, 2), fractions.Fraction(1, 3), "was 1/2 and is 1/3"),
        (uuid.UUID(int=1), uuid.UUID(int=2), "was 00000000-0000-0000-0000-000000000001 and is 0000"),
        (samples.Colour.RED, samples.Colour.BLUE, "was RED and is BLUE"),
        (collections.Counter("aab"), collections.Counter("ab"), "1 key changed: a 2 → 1"),
        (collections.deque([1]), collections.deque([1, 2]), "the deque grew from 1 to 2 items"),
        (piped(LogisticRegression()), piped(LogisticRegression(C=0.5)), "steps['logisticregression']: 1 parameter, "),
        (LogisticRegression().fit(A, Y), LogisticRegression(C=0.5).fit(A, Y), "differ (coef_ by 0.23 of its norm; "),
        (light(), light(4), "3 trees became 4; "),
        (linear(0), linear(1), "2 of 2 parameters and buffers differ"),
        (linear(0).state_dict(), linear(1).state_dict(), "2 keys changed"),
    ],
    ids=lambda part: part[:30] if isinstance(part, str) else "",
)
def test_a_difference_is_told_in_the_words_of_its_type(left: Any, right: Any, words: str) -> None:
    found = difference(term_of(left), term_of(right))
    assert found is not None
    assert words in said(found)


def test_what_differs_in_a_module_has_the_names_of_its_state_dict() -> None:
    found = difference(term_of(linear(0)), term_of(linear(1)))
    assert found is not None
    assert [child.path for child in found.children] == [".0.weight", ".0.bias"]
