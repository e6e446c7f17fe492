from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twice.errors import StoreError
from twice.store.quote import quote, unquote

# Short enough for every file system: three bytes for each byte that is quoted.
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20).filter(
    lambda text: "/" not in text and text.strip() and text not in (".", "..")
)


@given(NAMES)
def test_a_quoted_name_can_be_read_back(text: str) -> None:
    assert unquote(quote(text, "label")) == text


@given(NAMES, NAMES)
def test_different_names_have_different_files_even_where_case_does_not_count(one: str, other: str) -> None:
    assert (quote(one, "label").casefold() == quote(other, "label").casefold()) == (one == other)


@given(NAMES)
def test_a_quoted_name_is_harmless_as_a_file_name(text: str) -> None:
    quoted = quote(text, "label")
    assert quoted.isascii()
    assert not set(quoted) & set('/\\\0:*?"<>| \n')
    assert not quoted.startswith(".")
    assert not quoted.endswith(".")


def test_names_that_people_use_look_like_themselves() -> None:
    assert quote("v1.0", "label") == "v1.0"
    assert quote("pipeline_v1.0", "label") == "pipeline_v1.0"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("  ", "empty"),
        (".", "folder"),
        ("..", "folder"),
        ("a/b", "slash"),
        ("/", "slash"),
        ("\udc80", "Unicode"),
        ("x" * 256, "too long by 1"),
        ("Ä" * 43, "too long"),
    ],
)
def test_what_cannot_be_a_name_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(StoreError, match=why) as caught:
        quote(text, "label")
    assert "label" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("name", ["", "V1", ".DS Store", "v1%", "v1%2", "%ff", "v1%2F", "._v1.0", "v1%61"])
def test_a_file_that_quoting_does_not_make_means_no_name(name: str) -> None:
    assert unquote(name) is None
