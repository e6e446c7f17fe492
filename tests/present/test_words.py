from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twice.present.words import ago, count, duration, printable, short, size, timestamp

NOW = 1_750_000_000_000_000_000
SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0 B"), (25, "25 B"), (999, "999 B"), (1234, "1.2 kB"), (12_345, "12 kB"), (999_999, "1.0 MB"),
     (5 * 10**9, "5.0 GB"), (7 * 10**16, "70000 TB")],
)  # fmt: skip
def test_sizes_are_said_with_two_or_three_digits(number: int, words: str) -> None:
    assert size(number) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "<1 ms"), (0.008, "8 ms"), (0.35, "0.35 s"), (9.999, "10.0 s"), (12.34, "12.3 s"), (59.99, "1 min 00 s"),
     (125, "2 min 05 s"), (3600, "1 h 00 min"), (3780, "1 h 03 min")],
)  # fmt: skip
def test_durations_are_said_as_people_say_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(3, "just now"), (60, "1 minute ago"), (150, "2 minutes ago"), (7200, "2 hours ago"), (90_000, "yesterday"),
     (3 * 86400, "3 days ago")],
)  # fmt: skip
def test_a_moment_is_said_by_how_long_ago_it_was(seconds: int, words: str) -> None:
    assert ago(NOW - seconds * SECOND, NOW) == words


def test_a_moment_long_ago_or_in_the_future_is_said_by_its_date() -> None:
    assert ago(NOW - 30 * 86400 * SECOND, NOW).startswith("2025-05-")
    assert ago(NOW + 86400 * SECOND, NOW).startswith("2025-06-")


def test_a_timestamp_is_iso_8601_in_utc() -> None:
    assert timestamp(NOW) == "2025-06-15T15:06:40.000+00:00"


def test_one_thing_is_singular() -> None:
    assert (count(1, "step"), count(0, "step"), count(1200, "step")) == ("1 step", "0 steps", "1,200 steps")


def test_a_digest_is_shortened_to_twelve_digits() -> None:
    assert short("blake3:" + "ab" * 32) == "abababababab"
    assert short("") == ""


@given(st.text())
def test_printable_text_steers_no_terminal(text: str) -> None:
    shown = printable(text)
    assert all(character.isprintable() or character in "\n\t" for character in shown)
    if text.isprintable():
        assert shown == text


@given(st.floats(0, 1e7))
def test_every_duration_has_words(seconds: float) -> None:
    assert duration(seconds)[0] in "<0123456789"
