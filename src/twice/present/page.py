"""A verdict as one HTML file that needs nothing but itself: no script, no font, nothing from elsewhere.

Whatever comes from a store is escaped: a page about a stranger's version shows what it holds, and runs none of it.
"""

from __future__ import annotations

import base64
import difflib
from collections.abc import Iterator, Mapping, Sequence
from html import escape

from twice.present.reports import FindingView, StepVerdictView, VerdictView
from twice.values.drawn import Drawn, Histogram, Pictures, Texts

_COLOURS = {
    "identical": "#2e7d4f",
    "equivalent": "#9a6b00",
    "different": "#b3261e",
    "fails": "#b3261e",
    "inconclusive": "#6b6f76",
    "": "#6b6f76",
}
_MARKS = {"identical": "✓", "equivalent": "≈", "different": "✗", "fails": "✗", "inconclusive": "?", "": "·"}
_LINES = 400
"""Lines of a text that are shown."""

_LEFT_OUT = '<td class="n"></td><td class="dim">…</td>'

_STYLE = """
:root { color-scheme: light dark; --ink: #1c1e21; --dim: #5f6670; --line: #d8dbe0; --paper: #ffffff; --panel: #f5f6f8;
  --gone: #fbe3e1; --come: #dff2e4; --bar: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --dim: #9aa1ab; --line: #3a3f46; --paper: #17191c;
  --panel: #212429; --gone: #4a2320; --come: #1f3d2a; --bar: #e0736b; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 2rem 1.5rem 4rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.1rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: 1rem; margin: 1.25rem 0 .4rem; }
p { margin: .3rem 0; } .dim { color: var(--dim); } code, pre, .mono { font: 13px/1.5 ui-monospace, monospace; }
.verdict { font-weight: 600; } .scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; font-weight: 600; color: var(--dim); }
th, td { padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
section.step { border: 1px solid var(--line); border-radius: 8px; padding: .25rem 1.25rem 1rem; margin: 1.25rem 0; }
.cause { background: var(--panel); border-left: 4px solid var(--bar); padding: .5rem .9rem; margin: .5rem 0; }
.images { display: flex; gap: 1rem; flex-wrap: wrap; } figure { margin: 0; flex: 1 1 14rem; min-width: 0; }
figure img { width: 100%; image-rendering: auto; border: 1px solid var(--line); display: block; }
.overlay { position: relative; isolation: isolate; background: #000; }
.overlay img + img { position: absolute; inset: 0; mix-blend-mode: difference; }
figcaption { color: var(--dim); font-size: 13px; } ul { margin: .3rem 0; padding-left: 1.25rem; }
.sides td { border: 0; padding: 0 .5rem; white-space: pre-wrap; width: 48%; }
.sides td.n { width: 1%; color: var(--dim); text-align: right; white-space: nowrap; }
td.gone { background: var(--gone); } td.come { background: var(--come); }
svg text { font: 13px system-ui, sans-serif; fill: var(--ink); }
svg .dim { fill: var(--dim); font-size: 11px; }
"""


def page(verdict: VerdictView, wires: Mapping[str, Sequence[str]], drawings: Mapping[str, Sequence[Drawn]]) -> str:
    """The page.

    Args:
        verdict: The verdict.
        wires: All steps of the version, each with the steps that feed it, in an order in which they can run.
        drawings: Step → what is drawn of its two outputs.
    """
    title = f"{verdict.name or 'a version'}: {verdict.verdict}"
    body = "\n".join((*_head(verdict), *_dag(verdict, wires), *_steps(verdict, drawings), *_foot(verdict)))
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(title)}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _head(verdict: VerdictView) -> Iterator[str]:
    word = "reproducible" if verdict.reproducible else verdict.verdict
    yield f"<h1>{escape(verdict.name or 'A version')}</h1>"
    yield f'<p class="verdict">{_coloured(verdict.verdict, word)}</p>'
    about = [f"{verdict.level} verification" if verdict.level else "comparison of two runs"]
    about += [f"on {verdict.host}"] if verdict.host else []
    about += [verdict.made] if verdict.made else []
    yield f'<p class="dim">{escape(", ".join(about))}</p>'
    sides = f"recorded run {_short(verdict.recorded)}, held against run {_short(verdict.now)}"
    yield f'<p class="dim mono">{escape(sides)}</p>'


def _coloured(verdict: str, words: str) -> str:
    return f'<span style="color:{_COLOURS[verdict]}">{_MARKS[verdict]} {escape(words)}</span>'


def _short(digest: str) -> str:
    return digest.partition(":")[2][:12] or digest


# The graph.


