"""Runs mixtures of two versions; what was run before is taken from the vault."""

from __future__ import annotations

import os

from twice.actions.ground import keep_files_up_to
from twice.actions.keys import Keys
from twice.actions.mixtures import Mixtures
from twice.compare.division import Mixture
from twice.control import switches
from twice.environment.record import host
from twice.errors import Damaged, NotFound
from twice.execute.rebuilder import key, moved
from twice.execute.task import Performer
from twice.execute.warm import Warm
from twice.records.artifact import Artifact
from twice.records.environment import Environment
from twice.records.run import RunRecord
from twice.records.trace import Trace
from twice.store.store import Store


class Mixing:
    """Runs mixtures.

    Steps that no change reaches are not run: they give what was recorded of the first version.

    Args:
        store: The vault.
        mixtures: What can be mixed.

    Attributes:
        recorded: The traces of both versions, by step.
        common: The steps that both have.
        made: How many runs of steps were made.
        seconds: How long one run of a mixture takes, as far as that is known.
    """

    def __init__(self, store: Store, mixtures: Mixtures) -> None:
        self.store = store
        self.mixtures = mixtures
        self.made = 0
        self._warm = Warm()
        self.recorded = [self._recorded(side.run) for side in mixtures.sides]
        left, right = (side.steps.keys() for side in mixtures.sides)
        self.common = [name for name in mixtures.order if name in left and name in right]
        self.pinned = {name: self.recorded[0][name] for name in self.common if name in self.recorded[0]}
        self.seconds = sum(
            trace.duration / 1e9 for name, trace in self.recorded[1].items() if name in mixtures.affected
        )

    def close(self) -> None:
        """End the processes that mixtures share."""
        self._warm.close()

    def _recorded(self, run: RunRecord) -> dict[str, Trace]:
        found = ((result.step, result.trace) for result in run.steps)
        return {step: self.store.load(trace, Trace) for step, trace in found if trace is not None}

    def outputs(self, mixture: Mixture, turn: int = 0) -> dict[str, Artifact]:
        """The outputs of a mixture, by step.

        Args:
            mixture: The changes that are made.
            turn: Which run of it: what was run so often before, and more, is taken from the vault.

        Raises:
            StepFailed: It does not run.
            EnvironmentUnusable: Its environment cannot be made.
        """
        plan, launch = self.mixtures.plan(mixture)
        keys = Keys(self.store, plan, launch)
        world = keys.world()
        environment = {**os.environ, **switches.variables(plan.settings)}
        outputs: dict[str, Artifact] = {}
        with self._warm.workers(environment, preload=plan.preload, launch=launch, turn=turn) as workers:
            performer = Performer(self.store, plan, workers, keep_files_up_to=keep_files_up_to(), launch=launch)
            for step in plan.steps:
                if step.name in self.pinned and step.name not in self.mixtures.affected:
                    outputs[step.name] = self.pinned[step.name].output  # nothing that changed reaches it
                    continue
                inputs = {parameter: outputs[source] for parameter, source in step.inputs.items()}
                wanted = keys.ingredients(step.name, inputs)
                known = [trace for trace in self.store.traces(key(wanted)) if self._here(trace, plan.environment)]
                known = [trace for trace in known if not moved(trace, world)]
                if len(known) > turn:
                    outputs[step.name] = known[turn].output
                    continue
                self.made += 1
                outputs[step.name] = performer.perform(step.name, key(wanted), wanted, inputs, None).trace.output
        return outputs

    def _here(self, trace: Trace, here: Environment) -> bool:
        """Whether a trace was made on this machine and with what is installed here."""
        try:
            there = self.store.load(trace.environment, Environment)
        except (NotFound, Damaged):
            return False
        same = there.machine == here.machine and there.interpreter == here.interpreter
        return same and trace.host == host() and there.distributions == here.distributions
