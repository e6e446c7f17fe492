"""What the watcher inside the interpreter hears. It cannot be taken away again, so each story has its own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

BEGIN = """
import json, os, sys
from pathlib import Path
from twice.control.watch import Watch
watch = Watch([os.path.join(os.getcwd(), "ignored", ""), os.path.join(os.getcwd(), "one.txt")], ["PINNED"])
watch.start()
"""
END = """
seen = watch.stop()
def names(paths):
    return sorted(os.path.relpath(path) for path in paths if path.startswith(os.getcwd() + os.sep))
print(json.dumps({
    "read": names(seen.read), "missing": names(seen.missing), "written": names(seen.written),
    "listed": {os.path.relpath(path): found for path, found in seen.listed.items()},
    "exists": names(seen.exists), "variables": seen.variables, "unstable": names(seen.unstable()),
}))
"""


def watched(folder: Path, story: str, **variables: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + dedent(story) + END],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def test_files_read_are_noted_however_they_are_opened(tmp_path: Path) -> None:
    for name in ("a", "b", "c", "d"):
        (tmp_path / name).write_text(name)
    seen = watched(tmp_path, "open('a').read(); Path('b').read_text(); os.close(os.open('c', os.O_RDONLY))")
    assert seen["read"] == ["a", "b", "c"]
    assert seen["written"] == []


def test_a_file_that_is_not_there_is_noted_as_missing(tmp_path: Path) -> None:
    seen = watched(tmp_path, "try:\n    open('gone')\nexcept FileNotFoundError:\n    pass\nPath('never').exists()")
    assert seen["missing"] == ["gone", "never"]


def test_a_file_only_asked_about_is_noted_as_there_and_one_that_is_measured_as_read(tmp_path: Path) -> None:
    for name in ("asked", "measured", "dated"):
        (tmp_path / name).write_text("x")
    seen = watched(tmp_path, "Path('asked').exists(); os.path.getsize('measured'); Path('dated').stat().st_mtime")
    assert seen["exists"] == ["asked"]
    assert seen["read"] == ["dated", "measured"]


def test_a_folder_that_is_listed_is_noted_with_its_names(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "b").touch()
    (tmp_path / "in" / "a").touch()
    assert watched(tmp_path, "os.listdir('in')")["listed"] == {"in": ["a", "b"]}
    assert watched(tmp_path, "list(Path('in').glob('*'))")["listed"] == {"in": ["a", "b"]}


def test_what_the_import_machinery_lists_is_not_noted(tmp_path: Path) -> None:
    (tmp_path / "mod.py").write_text("X = 1\n")
    seen = watched(tmp_path, "sys.path.insert(0, os.getcwd())\nimport mod")
    assert seen["listed"] == {}
    assert seen["read"] == ["mod.py"]


def test_files_written_are_no_inputs(tmp_path: Path) -> None:
    seen = watched(tmp_path, "open('out', 'w').write('x')\nopen('out').read()")
    assert seen["written"] == ["out"]
    assert seen["read"] == []


def test_a_file_that_is_changed_in_place_was_read(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("before")
    seen = watched(tmp_path, "open('log', 'a').write('after')")
    assert seen["read"] == ["log"]
    assert seen["written"] == ["log"]


def test_a_file_that_somebody_else_changes_meanwhile_is_unstable(tmp_path: Path) -> None:
    (tmp_path / "d").write_text("before")
    story = """
        import subprocess
        open("d").read()
        subprocess.run([sys.executable, "-c", "open('d', 'w').write('other')"], check=True)
        """
    assert watched(tmp_path, story)["unstable"] == ["d"]


def test_ignored_places_are_ignored_and_nothing_that_only_begins_like_them(tmp_path: Path) -> None:
    (tmp_path / "ignored").mkdir()
    for name in ("ignored/x", "one.txt", "one.txt.bak"):
        (tmp_path / name).touch()
    seen = watched(tmp_path, "[open(name).read() for name in ('ignored/x', 'one.txt', 'one.txt.bak')]")
    assert seen["read"] == ["one.txt.bak"]


def test_variables_are_noted_by_a_digest_of_their_value(tmp_path: Path) -> None:
    seen = watched(
        tmp_path, "os.environ['A']; os.getenv('B'); os.environ.get('NOT_SET'); os.environ.get('PINNED')", A="1", B="1"
    )
    assert set(seen["variables"]) == {"A", "B", "NOT_SET"}
    assert seen["variables"]["A"] == seen["variables"]["B"]
    assert len(seen["variables"]["A"]) == 64
    assert seen["variables"]["NOT_SET"] is None


def test_whoever_takes_all_variables_looks_at_each_and_would_notice_another(tmp_path: Path) -> None:
    takes = ("{**os.environ}", "dict(os.environ)", "os.environ.copy()", "str(os.environ)", "list(os.environ.values())")
    for take in takes:
        seen = watched(tmp_path, take, A="1", TERM="dumb")["variables"]
        assert {"A", "*"} <= seen.keys(), take
        assert "TERM" not in seen, take  # of the terminal that somebody happens to sit at
    assert watched(tmp_path, "list(os.environ)", A="1")["variables"].keys() == {"*"}
    assert "TERM" in watched(tmp_path, "dict(os.environ); os.environ['TERM']", TERM="dumb")["variables"]


def test_variables_picked_from_all_are_looked_at(tmp_path: Path) -> None:
    assert "A" in watched(tmp_path, "[v for k, v in os.environ.items() if k == 'A']", A="1")["variables"]
    assert "A" in watched(tmp_path, "[os.environ[k] for k in os.environ if k == 'A']", A="1")["variables"]
    assert "A" in watched(tmp_path, "os.environb[b'A']", A="1")["variables"]
