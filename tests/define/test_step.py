from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from twice.define.step import ATTRIBUTE, Step, as_step, step
from twice.errors import DefinitionError


class Scaler:
    def __init__(self, by: float) -> None:
        self.by = by

    def scale(self, load: list[float], power: int = 1) -> list[float]:
        return [value * self.by**power for value in load]

    def __call__(self, load: list[float]) -> list[float]:
        return self.scale(load)

    @step(name="shifted")
    @staticmethod
    def shift(load: list[float]) -> list[float]:
        return [value + 1 for value in load]


def plain(load: list[float], depth: int = 3, *, rate: float = 0.1) -> int:
    return len(load) * depth


def test_a_decorated_function_is_the_function_itself() -> None:
    def fit(load: int) -> int:
        return load + 1

    before = dict(vars(fit))
    assert step(fit) is fit
    assert step(rtol=1e-6)(fit) is fit
    assert fit(1) == 2
    assert vars(fit).keys() - before.keys() == {ATTRIBUTE}
    assert as_step(fit).options.rtol == 1e-6


def test_a_signature_is_split_into_what_must_be_wired_and_what_may_be_set() -> None:
    made = as_step(plain)
    assert (made.name, made.function) == ("plain", plain)
    assert made.required == ("load",)
    assert made.settings == {"depth": 3, "rate": 0.1}


def test_a_step_can_be_called_like_its_function() -> None:
    assert step(plain, name="other")([1, 2], depth=4) == 8


def test_one_function_makes_several_steps_and_is_not_touched() -> None:
    first, second = step(plain, name="first"), step(plain, name="second", rtol=0.5)
    assert (first.name, second.name) == ("first", "second")
    assert first.function is second.function is plain
    assert not hasattr(plain, ATTRIBUTE)


def test_options_add_up() -> None:
    @step(rtol=0.1, allow="rounding")
    def fit() -> None: ...

    made = step(fit, name="again")
    assert (made.name, made.options.rtol, made.options.allow) == ("again", 0.1, "rounding")
    assert step(made, name="once-more").options.allow == "rounding"
    assert as_step(fit).name == "fit"


def test_options_survive_another_decorator() -> None:
    @step(name="timed")
    def fit(load: int, depth: int = 2) -> int:
        return load * depth

    @functools.wraps(fit)
    def around(*arguments: Any, **keywords: Any) -> Any:
        return fit(*arguments, **keywords)

    made = as_step(around)
    assert (made.name, made.required, made.settings) == ("timed", ("load",), {"depth": 2})
    assert made.function is around


def test_lambdas_partials_methods_and_objects_are_steps_when_they_are_named() -> None:
    double: Callable[[int], int] = lambda load: load * 2  # noqa: E731
    assert step(double, name="double").required == ("load",)
    partial = step(functools.partial(plain, depth=5), name="partial")
    assert (partial.required, partial.settings) == (("load",), {"depth": 5, "rate": 0.1})
    assert step(Scaler(2.0), name="scaler").required == ("load",)
    method = as_step(Scaler(2.0).scale)
    assert (method.name, method.settings) == ("scale", {"power": 1})
    assert as_step(step(Scaler(3.0).scale)).function([1.0]) == [3.0]


def test_a_static_method_keeps_its_options() -> None:
    assert as_step(Scaler.shift).name == "shifted"
    assert Scaler.shift([1.0]) == [2.0]


def test_an_object_of_the_authors_own_class_is_not_written_on() -> None:
    scaler = Scaler(2.0)
    step(scaler, name="scaler")
    made = step(name="other")(scaler)
    assert isinstance(made, Step)
    assert vars(scaler) == {"by": 2.0}


@pytest.mark.parametrize("thing", [lambda load: load, functools.partial(plain, depth=1), Scaler(1.0)])
def test_what_has_no_name_is_told_how_to_get_one(thing: Any) -> None:
    with pytest.raises(DefinitionError, match="has no name of its own") as raised:
        as_step(thing)
    assert 'step(..., name="clean")' in raised.value.hint
    assert "test_step.py:" in raised.value.message


def test_text_instead_of_a_function_is_told_to_lose_its_quotes() -> None:
    with pytest.raises(DefinitionError, match="'load' is text") as raised:
        as_step("load")
    assert "without quotes" in raised.value.hint


@pytest.mark.parametrize("value", [None, 3, [1, 2]])
def test_a_function_that_was_called_is_told_to_lose_its_parentheses(value: object) -> None:
    with pytest.raises(DefinitionError, match=f"value of type {type(value).__name__}") as raised:
        as_step(value)
    assert "steps=[load], not steps=[load()]" in raised.value.hint


def test_a_class_is_not_a_step() -> None:
    with pytest.raises(DefinitionError, match="Scaler is a class"):
        as_step(Scaler)
    with pytest.raises(DefinitionError, match="Scaler is a class"):
        step(Scaler)


def test_what_is_awaited_or_yields_is_not_a_step() -> None:
    async def waits() -> int:
        return 1

    async def streams() -> AsyncIterator[int]:
        yield 1

    def yields() -> Iterator[int]:
        yield 1

    for function in (waits, streams):
        with pytest.raises(DefinitionError, match="async function"):
            as_step(function)
    with pytest.raises(DefinitionError, match="yields its results one by one") as raised:
        as_step(yields)
    assert "return a list" in raised.value.hint


def test_stars_in_a_signature_are_told_what_to_write_instead() -> None:
    def many(*tables: int) -> None: ...

    def open_ended(load: int, **options: int) -> None: ...

    with pytest.raises(DefinitionError, match=r"takes \*tables") as raised:
        as_step(many)
    assert "name each parameter" in raised.value.hint
    with pytest.raises(DefinitionError, match=r"takes \*\*options"):
        as_step(open_ended)


def test_a_parameter_by_position_only_is_refused() -> None:
    def fit(load: int, /) -> int:
        return load

    with pytest.raises(DefinitionError, match="by position only"):
        as_step(fit)


def test_what_has_no_signature_is_told_to_be_wrapped() -> None:
    with pytest.raises(DefinitionError, match="write a function around it"):
        as_step(dict.fromkeys)


def test_a_name_without_its_keyword_is_recognised() -> None:
    with pytest.raises(DefinitionError) as raised:
        step("fit")  # type: ignore[call-overload]
    assert raised.value.hint == "@step(name='fit')"


def test_options_are_checked_where_they_are_written() -> None:
    with pytest.raises(DefinitionError, match="rtol"):
        step(rtol=-1.0)


def test_a_step_says_where_it_is_written() -> None:
    line = inspect.getsourcelines(plain)[1]
    assert as_step(plain).place.endswith(f"test_step.py:{line}")
    assert step(functools.partial(plain), name="partial").place == as_step(plain).place
    assert repr(as_step(plain)) == "<step plain(load, depth=3, rate=0.1)>"


def test_defaults_that_cannot_be_compared_do_no_harm() -> None:
    class Odd:
        def __eq__(self, other: object) -> bool:
            raise ValueError("ambiguous")

        __hash__ = None  # type: ignore[assignment]

    def fit(weights: Odd = Odd()) -> None: ...  # noqa: B008 - as authors write it

    made = as_step(fit)
    assert made == made and made != step(fit, name="fit")
    assert made in {made}
