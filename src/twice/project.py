"""A store and a source folder opened together; each action is a one-line method.

Each method brings its action in when it is called, so that ``twice log`` waits for nothing that only ``twice stress``
needs.
"""

from __future__ import annotations

import atexit
import os
import weakref
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twice.actions.places import project_folder, script_folder, store_folder
from twice.compare.choice import BUDGET
from twice.errors import NotFound
from twice.present.listening import is_quiet, listener
from twice.records.digest import Digest
from twice.records.run import RunRecord
from twice.store.gc import Progress, silent
from twice.store.store import Store

if TYPE_CHECKING:
    from twice.actions.run import Outcome
    from twice.actions.snapshotted import Snapshotted
    from twice.compare.comparison import Comparison
    from twice.define.pipeline import Drawing
    from twice.execute.events import Listener
    from twice.execute.launch import Launch
    from twice.present.environment import DriftView, EnvironmentView, WrittenView
    from twice.present.findings import CheckView, DiffView, Explanation, GcView, StressView
    from twice.present.views import Log, RunView, StepDetail, VersionView
    from twice.records.artifact import Artifact
    from twice.source.snapshot import Capture
    from twice.store.resolve import Found

_OPEN: weakref.WeakSet[Store] = weakref.WeakSet()


@atexit.register
def _close_stores() -> None:
    for store in list(_OPEN):
        store.close()


