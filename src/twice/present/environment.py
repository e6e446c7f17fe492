"""Environments: what was recorded, what is locked, what differs; as plain values, which are drawn elsewhere."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PackageView:
    """One distribution.

    Attributes:
        name: Its name.
        version: Its version.
        origin: Where it was installed from: ``index``, ``editable``, ``local``, ``vcs`` or ``unknown``.
        reached: Whether a step reaches it.
        edited: Files in it that are not as they were installed.
        kept: Whether the vault keeps a file that it can be installed from.
        left_out: Why it could not be locked; empty if it was, or nothing is locked yet.
    """

    name: str
    version: str
    origin: str
    reached: bool
    edited: tuple[str, ...] = ()
    kept: bool = False
    left_out: str = ""


@dataclass(frozen=True, kw_only=True)
class EnvironmentView:
    """What a version ran on, and whether that can be rebuilt.

    Attributes:
        name: What the version was called in the question.
        python: The interpreter.
        machine: The operating system, the C library and the processor.
        packages: What was installed.
        lock: The lock's digest; empty if it is not locked.
        key: The name of what is rebuilt from it.
        kept: Whether the vault alone is enough.
        platforms: Where it can be rebuilt without compiling.
        built: The folder it was rebuilt in, if it was.
    """

    name: str
    python: str
    machine: tuple[str, ...]
    packages: tuple[PackageView, ...]
    lock: str = ""
    key: str = ""
    kept: bool = False
    platforms: tuple[str, ...] = ()
    built: str = ""


@dataclass(frozen=True, kw_only=True)
class DriftItem:
    """One difference between two environments.

    Attributes:
        what: Its kind.
        name: What differs.
        before: On the left.
        after: On the right.
        reached: Whether it is a distribution that the steps reach.
        sentence: All that in a line.
    """

    what: str
    name: str
    before: str
    after: str
    reached: bool
    sentence: str


@dataclass(frozen=True, kw_only=True)
class DriftView:
    """What differs between two environments.

    Attributes:
        before: What is looked at: a version's name.
        after: What it is held against: another version's name, or ``here``.
        differences: What can move numbers most comes first.
    """

    before: str
    after: str
    differences: tuple[DriftItem, ...]


@dataclass(frozen=True, kw_only=True)
class WrittenView:
    """Files that were written for people without Twice, or an image that was built.

    Attributes:
        name: The version.
        files: What was written.
        image: The image's name, if one was built.
        digest: The image's digest.
        notes: What to know.
    """

    name: str
    files: tuple[str, ...] = ()
    image: str = ""
    digest: str = ""
    notes: tuple[str, ...] = ()
