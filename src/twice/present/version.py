"""A version, and how its run went."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from twice.present.graph import graph
from twice.present.layout import cut, digest, joined, section, table, text
from twice.present.log import fared
from twice.present.marks import mark
from twice.present.verified import draw_verifications
from twice.present.views import EnvironmentView, FileView, Reached, RunView, StepView, VersionView
from twice.present.words import ago, count, duration, moment, short, size

_MOST_REACHED = 6


def draw_version(version: VersionView, now: int | None = None) -> RenderableType:
    """A version from its steps down to what was not seen.

    Args:
        version: What to draw.
        now: In nanoseconds since 1970, for times such as "3 minutes ago".
    """
    names = version.names or (version.pipeline,)
    also = f"also {', '.join(names[1:])}" if len(names) > 1 else ""
    saved = "" if version.names else "not saved"
    parts: list[RenderableType] = [
        joined(text(names[0], "bold"), text(f"version {short(version.version)}", "cyan"), text(also or saved, "dim")),
        _ran(version.run, now),
        section("Steps", _steps(version.steps)),
    ]
    if version.verified:
        shown = version.run.run if version.run else ""
        parts.append(section("Verified", *draw_verifications(version.verified, shown, now)))
    parameters = [parameter for step in version.steps for parameter in step.parameters]
    if parameters:
        made = table("fixed", "left")
        for parameter in parameters:
            made.add_row(text(parameter.name), cut(parameter.value))
        parts.append(section("Parameters", made))
    settings = [f"{name} {value}" for name, value in version.settings.items()]
    parts.append(section("Seed and settings", joined(f"seed {version.seed}", *settings)))
    if version.files:
        parts.append(section("Input files", files_table(version.files)))
    parts.append(section("Code that the steps reach", *_code(version.steps)))
    parts.append(section("Environment", *_environment(version.environment)))
    warnings = _warnings(version)
    if warnings:
        parts.append(section("Warnings", *warnings))
    if version.blind_spots:
        parts.append(section("Not seen", blind_spots(version.watcher, version.blind_spots)))
    return Group(*parts)


def files_table(files: tuple[FileView, ...]) -> RenderableType:
    """Files with their sizes and digests."""
    made = table("left", "right", "fixed", "left")
    for file in files:
        how = [] if file.declared else ["seen to be read"]
        how += ["declared"] if file.declared else []
        how += ["kept in the store" if file.stored else "not kept: too large"]
        where = file.path if file.root in ("", "project") else f"{file.root}: {file.path}"
        made.add_row(cut(where), text(size(file.size)), digest(file.content), text(", ".join(how), "dim"))
    return made


def reached_name(reached: Reached) -> str:
    """What people call something that is reached: ``clean``, ``Model``, or ``import of helpers``."""
    module, colon, name = reached.name.partition(":")
    return name if colon else f"import of {module.removesuffix(' (on import)')}"


def reached_place(reached: Reached) -> str:
    """Where it is written: ``helpers.py:3``."""
    return f"{reached.file}:{reached.line}" if reached.file and reached.line else reached.file


def blind_spots(watcher: str, spots: tuple[str, ...]) -> RenderableType:
    """What a watcher does not see."""
    made = table("fixed", "left")
    for spot in spots:
        made.add_row(text("·", "dim"), text(spot, "dim"))
    return Group(text(f"Steps were watched by {watcher!r}, which does not see:", "dim"), made)


def _ran(run: RunView | None, now: int | None) -> RenderableType:
    if run is None:
        return text("no run of it came to its end", "yellow")
    git = f"git {run.commit[:9]}{'' if run.clean else ' with changes'}" if run.commit else ""
    return joined(
        Text(" ").join([mark(run.status), text(f"run {short(run.run)}")]),
        f"{run.status} {ago(moment(run.started), now)} in {duration(run.seconds)}",
        fared(run),
        f"on {run.host}",
        git,
    )


def _steps(steps: tuple[StepView, ...]) -> RenderableType:
    views = {step.name: step for step in steps}
    made = table("fixed", "fixed", "left", "left", "right", "fixed")
    for row in graph({step.name: list(step.inputs.values()) for step in steps}):
        if not row.step:
            made.add_row(Text(row.lines, style="dim"))
            continue
        step = views[row.step]
        lines = Text(row.lines, style="dim")
        sources = list(dict.fromkeys(step.inputs.values()))
        fed = cut(f"← {', '.join(sources)}" if sources else "", "dim")
        given = step.outcome.output if step.outcome else None
        if given is None:
            how = step.outcome.how if step.outcome else "not run"
            made.add_row(lines, text(row.step, "bold"), fed, text(how, "red" if how == "failed" else "dim"))
        else:
            shown = text(size(given.size)), digest(given.content)
            made.add_row(lines, text(row.step, "bold"), fed, cut(given.preview), *shown)
    return made


def _code(steps: tuple[StepView, ...]) -> list[RenderableType]:
    made = table("fixed", "left", "left")
    for step in steps:
        function, *others = step.reaches or (Reached(name=step.function, kind="function", file="", line=0),)
        shown = [f"{reached_name(item)} ({reached_place(item)})" for item in others if item.line]
        if len(shown) > _MOST_REACHED:
            shown[_MOST_REACHED:] = [f"{len(shown) - _MOST_REACHED} more"]
        shown += [name.replace("==", " ") for name in step.distributions]
        made.add_row(text(step.name, "bold"), text(reached_place(function)), text(", ".join(shown), "dim"))
    return [made]


def _environment(found: EnvironmentView) -> list[RenderableType]:
    lines: list[RenderableType] = [
        joined(found.python, count(found.distributions, "distribution"), found.system, found.libc),
        joined(found.cpu, count(found.cores, "core"), *found.numeric),
    ]
    if found.variables:
        lines.append(joined(*(f"{name}={value}" for name, value in found.variables.items())))
    return lines


def _warnings(version: VersionView) -> list[RenderableType]:
    found: list[RenderableType] = []
    for step in version.steps:
        notes = list(step.outcome.notes) if step.outcome else []
        notes += [f"{reached_name(reached)}: {reached.note}" for reached in step.reaches if reached.note]
        found += [Text(" ").join([mark("note"), text(f"{step.name}: {note}")]) for note in notes]
        if step.outcome and step.outcome.error:
            found.append(Text(" ").join([mark("failed"), text(f"{step.name}: {step.outcome.reason}")]))
    return found
