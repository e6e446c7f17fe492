"""Kinds of value that other packages bring, when something is wrong with them."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from twice.errors import CaptureError
from twice.values.compare import difference
from twice.values.encode import encode
from twice.values.kind import Kind, Making
from twice.values.registry import _strangers, kind_named
from values.helpers import term_of


class Thing:
    def __init__(self, size: int) -> None:
        self.size = size


class Good(Kind):
    name = "thing.Thing"

    def recognises(self, cls: type) -> bool:
        return cls is Thing

    def take_apart(self, value: Any) -> object:
        return {"size": value.size}

    def put_together(self, state: Any, making: Making) -> object:
        return Thing(state["size"])


class Nameless(Good):
    name = ""


class OneOfOurs(Good):
    name = "numpy.ndarray"


class NoWayBack(Kind):
    name = "thing.Thing"

    def recognises(self, cls: type) -> bool:
        return cls is Thing

    def take_apart(self, value: Any) -> object:
        return {"size": value.size}


class Raising(Good):
    def __init__(self) -> None:
        raise ZeroDivisionError("at once")


class NoKind:
    name = "thing.Thing"


@pytest.fixture
def announced(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    def announce(*kinds: str) -> None:
        _strangers.cache_clear()
        kind_named.cache_clear()
        points = [EntryPoint(f"{n}", f"{__name__}:{kind}", "twice.kinds") for n, kind in enumerate(kinds)]
        monkeypatch.setattr(importlib.metadata, "entry_points", lambda *, group: points)

    assert __name__ in sys.modules
    yield announce
    monkeypatch.undo()
    _strangers.cache_clear()
    kind_named.cache_clear()


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("Nowhere", "has no attribute 'Nowhere'"),
        ("Raising", "ZeroDivisionError: at once"),
        ("NoKind", "no twice.values.kind.Kind"),
        ("Nameless", "has no name"),
        ("NoWayBack", "no method put_together"),
        ("OneOfOurs", "another kind of the name 'numpy.ndarray'"),
    ],
)
def test_a_kind_that_cannot_be_used_is_named_and_the_step_is_not_blamed(announced: Any, kind: str, why: str) -> None:
    announced(kind)
    with pytest.raises(CaptureError, match=why) as found:
        encode(Thing(1))
    assert f"{__name__}:{kind}" in found.value.message
    assert "the step is not to blame" in found.value.hint


def test_two_packages_may_not_bring_kinds_of_one_name(announced: Any) -> None:
    announced("Good", "Good")
    with pytest.raises(CaptureError, match="another kind of the name"):
        encode(Thing(1))


def test_what_was_stored_is_compared_by_parts_where_its_kind_cannot_be_used_any_more(announced: Any) -> None:
    announced("Good")
    one, other = term_of(Thing(1)), term_of(Thing(2))
    announced("NoWayBack")
    found = difference(one, other)
    assert found is not None
    assert "size" in str(found)
