"""Where experiments are made: one step, from its recorded inputs, under conditions; each run is a trace in the vault.

An experiment that was made is not made again: its runs are found by their key, which is the step's own with the
conditions, the machine and the variables that the step looks at.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from twice.actions.environments import Experiments
from twice.actions.files_here import original_of
from twice.actions.ground import keep_files_up_to, scratch_ground
from twice.control import switches
from twice.control.conditions import Conditions
from twice.control.operators import Operation
from twice.environment import uv
from twice.environment.record import host
from twice.errors import StepFailed, TwiceError, WorkerLost
from twice.execute.conditions import under
from twice.execute.launch import HERE, Launch
from twice.execute.plan import Plan
from twice.execute.rebuilder import key
from twice.execute.task import Performer
from twice.execute.testimony import variable_here
from twice.execute.warm import TURNS, Warm
from twice.records.artifact import Artifact
from twice.records.canonical import digest as digest_of
from twice.records.canonical import of_plain
from twice.records.digest import Digest
from twice.records.trace import Trace
from twice.store.store import Store

LEAST_LIMIT = 120.0
"""Seconds that every trial is given; one that takes longer gets twenty times what the step takes unchanged."""


@dataclass(frozen=True)
class Subject:
    """The step that is looked into.

    Attributes:
        step: Its name.
        inputs: What it receives: its recorded inputs.
        usual: A trace of it, unchanged, here.
    """

    step: str
    inputs: Mapping[str, Artifact]
    usual: Trace


@dataclass(frozen=True)
class Run:
    """One run of a subject under conditions.

    Attributes:
        trace: Its trace; None if it failed.
        digest: The trace's name.
        failure: Why it failed, in words; empty if it did not.
        made: It was made now, and not found in the vault.
        operators: What PyTorch was asked for, if the conditions ask for that.
    """

    trace: Trace | None = None
    digest: Digest | None = None
    failure: str = ""
    made: bool = False
    operators: tuple[Operation, ...] = ()

    @property
    def outcome(self) -> str:
        """What came out: two runs with the same text had the same outcome."""
        return self.failure if self.trace is None else self.trace.output.content


class Laboratory:
    """Makes experiments with the steps of one version.

    Args:
        store: The vault.
        plan: The version, brought back.
        jobs: How many runs may be made at the same time.
        until: The moment (of ``time.monotonic``) after which no more are begun.
        launch: How workers are started without conditions.
        mixtures: Makes environments between the recorded one and this one.
    """

    def __init__(
        self,
        store: Store,
        plan: Plan,
        *,
        jobs: int = 1,
        until: float | None = None,
        launch: Launch = HERE,
        mixtures: Experiments | None = None,
    ) -> None:
        self.store = store
        self.plan = plan
        self.jobs = jobs
        self.until = until
        self.launch = launch
        self.mixtures = mixtures
        self._mixing = threading.Lock()
        self._counting = threading.Lock()
        self.stopped = False
        self._warm = Warm()
        self._turns: Counter[Digest] = Counter()
        # Its threads live as long as it does: the kernel ends a worker together with the thread that started it.
        self._pool = ThreadPoolExecutor(jobs, thread_name_prefix="twice")

    def stop(self) -> None:
        """End what is under way, and begin no more; what is in the vault can still be looked up."""
        self.stopped = True
        self._warm.close()

    def close(self) -> None:
        """End the processes that experiments share."""
        self._warm.close()
        self._pool.shutdown()

    @property
    def out_of_time(self) -> bool:
        """Whether no more may be begun: the budget is used up, or it was stopped."""
        return self.stopped or (self.until is not None and time.monotonic() >= self.until)

    def key(self, subject: Subject, conditions: Conditions) -> tuple[Digest, dict[str, str]]:
        """The key of an experiment's runs, and what it is made of."""
        variables = {read.name: str(variable_here(read.name)) for read in subject.usual.watched.variables}
        found = {
            **subject.usual.ingredients,
            "experiment": "run again",
            "experiment host": host(),
            "experiment on": str(self.plan.environment_digest),
            "experiment variables": str(of_plain(variables)),
            **self._files,
            **conditions.ingredient(),
        }
        return key(found), found

    @cached_property
    def _files(self) -> dict[str, str]:
        """What an experiment's key says of files that are read where they lie, and may be others by the next time."""
        found = {file.path: str(file.content) for file in self.plan.declared if original_of(self.store, file)}
        return {"experiment files": str(of_plain(found))} if found else {}

    def known(self, subject: Subject, conditions: Conditions) -> list[Run]:
        """The runs of an experiment that were made before."""
        wanted, _ = self.key(subject, conditions)
        return [Run(trace, digest_of(trace)) for trace in self.store.traces(wanted)]

    def run(self, subject: Subject, conditions: Conditions, count: int) -> list[Run]:
        """Make an experiment so many times; fewer if the time is up.

        Raises:
            KeyboardInterrupt: It was interrupted; what was finished is in the vault.
        """
        if self.jobs == 1:
            made: list[Run] = []
            while len(made) < count and (run := self._unless_late(subject, conditions)) is not None:
                made.append(run)
            return made
        running = [self._pool.submit(self._unless_late, subject, conditions) for _ in range(count)]
        try:
            found = [future.result() for future in running]
        except BaseException:
            for future in running:
                future.cancel()
            raise
        return [run for run in found if run is not None]

    def _unless_late(self, subject: Subject, conditions: Conditions) -> Run | None:
        try:
            made = None if self.out_of_time else self._once(subject, conditions)
            return None if self.stopped and made is not None and made.trace is None else made
        except uv.OutOfTime:  # an environment that could not be built in time says nothing about the step
            return None

    def _once(self, subject: Subject, conditions: Conditions) -> Run:
        wanted, ingredients = self.key(subject, conditions)
        try:
            plan, launch = self._brought_about(subject, conditions)
        except uv.OutOfTime:
            raise
        except TwiceError as problem:
            return Run(failure=f"fails: {problem.message}", made=True)
        environment = {**os.environ, **switches.variables(plan.settings)}
        limit = max(LEAST_LIMIT, 20 * subject.usual.duration / 1e9)
        late = threading.Event()
        turn = self._turn(wanted) if not conditions.addresses else TURNS  # where it lies in memory, forks inherit
        with self._warm.workers(environment, preload=plan.preload, launch=launch, turn=turn) as workers:
            performer = Performer(self.store, plan, workers, keep_files_up_to=keep_files_up_to(), launch=launch)

            def end() -> None:
                late.set()
                workers.close()

            timer = threading.Timer(limit, end)
            timer.daemon = True
            timer.start()
            try:
                done = performer.perform(subject.step, wanted, ingredients, subject.inputs, None)
                return Run(done.trace, done.digest, made=True, operators=done.operators)
            except StepFailed as problem:
                return Run(failure=f"fails: {problem.exception}", made=True)
            except WorkerLost as problem:
                why = f"it took more than {limit:.0f} s" if late.is_set() else problem.message
                return Run(failure=f"fails: {why}", made=True)
            except TwiceError as problem:
                return Run(failure=f"fails: {problem.message}", made=True)
            finally:
                timer.cancel()

    def _turn(self, experiment: Digest) -> int:
        with self._counting:
            self._turns[experiment] += 1
            return self._turns[experiment] - 1

    def _brought_about(self, subject: Subject, conditions: Conditions) -> tuple[Plan, Launch]:
        plan, launch = self._on_own_ground(subject, conditions), self.launch
        if conditions.distributions and self.mixtures is not None:
            with self._mixing, uv.until(self.until):  # environments are built one at a time
                launch = self.mixtures.launch(conditions.distributions, reverse=True)
            if launch.environment is not None:
                plan = replace(
                    plan, environment=launch.environment, environment_digest=self.store.add(launch.environment)
                )
        return under(conditions, plan, launch)

    def _on_own_ground(self, subject: Subject, conditions: Conditions) -> Plan:
        """The plan on a ground that nobody wrote to before: a run must not meet what another one left behind."""
        if not subject.usual.watched.written and not conditions.folder:
            return self.plan
        place: Path | None = None
        if conditions.folder:
            place = self.store.spool() / conditions.folder
            place.mkdir(parents=True)
        return replace(self.plan, ground=scratch_ground(self.store, self.plan.snapshot, self.plan.declared, place))
