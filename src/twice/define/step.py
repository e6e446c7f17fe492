"""A step: one unit of work, a plain function with whatever its author adds to it.

``@step`` leaves the function as it is, and hangs the options on it as ``__twice_step__``; so what is captured, called
and tested is the author's own function. What takes no attributes, and a function that is used for several steps, is
held by a small :class:`Step` instead.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, overload

from twice.define.options import StepOptions, changed_options, checked_step_name
from twice.errors import DefinitionError

ATTRIBUTE = "__twice_step__"

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, eq=False, slots=True)
class Step:
    """A function, and what is known about it as a step. Two steps are equal only if they are the same object.

    Attributes:
        name: Its name in the pipeline.
        function: The author's own callable.
        options: What the author said beside the signature.
        required: Parameters without a default, in the order of the signature.
        settings: Parameters with a default, and the defaults.
    """

    name: str
    function: Callable[..., Any]
    options: StepOptions
    required: tuple[str, ...]
    settings: Mapping[str, object]

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Call the function itself, as if it were no step."""
        return self.function(*arguments, **keywords)

    @property
    def place(self) -> str:
        """Where the function is written, as ``file:line``; empty if it has no source."""
        return place_of(self.function)

    def __repr__(self) -> str:
        parameters = [*self.required, *(f"{name}={value!r}" for name, value in self.settings.items())]
        return f"<step {self.name}({', '.join(parameters)})>"


@overload
def step(function: F, /) -> F: ...
@overload
def step(
    function: Callable[..., Any],
    /,
    *,
    name: str | None = None,
    inputs: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    ulps: int | None = None,
    tolerance: Mapping[str, float | Mapping[str, float]] | None = None,
    compare: Callable[..., Any] | None = None,
    allow: str | None = None,
    always: bool | None = None,
    accept: str | Iterable[str] | None = None,
) -> Step: ...
@overload
def step(
    *,
    name: str | None = None,
    inputs: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    ulps: int | None = None,
    tolerance: Mapping[str, float | Mapping[str, float]] | None = None,
    compare: Callable[..., Any] | None = None,
    allow: str | None = None,
    always: bool | None = None,
    accept: str | Iterable[str] | None = None,
) -> Callable[[F], F]: ...
def step(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    inputs: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    ulps: int | None = None,
    tolerance: Mapping[str, float | Mapping[str, float]] | None = None,
    compare: Callable[..., Any] | None = None,
    allow: str | None = None,
    always: bool | None = None,
    accept: str | Iterable[str] | None = None,
) -> Any:
    """Say about a step what its signature cannot.

    Three forms: ``@step``; ``@step(name="fit", rtol=1e-6)``; and ``step(function, name="fit")``, for what cannot be
    decorated (lambdas, partials, bound methods, callable objects) and for a function that makes several steps.

    Args:
        function: The function; left out where options are given to a decorator.
        name: Another name than the function's own.
        inputs: Files that the step reads, as paths or patterns.
        rtol: Relative tolerance within which another output counts as reproduced.
        atol: Absolute tolerance of the same kind.
        ulps: Tolerance in units in the last place.
        tolerance: Tolerances of parts of the output, by column, key, attribute or path: a relative one as a number, or
            a mapping of ``rtol``, ``atol`` and ``ulps``.
        compare: Your own comparison, a function of the recorded output and the other one. It is captured like the
            step's own code and called in a process of its own, only when the outputs are not the same; they count as
            reproduced if it returns something true.
        allow: Why the step may differ from run to run.
        always: Run it every time, even if it ran before with the same inputs.
        accept: Grades of equivalence that count as reproduced: ``order`` (the same rows, keys or lines in another
            order), ``rounding`` (explained by floating-point sums in another order), ``decisions`` (scores differ, the
            choices made from them do not).

    Returns:
        As a decorator, the function itself, unchanged (a :class:`Step` only if it takes no attributes). With a
        function and options, a :class:`Step`, and the function is not touched.

    Raises:
        DefinitionError: It is nothing that can be a step, or an option is not what it is meant to be.
    """
    given: dict[str, Any] = {
        option: value
        for option, value in (
            ("name", name),
            ("inputs", inputs),
            ("rtol", rtol),
            ("atol", atol),
            ("ulps", ulps),
            ("tolerance", tolerance),
            ("compare", compare),
            ("allow", allow),
            ("always", always),
            ("accept", accept),
        )
        if value is not None
    }
    if function is None:
        changed_options(StepOptions(), **given)  # complain here, not where the decorator is applied
        return lambda decorated: _attached(decorated, given)
    if isinstance(function, str):
        raise DefinitionError(
            f"@step takes its options by name, and {function!r} was given without one.",
            hint=f"@step(name={function!r})",
        )
    if given:
        return as_step(function, changed_options(_options_of(function), **given))
    return _attached(function, given)


def as_step(thing: object, options: StepOptions | None = None) -> Step:
    """The step that something in ``steps=[...]`` stands for.

    Args:
        thing: A function, a callable, or a :class:`Step`.
        options: Instead of those that hang on it.

    Raises:
        DefinitionError: It is nothing that can be a step: text, a value, a class, a coroutine function, a generator
            function; or it has no name, or a signature that cannot be wired.
    """
    if isinstance(thing, Step):
        if options is None:
            return thing
        return Step(options.name or thing.name, thing.function, options, thing.required, thing.settings)
    function = _checked_callable(thing)
    options = _options_of(function) if options is None else options
    name = options.name or _own_name(function)
    required, settings = _parameters(function, name)
    return Step(name, function, options, required, settings)


