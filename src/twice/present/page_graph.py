"""A pipeline drawn for a page: each step in a column after all that feed it, and no wire through a box."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from twice.present.html import COLOURS, MARKS, cut

_WIDTH, _HEIGHT, _ACROSS, _BETWEEN, _LANE = 150, 46, 56, 22, 14
Place = tuple[str, int]
"""A step in its column, or in a later one: there a lane that its wires pass through."""


@dataclass(frozen=True)
class Box:
    """What is shown of a step.

    Attributes:
        verdict: The verdict that gives it its colour and mark; empty for none.
        said: The line below its name.
    """

    verdict: str
    said: str


def graph(wires: Mapping[str, Sequence[str]], boxes: Mapping[str, Box]) -> str:
    """The drawing, as SVG.

    Args:
        wires: Each step with the steps that feed it, in an order in which they can run.
        boxes: What is shown of each.
    """
    depth: dict[str, int] = {}
    for step, sources in wires.items():
        depth[step] = 1 + max((depth[source] for source in sources), default=-1)
    middles, down = _places(wires, depth)
    across = 20 + (1 + max(depth.values(), default=0)) * (_WIDTH + _ACROSS) - _ACROSS
    lines = [f'<svg width="{across}" height="{down}" viewBox="0 0 {across} {down}" role="img" aria-label="steps">']
    for step, sources in wires.items():
        for source in sources:
            lines.append(_wire(middles, source, depth[source], step, depth[step]))
    for step in wires:
        x, y, box = _left(depth[step]), middles[step, depth[step]] - _HEIGHT / 2, boxes[step]
        lines.append(
            f'<a href="#step-{escape(step)}"><title>{escape(step)}: {escape(box.said)}</title>'
            f'<rect x="{x}" y="{y:.0f}" width="{_WIDTH}" height="{_HEIGHT}" rx="7" '
            f'fill="var(--panel)" stroke="{COLOURS[box.verdict]}" stroke-width="2"/>'
            f'<text x="{x + 10}" y="{y + 20:.0f}">{MARKS[box.verdict]} {escape(cut(step, 17))}</text>'
            f'<text class="dim" x="{x + 10}" y="{y + 36:.0f}">{escape(cut(box.said, 24))}</text></a>'
        )
    return f"{''.join(lines)}</svg>"


def _left(column: int) -> int:
    return 10 + column * (_WIDTH + _ACROSS)


def _places(wires: Mapping[str, Sequence[str]], depth: Mapping[str, int]) -> tuple[dict[Place, float], float]:
    """The height of the middle of each place, and of the whole; what is fed from above lies above."""
    columns: dict[int, dict[Place, list[Place]]] = {}
    for step, sources in wires.items():
        fed = columns.setdefault(depth[step], {}).setdefault((step, depth[step]), [])
        fed += [(source, depth[step] - 1) for source in sources]
        for source in sources:
            for column in range(depth[source] + 1, depth[step]):
                columns.setdefault(column, {})[source, column] = [(source, column - 1)]
    middles: dict[Place, float] = {}
    lowest = 0.0
    for _, places in sorted(columns.items()):
        means = {place: sum(middles[one] for one in fed) / max(len(fed), 1) for place, fed in places.items()}
        top = 10.0
        for place in sorted(places, key=lambda place: means[place]):
            tall = _HEIGHT if depth[place[0]] == place[1] else _LANE
            middles[place] = top + tall / 2
            lowest, top = max(lowest, top + tall), top + tall + _BETWEEN
    return middles, lowest + 10


def _wire(middles: Mapping[Place, float], source: str, start: int, step: str, end: int) -> str:
    x, y = _left(start) + _WIDTH, middles[source, start]
    drawn = [f"M{x},{y:.0f}"]
    for column in range(start + 1, end + 1):
        to_x, to_y = _left(column), middles[(source, column) if column < end else (step, end)]
        bend = (to_x - x) / 2
        drawn.append(f"C{x + bend:.0f},{y:.0f} {to_x - bend:.0f},{to_y:.0f} {to_x},{to_y:.0f}")
        x, y = to_x + _WIDTH, to_y
        if column < end:
            drawn.append(f"H{x}")
    return f'<path d="{" ".join(drawn)}" fill="none" stroke="var(--dim)" stroke-width="1.5"/>'
