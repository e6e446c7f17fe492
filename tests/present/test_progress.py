from __future__ import annotations

import io
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from present.terminal import Terminal, screen
from twice.execute.events import Event, RunBegan, RunEnded, StepBegan, StepBroke, StepEnded, StepPrinted
from twice.present.passing import Passing
from twice.present.progress import Progress

BEGAN = RunBegan("churn", "v1.0", ("load", "fit", "score"), "run", ("this environment is not the recorded one",))


def ended(step: str, how: str = "ran", notes: tuple[str, ...] = ()) -> StepEnded:
    return StepEnded(step, how, "its code has changed", 1.25, "int", f"output of {step}", notes)


def draw(events: Iterable[Event], rows: int = 40) -> tuple[str, str]:
    """Everything that was drawn, and what stands there at the end."""
    terminal = Terminal(rows=rows)
    with terminal.open() as stream:
        progress = Progress(stream, stream)
        for event in events:
            progress(event)
    raw = terminal.raw()
    return raw, screen(raw)


def test_each_step_ends_with_its_state_time_output_and_reason() -> None:
    _, seen = draw(
        [
            BEGAN,
            ended("load", "reused"),
            StepBegan("fit", "its code has changed"),
            ended("fit"),
            StepBegan("score", "it has not run before"),
            StepBroke("score", "ValueError: no"),
            RunEnded("failed", 2.0),
        ]
    )
    lines = [re.sub(" +", " ", line) for line in seen.splitlines()]
    assert lines[:4] == [
        "churn v1.0 run",
        "! this environment is not the recorded one",
        "= load reused output of load its code has changed",
        "✓ fit 1.25 s output of fit its code has changed",
    ]
    assert lines[5] == "failed in 2.00 s: 1 ran, 1 reused, 1 failed"
    assert lines[4].startswith("✗ score") and lines[4].endswith("ValueError: no")


def test_what_steps_print_stands_above_the_drawing_whole() -> None:
    _, seen = draw(
        [
            BEGAN,
            StepBegan("load", "it has not run before"),
            StepPrinted("load", "stdout", b"first\nsec"),
            StepPrinted("load", "stdout", b"ond\nno end"),
            ended("load"),
            RunEnded("interrupted", 0.1),
        ]
    )
    assert seen.splitlines()[:4] == ["first", "second", "no end", "churn v1.0  run"]
    assert "–  fit    skipped" in seen


def test_of_a_progress_bar_only_its_last_state_stays() -> None:
    _, seen = draw(
        [BEGAN, StepBegan("load", ""), StepPrinted("load", "stderr", b"10 %\r50 %\r100 %\n"), RunEnded("done", 1.0)]
    )
    assert seen.splitlines()[0] == "100 %"


def test_notes_come_after_the_run_a_line_each() -> None:
    events = [BEGAN, ended("load", notes=("stored by the pickle protocol", "changes its input")), RunEnded("done", 1.0)]
    _, seen = draw(events)
    lines = seen.splitlines()
    assert lines.index("! load: stored by the pickle protocol") + 1 == lines.index("! load: changes its input")


def test_a_drawing_error_is_swallowed_and_ends_the_drawing_but_not_what_steps_print() -> None:
    raw, seen = draw(
        [
            BEGAN,
            StepBegan("a step that nobody announced", ""),
            StepPrinted("load", "stdout", b"still told\n"),
            ended("load"),
            RunEnded("done", 1.0),
        ]
    )
    assert "still told" in seen
    assert "done in" not in seen
    assert raw.rindex("\x1b[?25h") > raw.index("\x1b[?25l"), "the cursor is shown again"


def test_a_step_that_runs_stays_in_sight_among_more_than_the_terminal_holds() -> None:
    steps = tuple(f"step{index:02}" for index in range(60))
    events: list[Event] = [RunBegan("long", "", steps, "run")]
    events += [ended(step) for step in steps[:40]]
    terminal = Terminal(rows=20)
    with terminal.open() as stream:
        progress = Progress(stream, stream)
        for event in [*events, StepBegan("step40", "")]:
            progress(event)
        shown = io.StringIO()
        console = progress._console.__class__(file=shown, width=100, height=20, color_system=None)
        console.print(progress)
        progress(RunEnded("interrupted", 1.0))
    terminal.raw()
    lines = shown.getvalue().splitlines()
    assert len(lines) < 20
    assert any("step40" in line for line in lines)
    assert "before" in lines[1] and "after" in lines[-1]


def test_output_that_goes_to_a_file_gets_the_bytes_as_they_are(tmp_path: Path) -> None:
    terminal = Terminal()
    with open(tmp_path / "out", "w") as out, terminal.open() as stream:
        progress = Progress(out, stream)
        for event in [BEGAN, StepBegan("load", ""), StepPrinted("load", "stdout", b"\xff 1\r2"), RunEnded("done", 1.0)]:
            progress(event)
    assert (tmp_path / "out").read_bytes() == b"\xff 1\r2"
    assert "2" not in screen(terminal.raw()).splitlines()[0]


@pytest.mark.parametrize("quiet", [False, True])
def test_without_a_terminal_what_steps_print_is_handed_on_and_a_warning_is_one_line(
    tmp_path: Path, quiet: bool
) -> None:
    with open(tmp_path / "out", "w") as out, open(tmp_path / "err", "w") as err:
        passing = Passing(out, err, quiet=quiet)
        for event in [
            BEGAN,
            StepPrinted("load", "stdout", b"to out\n"),
            StepPrinted("load", "stderr", b"to err\n"),
            ended("load"),
            RunEnded("done", 1.0),
        ]:
            passing(event)
    assert (tmp_path / "out").read_text() == "to out\n"
    warning = "" if quiet else "note: this environment is not the recorded one\n"
    assert (tmp_path / "err").read_text() == warning + "to err\n"


def test_a_stream_that_takes_only_text_gets_text() -> None:
    stream = io.StringIO()
    Passing(stream, stream)(StepPrinted("load", "stdout", "größer\n".encode()))
    assert stream.getvalue() == "größer\n"


def test_a_closed_stream_does_not_end_the_run(tmp_path: Path) -> None:
    with open(tmp_path / "out", "w") as out:
        pass
    Passing(out, out)(StepPrinted("load", "stdout", b"lost\n"))
