"""The pure part of a pipeline: its steps, how they hang together, and what may be set."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from twice.define.naming import UNNAMED, checked_name
from twice.define.options import checked_inputs
from twice.define.step import Step, as_step
from twice.define.wiring import Wiring, near, wire
from twice.errors import DefinitionError, ParameterError

_SHOWN_STEPS = 8


class Drawing:
    """Steps that are wired and named, and have not run.

    Args:
        steps: Functions, in an order in which they can run; the last one's output is the pipeline's.
        name: What the pipeline is called.
        version: The label that the next save gives it, if it is to have one.
        seed: What every random generator starts from, together with the step's name; 0 <= seed < 2**64.
        inputs: Files that the steps read, as paths or patterns.
        strict: Whether steps are refused files that they do not declare.
        deterministic: Whether what libraries offer for the same numbers is switched on.

    Attributes:
        steps: The steps.
        name: The pipeline's name.
        seed: Its seed.
        inputs: The files that were declared for all of it.
        strict: Whether steps are refused files that they do not declare.
        deterministic: Whether what libraries offer for the same numbers is switched on.
        wiring: Which step's output each parameter receives.

    Raises:
        DefinitionError: An argument is not what it is meant to be.
        WiringError: A parameter can be given no value.
    """

    def __init__(
        self,
        steps: Iterable[Callable[..., Any]],
        *,
        name: str | None = None,
        version: str | None = None,
        seed: int = 0,
        inputs: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] = (),
        strict: bool = False,
        deterministic: bool = False,
    ) -> None:
        self.steps = _checked_steps(steps)
        self.wiring: Wiring = wire(self.steps)
        self.name = UNNAMED if name is None else checked_name(name, of="pipeline")
        self.version = version
        self.seed = _checked_seed(seed)
        self.inputs = checked_inputs(inputs)
        self.strict = _checked_switch("strict", strict)
        self.deterministic = _checked_switch("deterministic", deterministic)

    @property
    def version(self) -> str | None:
        """The label, as ``v1.0``; None if there is none. May be set before the pipeline runs, or after."""
        return self._version

    @version.setter
    def version(self, label: str | None) -> None:
        self._version = None if label is None else checked_name(label, of="version")

    @property
    def step_names(self) -> tuple[str, ...]:
        """The steps' names, in their order."""
        return self.wiring.order

    @property
    def output(self) -> str:
        """The name of the last step, whose output is the pipeline's."""
        return self.wiring.order[-1]

    def step(self, name: str) -> Step:
        """The step of that name.

        Raises:
            DefinitionError: There is none.
        """
        for step in self.steps:
            if step.name == name:
                return step
        guess = near(name, self.step_names)
        raise DefinitionError(
            f"there is no step {name!r}; the steps are {', '.join(self.step_names)}.",
            hint=f"did you mean {guess!r}?" if guess else "",
        )

    def settings(self, step: str) -> dict[str, object]:
        """What may be set for a step, and its value if nobody sets it.

        Raises:
            DefinitionError: There is no step of that name.
        """
        defaults = self.step(step).settings
        return {name: defaults[name] for name in self.wiring.settings[step]}

    def parameters(self, params: Mapping[str, object] | None = None) -> dict[str, dict[str, object]]:
        """The value of every setting of every step.

        Args:
            params: What is set otherwise than by default: ``{"fit.depth": 3}``, or ``{"depth": 3}`` where only one
                step has a setting of that name.

        Returns:
            Step → setting → value; a step without settings has an empty mapping.

        Raises:
            ParameterError: There is no such setting, several steps have it, or it was given twice.
        """
        if params is not None and not isinstance(params, Mapping):
            raise ParameterError(
                f"params maps names to values, and a {type(params).__name__} was given.", hint='params={"fit.depth": 3}'
            )
        values = {name: self.settings(name) for name in self.step_names}
        given: dict[tuple[str, str], str] = {}
        for key, value in (params or {}).items():
            step, setting = self._find(key)
            if (step, setting) in given:
                raise ParameterError(
                    f"{given[step, setting]!r} and {key!r} set the same parameter.", hint="leave out one of them"
                )
            given[step, setting] = key
            values[step][setting] = value
        return values

    def _find(self, key: object) -> tuple[str, str]:
        """Which step's setting a key means."""
        if not isinstance(key, str):
            raise ParameterError(
                f"parameters are named by text, and {key!r} is a {type(key).__name__}.", hint='params={"fit.depth": 3}'
            )
        step, dot, setting = key.partition(".")
        if dot:
            if step in self.wiring.settings and setting in self.wiring.settings[step]:
                return step, setting
            if step in self.wiring.inputs and setting in self.wiring.inputs[step]:
                source = self.wiring.inputs[step][setting]
                raise ParameterError(
                    f"{key!r} cannot be set: it receives the output of the step {source!r}.",
                    hint="name the parameter otherwise to make it a setting" if setting == source else "",
                )
            raise self._unknown(key)
        having = [name for name in self.step_names if key in self.wiring.settings[name]]
        if len(having) == 1:
            return having[0], key
        if having:
            whole = [f"{name}.{key}" for name in having]
            raise ParameterError(
                f"several steps have a parameter {key!r}: {', '.join(whole)}.", hint=f"say which: {whole[0]!r}"
            )
        raise self._unknown(key)

    def _unknown(self, key: str) -> ParameterError:
        known = [f"{step}.{setting}" for step in self.step_names for setting in self.wiring.settings[step]]
        if not known:
            return ParameterError(
                f"there is no parameter {key!r}: no step has any.",
                hint="a parameter of a function with a default is one",
            )
        guess = near(key, known) if "." in key else ""
        if not guess:
            # Without a step before it, or with a wrong one: it is the setting's own name that is to be recognised.
            close = near(key.rpartition(".")[2], [name.partition(".")[2] for name in known])
            guess = next((name for name in known if close and name.partition(".")[2] == close), "")
        hint = f"did you mean {guess!r}?" if guess else "parameters are named as step.parameter"
        return ParameterError(f"there is no parameter {key!r}; there are {', '.join(known)}.", hint=hint)

    def __repr__(self) -> str:
        label = f"@{self.version}" if self.version else ""
        names = list(self.step_names)
        if len(names) > _SHOWN_STEPS:
            names[3:-1] = [f"{len(names) - 4} more"]
        return f"<{type(self).__name__} {self.name}{label}: {', '.join(names)}>"


