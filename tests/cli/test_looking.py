from __future__ import annotations

import re
from pathlib import Path

import pytest

from cli.commands import Folder


def squeezed(text: str) -> list[str]:
    return [re.sub("  +", "  ", line) for line in text.splitlines()]


def test_the_log_lists_versions_newest_first_with_their_runs(two_versions: Folder) -> None:
    lines = squeezed(two_versions.twice("log").out)
    titles = [line for line in lines if line and not line.startswith(" ")]
    assert titles[0].startswith("flow@v1.1  ·  version ")
    assert titles[1].startswith("flow@v1.0  ·  version ") and titles[1].endswith("·  also first")
    assert re.fullmatch(r"  ✓  run [0-9a-f]{12}  (just now|\d+ minutes? ago) +\S+ m?s  2 ran, 1 reused  \S.*", lines[1])


def test_the_log_can_be_of_one_version_or_one_pipeline(two_versions: Folder) -> None:
    data = two_versions.twice("log", "v1.0", "--json").data
    assert [version["names"] for version in data["versions"]] == [["flow@v1.0", "first"]]
    assert len(two_versions.twice("log", "flow", "--json").data["versions"]) == 2
    assert "did you mean flow@v1.0" in two_versions.twice("log", "v1.00", expect=2).err


def test_the_json_of_the_log(two_versions: Folder) -> None:
    data = two_versions.twice("log", "--json").data
    assert sorted(data) == ["older", "store", "versions"]
    assert sorted(data["versions"][0]) == ["names", "pipeline", "runs", "verified", "version"]


def test_a_version_is_shown_with_all_that_it_holds(two_versions: Folder) -> None:
    out = two_versions.twice("show", "v1.1").out
    lines = squeezed(out)
    assert lines[0].startswith("flow@v1.1  ·  version ")
    assert lines[1].startswith("✓ run ") and "·  2 ran, 1 reused  ·  on " in lines[1]
    for title in ("Steps", "Parameters", "Seed and settings", "Code that the steps reach", "Environment", "Not seen"):
        assert title in lines
    assert any(line.startswith("  ●  prepare  ← load  [3.0, 5.0, 7.0]  ") for line in lines)
    assert "  fit.depth  4" in lines
    assert "  prepare  flow.py:12  FACTOR (helpers.py:2), clean (helpers.py:5)" in lines
    assert any(line.startswith("  seed 0  ·  hash seed 0  ·  threads ") for line in lines)


def test_a_run_is_shown_by_its_digest(two_versions: Folder) -> None:
    version = two_versions.twice("log", "v1.0", "--json").data["versions"][0]
    run = version["runs"][0]["run"]
    shown = two_versions.twice("show", run[len("blake3:") :][:10], "--json").data
    assert shown["run"]["run"] == run
    assert shown["version"] == version["version"]


def test_the_json_of_a_version(two_versions: Folder) -> None:
    data = two_versions.twice("show", "v1.0", "--json").data
    assert sorted(data) == [
        "blind_spots", "environment", "files", "names", "pipeline", "run", "seed", "settings", "steps", "verified",
        "version", "watcher",
    ]  # fmt: skip
    assert sorted(data["steps"][0]) == [
        "allow", "code", "distributions", "function", "inputs", "name", "outcome", "parameters", "reaches",
        "requirements", "tolerance",
    ]  # fmt: skip
    assert data["steps"][1]["inputs"] == {"load": "load"}
    assert data["steps"][2]["parameters"][0]["name"] == "fit.depth"
    reached = {item["name"]: (item["file"], item["line"]) for item in data["steps"][1]["reaches"]}
    assert reached["helpers:clean"] == ("helpers.py", 5)


def test_one_step_is_shown_with_what_it_received_and_printed(two_versions: Folder) -> None:
    lines = squeezed(two_versions.twice("show", "v1.0", "load").out)
    assert lines[lines.index("Printed on stdout") + 1] == "  loading"
    data = two_versions.twice("show", "v1.0", "fit", "--json").data
    assert sorted(data["received"]) == ["prepare"]
    assert data["ingredients"]["seed"] == "0"
    said = two_versions.twice("show", "v1.0", "fitt", expect=2)
    assert said.err == "error: v1.0 has no step 'fitt'.\n\nhint: its steps are load, prepare, fit\n"


def test_a_diff_shows_the_text_of_what_changed_and_ends_with_1(two_versions: Folder) -> None:
    said = two_versions.twice("diff", "v1.0", "v1.1", expect=1)
    lines = squeezed(said.out)
    assert "  clean  helpers.py:5  reached by step prepare: prepare → clean" in lines
    assert "    @@ -5,3 +5,3 @@" in said.out
    assert "    -    return [value * FACTOR for value in values]\n" in said.out
    assert "    +    return [value * FACTOR + 1 for value in values]\n" in said.out
    assert "  fit.depth  3  →  4" in lines
    cosmetic = lines.index("Only layout, comments or docstrings (no step runs again for these)")
    assert lines[cosmetic + 1].startswith("  load  flow.py:6")
    assert "  ✓  load  the same" in lines
    assert "  ✗  prepare  3 of 3 items differ: [0] 2 → 3, [1] 4 → 5, [2] 6 → 7" in lines


