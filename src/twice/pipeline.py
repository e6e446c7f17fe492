"""The public pipeline and its runs: a drawing with verbs."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from twice.compare.choice import BUDGET
from twice.define.naming import default_name
from twice.define.pipeline import Drawing
from twice.errors import DefinitionError, NotFound, NothingToSave, TwiceError
from twice.project import Project
from twice.records.digest import Digest
from twice.records.run import RunRecord
from twice.records.trace import Trace
from twice.records.version import Version

if TYPE_CHECKING:
    from twice.compare.comparison import Comparison
    from twice.present.explanation import Explained

Params = Mapping[str, object]
Place = str | os.PathLike[str]

FOUND: ContextVar[Callable[[Pipeline, Params | None], None] | None] = ContextVar("FOUND", default=None)
"""Set while a command looks for a pipeline in a file: a ``run()`` met there says which pipeline is meant."""


F = TypeVar("F", bound=Callable[..., Any])


def plainly(function: F) -> F:
    """Let Twice's own errors appear where the user called, without the frames of the house in between."""

    @functools.wraps(function)
    def called(*arguments: Any, **keywords: Any) -> Any:
        try:
            return function(*arguments, **keywords)
        except TwiceError as problem:
            raise problem.with_traceback(None) from None

    return cast(F, called)


class Pipeline(Drawing):
    """Steps in an order that their wiring decides; it can be run, saved, loaded and compared.

    Args:
        steps: Functions, in an order in which they can run; the last one's output is the pipeline's.
        name: What it is called; by default like the file or module that it is made in.
        version: The label of the version, as ``v1.0``; may also be set later, before ``save()``.
        seed: What every random generator starts from, together with the step's name; 0 <= seed < 2**64.
        inputs: Files that the steps read, as paths or patterns; files seen to be read are recorded anyway.
        strict: Refuse steps what they do not declare: they read the environment, their declared inputs and their own
            code, and write below their own temporary folder. Needs Linux 6.2 or newer.
        deterministic: Switch on what libraries offer for the same numbers (one thread, PyTorch's and TensorFlow's
            deterministic operations, …), and refuse what they cannot do the same way twice. It costs time: see
            ``docs/deterministic.md``. A step that says ``allow=`` is left out.
        store: Where runs are kept; by default ``.twice`` in the project, or where ``TWICE_STORE`` says.

    Raises:
        DefinitionError: An argument is not what it is meant to be.
        WiringError: A step's parameter can be given no value.

    Example:
        >>> pipeline = Pipeline(steps=[load, fit], version="v1.0")  # doctest: +SKIP
        >>> run = pipeline.run()  # doctest: +SKIP
        >>> pipeline.save()  # doctest: +SKIP
    """

    def __init__(
        self,
        steps: Iterable[Callable[..., Any]],
        *,
        name: str | None = None,
        version: str | None = None,
        seed: int = 0,
        inputs: Place | Iterable[Place] = (),
        strict: bool = False,
        deterministic: bool = False,
        store: Place | None = None,
    ) -> None:
        frame = sys._getframe(1)
        name = name or default_name(frame)
        super().__init__(
            steps, name=name, version=version, seed=seed, inputs=inputs, strict=strict, deterministic=deterministic
        )
        self._store = store
        self._file = frame.f_globals.get("__file__")
        self._project: Project | None = None
        self._last: Run | None = None

    @property
    def project(self) -> Project:
        """The store and the source folder that this pipeline belongs to."""
        if self._project is None:
            self._project = Project.around(_folder_of(self._file) or Path.cwd(), self._store)
        return self._project

    @plainly
    def run(self, params: Params | None = None, *, jobs: int = 1, compatible: Iterable[str] = ()) -> Run:
        """Run what has to run, in fresh processes and from a snapshot of the code, and take the rest from the vault.

        Args:
            params: Parameters to set otherwise than by default: ``{"fit.depth": 3}``, or ``{"depth": 3}`` where only
                one step has it.
            jobs: How many steps may run at the same time.
            compatible: Steps whose last edit changes nothing that matters to you: what they gave before it is taken, if
                all but their code is as it was. The record says so; ``verify`` runs the new code and tells.

        Raises:
            StepFailed: A step's own code raised; what was finished is kept, and the next run goes on from there.
            CaptureError: A step reaches what cannot be brought back elsewhere.
            ParameterError: There is no such parameter.
        """
        found = FOUND.get()
        if found is not None:
            found(self, params)
        outcome, captured = self.project.run(self, params, jobs=jobs, compatible=compatible)
        if outcome.problem is not None:
            raise outcome.problem
        self._last = Run(self.project, outcome.digest, outcome.record, captured.reach.graph.objects)
        return self._last

    @plainly
    def save(self, name: str | None = None) -> list[str]:
        """File the version that ran last: under its label, under ``name``, or both.

        Args:
            name: Another name to load it by.

        Returns:
            The names that it can be loaded by.

        Raises:
            NothingToSave: Nothing has run yet, or there is neither a label nor a name.
            LabelTaken: The name means other content; the error shows the difference.
        """
        if self._last is None:
            raise NothingToSave("nothing has run yet, and a version is what ran.", hint="call run() first")
        return self.project.save(self._last.digest, pipeline=self.name, label=self.version, name=name)

    @staticmethod
    def load(name: str, *, store: Place | None = None) -> LoadedPipeline:
        """Bring a saved version back. Nothing but the store is needed, and the working tree is not touched.

        Args:
            name: A label (``churn@v1.0``, or ``v1.0`` where only one pipeline has it), a saved name, a digest's first
                digits, ``latest`` or ``previous``.
            store: Where to look; by default as for a pipeline made here.

        Raises:
            NotFound: Nothing is called that.
        """
        project = Project.here(store, _folder_of(sys._getframe(1).f_globals.get("__file__")))
        found = project.resolve(name)
        return LoadedPipeline(project, found.version, found.run, name)


