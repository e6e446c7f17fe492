"""What there is to say about runs and versions, gathered from the store: what is drawn, and what ``--json`` prints.

The names of the attributes are the keys of the JSON: they are part of what users rely on. Digests are whole there,
moments are ISO 8601 in UTC, sizes are bytes and durations seconds.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Output:
    """What a step gave.

    Attributes:
        kind: What it is, as ``pandas.DataFrame``.
        preview: It in a few words.
        size: In bytes.
        content: The digest of what it means.
        executes: Whether bringing it back runs code that it names (the pickle fallback).
    """

    kind: str
    preview: str
    size: int
    content: str
    executes: bool


@dataclass(frozen=True, kw_only=True)
class StepOutcome:
    """How a step fared in one run.

    Attributes:
        step: Its name.
        how: ``ran``, ``reused``, ``failed`` or ``skipped``.
        reason: Why.
        seconds: How long it took when it ran, which for a reused step was in an earlier run.
        output: What it gave; None if it did not finish.
        error: The traceback, if it failed.
        notes: What a person should know: the pickle fallback, an input changed in place, another output than before.
    """

    step: str
    how: str
    reason: str = ""
    seconds: float = 0.0
    output: Output | None = None
    error: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RunView:
    """One run.

    Attributes:
        run: Its digest.
        version: Its version's digest.
        pipeline: The pipeline's name.
        label: The label that was set when it ran.
        names: What its version can be loaded by.
        status: ``done``, ``failed`` or ``interrupted``.
        purpose: ``run``, ``rerun`` (of a loaded version) or ``verify``.
        started: When.
        seconds: How long it took.
        host: Where.
        commit: The commit that the working tree was on; empty without git.
        clean: Whether the working tree was as committed; None without git.
        twice: The version of Twice.
        steps: How each step fared.
    """

    run: str
    version: str
    pipeline: str
    label: str
    names: tuple[str, ...] = ()
    status: str
    purpose: str
    started: str
    seconds: float
    host: str
    commit: str
    clean: bool | None
    twice: str
    steps: tuple[StepOutcome, ...]

    def counted(self, how: str) -> int:
        """How many of its steps fared so."""
        return sum(step.how == how for step in self.steps)


@dataclass(frozen=True, kw_only=True)
class UnlikeRecord:
    """A step whose output did not count as reproduced in a verification.

    Attributes:
        step: Its name.
        verdict: ``different``, ``equivalent`` (by a grade that it does not accept), ``inconclusive`` or ``fails``.
        grade: Of equivalent: by what.
        summary: One line on the difference.
        causes: What is known of why, each with how sure it is: ``proven: …``, ``consistent with: …``.
        reason: What is known where no cause was looked for.
    """

    step: str
    verdict: str
    grade: str
    summary: str
    causes: tuple[str, ...]
    reason: str


@dataclass(frozen=True, kw_only=True)
class VerificationView:
    """A verification of a version.

    Attributes:
        verified: When.
        host: Where.
        env: ``here``, ``venv`` or ``container``; empty if that is not known any more.
        environment: The digest of the environment that it was made on.
        as_recorded: Whether that is the very environment of the record.
        verdict: The verdict on all steps that were checked.
        grade: The grade of that.
        reproducible: Whether it counts as reproduced.
        checked: How many steps were checked.
        of: How many steps the version has.
        recorded: The run that is the record.
        run: The verification's own run.
        unlike: The steps that did not count as reproduced.
    """

    verified: str
    host: str
    env: str
    environment: str
    as_recorded: bool
    verdict: str
    grade: str
    reproducible: bool
    checked: int
    of: int
    recorded: str
    run: str
    unlike: tuple[UnlikeRecord, ...]


@dataclass(frozen=True, kw_only=True)
class VersionRuns:
    """A version in the log.

    Attributes:
        version: Its digest.
        pipeline: The pipeline's name.
        names: What it can be loaded by.
        runs: Its runs, newest first.
        verified: Its verifications, newest first.
    """

    version: str
    pipeline: str
    names: tuple[str, ...]
    runs: tuple[RunView, ...]
    verified: tuple[VerificationView, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Log:
    """Versions with their runs, newest first.

    Attributes:
        store: The store's folder.
        versions: The versions.
        older: How many older versions were left out.
    """

    store: str
    versions: tuple[VersionRuns, ...]
    older: int = 0


@dataclass(frozen=True, kw_only=True)
class Reached:
    """Something local that a step's code reaches.

    Attributes:
        name: ``module:qualname``.
        kind: ``function``, ``class``, ``value`` or ``effects`` (what a module does when it is imported).
        file: The file that holds it, relative to its root; empty if none does.
        line: Its first line there; 0 if it has none.
        via: The way to it from the step, as names.
        note: What a person should know about it.
    """

    name: str
    kind: str
    file: str
    line: int
    via: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A parameter that was set.

    Attributes:
        name: As ``fit.depth``.
        value: Its value in a few words.
        content: The digest of its value.
    """

    name: str
    value: str
    content: str


