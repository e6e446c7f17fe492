"""Which step's output each parameter receives: decided from the drawing alone, before anything runs.

A parameter named like an earlier step receives that step's output. Otherwise, in a step that is not the first, a single
parameter without a default receives the output of the step just before. A parameter with a default is a setting.
Wires lead from earlier steps to later ones only, so there can be no circle.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twice.define.step import Step
from twice.errors import DefinitionError, WiringError


@dataclass(frozen=True, slots=True)
class Wiring:
    """How the steps of a pipeline hang together.

    Attributes:
        order: The steps' names, in an order in which they can run.
        inputs: For each step, parameter → the step whose output it receives.
        settings: For each step, the parameters that the author may set.
    """

    order: tuple[str, ...]
    inputs: Mapping[str, Mapping[str, str]]
    settings: Mapping[str, tuple[str, ...]]

    def ancestors(self, step: str) -> frozenset[str]:
        """The steps whose outputs reach this step, directly or through others."""
        found: set[str] = set()
        waiting = [*self.inputs[step].values()]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend(self.inputs[name].values())
        return frozenset(found)

    def descendants(self, step: str) -> frozenset[str]:
        """The steps that this step's output reaches, directly or through others."""
        found = {step}
        for name in self.order:  # whatever a step receives comes before it
            if not found.isdisjoint(self.inputs[name].values()):
                found.add(name)
        return frozenset(found - {step})

    def waves(self) -> tuple[tuple[str, ...], ...]:
        """The steps in waves: all steps of one wave may run at the same time, once the waves before it are done."""
        depth: dict[str, int] = {}
        for name in self.order:
            depth[name] = 1 + max((depth[source] for source in self.inputs[name].values()), default=-1)
        return tuple(
            tuple(name for name in self.order if depth[name] == wave)
            for wave in range(max(depth.values(), default=-1) + 1)
        )


def wire(steps: Sequence[Step]) -> Wiring:
    """Give every parameter of every step its source.

    Args:
        steps: In the order in which the author lists them.

    Raises:
        DefinitionError: Two steps have the same name.
        WiringError: A parameter without a default can be given no output; says what was looked for, and what there is.
    """
    _check_names(steps)
    order = tuple(step.name for step in steps)
    inputs: dict[str, dict[str, str]] = {}
    settings: dict[str, tuple[str, ...]] = {}
    for position, step in enumerate(steps):
        earlier, later = order[:position], order[position + 1 :]
        sources = {name: name for name in (*step.required, *step.settings) if name in earlier}
        unwired = [name for name in step.required if name not in sources]
        if len(unwired) == 1 and earlier and unwired[0] not in later:
            _check_misspelt(step, unwired[0], earlier)
            sources[unwired[0]] = earlier[-1]
        elif unwired:
            raise _no_source(step, unwired, earlier, later)
        # In the order of the signature, so that what is written down does not depend on how it was found.
        inputs[step.name] = {name: sources[name] for name in (*step.required, *step.settings) if name in sources}
        settings[step.name] = tuple(name for name in step.settings if name not in sources)
    return Wiring(order, inputs, settings)


def _check_misspelt(step: Step, parameter: str, earlier: Sequence[str]) -> None:
    """Refuse to chain a parameter that looks like a slip for another step's name than the one just before."""
    plain = parameter.casefold().replace("_", "")
    likeness = {
        name: difflib.SequenceMatcher(None, plain, name.casefold().replace("_", "")).ratio() for name in earlier
    }
    meant = max(likeness, key=lambda name: likeness[name])
    if meant != earlier[-1] and likeness[meant] >= 0.85 and likeness[meant] > likeness[earlier[-1]]:
        raise WiringError(
            f"the parameter {parameter!r} of step {step.name!r} would receive the output of {earlier[-1]!r}, the step "
            f"before, but it is spelt almost like {meant!r}.",
            hint=f"call it {meant!r} to receive that, or {earlier[-1]!r} to say that this is meant",
        )


def near(name: str, known: Sequence[str]) -> str:
    """The known name that looks most like this one, or nothing; capitals and underscores do not count."""
    plain = {candidate.casefold().replace("_", ""): candidate for candidate in reversed(known)}
    found = difflib.get_close_matches(name.casefold().replace("_", ""), plain, n=1, cutoff=0.6)
    return plain[found[0]] if found else ""


def _check_names(steps: Sequence[Step]) -> None:
    first: dict[str, Step] = {}
    for step in steps:
        other = first.setdefault(step.name, step)
        if other is step and steps.count(step) == 1:
            continue
        places = " and ".join(dict.fromkeys(place for place in (other.place, step.place) if place))
        if other.function is step.function:
            raise DefinitionError(
                f"the step {step.name!r} is listed twice{f' ({places})' if places else ''}, and every step needs a "
                "name of its own.",
                hint=f'where it is meant to run twice, name the second: step({step.name}, name="{step.name}_again")',
            )
        raise DefinitionError(
            f"two steps are named {step.name!r}{f': {places}' if places else ''}; every step needs a name of its own.",
            hint="name one of them otherwise: @step(name=...)",
        )


def _no_source(step: Step, unwired: Sequence[str], earlier: Sequence[str], later: Sequence[str]) -> WiringError:
    where = f" ({step.place})" if step.place else ""
    there = f"the steps before it are {_listed(earlier)}" if earlier else "it is the first step, with none before it"
    too_late = [name for name in unwired if name in later]
    if too_late:
        name = too_late[0]
        return WiringError(
            f"step {step.name!r}{where} takes {name!r}, and the step {name!r} comes after it; {there}.",
            hint=f"list {name!r} before {step.name!r}, or, if that is not what is meant, name the parameter otherwise",
        )
    guesses = {name: near(name, earlier) for name in unwired}
    meant = " ".join(f"Did you mean {guess!r} where it says {name!r}?" for name, guess in guesses.items() if guess)
    if not earlier:
        message = f"step {step.name!r}{where} takes {_listed(unwired)}, and there is nothing to receive: {there}."
        default = f"def {step.name}({unwired[0]}=...)"
        return WiringError(
            message, hint=f"a parameter with a default is a setting: {default}; or list a step before it"
        )
    return WiringError(
        f"step {step.name!r}{where} takes {_listed(unwired)}, and no step before it has one of these names; only a "
        f"single parameter can receive the output of the step before without being named like it; {there}.",
        hint=meant
        or "name each parameter like the step whose output it receives, or give it a default to make it a setting",
    )


def _listed(names: Sequence[str]) -> str:
    quoted = [repr(name) for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
