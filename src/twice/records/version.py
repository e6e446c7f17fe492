"""A pipeline frozen."""

from __future__ import annotations

from twice.records.artifact import Artifact
from twice.records.canonical import Record
from twice.records.digest import Digest
from twice.records.environment import Settings


class Tolerance(Record, frozen=True, kw_only=True):
    """How far off a number may be.

    Attributes:
        rtol: Relative: ``|right - left| <= atol + rtol * |left|`` is covered.
        atol: Absolute, in the unit of the numbers.
        ulps: How many representable numbers may lie between them; this covers, too.
    """

    rtol: float = 0.0
    atol: float = 0.0
    ulps: int = 0

    def __bool__(self) -> bool:
        return bool(self.rtol or self.atol or self.ulps)


class StepSpec(Record, frozen=True, kw_only=True):
    """One step as the author drew it.

    Attributes:
        name: Its name in the pipeline.
        inputs: Parameter name → name of the step whose output it receives.
        parameters: Parameter name → the value that was set.
        files: Glob patterns or paths of input files that the author declared.
        rtol: Relative tolerance of its output (0: none declared).
        atol: Absolute tolerance of its output.
        ulps: Tolerance of its output in units in the last place.
        tolerance: Tolerances of parts of its output, by column, key or path.
        compare: The names of the two parameters of the author's own comparison, whose code the version holds under
            :attr:`comparison`; empty if there is none.
        allow: Why the author lets this step differ; empty if it may not.
        accept: Grades of equivalence that count as reproduced: ``order``, ``rounding``, ``decisions``, ``seed-noise``.
    """

    name: str
    inputs: dict[str, str]
    parameters: dict[str, Artifact]
    files: tuple[str, ...] = ()
    rtol: float = 0.0
    atol: float = 0.0
    ulps: int = 0
    tolerance: dict[str, Tolerance] = {}  # noqa: RUF012 - msgspec copies it
    compare: tuple[str, ...] = ()
    allow: str = ""
    accept: tuple[str, ...] = ()

    @property
    def comparison(self) -> str:
        """The name of the author's own comparison among the code's steps; no step can have it."""
        return f"{self.name}:compare"


class InputFile(Record, frozen=True, kw_only=True):
    """A file that the version's steps read.

    Attributes:
        root: Which root the path is relative to; empty for an absolute path.
        path: The file, with forward slashes.
        content: The digest of its bytes.
        size: In bytes.
        stored: Whether the vault holds the bytes; a very large file is recorded by digest only.
        declared: Whether the author named it, or it was seen to be read.
        listing: It is a folder of which a step asked for the names; ``content`` holds these, as JSON.
    """

    root: str
    path: str
    content: Digest
    size: int
    stored: bool = True
    declared: bool = False
    listing: bool = False


class Version(Record, frozen=True, kw_only=True):
    """A pipeline frozen: immutable, and named by the digest of this record.

    Attributes:
        pipeline: The pipeline's name.
        steps: In an order in which they can run.
        code: The :class:`~twice.records.code.Code` record.
        seed: The pipeline's seed.
        settings: Determinism settings.
        files: Input files, declared and seen.
        environment: The :class:`~twice.records.environment.Environment` record, with the distributions that the steps
            reach; each run refers to the whole of what was installed.
        strict: Whether its steps are refused files that they do not declare.
    """

    pipeline: str
    steps: tuple[StepSpec, ...]
    code: Digest
    seed: int
    settings: Settings
    files: tuple[InputFile, ...]
    environment: Digest
    strict: bool = False

    @property
    def output(self) -> str:
        """The name of the last step, whose output is the pipeline's."""
        return self.steps[-1].name
