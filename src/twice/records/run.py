"""A version carried out once, somewhere."""

from __future__ import annotations

from twice.records.canonical import Record
from twice.records.digest import Digest


class StepResult(Record, frozen=True, kw_only=True):
    """How one step fared in one run.

    Attributes:
        step: Its name.
        how: ``ran``, ``reused``, ``failed`` or ``skipped`` (something before it failed).
        reason: Why it ran or was reused, in words.
        trace: The trace, unless it failed or was skipped.
        error: The user's traceback, if it failed.
        conflict: An older trace under the same key whose output differs: the step was seen to be nondeterministic.
        meets: Files by which it meets another step though nothing wires the two, as (step, path): one writes them.
    """

    step: str
    how: str
    reason: str = ""
    trace: Digest | None = None
    error: str = ""
    conflict: Digest | None = None
    meets: tuple[tuple[str, str], ...] = ()


class Git(Record, frozen=True, kw_only=True):
    """Where the working tree stood, for people; nothing depends on it."""

    commit: str
    clean: bool


class Launched(Record, frozen=True, kw_only=True):
    """How the worker processes of a run were started, where that was not as usual.

    Attributes:
        kind: ``here``, ``venv``, ``container``, or an experiment's own word.
        prefix: The command in front of the interpreter.
        variables: Environment variables that were set besides the pins.
        removed: Environment variables that were taken away.
        detail: More, by name: the lock that was rebuilt, an image's digest, limits.
    """

    kind: str
    prefix: tuple[str, ...] = ()
    variables: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it
    removed: tuple[str, ...] = ()
    detail: dict[str, str] = {}  # noqa: RUF012


class RunRecord(Record, frozen=True, kw_only=True):
    """A version carried out once.

    Attributes:
        version: The version.
        snapshot: The files that ran: the version's code as it lay there.
        steps: In the order of the version.
        status: ``done``, ``failed`` or ``interrupted``.
        purpose: ``run``, ``rerun`` (a loaded version) or ``verify``.
        started: When, in nanoseconds since 1970, UTC.
        duration: In nanoseconds.
        host: Where.
        environment: The environment it ran on, which for a re-run need not be the version's.
        label: The label that was set when it ran.
        git: The working tree's commit, where there is git.
        twice: The version of Twice.
        of: For a verification, the run it was held against.
        launch: How its workers were started, where that was not as usual.
    """

    version: Digest
    snapshot: Digest
    steps: tuple[StepResult, ...]
    status: str
    purpose: str
    started: int
    duration: int
    host: str
    environment: Digest
    label: str = ""
    git: Git | None = None
    twice: str = ""
    of: Digest | None = None
    launch: Launched | None = None


class Ref(Record, frozen=True, kw_only=True):
    """What a name that people say points at: one version, and the run that is its record."""

    version: Digest
    run: Digest
    pipeline: str
    label: str
    created: int
