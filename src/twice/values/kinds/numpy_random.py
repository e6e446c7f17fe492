"""NumPy's random generators: their algorithm and their state."""

# ruff: noqa: ARG002, D102 - the methods and their arguments are described by Kind
from __future__ import annotations

from typing import Any

from twice.values.kind import Kind, Making, library

_ROOTS = frozenset({"numpy"})


class BitGeneratorKind(Kind):
    """A bit generator: its algorithm, its state and the seeds that it would spawn from."""

    name = "numpy.random.BitGenerator"
    roots = _ROOTS
    algorithms = ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")

    def recognises(self, cls: type) -> bool:
        return cls.__module__.startswith("numpy.random") and cls.__qualname__ in self.algorithms

    def take_apart(self, value: Any) -> object:
        return {"algorithm": type(value).__qualname__, "state": value.state, "seeds": value.seed_seq}

    def put_together(self, state: Any, making: Making) -> object:
        np = library("numpy")

        if state["algorithm"] not in self.algorithms:
            raise AttributeError(f"NumPy has no bit generator {state['algorithm']!r}")
        generator = getattr(np.random, state["algorithm"])(0 if state["seeds"] is None else state["seeds"])
        if state["seeds"] is None:
            generator._legacy_seeding(0)  # as RandomState does it, which leaves no sequence to spawn from
        generator.state = state["state"]
        return generator


class SeedSequenceKind(Kind):
    """A seed sequence: what it was made from, and how many children it has."""

    name = "numpy.random.SeedSequence"
    roots = _ROOTS

    def recognises(self, cls: type) -> bool:
        return cls.__module__.startswith("numpy.random") and cls.__qualname__ == "SeedSequence"

    def take_apart(self, value: Any) -> object:
        return dict(value.state)

    def put_together(self, state: Any, making: Making) -> object:
        np = library("numpy")

        return np.random.SeedSequence(**state)


class GeneratorKind(Kind):
    """A random generator: its bit generator."""

    name = "numpy.random.Generator"
    roots = _ROOTS

    def recognises(self, cls: type) -> bool:
        return cls.__module__.startswith("numpy.random") and cls.__qualname__ == "Generator"

    def take_apart(self, value: Any) -> object:
        return {"bits": value.bit_generator}

    def put_together(self, state: Any, making: Making) -> object:
        np = library("numpy")

        return np.random.Generator(state["bits"])


class RandomStateKind(Kind):
    """A legacy random state, with the normal number that it may have in reserve."""

    name = "numpy.random.RandomState"
    roots = _ROOTS

    def recognises(self, cls: type) -> bool:
        return cls.__module__.startswith("numpy.random") and cls.__qualname__ == "RandomState"

    def take_apart(self, value: Any) -> object:
        state = value.get_state(legacy=False)
        return {"bits": value._bit_generator, "has_gauss": state["has_gauss"], "gauss": state["gauss"]}

    def put_together(self, state: Any, making: Making) -> object:
        np = library("numpy")

        result = np.random.RandomState(state["bits"])
        result.set_state({**state["bits"].state, "has_gauss": state["has_gauss"], "gauss": state["gauss"]})
        return result


KINDS: tuple[Kind, ...] = (
    BitGeneratorKind(), SeedSequenceKind(), GeneratorKind(), RandomStateKind(),
)  # fmt: skip