def place_of(function: object) -> str:
    """Where a function is written, as ``file:line`` (relative to the working directory where it lies in it)."""
    code = getattr(_written(function), "__code__", None)
    if code is None:
        return ""
    file: str = code.co_filename
    with contextlib.suppress(OSError):  # the working directory may have been deleted
        file = file.removeprefix(f"{Path.cwd()}{os.sep}")
    return f"{file}:{code.co_firstlineno}"


def _written(function: object) -> object:
    """The function that somebody wrote, under partials, methods, callable objects and well-behaved decorators."""
    while isinstance(function, functools.partial):
        function = function.func
    if not hasattr(function, "__code__") and not hasattr(function, "__func__") and not hasattr(function, "__wrapped__"):
        function = getattr(type(function), "__call__", function)  # noqa: B004 - the class's own, not whether it has one
    function = getattr(function, "__func__", function)
    try:
        return inspect.unwrap(function)  # type: ignore[arg-type]
    except ValueError:  # a __wrapped__ that goes round in a circle
        return function


def _attached(function: Any, given: Mapping[str, Any]) -> Any:
    # staticmethod and classmethod objects hand out what they wrap, so that is what must carry the options.
    target = function.__func__ if isinstance(function, staticmethod | classmethod) else _checked_callable(function)
    options = changed_options(_options_of(target), **given)
    if not hasattr(target, "__name__"):
        return as_step(target, options)  # an object of the author's own class is not to be written on
    try:
        setattr(target, ATTRIBUTE, options)
    except (AttributeError, TypeError):
        return as_step(target, options)
    return function


def _options_of(function: object) -> StepOptions:
    options = function.options if isinstance(function, Step) else getattr(function, ATTRIBUTE, None)
    return options if isinstance(options, StepOptions) else StepOptions()


def _checked_callable(thing: object) -> Callable[..., Any]:
    if isinstance(thing, str):
        raise DefinitionError(
            f"a step is a function, and {thing!r} is text.",
            hint="write the function's name without quotes: steps=[load]",
        )
    if isinstance(thing, type):
        raise DefinitionError(
            f"a step is a function, and {thing.__name__} is a class.",
            hint=f"write a function that makes one; or, if its objects are steps, step({thing.__name__}(), name=...)",
        )
    if not callable(thing):
        raise DefinitionError(
            f"a step is a function, and this is a value of type {type(thing).__name__}: {_shortened(thing)}.",
            hint="if a function was called there, leave out its parentheses: steps=[load], not steps=[load()]",
        )
    written: Any = _written(thing)
    where = place_of(thing)
    at = f" ({where})" if where else ""
    label = getattr(thing, "__name__", type(thing).__name__)
    if inspect.iscoroutinefunction(written) or inspect.isasyncgenfunction(written):
        raise DefinitionError(
            f"{label}{at} is an async function, and a step is called as a plain one.",
            hint="call it inside a plain function: return asyncio.run(...)",
        )
    if inspect.isgeneratorfunction(written):
        raise DefinitionError(
            f"{label}{at} yields its results one by one, and an output must be a whole value to be recorded.",
            hint="return a list of them",
        )
    return thing


def _own_name(function: Callable[..., Any]) -> str:
    name = getattr(function, "__name__", None)
    if isinstance(name, str) and name != "<lambda>":
        return checked_step_name(name)
    what = "a lambda" if name == "<lambda>" else f"a {type(function).__name__} object"
    where = place_of(function)
    raise DefinitionError(
        f"{what}{f' ({where})' if where else ''} has no name of its own, and a step needs one.",
        hint='give it one: step(..., name="clean")',
    )


def _parameters(function: Callable[..., Any], name: str) -> tuple[tuple[str, ...], dict[str, object]]:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError) as problem:
        raise DefinitionError(
            f"step {name!r} does not say which parameters it takes: {problem}.",
            hint="write a function around it: def clean(load): return ...",
        ) from problem
    where = place_of(function)
    at = f" ({where})" if where else ""
    required: list[str] = []
    settings: dict[str, object] = {}
    for parameter in signature.parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            stars = "*" if parameter.kind is parameter.VAR_POSITIONAL else "**"
            raise DefinitionError(
                f"step {name!r}{at} takes {stars}{parameter.name}, and what belongs there cannot be known.",
                hint="name each parameter: one named like an earlier step receives its output, one with a default is a "
                "setting",
            )
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise DefinitionError(
                f"step {name!r}{at} takes {parameter.name!r} by position only, and steps are called by name.",
                hint="leave out the '/' in its signature, or write a function around it",
            )
        if parameter.default is parameter.empty:
            required.append(parameter.name)
        else:
            settings[parameter.name] = parameter.default
    return tuple(required), settings


def _shortened(value: object) -> str:
    # Never the value's own repr for containers and data frames: it may be pages long, or run for minutes.
    return repr(value)[:60] if isinstance(value, int | float | complex | bytes | None) else "…"
