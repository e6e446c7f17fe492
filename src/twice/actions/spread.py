"""How far a difference goes: what depends on an output that is not as recorded is run again, fed with it."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping

from twice.actions.compare import judged
from twice.actions.ground import keep_files_up_to
from twice.actions.keys import Keys
from twice.control import switches
from twice.errors import StepFailed, TwiceError
from twice.execute.events import Experimenting, Listener
from twice.execute.launch import Launch
from twice.execute.plan import Plan
from twice.execute.rebuilder import key
from twice.execute.task import Performer
from twice.execute.workers import Workers
from twice.records.artifact import Artifact
from twice.records.run import RunRecord
from twice.records.trace import Trace
from twice.store.store import Store


class Spread:
    """Follows differences downstream, one at a time.

    Args:
        store: The vault.
        record: The recorded run.
        plan: Its version, brought back.
        traces: The recorded traces, by step.
        launch: How workers are started.
        listener: Is told what is run.
    """

    def __init__(
        self,
        store: Store,
        record: RunRecord,
        plan: Plan,
        traces: Mapping[str, Trace],
        launch: Launch,
        listener: Listener,
    ) -> None:
        self.store, self.record, self.plan, self.traces = store, record, plan, traces
        self.launch, self.listener = launch, listener

    def seconds(self, step: str) -> float:
        """How long following a step's difference to the end would take, by the record."""
        below = self.below(step)
        return sum(trace.duration / 1e9 for name, trace in self.traces.items() if name in below)

    def below(self, step: str) -> frozenset[str]:
        """The steps that depend on a step's output."""
        found = {step}
        for spec in self.plan.steps:
            if found & set(spec.inputs.values()):
                found.add(spec.name)
        return frozenset(found - {step})

    def follow(self, step: str, output: Artifact, apart: Collection[str] = ()) -> str:
        """What another output of a step changes downstream, in words; empty if nothing depends on it.

        Args:
            step: The step.
            output: What it gave, which is not what was recorded.
            apart: Steps whose output is not as recorded from recorded inputs either: nothing is learnt from them.
        """
        below = self.below(step)
        if not below:
            return ""
        self.listener(
            Experimenting(step, f"fed to {', '.join(sorted(below))}", "how far does it go?", 1, self.seconds(step))
        )
        outputs = {name: trace.output for name, trace in self.traces.items()} | {step: output}
        changed, same, failed, unclear = [], [], [], []
        environment = {**os.environ, **switches.variables(self.plan.settings)}
        keys = Keys(self.store, self.plan, self.launch)
        with Workers(environment, preload=self.plan.preload, launch=self.launch) as workers:
            performer = Performer(
                self.store, self.plan, workers, keep_files_up_to=keep_files_up_to(), launch=self.launch
            )
            for spec in self.plan.steps:
                if spec.name not in below or any(source in failed for source in spec.inputs.values()):
                    continue
                if spec.name in apart:
                    unclear.append(spec.name)
                    continue  # what comes after it is fed with what was recorded of it
                inputs = {parameter: outputs[source] for parameter, source in spec.inputs.items()}
                recorded = self.traces[spec.name]
                if all(value.content == recorded.inputs[name] for name, value in inputs.items()):
                    continue  # what it receives is as recorded: the difference ended before it
                wanted = keys.ingredients(spec.name, inputs) | {"experiment": "downstream"}
                try:
                    known = self.store.traces(key(wanted))
                    made = known[0] if known else performer.perform(spec.name, key(wanted), wanted, inputs, None).trace
                except StepFailed as problem:
                    failed.append(spec.name)
                    changed.append(f"{spec.name} fails ({problem.exception})")
                    continue
                except TwiceError as problem:
                    return f"it could not be followed: {problem.message}"
                verdict = judged(spec.name, spec, self.record, self.store, recorded.output, self.store, made.output)
                if verdict.reproduces:
                    same.append(spec.name)
                    continue
                outputs[spec.name] = made.output
                changed.append(f"{spec.name} ({verdict.summary})" if verdict.summary else spec.name)
        return _said(changed, same, unclear)


def _said(changed: list[str], same: list[str], unclear: list[str]) -> str:
    words = []
    if changed:
        words.append(f"it goes on: fed with it, {'; '.join(changed)} {'differ' if len(changed) > 1 else 'differs'}")
    if same:
        words.append(f"{'' if changed else 'it ends there: fed with it, '}{', '.join(same)} gave what was recorded")
    if unclear:
        words.append(f"{', '.join(unclear)} cannot tell: not as recorded from recorded inputs either")
    return "; ".join(words)
