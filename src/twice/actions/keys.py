"""What each step of a plan is asked for by, and how the world is that its traces have to hold in."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping

from twice.environment.python import distributions_of
from twice.errors import TwiceError
from twice.execute.launch import HERE, Launch
from twice.execute.plan import Plan
from twice.execute.rebuilder import World, ingredients
from twice.execute.testimony import fact_here, listing_here, variable_here
from twice.records.artifact import Artifact
from twice.records.canonical import of_plain
from twice.records.digest import Digest
from twice.source.modules import Library
from twice.store.store import Store


class Keys:
    """The keys of one plan's steps.

    Args:
        store: The vault.
        plan: The plan.
        launch: How workers are started, which is part of every key where it is not as usual.
    """

    def __init__(self, store: Store, plan: Plan, launch: Launch = HERE) -> None:
        self.store = store
        self.plan = plan
        self.launch = launch
        self.meanings = {node.id: node.meaning for node in plan.code.nodes}
        self.distributions = {node.id for node in plan.code.nodes if node.kind == "distribution"}

    def ingredients(self, name: str, inputs: Mapping[str, Artifact]) -> dict[str, str]:
        """What a step's key is made of.

        Args:
            name: The step.
            inputs: What it receives.
        """
        step = self.plan.step(name)
        references = {
            reference: meaning
            for value in inputs.values()
            for reference in value.references
            if (meaning := self._meaning(reference)) is not None
        }
        declared = {
            f"{file.root}/{file.path}": file.content for file in self.plan.declared if file.declared and step.files
        }
        found = ingredients(
            step=name,
            code=self.plan.code.steps[name].semantic,
            inputs={parameter: _as_received(value) for parameter, value in inputs.items()},
            references=references,
            parameters={parameter: value.content for parameter, value in step.parameters.items()},
            seed=self.plan.seed,
            settings=self.plan.settings,
            interpreter=self.plan.environment.interpreter,
            files=declared,
            cwd="/".join(self.plan.snapshot.cwd),
            strict=self.plan.strict is not None,
        )
        return found | self._other_distributions(name) | self.launch.ingredient()

    def _other_distributions(self, name: str) -> dict[str, str]:
        """Distributions that a step reaches and that are not here what the code's meaning says, or were edited.

        A loaded version keeps its code's digest, in which the recorded versions are; so a trace of it made on others
        needs a key of its own, or it would be taken for one that was made on the recorded ones.
        """
        installed = {
            found.name: found.version
            + (f" edited {of_plain([list(file) for file in found.edited]).short}" if found.edited else "")
            for found in self.plan.environment.distributions
        }
        reached = self.distributions.intersection(self.plan.code.steps[name].reaches)
        versions = dict(id_.split("==", 1) for id_ in sorted(reached))
        return {
            f"distribution {distribution}": installed.get(distribution, "not installed")
            for distribution, version in versions.items()
            if installed.get(distribution) != version
        }

    def _meaning(self, reference: str) -> Digest | None:
        """What the code of a class or function means that an input names; None for the interpreter's own.

        One that no walk came to, because its module was only imported by the step that made the value, counts with all
        of its module; an installed one with the version of its distribution.
        """
        module = reference.partition(":")[0]
        for known in (reference, f"{module} (whole)"):
            if known in self.meanings:
                return self.meanings[known]
        if any(module == captured.name for captured in self.plan.snapshot.modules):
            return self.plan.snapshot.code
        if owners := distributions_of(module):
            return of_plain([list(owner) for owner in owners])
        return self._unwalked(module)

    def _unwalked(self, module: str) -> Digest | None:
        """The text of a local module that is in no snapshot, as one imported by a computed name."""
        top = module.partition(".")[0]
        if top in sys.stdlib_module_names or top == "twice":
            return None
        source = Library().module(module)
        return of_plain(["module", source.text]) if source is not None else of_plain(["unknown", time.time_ns()])

    def world(self) -> World:
        """How things are on the plan's ground."""
        ground = self.plan.ground

        def file(root: str, path: str) -> Digest | None:
            where = ground.absolute(root, path)
            try:
                return self.store.digest_file(where) if where.is_file() else None
            except (TwiceError, OSError):
                return None

        def exists(root: str, path: str) -> bool:
            return ground.absolute(root, path).exists()

        def listing(root: str, path: str) -> Digest | None:
            return listing_here(str(ground.absolute(root, path)))

        def fact(kind: str, root: str, path: str) -> Digest | None:
            return fact_here(kind, str(ground.absolute(root, path)))

        installed = {found.name: found.version for found in self.plan.environment.distributions}
        return World(file, exists, listing, variable_here, installed.get, fact)


def _as_received(value: Artifact) -> Digest:
    """What a step may see of an input: its content, and what is kept aside, as the order of an array in memory."""
    if value.aside is None:
        return value.content
    return of_plain([value.content, value.aside, list(value.aside_buffers)])
