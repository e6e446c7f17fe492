"""One step of a run, with all that is recorded of it."""

from __future__ import annotations

import time

from rich.console import Group, RenderableType
from rich.text import Text

from twice.present.layout import cut, digest, joined, section, table, text
from twice.present.marks import mark
from twice.present.verified import draw_verifications
from twice.present.version import blind_spots, files_table, reached_name, reached_place
from twice.present.views import StepDetail, StepView
from twice.present.words import duration, short, size


def draw_step(detail: StepDetail) -> RenderableType:
    """A step from its output down to what was not seen."""
    step = detail.step
    name = detail.names[0] if detail.names else f"version {short(detail.version)}"
    run = f"run {short(detail.run)}" if detail.run else "not run"
    parts: list[RenderableType] = [joined(text(step.name, "bold"), f"step of {name}", text(run, "cyan"))]
    parts += [_fared(step)]
    if step.outcome and step.outcome.output:
        output = step.outcome.output
        shown = joined(output.kind, size(output.size), text(f"content {short(output.content)}", "cyan"))
        noisy = [text(detail.spread, "yellow")] if detail.spread else []
        parts.append(section("Output", text(output.preview), shown, *noisy))
    if step.outcome and step.outcome.error:
        parts.append(section("Error", text(step.outcome.error.rstrip())))
    if detail.verified:
        parts.append(section("Verified", *draw_verifications(detail.verified, detail.run, time.time_ns())))
    inputs = _inputs(detail)
    if inputs is not None:
        parts.append(section("Inputs", inputs))
    parts.append(section("Code", _code(step)))
    if step.distributions:
        needed = [text(_listed(step.requirements), "dim")] if step.requirements else []
        parts.append(section("Distributions, and what they need", text(_listed(step.distributions)), *needed))
    parts += _seen(detail)
    parts += [
        section(f"Printed on {stream}", text(printed.rstrip()))
        for stream, printed in (("stdout", detail.stdout), ("stderr", detail.stderr))
        if printed
    ]
    if detail.ingredients:
        made = table("left", "left")
        for ingredient, value in detail.ingredients.items():
            is_digest = value.startswith("blake3:")
            made.add_row(cut(ingredient), digest(value) if is_digest else cut(value))
        parts.append(section("Runs again when one of these changes, or a file or variable that it read", made))
    if detail.confined:
        parts.append(section("Strict", text(f"held by {detail.confined}: files that it does not declare are refused")))
    if detail.blind_spots:
        parts.append(section("Not seen", blind_spots(detail.watcher, detail.blind_spots)))
    return Group(*parts)


def _listed(distributions: tuple[str, ...]) -> str:
    return ", ".join(name.replace("==", " ") for name in distributions)


def _fared(step: StepView) -> RenderableType:
    outcome = step.outcome
    if outcome is None:
        return text("it has no finished run", "yellow")
    spent = f"{'took' if outcome.how == 'ran' else 'took, when it ran,'} {duration(outcome.seconds)}"
    lines: list[RenderableType] = [
        joined(Text(" ").join([mark(outcome.how), text(outcome.how)]), outcome.reason, spent if outcome.output else "")
    ]
    lines += [Text(" ").join([mark("note"), text(note)]) for note in outcome.notes]
    if step.tolerance:
        lines.append(text(f"declared tolerance: {step.tolerance}"))
    if step.allow:
        lines.append(text(f"may differ: {step.allow}"))
    return Group(*lines)


def _inputs(detail: StepDetail) -> RenderableType | None:
    step = detail.step
    if not step.inputs and not step.parameters:
        return None
    made = table("fixed", "left", "fixed")
    for parameter, source in step.inputs.items():
        made.add_row(text(parameter), text(f"the output of {source}"), digest(detail.received.get(parameter, "")))
    for setting in step.parameters:
        made.add_row(text(setting.name.partition(".")[2]), cut(setting.value), digest(setting.content))
    return made


def _code(step: StepView) -> RenderableType:
    made = table("fixed", "fixed", "fixed", "left")
    for reached in step.reaches:
        way = " → ".join(part.partition(":")[2] or part for part in reached.via[1:-1])
        more = text(f"through {way}" if len(reached.via) > 2 else "", "dim")
        if reached.note:
            more.append(f"  {reached.note}", style="yellow")
        name = text(reached_name(reached), "bold" if reached.name == step.function else "")
        kind = "on import" if reached.kind == "effects" else reached.kind
        made.add_row(name, text(kind, "dim"), text(reached_place(reached)), more)
    return made


def _seen(detail: StepDetail) -> list[RenderableType]:
    parts: list[RenderableType] = []
    if detail.read:
        parts.append(section("Files that it read", files_table(detail.read)))
    for title, names in (
        ("Paths that it looked at without opening them", detail.looked_at),
        ("Paths that it looked for and that were not there", detail.missing),
        ("Folders that it listed", detail.listed),
        ("Files that it wrote", detail.written),
        ("Programs that it started", detail.executed),
        ("Addresses that it connected to", detail.connected),
        ("Environment variables that it looked at", detail.variables),
        ("Entropy, clocks and generators that it used", detail.observed),
    ):
        said = ["the project's folder" if name == "." else name for name in names]
        if said:
            parts.append(section(title, text(", ".join(said))))
    return parts
