"""What saves time while code is looked at, and must not be seen in what is found."""

from __future__ import annotations

import ast

import pytest

from twice.records.digest import digest_texts
from twice.source.reach.values import _own_of, _written
from twice.source.toplevel import may_set
from twice.values.encode import encode
from twice.values.fingerprint import content_of

CONSTANTS = [
    None,
    True,
    False,
    1,
    0,
    1.0,
    0.0,
    -0.0,
    "1",
    b"1",
    "True",
    (),
    (1,),
    (1.0,),
    ((1,),),
    "",
    float("inf"),
    10**50,
]


def test_a_plain_constant_counts_as_what_it_would_be_taken_apart_into() -> None:
    found = set()
    for value in CONSTANTS:
        written = _written(value)
        assert written is not None
        own = _own_of(written, value)
        assert own == _own_of(written, value) == digest_texts("value", content_of(encode(value)))
        found.add(own)
    assert len(found) == len(CONSTANTS)


@pytest.mark.parametrize("value", [float("nan"), (float("nan"),), [1], {"a": 1}, "x" * 500, 10**100, 1j, (1, [2])])
def test_what_is_written_like_something_else_or_is_long_is_no_plain_constant(value: object) -> None:
    assert _written(value) is None


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("'''Doc.'''\nimport numpy\nX = numpy.ones(3)\ndef f():\n    numpy.seterr('ignore')\n", False),
        ("import warnings\nwarnings.simplefilter('ignore')\n", True),
        ("import os\nif True:\n    os.environ['A'] = 'b'\n", True),
        ("import os\nA, os.umask = 1, 2\n", True),
        ("import m\nm.x += 1\n", True),
        ("configure()\n", True),
    ],
)
def test_what_has_not_the_form_of_a_setting_is_seen_by_its_words(text: str, may: bool) -> None:
    assert may_set(ast.parse(text).body) == may
