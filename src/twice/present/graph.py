"""Which step feeds which, drawn with lines: the order runs downwards, each output has a lane until its last use."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of the drawing.

    Attributes:
        lines: The drawing.
        step: The step whose dot it holds; empty for a row of lines only.
    """

    lines: str
    step: str


def graph(inputs: Mapping[str, Collection[str]]) -> list[Row]:
    """The rows of a drawing.

    Args:
        inputs: Step → the steps whose outputs it receives, in an order in which they can run.
    """
    last_use = {source: step for step, sources in inputs.items() for source in sources}
    lanes: list[str | None] = []
    rows: list[Row] = []
    ended_at = -1
    for step, sources in inputs.items():
        fed_by = sorted({lanes.index(source) for source in sources})
        ending = [lane for lane in fed_by if last_use[lanes[lane] or ""] == step]
        column = ending[0] if ending else _free(lanes)
        others = [lane for lane in fed_by if lane != column]
        if others:
            rows.append(Row(_joint(lanes, column, others, ending, from_above=column in fed_by), ""))
        elif not fed_by and column == ended_at:
            rows.append(Row(_bars(lanes), ""))  # or it would look as if the dot above it fed it
        for lane in ending:
            lanes[lane] = None
        rows.append(Row(_bars(lanes, dot=column), step))
        lanes[column] = step if step in last_use else None
        ended_at = -1 if step in last_use else column
        while lanes and lanes[-1] is None:
            lanes.pop()
    return rows


def _free(lanes: list[str | None]) -> int:
    if None not in lanes:
        lanes.append(None)
    return lanes.index(None)


def _bars(lanes: list[str | None], dot: int = -1) -> str:
    signs = ["●" if lane == dot else "│" if holder else " " for lane, holder in enumerate(lanes)]
    return " ".join(signs).rstrip()


def _joint(lanes: list[str | None], column: int, others: list[int], ending: list[int], *, from_above: bool) -> str:
    """The row above a dot where lines come to it from the side."""
    left, right = min(*others, column), max(*others, column)
    signs = []
    for lane, holder in enumerate(lanes):
        up = holder is not None
        down = lane == column or (up and lane not in ending)
        if lane < left or lane > right:
            sign = "│" if up else " "
        elif lane == column:
            sign = _corner(up=from_above, down=True, left=lane > left, right=lane < right)
        elif lane in others:
            sign = _corner(up=True, down=down, left=lane > left, right=lane < right)
        else:
            sign = "┼" if up else "─"
        signs.append(sign)
    drawn = ""
    for lane, sign in enumerate(signs):
        drawn += sign + ("─" if left <= lane < right else " ")
    return drawn.rstrip()


def _corner(*, up: bool, down: bool, left: bool, right: bool) -> str:
    return {
        (False, True, True, False): "╮",
        (False, True, False, True): "╭",
        (False, True, True, True): "┬",
        (True, False, True, False): "╯",
        (True, False, False, True): "╰",
        (True, False, True, True): "┴",
        (True, True, True, False): "┤",
        (True, True, False, True): "├",
        (True, True, True, True): "┼",
    }[up, down, left, right]
