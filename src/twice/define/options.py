"""What ``@step(...)`` adds to a plain function, checked where it is written."""

from __future__ import annotations

import math
import numbers
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from inspect import signature
from typing import TYPE_CHECKING, Any

from twice.errors import DefinitionError

if TYPE_CHECKING:  # records need more than the standard library, and a worker that meets @step may have no more
    from twice.records.version import Tolerance

# No dots, since ``fit.depth`` is how a parameter is named; no spaces, since names are typed on command lines.
_STEP_NAME = re.compile(r"\w[\w-]*")


@dataclass(frozen=True, slots=True)
class StepOptions:
    """What the author says about a step beyond its signature.

    Attributes:
        name: Its name in the pipeline; None takes the function's own.
        inputs: Glob patterns or paths of files that it reads.
        rtol: Relative tolerance within which another output counts as reproduced (0: none).
        atol: Absolute tolerance of the same kind, in the unit of the output.
        ulps: Tolerance in units in the last place: how many representable numbers may lie between two.
        tolerance: Tolerances of parts of the output, by column, key or path.
        compare: The author's own comparison: given the recorded output and the other one, it says whether they are the
            same for all that matters.
        allow: Why this step may differ from run to run; empty if it may not.
        always: Whether it runs every time, even if it ran before with the same inputs.
        accept: Grades of equivalence that count as reproduced.
    """

    name: str | None = None
    inputs: tuple[str, ...] = ()
    rtol: float = 0.0
    atol: float = 0.0
    ulps: int = 0
    tolerance: Mapping[str, Tolerance] = field(default_factory=dict)
    compare: Callable[..., Any] | None = None
    allow: str = ""
    always: bool = False
    accept: tuple[str, ...] = ()


def changed_options(
    options: StepOptions,
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
) -> StepOptions:
    """The options with some of them set anew; None leaves one as it was.

    Raises:
        DefinitionError: One of them cannot be what it is meant to be.
    """
    return StepOptions(
        name=options.name if name is None else checked_step_name(name),
        inputs=options.inputs if inputs is None else checked_inputs(inputs),
        rtol=options.rtol if rtol is None else _checked_tolerance("rtol", rtol),
        atol=options.atol if atol is None else _checked_tolerance("atol", atol),
        ulps=options.ulps if ulps is None else _checked_ulps("ulps", ulps),
        tolerance=options.tolerance if tolerance is None else checked_places(tolerance),
        compare=options.compare if compare is None else checked_comparison(compare),
        allow=options.allow if allow is None else _checked_reason(allow),
        always=options.always if always is None else _checked_always(always),
        accept=options.accept if accept is None else _checked_accept(accept),
    )


def checked_step_name(name: object) -> str:
    """The name, if a step can have it.

    Raises:
        DefinitionError: It is no text, or holds something other than letters, digits, ``_`` and ``-``.
    """
    if not isinstance(name, str):
        raise DefinitionError(f"a step's name is text, and {name!r} is a {type(name).__name__}.", hint='name="fit"')
    if not _STEP_NAME.fullmatch(name):
        raise DefinitionError(
            f"{name!r} cannot name a step: names are made of letters, digits, '_' and '-', and do not begin with '-'.",
            hint="a dot would be read as in 'fit.depth', the parameter depth of the step fit",
        )
    return name


def checked_inputs(inputs: object) -> tuple[str, ...]:
    """Declared input files as a tuple of texts; one path alone is taken as a list of one.

    Raises:
        DefinitionError: Something in it is no path, or is empty.
    """
    if isinstance(inputs, str | os.PathLike):
        inputs = [inputs]
    if not isinstance(inputs, Iterable) or isinstance(inputs, bytes | bytearray):
        raise DefinitionError(
            f"inputs are paths or patterns of files, and {inputs!r} is none.", hint='inputs=["data/*.csv"]'
        )
    paths = []
    for given in inputs:
        path = os.fspath(given) if isinstance(given, str | os.PathLike) else None
        if not isinstance(path, str) or not path or "\0" in path:
            raise DefinitionError(
                f"an input is the path of a file or a pattern such as 'data/*.csv', and {given!r} is none.",
                hint='inputs=["data/*.csv"]',
            )
        paths.append(path)
    return tuple(paths)


