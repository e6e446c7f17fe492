"""Environments: what was recorded, what is locked, what differs; for people, and as JSON."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.text import Text

from twice.present.layout import cut, digest, indented, table, text
from twice.present.marks import mark
from twice.present.words import count


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
    """What differs between two environments, what can move numbers most first."""

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


def draw_environment(view: EnvironmentView, *, all_packages: bool = False) -> RenderableType:
    """The interpreter, the machine, and what is installed; then whether it can be rebuilt."""
    head = table("fixed", "left")
    head.add_row(text("python", "dim"), text(view.python))
    for line in view.machine:
        head.add_row(text("machine", "dim"), text(line))
    reached = [package for package in view.packages if package.reached]
    others = [package for package in view.packages if not package.reached]
    shown = view.packages if all_packages else [*reached, *(p for p in others if p.edited or p.left_out)]
    made = table("fixed", "fixed", "left")
    for package in shown:
        remarks = [package.origin] if package.origin != "index" else []
        remarks += [f"edited: {', '.join(package.edited)}"] if package.edited else []
        remarks += [f"not locked: {package.left_out}"] if package.left_out else []
        made.add_row(text(package.name, "bold"), text(package.version), text("; ".join(remarks), "yellow"))
    hidden = len(view.packages) - len(shown)
    parts: list[RenderableType] = [head, Text(""), made]
    if hidden:
        parts.append(text(f"and {count(hidden, 'distribution')} that no step reaches", "dim"))
    return Group(*parts, Text(""), *_lock_lines(view))


def draw_lock(view: EnvironmentView) -> RenderableType:
    """What was locked, in a few lines."""
    return Group(*_lock_lines(view))


def _lock_lines(view: EnvironmentView) -> list[RenderableType]:
    if not view.lock:
        return [text("not locked yet: `twice env lock` does it, now or later", "dim")]
    left = [package for package in view.packages if package.left_out]
    locked = sum(1 for package in view.packages if not package.left_out)
    line = Text(" ").join([mark("failed" if left else "done"), text("locked:", "bold"), digest(view.lock)])
    line.append(f" {count(locked, 'distribution')} for Python {view.python.split()[1]}")
    rows = table("fixed", "left")
    rows.add_row(text("platforms", "dim"), text(", ".join(view.platforms) or "none without compiling"))
    rows.add_row(text("wheels", "dim"), text("in the vault: no network is needed" if view.kept else "on the index"))
    if view.built:
        rows.add_row(text("built", "dim"), text(view.built))
    for package in left:
        rows.add_row(text("left out", "red"), text(f"{package.name} {package.version}: {package.left_out}"))
    return [line, indented(rows)]


def draw_drift(view: DriftView) -> RenderableType:
    """One difference a line."""
    if not view.differences:
        return Text(" ").join([mark("done"), text(f"{view.before} and {view.after}: no difference is known")])
    made = table("fixed", "left")
    for found in view.differences:
        made.add_row(text(found.what, "dim"), cut(found.sentence, "bold" if found.reached else ""))
    title = text(f"{view.before} → {view.after}: {count(len(view.differences), 'difference')}", "bold")
    return Group(title, indented(made))


def draw_written(view: WrittenView) -> RenderableType:
    """What was written or built."""
    parts: list[RenderableType] = [Text(" ").join([mark("done"), text(file)]) for file in view.files]
    if view.image:
        parts.append(Text(" ").join([mark("done"), text(view.image, "bold"), text(view.digest, "cyan")]))
    parts += [indented(text(note, "dim")) for note in view.notes]
    return Group(*parts)
