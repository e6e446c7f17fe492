"""What an environment can be rebuilt from."""

from __future__ import annotations

from twice.records.canonical import Record, of_plain
from twice.records.digest import Digest
from twice.records.environment import Environment


class LockedFile(Record, frozen=True, kw_only=True):
    """A wheel or a source archive that a distribution can be installed from.

    Attributes:
        name: The file's name, which says for which interpreters and platforms it is.
        sha256: What its bytes must hash to.
        size: In bytes; 0 where the index does not say.
        kept: The bytes in the vault, if they are kept there.
    """

    name: str
    sha256: str
    size: int = 0
    kept: Digest | None = None


class LockedPackage(Record, frozen=True, kw_only=True):
    """One distribution at one version, with every file that it may be installed from. No address is in it."""

    name: str
    version: str
    files: tuple[LockedFile, ...]


class LeftOut(Record, frozen=True, kw_only=True):
    """A distribution that is installed and cannot be locked, and why."""

    name: str
    version: str
    why: str


class Lock(Record, frozen=True, kw_only=True):
    """A set of distributions, each at one version, with hashes.

    Attributes:
        of: What was locked: see :func:`pins`.
        implementation: ``CPython``.
        python: The interpreter's version.
        packages: By name.
        left_out: What could not be locked.
        platforms: Where all of it can be installed without compiling: ``linux x86_64`` and the like.
    """

    of: Digest
    implementation: str
    python: str
    packages: tuple[LockedPackage, ...]
    left_out: tuple[LeftOut, ...] = ()
    platforms: tuple[str, ...] = ()

    @property
    def key(self) -> Digest:
        """The name of what is rebuilt from this: the same whether files are kept in the vault or not."""
        files = [[p.name, p.version, sorted(file.sha256 for file in p.files)] for p in self.packages]
        return of_plain(["environment", self.implementation, self.python, files])

    @property
    def kept(self) -> bool:
        """Whether the vault alone is enough to rebuild it."""
        return all(any(file.kept is not None for file in package.files) for package in self.packages)


NOT_LOCKED = frozenset({"twice"})
"""Distributions that a worker brings with it."""


def pins(environment: Environment) -> Digest:
    """The digest of what a lock is made from: the interpreter's version, and each distribution's name and version."""
    # A rebuilt environment does not say that an index is where it came from.
    distributions = [
        [d.name, d.version, "" if d.origin in ("index", "unknown") else d.origin, [list(file) for file in d.edited]]
        for d in environment.distributions
        if d.name not in NOT_LOCKED
    ]
    return of_plain([environment.interpreter.implementation, environment.interpreter.version, distributions])
