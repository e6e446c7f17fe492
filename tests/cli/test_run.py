from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from cli.commands import TWICE, Folder, environment


def test_the_output_goes_to_stdout_and_how_it_went_to_stderr(folder: Folder) -> None:
    said = folder.twice("run", "flow.py", "--version", "v1.0")
    assert said.out == "loading\n{'score': 36.0, 'name': 'tree'}\n"
    lines = said.err.splitlines()
    assert [line.split()[:2] for line in lines[:3]] == [["✓", "load"], ["✓", "prepare"], ["✓", "fit"]]
    assert all(line.endswith("it has not run before") for line in lines[:3])
    assert lines[3].startswith("done in ") and lines[3].endswith(": 3 ran")
    assert lines[4].startswith("saved as flow@v1.0  ·  version ")


def test_steps_that_nothing_has_changed_for_are_reused(folder: Folder) -> None:
    folder.twice("run", "flow.py")
    said = folder.twice("run", "flow.py", "--param", "depth=5")
    assert said.out == "{'score': 60.0, 'name': 'tree'}\n"
    assert [line.split()[:3] for line in said.err.splitlines()[:2]] == [
        ["=", "load", "reused"],
        ["=", "prepare", "reused"],
    ]
    assert "parameter depth has changed" in said.err
    assert "not saved: --version v1.0 gives it a name" in said.err


def test_a_parameter_is_a_python_literal_or_else_text(folder: Folder) -> None:
    said = folder.twice("run", "flow.py", "--param", "fit.depth=-0.5", "--param", "fit.name=x = y", "--json")
    assert said.data["run"]["steps"][-1]["output"]["preview"] == "{'score': -6.0, 'name': 'x = y'}"


def test_the_json_of_a_run_is_one_object_and_everything_else_goes_to_stderr(folder: Folder) -> None:
    folder.edit("flow.py", "pipeline = ", "print('driver')\npipeline = ")
    said = folder.twice("run", "flow.py", "--save", "kept", "--json")
    assert sorted(said.data) == ["run", "saved"]
    assert said.data["saved"] == ["kept"]
    run = said.data["run"]
    assert sorted(run) == [
        "clean", "commit", "host", "label", "names", "pipeline", "purpose", "run", "seconds", "started", "status",
        "steps",
        "twice", "version",
    ]  # fmt: skip
    assert sorted(run["steps"][0]) == ["error", "how", "notes", "output", "reason", "seconds", "step"]
    assert sorted(run["steps"][0]["output"]) == ["content", "executes", "kind", "preview", "size"]
    assert (run["status"], run["pipeline"]) == ("done", "flow")
    assert "driver\n" in said.err and "loading\n" in said.err


def test_another_content_under_a_taken_label_is_refused_with_the_difference(folder: Folder) -> None:
    folder.twice("run", "flow.py", "--version", "v1.0")
    folder.twice("run", "flow.py", "--version", "v1.0")  # the same content again changes nothing
    folder.edit("helpers.py", "FACTOR = 2", "FACTOR = 3")
    said = folder.twice("run", "flow.py", "--version", "v1.0", expect=2)
    assert said.out == "{'score': 54.0, 'name': 'tree'}\n", "it ran all the same"
    assert "error: 'flow@v1.0' already means another version" in said.err
    assert "helpers.FACTOR" in said.err
    assert "\n\nhint: " in said.err


def test_a_failing_step_shows_the_users_traceback_and_the_next_run_resumes(folder: Folder) -> None:
    folder.edit("helpers.py", "return [value", "return [missing")
    said = folder.twice("run", "flow.py", expect=1)
    assert said.out == "loading\n"
    assert "return [missing * FACTOR for value in values]" in said.err
    assert "error: step 'prepare' failed: NameError: name 'missing' is not defined" in said.err
    assert "hint: finished steps are kept" in said.err
    assert "site-packages" not in said.err and "src/twice" not in said.err
    failed = folder.twice("run", "flow.py", "--json", expect=1).data["run"]
    assert [step["how"] for step in failed["steps"]] == ["reused", "failed", "skipped"]
    folder.edit("helpers.py", "return [missing", "return [value")
    assert "=  load     reused" in folder.twice("run", "flow.py").err


def test_the_store_can_be_somewhere_else(folder: Folder, tmp_path: Path) -> None:
    elsewhere = tmp_path / "vault"
    folder.twice("--store", str(elsewhere), "run", "flow.py", "--version", "v1.0")
    assert (elsewhere / "format").exists() and not (folder.path / ".twice").exists()
    assert "flow@v1.0" in folder.twice("--store", str(elsewhere), "log").out
    assert "flow@v1.0" in folder.twice("log", TWICE_STORE=str(elsewhere)).out


def test_the_seed_reaches_the_steps(folder: Folder) -> None:
    folder.write(dice="""
        import random
        from twice import Pipeline
        def throw(): return random.random()
        pipeline = Pipeline(steps=[throw])
    """)  # fmt: skip
    first, second, third = (folder.twice("run", "dice.py", "--seed", seed).out for seed in ("1", "2", "1"))
    assert first == third != second


def test_quiet_means_that_only_data_and_what_steps_print_is_told(folder: Folder) -> None:
    said = folder.twice("run", "flow.py", TWICE_QUIET="1")
    assert said.err == ""
    assert said.out == "loading\n{'score': 36.0, 'name': 'tree'}\n"


def test_the_working_tree_is_as_it_was(folder: Folder) -> None:
    def seen() -> dict[str, bytes]:
        files = (path for path in folder.path.rglob("*") if path.is_file() and ".twice" not in path.parts)
        return {str(path): path.read_bytes() for path in files if "__pycache__" not in path.parts}

    before = seen()
    folder.twice("run", "flow.py", "--version", "v1.0")
    folder.twice("verify", "v1.0")
    assert seen() == before


def test_an_interrupted_run_says_what_is_kept_and_ends_with_130(folder: Folder) -> None:
    folder.write(slow="""
        import time
        from twice import Pipeline
        def load(): return 1
        def wait(load):
            print("waiting", flush=True)
            time.sleep(60)
        pipeline = Pipeline(steps=[load, wait])
    """)  # fmt: skip
    process = subprocess.Popen(
        [*TWICE, "run", "slow.py"],
        cwd=folder.path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "interrupted: finished steps are kept; run again to go on"
    assert "Traceback" not in err
    latest = folder.twice("show", "latest", "--json").data["run"]
    assert latest["status"] == "interrupted"
    assert latest["steps"][0]["how"] == "ran"


def test_help_is_there_without_the_heavy_rooms() -> None:
    code = (
        "import sys, twice.cli.main\n"
        "try: twice.cli.main.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'rich', 'msgspec', 'blake3', 'sqlite3', 'twice.project', 'twice.store'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], env=environment(), check=True, capture_output=True)
