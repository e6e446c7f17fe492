from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from twice.present.graph import graph


def drawn(**inputs: list[str]) -> list[str]:
    return [f"{row.lines} {row.step}".rstrip() for row in graph(inputs)]


def test_a_chain_is_a_column_of_dots() -> None:
    assert drawn(load=[], clean=["load"], fit=["clean"]) == ["● load", "● clean", "● fit"]


def test_an_output_that_is_used_twice_gets_a_lane_beside_it() -> None:
    assert drawn(load=[], left=["load"], right=["load"], join=["left", "right"]) == [
        "● load",
        "├─╮",
        "│ ● left",
        "● │ right",
        "├─╯",
        "● join",
    ]


def test_lines_that_cross_are_drawn_as_crossing() -> None:
    assert drawn(a=[], b=[], c=[], d=["a", "c"], e=["b", "d"]) == [
        "● a",
        "│ ● b",
        "│ │ ● c",
        "├─┼─╯",
        "● │ d",
        "├─╯",
        "● e",
    ]


def test_a_step_that_is_fed_by_none_does_not_look_as_if_the_one_above_fed_it() -> None:
    assert drawn(a=[], b=[]) == ["● a", "", "● b"]


@st.composite
def pipelines(draw: st.DrawFn) -> dict[str, list[str]]:
    names = [f"step{index}" for index in range(draw(st.integers(1, 9)))]
    return {
        name: draw(st.lists(st.sampled_from(names[:index]), unique=True, max_size=4)) if index else []
        for index, name in enumerate(names)
    }


@given(pipelines())
def test_every_step_has_one_row_with_one_dot_in_the_authors_order(inputs: dict[str, list[str]]) -> None:
    rows = graph(inputs)
    assert [row.step for row in rows if row.step] == list(inputs)
    assert all(row.lines.count("●") == (1 if row.step else 0) for row in rows)


@given(pipelines())
def test_every_line_goes_on_in_the_next_row(inputs: dict[str, list[str]]) -> None:
    down, up = "●│├┤┼╮╭┬", "●│├┤┼╯╰┴"
    rows = graph(inputs)
    used = {source for sources in inputs.values() for source in sources}
    for row, following in itertools.pairwise(rows):
        above = row.lines
        for column, sign in enumerate(above):
            under = following.lines[column : column + 1] or " "
            ends = sign == "●" and row.step not in used
            if sign in down and not ends:
                assert under in up, (rows, column)
            if sign == "─":
                assert above[column + 1] in "─┼┤╮╯┬┴", rows


@given(pipelines())
def test_every_step_is_joined_to_all_that_feed_it(inputs: dict[str, list[str]]) -> None:
    rows = graph(inputs)
    above = {row.step: rows[index - 1].lines if index else "" for index, row in enumerate(rows) if row.step}
    for step, sources in inputs.items():
        joint = above[step] if "─" in above[step] else ""
        assert (len(sources) <= 1) or joint, rows
