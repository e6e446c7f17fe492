"""Environments drawn for people."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from twice.present.environment import DriftView, EnvironmentView, WrittenView
from twice.present.layout import cut, digest, indented, table, text
from twice.present.marks import mark
from twice.present.words import count


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