class Project:
    """A store and a source folder.

    Args:
        folder: The project's folder.
        place: The store's folder.
        create: Make the store if it is not there.
    """

    def __init__(self, folder: Path, place: Path, *, create: bool = True) -> None:
        self.folder = folder
        self.place = place
        self._create = create
        self.listener: Listener | None = None
        self._captured: dict[Digest, Snapshotted] = {}

    @classmethod
    def around(cls, start: Path, store: str | os.PathLike[str] | None = None, *, create: bool = True) -> Project:
        """The project that a folder belongs to."""
        folder = project_folder(start)
        return cls(folder, store_folder(folder, store), create=create)

    @classmethod
    def here(cls, store: str | os.PathLike[str] | None = None, start: Path | None = None) -> Project:
        """The project whose store exists: of the calling code's folder, of the script's, of the working directory.

        Args:
            store: The store's folder, if it is known.
            start: The folder of the code that asks.
        """
        starts = [start] if start is not None else []
        folders = [project_folder(folder) for folder in (*starts, script_folder(), Path.cwd())]
        places = [(folder, store_folder(folder, store)) for folder in dict.fromkeys(folders)]
        folder, place = next((found for found in places if (found[1] / "format").exists()), places[0])
        return cls(folder, place, create=False)

    @cached_property
    def store(self) -> Store:
        """The vault, opened when it is first needed."""
        opened = Store.open(self.place, create=self._create)
        _OPEN.add(opened)
        return opened

    def resolve(self, name: str) -> Found:
        """The version or run that a name means."""
        return self.store.resolve(name)

    def run_of(self, name: str) -> Digest:
        """The run that a name means, or the first finished run of the version that it means."""
        found = self.resolve(name)
        return found.run or self.record_of(found.version)

    def steps_of(self, name: str) -> tuple[str, ...]:
        """The names of the steps of the run that a name means."""
        return tuple(result.step for result in self.store.load(self.run_of(name), RunRecord).steps)

    def last_run_with(self, step: str) -> Digest | None:
        """The last run, of whichever pipeline, that has a step of this name; verifications are none."""
        runs = ((digest, run) for digest, run in reversed(self.store.runs()) if run.purpose != "verify")
        return next((digest for digest, run in runs if any(result.step == step for result in run.steps)), None)

    def record_of(self, version: Digest) -> Digest:
        """The first finished run of a version."""
        for digest, run in self.store.runs(version=version):
            if run.status == "done":
                return digest
        raise NotFound(f"the version {version.short} has no finished run.")

    def run(
        self,
        drawing: Drawing,
        params: Mapping[str, object] | None = None,
        *,
        jobs: int = 1,
        compatible: Iterable[str] = (),
    ) -> tuple[Outcome, Capture]:
        """Carry out a pipeline that is being worked on."""
        from twice.actions.prepare import from_drawing
        from twice.actions.run import carry_out

        plan, captured = from_drawing(self.store, drawing, params, self.folder, compatible)
        return carry_out(self.store, plan, jobs=jobs, listener=self._listener()), captured

    def rerun(
        self,
        run: Digest,
        params: Mapping[str, object] | None = None,
        *,
        label: str = "",
        jobs: int = 1,
        env: str = "here",
    ) -> Outcome:
        """Carry out the version of a recorded run again, here or in its environment rebuilt."""
        from twice.actions.rerun import rerun

        launch = self._launch(run, env)
        return rerun(self.store, run, params, label=label, jobs=jobs, listener=self._listener(), launch=launch)

    def verify(
        self,
        name: str,
        *,
        steps: Iterable[str] | None = None,
        jobs: int = 1,
        env: str = "here",
        budget: float = BUDGET,
        run: Digest | None = None,
        level: str = "full",
    ) -> Comparison:
        """Run every step of a version again from its recorded inputs, and compare with the record.

        Args:
            name: What people call the version.
            steps: Only these steps.
            jobs: How many steps may run at the same time.
            env: ``here``, ``venv`` or ``container``.
            budget: Seconds that experiments may take that look for the cause of a difference; 0 for none.
            run: The run that is the record, where the name was looked up before and may mean another by now.
            level: ``quick`` (some of the steps), ``full``, or ``paranoid`` (all of them, three times).
        """
        from twice.actions.verify import verify

        run = run or self.run_of(name)
        launch = self._launch(run, env)
        return verify(
            self.store,
            run,
            label=name,
            steps=steps,
            jobs=jobs,
            listener=self._listener(),
            launch=launch,
            budget=budget,
            level=level,
        )

    def page(self, comparison: Comparison, name: str) -> str:
        """A verification as an HTML page."""
        from twice.actions.page import page_of

        return page_of(self.store, comparison, name)

    def stress(
        self,
        name: str,
        *,
        steps: Iterable[str] | None = None,
        factors: Iterable[str] | None = None,
        jobs: int = 1,
        budget: float = BUDGET,
    ) -> StressView:
        """Vary one thing at a time, and see which step minds; only some steps, or factors, if they are named."""
        from twice.actions.stress import stress

        return stress(
            self.store,
            self.run_of(name),
            name=name,
            steps=steps,
            factors=factors,
            jobs=jobs,
            budget=budget,
            listener=self._listener(),
        )

    def environment(self, name: str) -> EnvironmentView:
        """What a version ran on, and whether that is locked."""
        from twice.actions.environment_views import environment_view

        return environment_view(self.store, self.run_of(name), name)

    def environment_diff(self, name: str, other: str | None = None) -> DriftView:
        """What differs between a version's environment and another's, or what is here."""
        from twice.actions.environment_views import drift_view

        second = self.run_of(other) if other else None
        return drift_view(self.store, self.run_of(name), name, second, other or "")

    def lock(self, name: str, *, keep_wheels: bool = False) -> EnvironmentView:
        """Lock what a version ran on."""
        from twice.actions.environments import lock_version

        return lock_version(self.store, self.run_of(name), name, keep_wheels=keep_wheels)

    def keep_wheels(self, run: Digest, *, asked: bool, saved: bool) -> None:
        """Lock what a run ran on and keep the wheels, if that is asked for, or is the rule for what is saved."""
        from twice.actions.lock import keeps_wheels

        if asked or (saved and keeps_wheels()):
            from twice.actions.environments import lock_version

            lock_version(self.store, run, "", keep_wheels=True)

    def image(self, name: str, *, base: str | None = None) -> WrittenView:
        """Build an image of what a version ran on."""
        from twice.actions.environments import image_of_version

        return image_of_version(self.store, self.run_of(name), name, base=base)

    def export_environment(self, name: str, folder: Path, *, base: str | None = None) -> WrittenView:
        """Write what is needed to rebuild a version's environment without Twice."""
        from twice.actions.environments import export_version

        return export_version(self.store, self.run_of(name), name, folder, base=base)

    def build(self, name: str) -> EnvironmentView:
        """Rebuild what a version ran on."""
        from twice.actions.environments import build_version

        return build_version(self.store, self.run_of(name), name)

    def compare(self, left: Digest, right: Digest, left_store: Store, right_store: Store) -> Comparison:
        """Hold two recorded runs against each other."""
        from twice.actions.compare import compare

        return compare(left_store, left, right_store, right)

    def save(self, run: Digest, *, pipeline: str, label: str | None, name: str | None) -> list[str]:
        """File a run's version under names."""
        from twice.actions.save import save

        return save(self.store, run, pipeline=pipeline, label=label, name=name)

    def value(self, artifact: Artifact, snapshot: Digest, known: Mapping[str, object] | None = None) -> Any:
        """A recorded value.

        Args:
            artifact: Its record.
            snapshot: The code of the run that it comes from.
            known: Live functions and classes by node.
        """
        from twice.actions.fetch import value
        from twice.actions.snapshotted import Snapshotted

        def captured() -> Snapshotted:
            if snapshot not in self._captured:
                self._captured[snapshot] = Snapshotted(self.store, snapshot)
            return self._captured[snapshot]

        return value(self.store, artifact, known, captured)

    def log(self, name: str | None = None, *, limit: int | None = None) -> Log:
        """Versions and their runs, newest first."""
        from twice.actions.listing import log

        return log(self.store, name, limit=limit)

    def show(self, name: str) -> VersionView:
        """What there is to say about a version or a run."""
        from twice.actions.show import version_view

        return version_view(self.store, self.resolve(name))

    def show_step(self, name: str, step: str) -> StepDetail:
        """What there is to say about one step of a version."""
        from twice.actions.show import step_detail

        return step_detail(self.store, self.resolve(name), step)

    def show_run(self, digest: Digest, record: RunRecord, pipeline: str) -> RunView:
        """What there is to say about a run."""
        from twice.actions.listing import run_view

        return run_view(self.store, digest, record, pipeline)

    def diff(self, before: str, after: str, *, why: bool = False, budget: float = BUDGET) -> DiffView:
        """What differs between two versions, and between their outputs; and which change made the outputs differ.

        Args:
            before: One version.
            after: The other.
            why: Find out which change made the outputs differ, by experiment.
            budget: Seconds that experiments may take.
        """
        from twice.actions.diff import diff

        found = diff(self.store, self.resolve(before), self.resolve(after))
        if not why:
            return found
        from dataclasses import replace

        from twice.actions.why import why as divide

        runs = self.run_of(before), self.run_of(after)
        told = divide(self.store, *runs, (before, after), budget, self._listener())
        return replace(found, why=told)

    def explain(self, name: str, step: str | None = None, against: str | None = None) -> Explanation:
        """Why the steps of a run ran, or were reused; or why they differ from another run's."""
        from twice.actions.explain import explain

        other = self.resolve(against) if against is not None else None
        return explain(self.store, self.resolve(name), step, other)

    def explain_now(
        self, drawing: Drawing, params: Mapping[str, object] | None, name: str, step: str | None = None
    ) -> Explanation:
        """What a run of a pipeline that is being worked on would do now."""
        from twice.actions.explain_now import explain_now
        from twice.actions.prepare import from_drawing

        plan, _ = from_drawing(self.store, drawing, params, self.folder)
        return explain_now(self.store, plan, name, step)

    def check(self, *, deep: bool = True, repair: bool = False, verdicts: bool = False) -> CheckView:
        """Whether the store is whole; with ``repair``, after what can be made again was made again.

        With ``verdicts`` all verifications are judged again from what they left in the store.
        """
        from twice.actions.check import check

        mended = self._repaired() if repair else ()
        return check(self.store, deep=deep, mended=mended, verdicts=verdicts)

    def gc(
        self,
        *,
        keep_runs: int | None = None,
        older_than: float | None = None,
        dry: bool = False,
        keep_aside: bool = False,
        progress: Progress = silent,
        beforehand: Callable[[GcView], object] | None = None,
    ) -> GcView:
        """Remove what no label, no saved name and no recent run needs."""
        from twice.actions.gc import collect

        return collect(
            self.store,
            keep_runs=keep_runs,
            older_than=older_than,
            dry=dry,
            keep_aside=keep_aside,
            progress=progress,
            beforehand=beforehand,
        )

    def gc_undo(self, progress: Progress = silent) -> int:
        """Bring back what was moved aside."""
        from twice.actions.gc import undo

        return undo(self.store, progress)

    @property
    def quiet(self) -> bool:
        """Whether nothing is to be drawn."""
        return is_quiet()

    def tell(self, *, data_on_stdout: bool) -> None:
        """From now on, keep standard output for data, or not."""
        self.listener = listener(data_on_stdout=data_on_stdout)

    def _repaired(self) -> tuple[str, ...]:
        from twice.actions.repair import repair

        return repair(self.store)

    def _launch(self, run: Digest, place: str) -> Launch:
        """How workers are started for a version, in a place."""
        from twice.execute.launch import HERE

        if place == "here":  # as nearly always, which needs nothing that rebuilds environments
            return HERE
        from twice.actions.environments import launch_in

        return launch_in(self.store, run, place)

    def _listener(self) -> Listener:
        return self.listener or listener()
