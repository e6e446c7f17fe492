"""What a run stands on."""

from __future__ import annotations

from twice.records.canonical import Record


class Distribution(Record, frozen=True, kw_only=True):
    """One installed distribution.

    Attributes:
        name: Its normalised name (PEP 503).
        version: Its version.
        installer: What installed it, if it says.
        origin: ``index``, ``editable``, ``local``, ``vcs`` or ``unknown``; ``conda`` for a package of conda's that
            is no Python distribution, as its BLAS.
        top_level: The importable names it provides.
        files: The digest of the files that it installed, as its own list tells; empty where there is none.
        edited: Files that are not as they were installed, with the SHA-256 of what is there (empty: gone); looked for
            in distributions that the steps reach.
    """

    name: str
    version: str
    installer: str = ""
    origin: str = "index"
    top_level: tuple[str, ...] = ()
    files: str = ""
    edited: tuple[tuple[str, str], ...] = ()


class Interpreter(Record, frozen=True, kw_only=True):
    """The Python that ran."""

    implementation: str
    version: str
    build: str
    compiler: str


class Machine(Record, frozen=True, kw_only=True):
    """The machine, as far as it can move numbers.

    Attributes:
        system: ``Linux``, ``Darwin`` …
        release: The kernel's release.
        architecture: ``x86_64``, ``arm64`` …
        libc: Name and version of the C library.
        cpu: The processor's model.
        cpu_flags: Instruction sets, sorted.
        cores: Logical cores that this process may use.
        caches: The processor's, as ``L2 1024K``: kernels cut their blocks by them.
        gpus: Graphics processors, with the driver's version.
    """

    system: str
    release: str
    architecture: str
    libc: str
    cpu: str
    cpu_flags: tuple[str, ...]
    cores: int
    caches: tuple[str, ...] = ()
    gpus: tuple[str, ...] = ()


class NumericLibrary(Record, frozen=True, kw_only=True):
    """A library whose kernels and threads move last bits: a BLAS or an OpenMP runtime.

    Attributes:
        name: ``openblas``, ``mkl``, ``libgomp`` …
        version: Its version.
        kernel: The code path it chose for this processor.
        threads: How many threads it uses.
        file: The base name of the shared library.
    """

    name: str
    version: str = ""
    kernel: str = ""
    threads: int = 0
    file: str = ""


class SharedLibrary(Record, frozen=True, kw_only=True):
    """A library of the operating system that a step's process had loaded.

    Attributes:
        name: Its file's name.
        package: The system's package that it belongs to; empty where none does, or there is no knowing.
        version: That package's version.
    """

    name: str
    package: str = ""
    version: str = ""


class Environment(Record, frozen=True, kw_only=True):
    """Everything under the code. Holds no host name, user name, path or time, so that equal environments are equal.

    Attributes:
        interpreter: The Python.
        machine: The machine.
        distributions: What is installed, by name.
        numeric: Numeric libraries, as a step's process had them loaded.
        variables: Variables that choose numerical code.
        libraries: Libraries of the operating system, as a step's process had them loaded.
        container: What kind of container it is, if it is one, with the image where it says.
    """

    interpreter: Interpreter
    machine: Machine
    distributions: tuple[Distribution, ...]
    numeric: tuple[NumericLibrary, ...] = ()
    variables: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it
    libraries: tuple[SharedLibrary, ...] = ()
    container: str = ""


class Settings(Record, frozen=True, kw_only=True):
    """Determinism settings: recorded on the first run, pinned to the recorded values on later ones.

    Attributes:
        hash_seed: ``PYTHONHASHSEED``.
        threads: How many threads numeric libraries may use.
        timezone: ``TZ``.
        locale: ``LC_ALL``.
        deterministic: What libraries offer for the same numbers is switched on: see ``control.deterministic``.
    """

    hash_seed: int
    threads: int
    timezone: str
    locale: str
    deterministic: bool = False
