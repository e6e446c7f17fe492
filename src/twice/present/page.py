"""A verdict as one HTML file that needs nothing but itself."""

from __future__ import annotations

import base64
import difflib
from collections.abc import Iterator, Mapping, Sequence
from html import escape

from twice.present.findings import ExperimentView
from twice.present.html import cause, coloured, document, listed, moment, outcomes, rows, short
from twice.present.page_graph import Box, graph
from twice.present.reports import FindingView, StepVerdictView, VerdictView
from twice.values.drawn import Drawn, Histogram, Pictures, Texts

_LINES = 400
"""Lines of a text that are shown."""

_LEFT_OUT = '<td class="n"></td><td class="dim">…</td>'


def page(verdict: VerdictView, wires: Mapping[str, Sequence[str]], drawings: Mapping[str, Sequence[Drawn]]) -> str:
    """The page.

    Args:
        verdict: The verdict.
        wires: All steps of the version, each with the steps that feed it, in an order in which they can run.
        drawings: Step → what is drawn of its two outputs.
    """
    parts = (*_head(verdict), *_dag(verdict, wires), *_steps(verdict, drawings))
    return document(
        f"{verdict.name or 'a version'}: {verdict.verdict}", (*parts, *listed("Not checked", verdict.not_checked))
    )


def _head(verdict: VerdictView) -> Iterator[str]:
    word = "reproducible" if verdict.reproducible else verdict.verdict
    yield f"<h1>{escape(verdict.name or 'A version')}</h1>"
    yield f'<p class="verdict">{coloured(verdict.verdict, word)}</p>'
    about = [f"{verdict.level} verification" if verdict.level else "comparison of two runs"]
    about += [f"on {verdict.host}"] if verdict.host else []
    about += [moment(verdict.made)] if verdict.made else []
    yield f'<p class="dim">{escape(", ".join(about))}</p>'
    sides = f"recorded run {short(verdict.recorded)}, held against run {short(verdict.now)}"
    yield f'<p class="dim mono">{escape(sides)}</p>'


