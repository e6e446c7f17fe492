"""Steps against variations as one HTML file that needs nothing but itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from html import escape

from twice.present.findings import StressCell, StressView
from twice.present.html import coloured, cut, document, rows, short
from twice.present.words import count

_LOOKS = {"unaffected": "identical", "fails": "fails", "different": "different", "inconclusive": "inconclusive"}
"""Effect → the verdict that it looks like; ``not tried`` looks like none, and whatever else there is is equivalent."""

_LEGEND = {
    "identical": "unaffected",
    "equivalent": "equivalent",
    "different": "different, or fails",
    "inconclusive": "inconclusive",
    "": "not tried",
}


def stress_page(view: StressView) -> str:
    """The page.

    Args:
        view: What was found.
    """
    return document(f"{view.name}: what its steps mind", (*_head(view), *_matrix(view), *_steps(view)))


def _head(view: StressView) -> Iterator[str]:
    yield f"<h1>{escape(view.name)}: what its steps mind</h1>"
    yield '<p class="dim">One thing at a time was varied, and each step run again from its recorded inputs.</p>'
    yield f'<p class="dim mono">recorded run {escape(short(view.run))}</p>'


def _look(cell: StressCell) -> str:
    return "" if cell.effect == "not tried" else _LOOKS.get(cell.effect, "equivalent")


def _matrix(view: StressView) -> Iterator[str]:
    yield '<div class="scroll"><table class="matrix">'
    heads = (f'<th title="{escape(step.step)}">{escape(cut(step.step, 14))}</th>' for step in view.steps)
    yield f"<tr><th></th>{''.join(heads)}</tr>"
    for index, variation in enumerate(view.variations):
        cells = (step.cells[index] for step in view.steps)
        signs = (f'<td title="{escape(cell.effect)}">{coloured(_look(cell), "")}</td>' for cell in cells)
        yield f"<tr><td>{escape(variation)}</td>{''.join(signs)}</tr>"
    yield "</table></div>"
    legend = " · ".join(coloured(look, words) for look, words in _LEGEND.items())
    yield f'<p class="dim">{legend}</p>'


def _steps(view: StressView) -> Iterator[str]:
    for step in view.steps:
        yield f'<section class="step"><h2>{escape(step.step)}</h2>'
        yield f'<p class="verdict">{escape(step.reproducibility)}</p>'
        untried = Counter(cell.detail for cell in step.cells if cell.effect == "not tried")
        cells = [cell for cell in step.cells if cell.effect not in ("unaffected", "not tried")]
        yield from rows(
            ("varied", "factor", "effect", "in words", "runs"),
            (
                (
                    escape(cell.variation),
                    escape(cell.factor),
                    coloured(_look(cell), cell.effect),
                    escape(cell.detail),
                    str(cell.runs),
                )
                for cell in cells
            ),
        )
        for why, many in untried.items():
            yield f'<p class="dim">{count(many, "variation")} not tried: {escape(why)}</p>'
        for factor, pin in step.pins.items():
            yield f"<p>{escape(factor)}: {escape(pin)}</p>"
        yield "</section>"
