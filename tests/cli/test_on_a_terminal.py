from __future__ import annotations

from cli.commands import TWICE, Folder, environment
from present.terminal import run_on_terminal, screen


def test_a_run_is_drawn_while_it_goes_on_and_printed_lines_stand_above(folder: Folder) -> None:
    status, raw = run_on_terminal([*TWICE, "run", "flow.py", "--version", "v1.0"], folder.path, environment())
    assert status == 0
    assert "\x1b[?25l" in raw, "the cursor is hidden while the view is live"
    assert raw.rindex("\x1b[?25h") > raw.rindex("\x1b[?25l"), "and comes back"
    lines = screen(raw).splitlines()
    assert lines[:2] == ["loading", "flow v1.0  run"]
    assert [line.split()[:2] for line in lines[2:5]] == [["✓", "load"], ["✓", "prepare"], ["✓", "fit"]]
    assert lines[5].endswith(": 3 ran, 0 reused")
    assert lines[6] == "{'score': 36.0, 'name': 'tree'}"
    assert lines[7].startswith("saved as flow@v1.0")
    assert max(len(line) for line in lines) <= 100


def test_drawings_have_colours_on_a_terminal_unless_no_color_is_set(two_versions: Folder) -> None:
    _, coloured = run_on_terminal([*TWICE, "diff", "v1.0", "v1.1"], two_versions.path, environment())
    _, bare = run_on_terminal([*TWICE, "diff", "v1.0", "v1.1"], two_versions.path, {**environment(), "NO_COLOR": "1"})
    assert "\x1b[32m" in coloured and "\x1b[31m" in coloured
    assert "\x1b[3" not in bare and "\x1b[9" not in bare
    assert screen(coloured) == screen(bare)


def test_an_error_on_a_terminal_is_the_error_a_blank_line_and_the_hint(two_versions: Folder) -> None:
    status, raw = run_on_terminal([*TWICE, "show", "v1.2"], two_versions.path, environment())
    lines = screen(raw).splitlines()
    assert status == 2
    assert lines[0] == "error: nothing in the store is named 'v1.2'."
    assert lines[1] == "" and lines[2].startswith("hint: did you mean ")
    assert "\x1b[31m" in raw


def test_a_program_of_the_users_shows_the_live_view_as_well(folder: Folder) -> None:
    folder.write(program="import flow\nprint(flow.pipeline.run().output)\n")
    status, raw = run_on_terminal([TWICE[0], "program.py"], folder.path, environment())
    assert status == 0
    assert screen(raw).splitlines()[:2] == ["loading", "flow  run"]


def test_quiet_draws_nothing_on_a_terminal(folder: Folder) -> None:
    command = [*TWICE, "run", "flow.py"]
    _, raw = run_on_terminal(command, folder.path, {**environment(), "TWICE_QUIET": "1"})
    assert screen(raw).splitlines() == ["loading", "{'score': 36.0, 'name': 'tree'}"]
