"""What the HTML pages share: a page needs nothing but itself, no script, no font, nothing from elsewhere.

Whatever comes from a store is escaped: a page about a stranger's version shows what it holds, and runs none of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from twice.present.findings import CauseView, ExperimentView

COLOURS = {
    "identical": "var(--good)",
    "equivalent": "var(--near)",
    "different": "var(--bar)",
    "fails": "var(--bar)",
    "inconclusive": "var(--dim)",
    "": "var(--dim)",
}
MARKS = {"identical": "✓", "equivalent": "≈", "different": "✗", "fails": "✗", "inconclusive": "?", "": "·"}
_STYLE = """
:root { color-scheme: light dark; --ink: #1c1e21; --dim: #5f6670; --line: #d8dbe0; --paper: #ffffff; --panel: #f5f6f8;
  --gone: #fbe3e1; --come: #dff2e4; --bar: #b3261e; --good: #2e7d4f; --near: #8a5f00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --dim: #9aa1ab; --line: #3a3f46; --paper: #17191c;
  --panel: #212429; --gone: #4a2320; --come: #1f3d2a; --bar: #ef857d; --good: #6cc08b; --near: #d9a94a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 2rem 1.5rem 4rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.1rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: 1rem; margin: 1.25rem 0 .4rem; }
p { margin: .3rem 0; } .dim { color: var(--dim); } code, pre, .mono { font: 13px/1.5 ui-monospace, monospace; }
.verdict { font-weight: 600; } .scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; font-weight: 600; color: var(--dim); }
th, td { padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
.scroll > table:not(.sides) td { min-width: 6.5rem; max-width: 24rem; } .scroll th { overflow-wrap: normal; }
section.step { border: 1px solid var(--line); border-radius: 8px; padding: .25rem 1.25rem 1rem; margin: 1.25rem 0; }
section.step h2 { margin: .8rem 0 .4rem; overflow-wrap: anywhere; } svg.wide { width: 100%; max-width: 660px; }
.cause { background: var(--panel); border-left: 4px solid var(--bar); padding: .5rem .9rem; margin: .5rem 0; }
.images { display: flex; gap: 1rem; flex-wrap: wrap; } figure { margin: 0; flex: 1 1 14rem; min-width: 0; }
figure img { width: 100%; image-rendering: auto; border: 1px solid var(--line); display: block; }
.scroll > table.matrix td, .matrix th { padding: .2rem .6rem; text-align: center; min-width: 2.5rem; }
.scroll > table.matrix td:first-child { text-align: left; position: sticky; left: 0; background: var(--paper);
  white-space: nowrap; } .matrix { width: auto; }
pre.patch { background: var(--panel); padding: .6rem .9rem; margin: .4rem 0 1rem; overflow-x: auto; }
pre .gone { background: var(--gone); } pre .come { background: var(--come); }
.overlay { position: relative; isolation: isolate; background: #000; }
.overlay img + img { position: absolute; inset: 0; mix-blend-mode: difference; }
figcaption { color: var(--dim); font-size: 13px; } ul { margin: .3rem 0; padding-left: 1.25rem; }
.sides td { border: 0; padding: 0 .5rem; white-space: pre-wrap; width: 48%; }
.sides td.n { width: 1%; color: var(--dim); text-align: right; white-space: nowrap; }
td.gone { background: var(--gone); } td.come { background: var(--come); }
svg text { font: 13px system-ui, sans-serif; fill: var(--ink); }
svg .dim { fill: var(--dim); font-size: 11px; }
"""


def document(title: str, body: Iterable[str]) -> str:
    """A whole page.

    Args:
        title: What the window is called.
        body: What is on it, as HTML.
    """
    lines = "\n".join(body)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(title)}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n{lines}\n</body>\n</html>\n"
    )


def coloured(verdict: str, words: str) -> str:
    """Words with the mark and the colour of a verdict."""
    return f'<span style="color:{COLOURS[verdict]}">{MARKS[verdict]} {escape(words)}</span>'


def cut(words: str, length: int) -> str:
    """Words, shortened where they are too long for their place."""
    return words if len(words) <= length else f"{words[: length - 1]}…"


def short(digest: str) -> str:
    """The beginning of a digest."""
    return digest.partition(":")[2][:12] or digest


def moment(stamp: str) -> str:
    """A moment in ISO 8601, for people."""
    return f"{stamp[:16].replace('T', ' ')} UTC"


def rows(head: Sequence[str], cells: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table of what is HTML already; nothing if it has no rows."""
    listed = list(cells)
    if listed:
        yield '<div class="scroll"><table>'
        yield f"<tr>{''.join(f'<th>{escape(name)}</th>' for name in head)}</tr>"
        for row in listed:
            yield f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>"
        yield "</table></div>"


def cause(found: CauseView) -> str:
    """What is known of one factor, in a box."""
    detail = f": {found.detail}" if found.detail else ""
    where = f" <code>{escape(found.location)}</code>" if found.location else ""
    fix = f"<p>{escape(f'fix: {found.fix}')}</p>" if found.fix else ""
    head = "cause unknown" if found.factor == "unknown" else f"{found.status}: {found.factor}{detail}"
    reason = f'<p class="dim">{escape(found.reason)}</p>' if found.reason else ""
    return f'<div class="cause"><p><strong>{escape(head)}</strong>{where}</p>{reason}{fix}</div>'


def outcomes(one: ExperimentView) -> str:
    """What came out of an experiment, in words."""
    many, kinds = len(one.outcomes), len(set(one.outcomes))
    runs = f"{many} run{'s' if many != 1 else ''}"
    return f"{kinds} different outcomes in {runs}" if kinds > 1 else f"the same in {runs}" if many > 1 else "one run"


def listed(title: str, lines: Iterable[str]) -> Iterator[str]:
    """A section that lists words; nothing if there are none."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    if items:
        yield f'<h2>{escape(title)}</h2><ul class="dim">{items}</ul>'