def _checked_steps(steps: object) -> tuple[Step, ...]:
    example = "steps=[load, clean, fit]"
    if isinstance(steps, str | bytes) or callable(steps):
        raise DefinitionError(f"steps is a list of functions, and {steps!r} is not a list.", hint=example)
    if isinstance(steps, Mapping):
        raise DefinitionError(
            "steps is a list of functions, and a mapping was given.", hint='names are given by step(fit, name="model")'
        )
    if isinstance(steps, set | frozenset):
        raise DefinitionError("steps is a list of functions, and a set has no order.", hint=example)
    if not isinstance(steps, Iterable):
        raise DefinitionError(f"steps is a list of functions, and {steps!r} is not a list.", hint=example)
    made = tuple(as_step(thing) for thing in steps)
    if not made:
        raise DefinitionError("a pipeline needs at least one step, and steps is empty.", hint=example)
    return made


def _checked_switch(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise DefinitionError(f"{name} is True or False, and {value!r} is neither.", hint=f"Pipeline(..., {name}=True)")
    return value


def _checked_seed(seed: object) -> int:
    try:
        number = operator.index(seed)  # type: ignore[arg-type]
    except TypeError:
        number = -1
    if isinstance(seed, bool) or not 0 <= number < 2**64:
        raise DefinitionError(
            f"the seed is a whole number from 0 to 2**64 - 1, and {seed!r} is not.", hint="Pipeline(..., seed=1)"
        )
    return number
