"""What differs between two versions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from twice.history.changes import spoken
from twice.present.findings import ChangeView, DiffView, Side
from twice.present.layout import cut, digest, indented, section, table, text
from twice.present.marks import mark
from twice.present.why import draw_why
from twice.present.words import count

_STYLES = {"+": "green", "-": "red", "@": "cyan"}
_SECTIONS = (
    ("Steps", ("pipeline", "step", "wiring", "option")),
    ("Parameters, seed and settings", ("parameter", "seed", "setting")),
    ("Input files", ("file",)),
    ("Environment", ("interpreter", "distribution", "machine", "variable")),
)
_MOST, _MOST_ASIDE = 20, 6


def draw_difference(diff: DiffView) -> RenderableType:
    """Two versions, then what differs in code, in what was set and in what they stood on, then their outputs."""
    parts: list[RenderableType] = [_sides(diff)]
    code = [change for change in diff.changes if change.what == "code"]
    cosmetic = [change for change in diff.changes if change.what == "cosmetic"]
    if diff.same:
        parts += [Text(""), Text(" ").join([mark("identical"), text(_sameness(diff))])]
    if code:
        parts.append(section("Code", *_code(code)))
    if cosmetic:
        title = "Only layout, comments or docstrings (no step runs again for these)"
        parts.append(section(title, *(_place(change) for change in cosmetic)))
    for title, kinds in _SECTIONS:
        changes = [change for change in diff.changes if change.what in kinds]
        aside = [change for change in changes if change.what == "distribution" and not change.steps]
        changes = [change for change in changes if change not in aside]
        rows = [_rows(changes)] if changes else []
        rows += [_aside(aside)] if aside else []
        if rows:
            parts.append(section(title, *rows))
    if diff.unreached:
        parts.append(section("Files that differ only where no step reaches", text(", ".join(diff.unreached), "dim")))
    if diff.outputs and not diff.same:
        parts.append(section("Outputs", _outputs(diff)))
    if diff.why is not None:
        parts.append(section("Why the outputs differ, by experiment", *draw_why(diff.why)))
    return Group(*parts)


def draw_changes(changes: Iterable[ChangeView]) -> list[RenderableType]:
    """Some changes, code first."""
    listed = list(changes)
    code = [change for change in listed if change.what == "code"]
    others = [change for change in listed if change.what not in ("code", "cosmetic")]
    plain = [change for change in others if not change.patch and not change.detail]
    return [
        *_code(code),
        *([_rows(plain)] if plain else []),
        *(line for change in others if change not in plain for line in _inside(change)),
    ]


def _inside(change: ChangeView) -> Iterator[RenderableType]:
    """A file, folder or value, and what differs in it."""
    line = text(change.name, "bold").append("  ").append(change.before or "(not there)", style="red")
    line.append(" → ", style="dim").append(change.after or "(not there)", style="green")
    yield line
    if change.detail:
        yield indented(text(change.detail))
    for patched in change.patch.splitlines()[2:]:
        yield indented(text(patched, _STYLES.get(patched[:1], "")))


def _sameness(diff: DiffView) -> str:
    if diff.before.version == diff.after.version:
        return "the same version" + ("" if not diff.outputs else ", with the same outputs")
    return "nothing that the steps reach differs" + ("" if not diff.outputs else ", and the outputs are the same")


def _sides(diff: DiffView) -> RenderableType:
    made = table("fixed", "fixed", "fixed", "left")
    for sign, side in (("-", diff.before), ("+", diff.after)):
        known = [name for name in side.names if name != side.name]
        made.add_row(
            Text(sign, style=_STYLES[sign]),
            text(side.name, "bold"),
            Text("version ", style="dim") + digest(side.version),
            text(_also(side, known), "dim"),
        )
    return made


def _also(side: Side, known: list[str]) -> str:
    return f"also {', '.join(known)}" if known and side.name in side.names else ", ".join(known)


def _code(changes: list[ChangeView]) -> Iterable[RenderableType]:
    after_patch = False
    for index, change in enumerate(changes):
        # What is new or gone as a whole is told by its place.
        shown = change.patch.splitlines()[2:] if change.before and change.after else []
        if index and (shown or after_patch):
            yield Text("")
        yield _place(change)
        if change.detail:
            yield indented(text(change.detail))
        for line in shown:
            yield indented(text(line, _STYLES.get(line[:1], "")))
        after_patch = bool(shown)


def _place(change: ChangeView) -> Text:
    name = change.name.partition(":")[2] or change.name
    state = "" if change.before and change.after else " is gone" if change.before else " is new"
    line = text(name, "bold").append(state, style="yellow").append(f"  {change.after or change.before}", style="dim")
    way = [spoken(part) for part in change.via]
    if change.steps:
        reached = " → ".join(way) if len(way) > 1 else ""
        steps = f"{'steps' if len(change.steps) > 1 else 'step'} {', '.join(change.steps)}"
        line.append(f"  reached by {steps}" + (f": {reached}" if reached else ""), style="dim")
    return line


def _rows(changes: list[ChangeView]) -> RenderableType:
    made = table("fixed", "left", "fixed", "left")
    for change in changes[:_MOST]:
        subject = {"wiring": f"what {change.name} receives", "setting": change.name, "machine": change.name}
        made.add_row(
            text(subject.get(change.what, change.name)),
            cut(change.before or "(not there)", "red" if change.before else "dim"),
            Text("→", style="dim"),
            cut(change.after or "(not there)", "green" if change.after else "dim"),
        )
    if len(changes) > _MOST:
        return Group(made, text(f"… and {count(len(changes) - _MOST, 'more', 'more')}; --json prints all", "dim"))
    return made


def _aside(changes: list[ChangeView]) -> RenderableType:
    names = [change.name for change in changes]
    more = " …" if len(names) > _MOST_ASIDE else ""
    which = f"{', '.join(names[:_MOST_ASIDE])}{more}"
    return text(f"and {count(len(names), 'distribution')} that no step reaches: {which}", "dim")


def _outputs(diff: DiffView) -> RenderableType:
    made = table("fixed", "fixed", "left")
    for output in diff.outputs:
        if output.same:
            made.add_row(mark("identical"), text(output.step), text("the same", "dim"))
            continue
        previews = (
            f"{output.before or '(none)'}  →  {output.after or '(none)'}" if output.before != output.after else ""
        )
        made.add_row(mark("different"), text(output.step, "bold"), text(output.difference or previews or "differs"))
        told = "→" in output.difference or (output.before in output.difference and output.after in output.difference)
        if previews and output.difference and not told:
            made.add_row("", "", text(previews, "dim"))
    return made
