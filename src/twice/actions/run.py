"""Carry a plan out: ask for each step by its key, reuse or run it, and file what happened."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import twice
from twice.actions.earlier import earlier_traces
from twice.actions.git import git
from twice.actions.ground import keep_files_up_to
from twice.actions.keys import Keys
from twice.actions.version_of import version_of
from twice.control import strict, switches
from twice.control.watchers import WATCHERS, wanted_watcher
from twice.environment.record import host
from twice.errors import NotFound, ParameterError, StepFailed, TwiceError
from twice.execute.events import (
    Event,
    Listener,
    RunBegan,
    RunEnded,
    StepBegan,
    StepBroke,
    StepEnded,
    StepPrinted,
    nobody,
)
from twice.execute.launch import HERE, Launch
from twice.execute.plan import Plan
from twice.execute.rebuilder import compatible, decide, key
from twice.execute.scheduler import cut_off, ready
from twice.execute.task import Performer
from twice.execute.workers import Workers
from twice.history.alike import contradict
from twice.history.meetings import meetings, related
from twice.history.notes import notes
from twice.records.artifact import Artifact
from twice.records.canonical import digest as digest_of
from twice.records.digest import Digest
from twice.records.run import RunRecord, StepResult
from twice.records.trace import Trace
from twice.store.store import Store


@dataclass(frozen=True)
class Outcome:
    """A run that is over and filed.

    Attributes:
        digest: Its name.
        record: The run.
        problem: What ended it early, if anything did.
    """

    digest: Digest
    record: RunRecord
    problem: BaseException | None = None


@dataclass
class _Progress:
    traces: dict[str, tuple[Digest, Trace]] = field(default_factory=dict)
    results: dict[str, StepResult] = field(default_factory=dict)
    broken: dict[str, BaseException] = field(default_factory=dict)


def carry_out(
    store: Store,
    plan: Plan,
    *,
    purpose: str = "run",
    reuse: bool = True,
    recorded: Mapping[str, Mapping[str, Artifact]] | None = None,
    only: frozenset[str] | None = None,
    jobs: int = 1,
    listener: Listener = nobody,
    notes: tuple[str, ...] = (),
    of: Digest | None = None,
    launch: Launch = HERE,
    finished: Mapping[str, StepResult] | None = None,
) -> Outcome:
    """Carry out a plan.

    Args:
        store: The vault.
        plan: What to carry out.
        purpose: ``run``, ``rerun`` or ``verify``.
        reuse: Whether steps may be taken from traces.
        recorded: For each step, the inputs to feed it whatever other steps give; for verifying.
        only: Run only these steps; needs ``recorded``.
        jobs: How many steps may run at the same time.
        listener: Is told what happens.
        notes: Lines for people, shown at the beginning.
        of: The run that this one is held against.
        launch: How worker processes are started. The plan's environment has to be the one that they run on.
        finished: Steps that an interrupted attempt at the same had finished: they are taken over, and not run again.

    Returns:
        The run, also when a step failed or it was interrupted: what was finished is kept, and the next run goes on.
    """
    watcher = wanted_watcher(os.environ)
    if watcher and watcher not in WATCHERS:
        raise ParameterError(
            f"TWICE_WATCHER is one of {', '.join(WATCHERS)}, not {watcher!r}.",
            hint="or leave it unset: the best that works here",
        )
    if jobs < 1:
        raise ParameterError(f"jobs is how many steps may run at the same time, and {jobs} is none.", hint="jobs=1")
    if plan.strict is not None and not launch.foreign:
        strict.check()
    return _Run(store, plan, purpose, reuse, recorded, only, jobs, listener, of, launch, finished or {}).go(notes)


class _Run:
    def __init__(
        self,
        store: Store,
        plan: Plan,
        purpose: str,
        reuse: bool,
        recorded: Mapping[str, Mapping[str, Artifact]] | None,
        only: frozenset[str] | None,
        jobs: int,
        listener: Listener,
        of: Digest | None,
        launch: Launch,
        finished: Mapping[str, StepResult],
    ) -> None:
        self.store = store
        self.plan = plan
        self.finished = finished
        self.purpose = purpose
        self.reuse = reuse
        self.recorded = recorded
        self.order = [step.name for step in plan.steps if only is None or step.name in only]
        self.jobs = jobs
        self.of = of
        self.progress = _Progress()
        self._listener = listener
        self._telling = threading.Lock()
        environment = {**os.environ, **switches.variables(plan.settings)}
        self.launch = launch
        self.keys = Keys(store, plan, launch)
        self.workers = Workers(environment, preload=plan.preload, launch=launch)
        self.performer = Performer(store, plan, self.workers, keep_files_up_to=keep_files_up_to(), launch=launch)
        self.sources = {
            step.name: [] if recorded is not None else list(dict.fromkeys(step.inputs.values())) for step in plan.steps
        }

    def tell(self, event: Event) -> None:
        with self._telling:
            self._listener(event)

    def go(self, notes: tuple[str, ...]) -> Outcome:
        started, clock = time.time_ns(), time.perf_counter_ns()
        label = self.plan.label or (self.plan.version.short if self.plan.version else "")
        self.tell(RunBegan(self.plan.pipeline, label, tuple(self.order), self.purpose, notes))
        interrupted: BaseException | None = None
        for name, result in self.finished.items():
            assert result.trace is not None
            self.progress.traces[name] = (result.trace, self.store.load(result.trace, Trace))
            self.progress.results[name] = result
        try:
            if self.jobs == 1:
                self._one_by_one()
            else:
                self._side_by_side()
        except KeyboardInterrupt as stopped:
            interrupted = stopped
        finally:
            self.workers.close()
        for name in cut_off(self.order, self.sources, self.progress.broken):
            self.progress.results[name] = StepResult(step=name, how="skipped", reason="a step before it failed")
        for name in self.order:
            self.progress.results.setdefault(name, StepResult(step=name, how="skipped", reason="the run ended before"))
        problem = interrupted or next(iter(self.progress.broken.values()), None)
        status = "interrupted" if interrupted else "failed" if problem else "done"
        duration = time.perf_counter_ns() - clock
        traces = {name: self.progress.traces[name][1] for name in self.order if name in self.progress.traces}
        record = RunRecord(
            version=self.plan.version or version_of(self.store, self.plan, traces),
            snapshot=self.plan.snapshot_digest,
            steps=tuple(self.progress.results[name] for name in self.order),
            status=status,
            purpose=self.purpose,
            started=started,
            duration=duration,
            host=host(),
            environment=self.plan.environment_digest,
            label=self.plan.label,
            git=git(self.plan.ground.roots["project"]) if self.plan.ground.live else None,
            twice=twice.__version__,
            of=self.of,
            launch=self.launch.record(),
        )
        digest = self.store.add(record)
        self.tell(RunEnded(status, duration / 1e9))
        return Outcome(digest, record, problem)

    def _one_by_one(self) -> None:
        begun: set[str] = set(self.finished)
        while waiting := ready(self.order, self.sources, self.progress.traces, begun):
            begun.add(waiting[0])
            self._step(waiting[0])

    def _side_by_side(self) -> None:
        from concurrent.futures import Future, ThreadPoolExecutor  # which bring logging, and most runs do without

        begun: set[str] = set(self.finished)
        ended: queue.SimpleQueue[Future[None]] = queue.SimpleQueue()
        with ThreadPoolExecutor(self.jobs, thread_name_prefix="twice") as pool:
            running = 0
            try:
                while True:
                    for name in ready(self.order, self.sources, self.progress.traces, begun):
                        begun.add(name)
                        pool.submit(self._step, name).add_done_callback(ended.put)
                        running += 1
                    if not running:
                        return
                    ended.get().result()
                    running -= 1
            except BaseException:
                self.workers.close()  # so that the pool's threads, which wait for workers, end
                raise

    # -- one step

    def _step(self, name: str) -> None:
        try:
            self._reuse_or_perform(name)
        except TwiceError as problem:
            self.progress.broken[name] = problem
            told = str(problem)
            summary = problem.exception if isinstance(problem, StepFailed) else problem.message
            if isinstance(problem, StepFailed):
                told = problem.traceback or str(problem)
            self.progress.results[name] = StepResult(step=name, how="failed", reason=summary, error=told)
            self.tell(StepBroke(name, summary))

    def _reuse_or_perform(self, name: str) -> None:
        step = self.plan.step(name)
        if self.recorded is not None:
            inputs = dict(self.recorded[name])
        else:
            inputs = {parameter: self.progress.traces[source][1].output for parameter, source in step.inputs.items()}
        wanted = self.keys.ingredients(name, inputs)
        wanted_key = key(wanted)
        before = self.store.traces(wanted_key)
        reason = {"rerun": "a loaded version always runs", "verify": "to be compared"}.get(self.purpose, "")
        if self.reuse:
            decision = decide(
                wanted, () if name in self.plan.always else before, self._earlier(name), self.keys.world()
            )
            if decision.trace is None and name in self.plan.compatible:
                decision = compatible(wanted, self._earlier(name), self.keys.world()) or decision
            reason = "it is set to run always" if name in self.plan.always else decision.reason
            if decision.trace is not None:
                self._reused(name, decision.trace, before, reason)
                return
        self.tell(StepBegan(name, reason))
        done = self.performer.perform(
            name, wanted_key, wanted, inputs, lambda stream, data: self.tell(StepPrinted(name, stream, data))
        )
        others = [trace for trace in before if trace.output.content != done.trace.output.content]
        conflict = None
        if others and not contradict(others[-1].watched, done.trace.watched):
            conflict = digest_of(others[-1])
        self.progress.traces[name] = (done.digest, done.trace)
        meets = self._meets(name, done.trace)
        self.progress.results[name] = StepResult(
            step=name, how="ran", reason=reason, trace=done.digest, conflict=conflict, meets=meets
        )
        seconds = done.trace.duration / 1e9
        output = done.trace.output
        remarks = notes(done.trace, conflict=conflict is not None, meets=meets)
        self.tell(StepEnded(name, "ran", reason, seconds, output.kind, output.preview, remarks))

    def _reused(self, name: str, trace: Trace, before: list[Trace], reason: str) -> None:
        digest = digest_of(trace)
        others = [other for other in before if other.output.content != trace.output.content]
        others = [other for other in others if not contradict(other.watched, trace.watched)]
        conflict = digest_of(others[-1]) if others else None
        self.progress.traces[name] = (digest, trace)
        meets = self._meets(name, trace)
        self.progress.results[name] = StepResult(
            step=name, how="reused", reason=reason, trace=digest, conflict=conflict, meets=meets
        )
        remarks = notes(trace, conflict=conflict is not None, meets=meets)
        self.tell(StepEnded(name, "reused", reason, 0.0, trace.output.kind, trace.output.preview, remarks))

    def _meets(self, name: str, trace: Trace) -> tuple[tuple[str, str], ...]:
        """Files by which a step meets another one that it is not wired to, of those that were carried out by now."""
        if self.recorded is not None:  # each on a ground of its own
            return ()
        others = {other: found for other, (_, found) in list(self.progress.traces.items())}
        return meetings(trace, others, related(name, self.sources))

    def _earlier(self, name: str) -> Iterator[Trace]:
        """The step's traces in this pipeline's last runs, oldest first, to say what changed since; looked up late."""
        newest_first = dict.fromkeys(trace for _, trace in earlier_traces(self.store, self.plan.pipeline, name))
        for digest in reversed(newest_first):
            with contextlib.suppress(NotFound):
                yield self.store.load(digest, Trace)
