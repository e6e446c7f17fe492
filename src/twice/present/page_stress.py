"""Steps against variations as one HTML file that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from twice.present.findings import StressCell, StressView
from twice.present.html import coloured, document, rows, short

_LOOKS = {"unaffected": "identical", "fails": "fails", "different": "different", "inconclusive": "inconclusive"}
"""Effect → the verdict that it looks like; ``not tried`` looks like none, and whatever else there is is equivalent."""


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


def _effect(cell: StressCell) -> str:
    look = "" if cell.effect == "not tried" else _LOOKS.get(cell.effect, "equivalent")
    return coloured(look, cell.effect)


def _matrix(view: StressView) -> Iterator[str]:
    yield '<div class="scroll"><table class="matrix">'
    yield f"<tr><th></th>{''.join(f'<th>{escape(step.step)}</th>' for step in view.steps)}</tr>"
    for index, variation in enumerate(view.variations):
        cells = "".join(f"<td>{_effect(step.cells[index])}</td>" for step in view.steps)
        yield f"<tr><td>{escape(variation)}</td>{cells}</tr>"
    yield "</table></div>"


def _steps(view: StressView) -> Iterator[str]:
    for step in view.steps:
        yield f'<section class="step"><h2>{escape(step.step)}</h2>'
        yield f'<p class="verdict">{escape(step.reproducibility)}</p>'
        cells = [cell for cell in step.cells if cell.effect != "unaffected" and cell.detail]
        yield from rows(
            ("varied", "factor", "effect", "in words", "runs"),
            (
                (escape(cell.variation), escape(cell.factor), _effect(cell), escape(cell.detail), str(cell.runs or ""))
                for cell in cells
            ),
        )
        yield "</section>"