def _folder_of(file: object) -> Path | None:
    return Path(file).resolve().parent if isinstance(file, str) and Path(file).exists() else None


class LoadedPipeline:
    """A version that was brought back: it always runs all its steps, with its own code, in an empty place.

    Attributes:
        project: The store that it came from.
        digest: The version's digest.
        name: The pipeline's name.
        version: What it was loaded by.
    """

    def __init__(self, project: Project, version: Digest, run: Digest | None, name: str) -> None:
        self.project = project
        self.digest = version
        self.version = name
        self._run = run
        self._record = project.store.load(version, Version)
        self.name = self._record.pipeline
        self._last: Run | None = None

    @property
    def step_names(self) -> tuple[str, ...]:
        """The steps' names, in their order."""
        return tuple(step.name for step in self._record.steps)

    @property
    def recorded(self) -> Run:
        """The run that is this version's record.

        Raises:
            NotFound: It has no finished run.
        """
        digest = self._run or self.project.record_of(self.digest)
        return Run(self.project, digest, self.project.store.load(digest, RunRecord))

    @plainly
    def run(self, params: Params | None = None, *, jobs: int = 1, env: str = "here") -> Run:
        """Run all its steps again, each in a fresh process.

        Args:
            params: Parameters to set otherwise than they were; then it is another version of the same code.
            jobs: How many steps may run at the same time.
            env: ``here``, or ``venv``: in the environment that it was recorded on, rebuilt from its lock.

        Raises:
            StepFailed: A step's own code raised.
            InputChanged: A file that it reads cannot be brought back.
        """
        outcome = self.project.rerun(self.recorded.digest, params, label=self.version, jobs=jobs, env=env)
        if outcome.problem is not None:
            raise outcome.problem
        self._last = Run(self.project, outcome.digest, outcome.record)
        return self._last

    @plainly
    def verify(
        self,
        *,
        steps: Iterable[str] | None = None,
        jobs: int = 1,
        env: str = "here",
        budget: float = BUDGET,
        level: str = "full",
    ) -> Comparison:
        """Run every step again from its recorded inputs, and compare each output with what was recorded.

        Where an output does not count as reproduced, the cause is looked for by experiment; printing the comparison
        shows it, and ``comparison["fit"].diagnosis`` has all of it. The verdict is kept in the store.

        Args:
            steps: Only these steps.
            jobs: How many steps may run at the same time.
            env: ``here``; ``venv``, in the environment that it was recorded on, rebuilt from its lock; or
                ``container``, in an image of that.
            budget: Seconds that may be spent on looking for causes; 0 for not at all.
            level: ``quick``: the steps whose packages are not here what they were, or a third of all; ``full``; or
                ``paranoid``: all, and what agrees is run twice more.

        Raises:
            DefinitionError: The budget is no length of time.
            NotFound: There is no such step, or the version has no finished run.
        """
        if not 0 <= budget < float("inf"):
            raise DefinitionError(f"a budget is a number of seconds from 0 on, and not {budget!r}.")
        named = [steps] if isinstance(steps, str) else steps
        record = self.recorded.digest
        found = self.project.verify(
            self.version, steps=named, jobs=jobs, env=env, budget=budget, run=record, level=level
        )
        if found.interrupted:
            raise KeyboardInterrupt
        return found

    @plainly
    def save(self, name: str) -> list[str]:
        """File what ran last (or the loaded version itself) under another name."""
        run = self._last.digest if self._last is not None else self.recorded.digest
        return self.project.save(run, pipeline=self.name, label=None, name=name)

    def __repr__(self) -> str:
        return f"<version {self.version} of {self.name}: {', '.join(self.step_names)}>"