def _dag(verdict: VerdictView, wires: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The steps as boxes, coloured by their verdicts."""
    verdicts = {step.name: step for step in verdict.steps}
    boxes = {}
    for name in wires:
        found = verdicts.get(name)
        said = _graded(found) if found is not None else "not looked at"
        boxes[name] = Box(found.verdict if found is not None else "", said)
    yield "<h2>Steps</h2>"
    yield f'<div class="scroll">{graph(wires, boxes)}</div>'


def _graded(step: StepVerdictView) -> str:
    return f"{step.verdict} ({step.grade})" if step.grade else step.verdict


# Step by step.


def _steps(verdict: VerdictView, drawings: Mapping[str, Sequence[Drawn]]) -> Iterator[str]:
    for step in verdict.steps:
        yield f'<section class="step" id="step-{escape(step.name)}"><h2>{escape(step.name)}</h2>'
        accepted = "" if step.reproduces or step.verdict != "equivalent" else " — its step does not let that count"
        yield f'<p class="verdict">{coloured(step.verdict, _graded(step) + accepted)}</p>'
        if step.difference:
            yield f"<p>{escape(step.difference)}</p>"
        if step.finding is not None and step.finding.children:
            yield f"<ul>{''.join(_finding(child) for child in step.finding.children)}</ul>"
        if step.reason and not step.causes:
            yield f'<pre class="scroll">{escape(step.reason)}</pre>'
        yield from _causes(step)
        for one in drawings.get(step.name, ()):
            yield from _drawing(one)
        yield from _experiments(step)
        yield "</section>"


def _finding(found: FindingView) -> str:
    inner = f"<ul>{''.join(_finding(child) for child in found.children)}</ul>" if found.children else ""
    softer = f' <span class="dim">{escape(found.softer)}</span>' if found.softer else ""
    return f"<li><code>{escape(found.path)}</code> {escape(found.what)}{softer}{inner}</li>"


def _causes(step: StepVerdictView) -> Iterator[str]:
    if step.causes:
        yield "<h3>Why</h3>"
    yield from (cause(one) for one in step.causes)
    if step.together:
        yield "<p>Only all of these together explain it.</p>"
    for line in (
        step.spread,
        step.operation,
        step.spreads,
        step.power,
        step.unsettled and f"not settled: {step.unsettled}",
        *(f"in doubt: {doubt}" for doubt in step.doubts),
    ):
        if line:
            yield f'<p class="dim">{escape(line)}</p>'


def _experiments(step: StepVerdictView) -> Iterator[str]:
    """Every experiment once, with what it showed of which factor."""
    made: dict[tuple[str, ...], tuple[ExperimentView, list[str]]] = {}
    for found in (*step.causes, *step.others):
        for one in found.evidence:
            made.setdefault(one.conditions, (one, []))[1].append(f"{found.factor}: {found.status}")
    if made:
        yield "<h3>Experiments</h3>"
    cells = (
        (
            " · ".join(one.conditions),
            outcomes(one),
            f"{one.recorded} of {len(one.outcomes)}",
            ", ".join(dict.fromkeys(shows)),
        )
        for one, shows in made.values()
    )
    yield from rows(("with", "came out", "as recorded", "shows"), (tuple(map(escape, row)) for row in cells))
    untried = [found for found in step.others if not found.evidence]
    if untried:
        lines = (f"{one.factor}: {one.status}{f' ({one.reason})' if one.reason else ''}" for one in untried)
        yield f'<details><summary class="dim">{len(untried)} not tested</summary><ul class="dim">'
        yield "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul></details>"


# Drawings.


def _drawing(one: Drawn) -> Iterator[str]:
    where = f" of <code>{escape(one.path)}</code>" if one.path else ""
    match one:
        case Histogram():
            yield f"<h3>How far the numbers{where} are apart</h3>{_histogram(one)}"
        case Pictures():
            before, after = (_image(data) for data in (one.before, one.after))
            yield f'<h3>The pictures{where}</h3><div class="images">'
            yield f"<figure>{before}<figcaption>recorded</figcaption></figure>"
            yield f"<figure>{after}<figcaption>now</figcaption></figure>"
            yield f'<figure><div class="overlay">{before}{after}</div><figcaption>one laid over the other: '
            yield "black is the same</figcaption></figure></div>"
        case Texts():
            yield f'<h3>The texts{where}</h3><div class="scroll">{_sides(one)}</div>'


def _image(png: bytes) -> str:
    return f'<img alt="" src="data:image/png;base64,{base64.b64encode(png).decode()}">'


def _histogram(one: Histogram) -> str:
    width, height = 620, 140
    tallest = max(one.counts)
    step = width / len(one.counts)
    bars = "".join(
        f'<rect x="{20 + index * step:.1f}" y="{15 + height * (1 - count / tallest):.1f}" width="{step - 1:.1f}" '
        f'height="{height * count / tallest:.1f}" fill="var(--bar)"><title>{count:,}</title></rect>'
        for index, count in enumerate(one.counts)
        if count
    )
    zero = 20 + width * -one.least / (one.most - one.least)
    notes = [f"{sum(one.counts):,} differ", f"{one.same:,} are the same"]
    notes += [f"{one.skipped:,} are not finite"] if one.skipped else []
    return (
        f'<svg class="wide" viewBox="0 0 {width + 40} {height + 40}" role="img" aria-label="histogram">{bars}'
        f'<line x1="20" x2="{20 + width}" y1="{15 + height}" y2="{15 + height}" stroke="var(--dim)"/>'
        f'<line x1="{zero:.1f}" x2="{zero:.1f}" y1="10" y2="{15 + height}" stroke="var(--dim)" stroke-dasharray="3 3"/>'
        f'<text class="dim" x="20" y="{height + 32}">{one.least:.3g}</text>'
        f'<text class="dim" x="{20 + width}" y="{height + 32}" text-anchor="end">{one.most:.3g}</text>'
        f'<text class="dim" x="20" y="11">{tallest:,}</text></svg>'
        f'<p class="dim">now − recorded; {escape(", ".join(notes))}</p>'
    )


def _sides(one: Texts) -> str:
    """Two texts side by side; lines that are the same far from any difference are left out."""
    before, after = one.before.splitlines(), one.after.splitlines()
    rows: list[str] = []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(a=before, b=after, autojunk=False).get_opcodes():
        count = max(i2 - i1, j2 - j1)
        for offset in range(count):
            if tag == "equal" and count > 7 and 3 <= offset < count - 3:
                if offset == 3:
                    rows.append(
                        '<tr><td class="n"></td><td class="dim">…</td><td class="n"></td><td class="dim">…</td></tr>'
                    )
                continue
            left = before[i1 + offset] if i1 + offset < i2 else None
            right = after[j1 + offset] if j1 + offset < j2 else None
            rows.append(f"<tr>{_side(left, i1 + offset, tag, 'gone')}{_side(right, j1 + offset, tag, 'come')}</tr>")
    if len(rows) > _LINES:
        rows = [*rows[:_LINES], f'<tr><td colspan="4" class="dim">{len(rows) - _LINES} more lines</td></tr>']
    return f'<table class="sides mono">{"".join(rows)}</table>'


def _side(line: str | None, index: int, tag: str, kind: str) -> str:
    if line is None:
        return '<td class="n"></td><td></td>'
    marked = f' class="{kind}"' if tag != "equal" else ""
    return f'<td class="n">{index + 1}</td><td{marked}>{escape(line)}</td>'
