"""Under which conditions a step is run: everything that an experiment may change, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Conditions:
    """What is held still or moved; nothing by default.

    Attributes:
        inside: Conditions inside the step's process, by name: see ``control.held``.
        settings: Determinism settings that are others: ``hash_seed``, ``threads``, ``timezone``, ``locale``.
        variables: Environment variables that are set besides.
        removed: Environment variables that are taken away.
        addresses: Memory is laid out the same way every time.
        folder: The step runs in a folder of this name, deeper than usual; empty for the usual one.
        seed: Another seed of the pipeline.
        distributions: Distributions that have another version, by name.
        ingredients: Code, parameters or files that are those of another version, by name: see the laboratory.
    """

    inside: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    removed: frozenset[str] = frozenset()
    addresses: bool = False
    folder: str = ""
    seed: int | None = None
    distributions: Mapping[str, str] = field(default_factory=dict)
    ingredients: Mapping[str, str] = field(default_factory=dict)

    def with_(self, other: Conditions) -> Conditions:
        """Both together; where they contradict each other, the other holds."""
        kept = {name: value for name, value in self.variables.items() if name not in other.removed}
        return Conditions(
            inside={**self.inside, **other.inside},
            settings={**self.settings, **other.settings},
            variables={**kept, **other.variables},
            removed=(self.removed - other.variables.keys()) | other.removed,
            addresses=self.addresses or other.addresses,
            folder=other.folder or self.folder,
            seed=self.seed if other.seed is None else other.seed,
            distributions={**self.distributions, **other.distributions},
            ingredients={**self.ingredients, **other.ingredients},
        )

    def ingredient(self) -> dict[str, str]:
        """What these add to a step's key."""
        found = {f"experiment {name}": setting for name, setting in self.inside.items()}
        found |= {f"experiment setting {name}": str(value) for name, value in self.settings.items()}
        found |= {f"experiment variable {name}": value for name, value in self.variables.items()}
        found |= {f"experiment without {name}": "yes" for name in self.removed}
        found |= {f"experiment distribution {name}": version for name, version in self.distributions.items()}
        found |= {f"experiment ingredient {name}": content for name, content in self.ingredients.items()}
        if self.addresses:
            found["experiment addresses"] = "fixed"
        if self.folder:
            found["experiment folder"] = self.folder
        if self.seed is not None:
            found["experiment seed"] = str(self.seed)
        return found