class Run:
    """A version carried out once. Two runs are equal if all their recorded outputs are, bit by bit.

    Attributes:
        digest: The run's own name.
        record: What was filed.
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(
        self, project: Project, digest: Digest, record: RunRecord, known: Mapping[str, object] | None = None
    ) -> None:
        self.project = project
        self.digest = digest
        self.record = record
        self._known = known
        self._traces: dict[str, Trace] = {}

    @property
    def version(self) -> Digest:
        """The version that ran."""
        return self.record.version

    @property
    def step_names(self) -> tuple[str, ...]:
        """The steps' names, in their order."""
        return tuple(result.step for result in self.record.steps)

    @property
    def output(self) -> Any:
        """The last step's output."""
        return self[self.step_names[-1]]

    def __getitem__(self, step: str) -> Any:
        """A step's output, brought back when it is asked for.

        Raises:
            NotFound: There is no such step, or it has no output.
        """
        return self.project.value(self.trace(step).output, self.record.snapshot, self._known)

    def __iter__(self) -> Iterator[str]:
        return iter(self.step_names)

    def __len__(self) -> int:
        return len(self.record.steps)

    def __contains__(self, step: object) -> bool:
        return step in self.step_names

    def trace(self, step: str) -> Trace:
        """What is recorded of one step.

        Raises:
            NotFound: There is no such step, or it did not finish.
        """
        if step not in self._traces:
            result = next((result for result in self.record.steps if result.step == step), None)
            if result is None:
                raise NotFound(f"this run has no step {step!r}; its steps are {', '.join(self.step_names)}.")
            if result.trace is None:
                raise NotFound(f"the step {step!r} {result.how}, so it has no output.", hint=result.reason)
            self._traces[step] = self.project.store.load(result.trace, Trace)
        return self._traces[step]

    def compare(self, other: Run) -> Comparison:
        """Compare every output with another run's: the verdict, step by step.

        Args:
            other: Another run, of this version or of another one.
        """
        if not isinstance(other, Run):
            raise DefinitionError(f"a run is compared with a run, not with a {type(other).__name__}.")
        return self.project.compare(self.digest, other.digest, self.project.store, other.project.store)

    def explain(self, step: str | None = None, *, against: Run | None = None) -> Explained:
        """For each step, why it ran, with what changed, or why it was reused, with what that assumed.

        Args:
            step: Only this one.
            against: Hold the steps against this run's, and not against the earlier ones that were most like them.

        Returns:
            Step → text; printed, or shown in a notebook, it is all of it.
        """
        from twice.present.explanation import Explained  # which draws, and most runs do without

        other = against.digest if against is not None else None
        return Explained(self.project.explain(self.digest, step, other))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Run):
            return NotImplemented
        if self.step_names != other.step_names:
            return False
        return all(self.trace(step).output.content == other.trace(step).output.content for step in self)

    def __repr__(self) -> str:
        ran = sum(result.how == "ran" for result in self.record.steps)
        reused = sum(result.how == "reused" for result in self.record.steps)
        return f"<run {self.digest.short} of version {self.version.short}: {ran} steps ran, {reused} reused>"