def _dag(verdict: VerdictView, wires: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The steps as boxes, each in a column after all that feed it, coloured by their verdicts."""
    depth: dict[str, int] = {}
    for step, sources in wires.items():
        depth[step] = 1 + max((depth.get(source, 0) for source in sources), default=-1)
    columns: dict[int, list[str]] = {}
    for step, column in depth.items():
        columns.setdefault(column, []).append(step)
    verdicts = {step.name: step for step in verdict.steps}
    width, height, gap = 150, 46, 56
    places = {
        step: (10 + column * (width + gap), 10 + row * (height + 22))
        for column, steps in columns.items()
        for row, step in enumerate(steps)
    }
    across = 20 + len(columns) * (width + gap) - gap
    down = 20 + max(map(len, columns.values()), default=1) * (height + 22) - 22
    lines = [f'<svg width="{across}" height="{down}" viewBox="0 0 {across} {down}" role="img" aria-label="steps">']
    for step, sources in wires.items():
        x, y = places[step]
        for source in sources:
            from_x, from_y = places[source][0] + width, places[source][1] + height / 2
            bend = (x - from_x) / 2
            curve = f"M{from_x},{from_y} C{from_x + bend},{from_y} {x - bend},{y + height / 2} {x},{y + height / 2}"
            lines.append(f'<path d="{curve}" fill="none" stroke="var(--dim)" stroke-width="1.5"/>')
    for step, (x, y) in places.items():
        found = verdicts.get(step)
        said = _graded(found) if found is not None else "not looked at"
        colour = _COLOURS[found.verdict if found is not None else ""]
        sign = _MARKS[found.verdict if found is not None else ""]
        lines.append(
            f'<a href="#step-{escape(step)}"><rect x="{x}" y="{y}" width="{width}" height="{height}" rx="7" '
            f'fill="var(--panel)" stroke="{colour}" stroke-width="2"/>'
            f'<text x="{x + 10}" y="{y + 20}">{sign} {escape(_cut(step, 18))}</text>'
            f'<text class="dim" x="{x + 10}" y="{y + 36}">{escape(_cut(said, 24))}</text></a>'
        )
    yield "<h2>Steps</h2>"
    yield f'<div class="scroll">{"".join(lines)}</svg></div>'


def _cut(words: str, length: int) -> str:
    return words if len(words) <= length else f"{words[: length - 1]}…"


def _graded(step: StepVerdictView) -> str:
    return f"{step.verdict} ({step.grade})" if step.grade else step.verdict


# Step by step.


def _steps(verdict: VerdictView, drawings: Mapping[str, Sequence[Drawn]]) -> Iterator[str]:
    for step in verdict.steps:
        yield f'<section class="step" id="step-{escape(step.name)}"><h2>{escape(step.name)}</h2>'
        accepted = "" if step.reproduces or step.verdict != "equivalent" else " — its step does not let that count"
        yield f'<p class="verdict">{_coloured(step.verdict, _graded(step) + accepted)}</p>'
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
    for cause in step.causes:
        detail = f": {cause.detail}" if cause.detail else ""
        where = f" <code>{escape(cause.location)}</code>" if cause.location else ""
        fix = f"<p>{escape(f'fix: {cause.fix}')}</p>" if cause.fix else ""
        yield (
            f'<div class="cause"><p><strong>{escape(f"{cause.status}: {cause.factor}{detail}")}</strong>{where}</p>'
            f'<p class="dim">{escape(cause.reason)}</p>{fix}</div>'
        )
    if step.together:
        yield "<p>Only all of these together explain it.</p>"
    for line in (
        step.spread,
        step.operation,
        step.spreads,
        step.power,
        step.unsettled and f"not settled: {step.unsettled}",
    ):
        if line:
            yield f'<p class="dim">{escape(line)}</p>'


def _experiments(step: StepVerdictView) -> Iterator[str]:
    """Every experiment once, with what it showed of which factor."""
    rows: dict[tuple[str, ...], tuple[str, str, str, list[str]]] = {}
    for cause in (*step.causes, *step.others):
        for one in cause.evidence:
            count, kinds = len(one.outcomes), len(set(one.outcomes))
            told = f"{kinds} different outcome{'s' if kinds != 1 else ''} in {count} run{'s' if count != 1 else ''}"
            row = rows.setdefault(one.conditions, (" · ".join(one.conditions), told, f"{one.recorded} of {count}", []))
            row[3].append(f"{cause.factor}: {cause.status}")
    if rows:
        yield '<h3>Experiments</h3><div class="scroll"><table>'
        yield "<tr><th>with</th><th>came out</th><th>as recorded</th><th>shows</th></tr>"
        for conditions, told, recorded, shows in rows.values():
            cells = (conditions, told, recorded, ", ".join(dict.fromkeys(shows)))
            yield f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
        yield "</table></div>"
    untried = [cause for cause in step.others if not cause.evidence]
    if untried:
        lines = (f"{cause.factor}: {cause.status}{f' ({cause.reason})' if cause.reason else ''}" for cause in untried)
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
        f'<div class="scroll"><svg width="{width + 40}" height="{height + 40}" role="img" aria-label="histogram">{bars}'
        f'<line x1="20" x2="{20 + width}" y1="{15 + height}" y2="{15 + height}" stroke="var(--dim)"/>'
        f'<line x1="{zero:.1f}" x2="{zero:.1f}" y1="10" y2="{15 + height}" stroke="var(--dim)" stroke-dasharray="3 3"/>'
        f'<text class="dim" x="20" y="{height + 32}">{one.least:.3g}</text>'
        f'<text class="dim" x="{20 + width}" y="{height + 32}" text-anchor="end">{one.most:.3g}</text>'
        f'<text class="dim" x="20" y="11">{tallest:,}</text></svg></div>'
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


def _foot(verdict: VerdictView) -> Iterator[str]:
    if verdict.not_checked:
        lines = "".join(f"<li>{escape(what)}</li>" for what in verdict.not_checked)
        yield f'<h2>Not checked</h2><ul class="dim">{lines}</ul>'