def test_the_patch_of_a_diff_can_be_applied(two_versions: Folder) -> None:
    data = two_versions.twice("diff", "v1.0", "v1.1", "--json", expect=1).data
    assert sorted(data) == ["after", "before", "changes", "outputs", "same", "unreached", "why"]
    change = next(change for change in data["changes"] if change["name"] == "helpers:clean")
    assert sorted(change) == ["after", "before", "detail", "name", "patch", "sentence", "steps", "via", "what"]
    assert change["patch"].startswith("--- helpers.py\n+++ helpers.py\n@@ -5,3 +5,3 @@\n def clean(values):\n")


def test_a_version_does_not_differ_from_itself(two_versions: Folder) -> None:
    said = two_versions.twice("diff", "v1.0", "first")
    assert "✓ the same version, with the same outputs" in said.out


def test_code_that_no_step_reaches_makes_no_difference(own_two_versions: Folder) -> None:
    folder = own_two_versions
    (folder.path / "helpers.py").write_text((folder.path / "helpers.py").read_text() + "\n\ndef unused(): ...\n")
    folder.twice("run", "flow.py", "--param", "fit.depth=4")
    assert folder.twice("diff", "v1.1", "latest", "--json").data["same"]


def test_a_whole_store_ends_with_0_and_a_damaged_one_with_1(own_two_versions: Folder) -> None:
    folder = own_two_versions
    assert folder.twice("check").out.startswith("✓ the store is whole: every byte was read")
    assert "bytes were not read" in folder.twice("check", "--quick").out
    data = folder.twice("check", "--json").data
    assert sorted(data) == [
        "deep", "leftovers", "mended", "names", "objects", "problems", "records", "size", "store", "unreferenced",
        "verdicts", "whole",
    ]  # fmt: skip
    content = folder.twice("show", "v1.0", "--json").data["steps"][1]["outcome"]["output"]["content"]
    objects = [path for path in (folder.path / ".twice" / "objects").rglob("*") if path.is_file()]
    trampled = max(objects, key=lambda path: path.stat().st_mtime_ns)
    trampled.chmod(0o644)
    trampled.write_bytes(b"trampled")
    assert content.startswith("blake3:")
    said = folder.twice("check", expect=1)
    assert said.out.startswith("✗ the store is damaged: 1 problem\n  damaged  object  ")
    assert "needed by" in said.out
    assert folder.twice("check", "--json", expect=1).data["problems"][0]["what"] == "damaged"


@pytest.mark.parametrize("command", [("log",), ("show", "v1.0"), ("diff", "a", "b"), ("verify", "v1.0"), ("check",)])
def test_without_a_store_the_error_says_what_to_do(tmp_path: Path, command: tuple[str, ...]) -> None:
    said = Folder(tmp_path).twice(*command, expect=2)
    assert said.err.startswith("error: there is no store at ")
    assert "hint: run a pipeline first (twice run flow.py)" in said.err
    assert not list(tmp_path.iterdir()), "looking makes nothing"


@pytest.mark.parametrize("command", [("show",), ("verify",), ("log",)])
def test_an_unknown_name_is_told_with_what_there_is(two_versions: Folder, command: tuple[str, ...]) -> None:
    said = two_versions.twice(*command, "v2.0", expect=2)
    assert said.err.startswith("error: nothing in the store is named 'v2.0'.\n\nhint: ")
    assert "flow@v1.0" in said.err


def test_commands_work_from_a_folder_inside_the_project(two_versions: Folder) -> None:
    inside = two_versions.path / "inside"
    inside.mkdir(exist_ok=True)
    assert "flow@v1.0" in two_versions.twice("log", cwd=inside).out


@pytest.mark.parametrize("command", ["run", "log", "show", "diff", "verify", "check"])
def test_every_command_has_help_with_an_example(tmp_path: Path, command: str) -> None:
    said = Folder(tmp_path).twice(command, "--help")
    assert f"Examples:\n    twice {command}" in said.out


def test_a_misspelt_command_is_an_error_with_a_hint(tmp_path: Path) -> None:
    said = Folder(tmp_path).twice("lgo", expect=2)
    assert said.err.startswith("error: No such command 'lgo'.")
    assert said.err.endswith("hint: see twice --help\n")


def test_the_version_of_twice_is_told(tmp_path: Path) -> None:
    assert re.fullmatch(r"twice \d+\.\d+\.\d+\n", Folder(tmp_path).twice("--version").out)