@dataclass(frozen=True, kw_only=True)
class StepView:
    """A step of a version.

    Attributes:
        name: Its name.
        inputs: Parameter → the step whose output it receives.
        parameters: What is set for it.
        function: The function that it runs.
        reaches: Everything local that the function reaches, itself first.
        distributions: Installed distributions that its code uses, as ``numpy==2.3``.
        requirements: Those that these need in turn.
        tolerance: The tolerance declared for its output, in words; empty if there is none.
        allow: Why the author lets it differ; empty if it may not.
        code: The digest of what its code means.
        outcome: How it fared in the run that is shown; None if there is none.
    """

    name: str
    inputs: dict[str, str]
    parameters: tuple[Parameter, ...]
    function: str
    reaches: tuple[Reached, ...]
    distributions: tuple[str, ...]
    requirements: tuple[str, ...]
    tolerance: str
    allow: str
    code: str
    outcome: StepOutcome | None


@dataclass(frozen=True, kw_only=True)
class FileView:
    """An input file of a version.

    Attributes:
        path: Where it is, relative to its root.
        root: Which root; empty for an absolute path.
        size: In bytes.
        content: The digest of its bytes.
        stored: Whether the store holds its bytes.
        declared: Whether the author named it; otherwise it was seen to be read.
    """

    path: str
    root: str
    size: int
    content: str
    stored: bool
    declared: bool


@dataclass(frozen=True, kw_only=True)
class EnvironmentView:
    """What a version stood on, in short.

    Attributes:
        python: As ``CPython 3.12.4``.
        system: As ``Linux 6.1 x86_64``.
        libc: The C library.
        cpu: The processor.
        cores: How many a process could use.
        distributions: How many were installed.
        numeric: Numeric libraries, as ``openblas 0.3.29 (Haswell, 2 threads)``.
        variables: Environment variables that bear on numbers.
    """

    python: str
    system: str
    libc: str
    cpu: str
    cores: int
    distributions: int
    numeric: tuple[str, ...]
    variables: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class VersionView:
    """A version, and one run of it.

    Attributes:
        version: Its digest.
        pipeline: The pipeline's name.
        names: What it can be loaded by.
        seed: Its seed.
        settings: Determinism settings, by name.
        steps: Its steps.
        files: Its input files.
        environment: What it stood on.
        run: The run that was named, or that is its record; None if no run of it finished.
        watcher: What watched the steps.
        blind_spots: What that watcher does not see.
        verified: Its verifications, newest first.
    """

    version: str
    pipeline: str
    names: tuple[str, ...]
    seed: int
    settings: dict[str, str]
    steps: tuple[StepView, ...]
    files: tuple[FileView, ...]
    environment: EnvironmentView
    run: RunView | None
    watcher: str
    blind_spots: tuple[str, ...]
    verified: tuple[VerificationView, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StepDetail:
    """One step of one run, with all that is recorded of it.

    Attributes:
        version: The version's digest.
        names: What the version can be loaded by.
        run: The run's digest; empty if there is none.
        step: The step.
        ingredients: What its key was made of, by name: if one of these changes, it runs again.
        received: Parameter → digest of the content that it received.
        read: Files that it was seen to read.
        looked_at: Paths that it looked at without opening them.
        missing: Paths that it looked for and that were not there.
        listed: Folders whose names it asked for.
        written: Files that it wrote.
        executed: Programs that it started.
        connected: Addresses that it connected to.
        variables: Environment variables that it looked at.
        observed: Entropy, clocks and global generators that it used, with the line of user code.
        stdout: What it printed.
        stderr: What it printed there.
        watcher: What watched it.
        confined: What refused it files that it does not declare; empty if nothing did.
        blind_spots: What that watcher does not see.
        verified: The verifications that looked at it, newest first, each with what it said of this step.
        spread: How far outputs are apart that it gave from the same inputs, in words; empty if they are all the same.
    """

    version: str
    names: tuple[str, ...]
    run: str
    step: StepView
    ingredients: dict[str, str]
    received: dict[str, str]
    read: tuple[FileView, ...]
    looked_at: tuple[str, ...]
    missing: tuple[str, ...]
    listed: tuple[str, ...]
    written: tuple[str, ...]
    executed: tuple[str, ...]
    connected: tuple[str, ...]
    variables: tuple[str, ...]
    observed: tuple[str, ...]
    stdout: str
    stderr: str
    watcher: str
    blind_spots: tuple[str, ...]
    confined: str = ""
    verified: tuple[VerificationView, ...] = ()
    spread: str = ""


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """What ``twice run`` did.

    Attributes:
        run: The run.
        saved: The names that its version can now be loaded by.
    """

    run: RunView
    saved: tuple[str, ...]
