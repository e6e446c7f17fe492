"""What happened once: "this step with these inputs gave this output, here"."""

from __future__ import annotations

from twice.records.artifact import Artifact
from twice.records.canonical import Record
from twice.records.digest import Digest


class FileRead(Record, frozen=True, kw_only=True):
    """A file or folder that a step was seen to look at.

    Attributes:
        root: Which root the path is relative to; empty for an absolute path.
        path: With forward slashes.
        what: ``file``, ``missing`` (looked for and not there), ``exists`` (looked at, not opened), ``listing`` (of a
            folder), or what was found out without reading: ``link`` (where it leads), ``size``, ``times`` (of its last
            change), ``attributes`` (extended ones), ``modules`` (what another interpreter could import from a folder).
        content: The digest of the bytes, of the sorted names in the folder, or of what was found out; None where there
            is nothing.
        size: In bytes.
        stored: Whether the vault holds the bytes.
    """

    root: str
    path: str
    what: str
    content: Digest | None = None
    size: int = 0
    stored: bool = False


class VariableRead(Record, frozen=True, kw_only=True):
    """An environment variable that a step was seen to look at; its value only as a digest, since it may be a secret."""

    name: str
    content: Digest | None


class Observed(Record, frozen=True, kw_only=True):
    """Something that a step used and no seed or file governs, and where its line was seen.

    Attributes:
        what: ``entropy``, ``clock``, ``identity`` (of this process, machine or user), ``temporary name``, ``global
            generator``, or ``native entropy`` (native code asked the kernel; nobody knows what for). Also ``variable``
            and ``network``: where the user's code looked at one of ``variables``, or led to one of ``connected``.
        which: ``os.urandom``, ``time.time``, ``np.random.rand`` …
        root: Which root the user's file is relative to.
        path: The user's file; empty where no line of user code led to it.
        line: Its line.
    """

    what: str
    which: str
    root: str = ""
    path: str = ""
    line: int = 0


class Watched(Record, frozen=True, kw_only=True):
    """What a step used without saying so, and how well it was watched.

    Attributes:
        watcher: Which watchers were at work: ``audit`` sees what goes through Python's own ``open`` and friends,
            ``seccomp`` and ``strace`` what any process of the step asks of the kernel.
        files: Files read, missing files looked for, folders listed.
        written: Files written, as (root, path).
        executed: Programs that it started.
        connected: Addresses that it connected to.
        variables: Environment variables read, or handed on to a program; ``*`` stands for the names of all.
        observed: Entropy, clocks and global generators used.
        distributions: ``name==version`` of distributions that were loaded though no import in the captured code leads
            to them, as by an import of a computed name, or a library's optional companion.
        unstable: Paths that changed while the step ran; a trace with any of these is never reused.
        unseen: What it used that watchers cannot follow: ``io_uring``, ``fifo:…`` (a named pipe), ``32-bit:…`` (a
            program of another architecture).
        confined: What refused it files that it does not declare, as ``landlock 7``; empty if nothing did.
    """

    watcher: str
    files: tuple[FileRead, ...] = ()
    written: tuple[tuple[str, str], ...] = ()
    executed: tuple[str, ...] = ()
    connected: tuple[str, ...] = ()
    variables: tuple[VariableRead, ...] = ()
    observed: tuple[Observed, ...] = ()
    distributions: tuple[str, ...] = ()
    unstable: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    confined: str = ""

    @property
    def ungoverned(self) -> tuple[Observed, ...]:
        """What was observed and stands in no other list: entropy, clocks, names, generators."""
        return tuple(one for one in self.observed if one.what not in ("variable", "network"))


class Trace(Record, frozen=True, kw_only=True):
    """One step carried out once. Traces are added, never changed.

    Attributes:
        key: What the step was asked for by: code, parameters, inputs, seed, settings, interpreter, distributions.
        step: The step's name.
        ingredients: The parts that the key was made from, by name, so that two keys can be told apart in words.
        inputs: Parameter name → content digest of what it received.
        output: What came out.
        watched: What it used beside its inputs.
        started: When, in nanoseconds since 1970, UTC.
        duration: In nanoseconds.
        host: Where.
        environment: The environment record that it ran on.
        stdout: What it printed, if anything.
        stderr: What it printed there.
        mutated: Parameters whose value the step changed in place.
    """

    key: Digest
    step: str
    ingredients: dict[str, str]
    inputs: dict[str, Digest]
    output: Artifact
    watched: Watched
    started: int
    duration: int
    host: str
    environment: Digest
    stdout: Digest | None = None
    stderr: Digest | None = None
    mutated: tuple[str, ...] = ()