def _checked_tolerance(option: str, value: object) -> float:
    number = float(value) if isinstance(value, numbers.Real) else math.nan
    if isinstance(value, bool) or not (math.isfinite(number) and number >= 0):
        raise DefinitionError(
            f"{option} is how far an output may be off: a finite number that is not negative, not {value!r}.",
            hint=f"{option}=1e-6",
        )
    return number


def _checked_ulps(option: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise DefinitionError(
            f"{option} is how many representable numbers may lie between two: a whole number, not {value!r}.",
            hint=f"{option}=4",
        )
    return value


def checked_places(tolerance: object) -> dict[str, Tolerance]:
    """Tolerances by place; a number alone is a relative one.

    Raises:
        DefinitionError: It is no mapping of places to tolerances.
    """
    hint = 'tolerance={"price": 1e-6, "metrics.auc": {"atol": 0.01}}'
    if not isinstance(tolerance, Mapping):
        raise DefinitionError(
            f"tolerance says for columns, keys or paths of the output how far they may be off, and {tolerance!r} names "
            "none.",
            hint=hint,
        )
    if not tolerance:
        return {}
    try:
        from twice.records.version import Tolerance
    except ModuleNotFoundError:  # in a worker, which compares nothing
        return {}
    found = {}
    for place, given in tolerance.items():
        if not isinstance(place, str) or not place.strip():
            raise DefinitionError(f"a place in an output is named by a text, not {place!r}.", hint=hint)
        limits = given if isinstance(given, Mapping) else {"rtol": given}
        unknown = [name for name in limits if name not in ("rtol", "atol", "ulps")]
        if unknown or not limits:
            raise DefinitionError(
                f"the tolerance of {place!r} is made of rtol, atol and ulps, not of {', '.join(map(repr, unknown))}.",
                hint=hint,
            )
        named = f"tolerance[{place!r}]"
        found[place] = Tolerance(
            rtol=_checked_tolerance(named, limits.get("rtol", 0.0)),
            atol=_checked_tolerance(named, limits.get("atol", 0.0)),
            ulps=_checked_ulps(named, limits.get("ulps", 0)),
        )
    return found


def checked_comparison(compare: object) -> Callable[..., Any]:
    """The author's own comparison, if it can be called with two outputs.

    Raises:
        DefinitionError: It cannot.
    """
    hint = "def close(recorded, now): return abs(now - recorded) < 0.1"
    if not callable(compare) or isinstance(compare, type):
        raise DefinitionError(f"compare is a function of two outputs, not {compare!r}.", hint=hint)
    try:
        taken = list(signature(compare).parameters.values())
    except (TypeError, ValueError) as problem:
        raise DefinitionError(f"compare does not say what it takes: {problem}.", hint=hint) from problem
    named = [one for one in taken if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
    if len(named) != len(taken) or len([one for one in named if one.default is one.empty]) != 2:
        raise DefinitionError(
            "compare takes two outputs, the recorded one and the one held against it, by name, and nothing else that "
            "has no default.",
            hint=hint,
        )
    return compare


def _checked_reason(allow: object) -> str:
    if not isinstance(allow, str) or not allow.strip():
        raise DefinitionError(
            f"allow holds the reason why a step may differ, for whoever reads the verdict; {allow!r} says none.",
            hint='allow="asks a web service that changes"',
        )
    return allow


ACCEPTABLE = ("order", "rounding", "decisions")
"""Grades of equivalence that an author may let count as reproduced."""


def _checked_accept(accept: object) -> tuple[str, ...]:
    grades = [accept] if isinstance(accept, str) else list(accept) if isinstance(accept, Iterable) else [accept]
    for grade in grades:
        if grade not in ACCEPTABLE:
            raise DefinitionError(
                f"accept names grades of equivalence that count as reproduced, and {grade!r} is none of them.",
                hint=f"accept=[...] of {', '.join(ACCEPTABLE)}",
            )
    return tuple(dict.fromkeys(str(grade) for grade in grades))


def _checked_always(always: object) -> bool:
    if not isinstance(always, bool):
        raise DefinitionError(f"always is True or False, not {always!r}.")
    return always
