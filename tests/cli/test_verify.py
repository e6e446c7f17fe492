from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import fields

from cli.commands import Folder, environment
from twice.present.views import UnlikeRecord, VerificationView


def test_a_reproducible_version_ends_with_0_and_the_verdict_is_on_stdout(own_two_versions: Folder) -> None:
    said = own_two_versions.twice("verify", "v1.0", "--jobs", "2")
    lines = said.out.splitlines()
    assert lines[0].startswith("recorded  run ") and lines[0].endswith("  v1.0")
    assert lines[3].startswith("✓  load     identical (bytes)  [1.0, 2.0, 3.0]")
    assert "✓ reproducible: every output that was compared is the same as recorded" in lines
    seldom = "  the same so far, in 2 runs; what happens in one run of 7, so many miss in 73 % of cases"
    assert seldom in lines and "In doubt" not in lines
    assert "Not checked" in lines
    assert said.err == "loading\n", "what steps print is no part of the verdict"


def test_the_json_of_a_verdict(own_two_versions: Folder) -> None:
    data = own_two_versions.twice("verify", "v1.0", "--step", "fit", "--json").data
    assert {"verdict", "steps", "not_checked"} <= set(data)
    assert [step["name"] for step in data["steps"]] == ["fit"]
    assert {"name", "verdict", "difference", "causes"} <= set(data["steps"][0])
    assert data["not_checked"][0] == "the steps load, prepare: they were not asked for"


def test_a_step_that_cannot_be_reproduced_ends_with_1_and_is_named(folder: Folder) -> None:
    folder.write(entropy="""
        import os
        from twice import Pipeline
        def load(): return 1
        def draw(load): return int.from_bytes(os.urandom(6), "big")
        pipeline = Pipeline(steps=[load, draw])
    """)  # fmt: skip
    folder.twice("run", "entropy.py", "--version", "v1.0")
    said = folder.twice("verify", "v1.0", expect=1)
    assert "✓  load  identical" in said.out
    assert "✗  draw  different" in said.out
    assert "draw: why" in said.out
    assert "different: an output is not what was recorded" in said.out
    short = folder.twice("verify", "v1.0", "--step", "draw", "--budget", "0.001s", expect=1).out
    assert "not settled: the budget for experiments was used up" not in short, "the causes are known by now"
    folder.edit("entropy.py", "urandom(6)", "urandom(5)")
    folder.twice("run", "entropy.py", "--version", "v1.1")
    short = folder.twice("verify", "v1.1", "--step", "draw", "--budget", "0.001s", expect=1).out
    assert "not settled: the budget for experiments was used up" in short and "downstream" not in short
    assert "seen, and not tested: " in short and "entropy: os.urandom (entropy.py:5)" in short


def test_what_was_the_same_this_time_may_be_in_doubt(folder: Folder) -> None:
    folder.write(entropy="""
        import os
        from twice import Pipeline, step
        @step(atol=1.0)
        def draw(): return int.from_bytes(os.urandom(6), "big") / 2**48
        pipeline = Pipeline(steps=[draw])
    """)  # fmt: skip
    folder.twice("run", "entropy.py", "--version", "v1.0")
    folder.twice("verify", "v1.0")
    (step,) = folder.twice("verify", "v1.0", "--json", "--junit", "found.xml").data["steps"]
    assert (step["verdict"], step["grade"], step["seen"]) == ("equivalent", "tolerance", 2)
    outputs, drawn = step["doubts"]
    assert outputs.startswith("3 outputs in 3 runs from the same inputs: 0.")
    assert drawn == "draws entropy that no seed governs: os.urandom (entropy.py:5)"
    assert f"in doubt: draw: {drawn}" in (folder.path / "found.xml").read_text()
    said = folder.twice("verify", "v1.0").out
    assert "In doubt\n  ! draw: 4 outputs in 4 runs from the same inputs: 0." in said


def test_a_step_that_fails_now_ends_with_1_and_shows_why(folder: Folder) -> None:
    folder.write(fragile="""
        import os
        from twice import Pipeline
        def load():
            if os.path.exists("/") and os.environ.get("BREAK"):
                raise OSError("broken on purpose")
            return 1
        pipeline = Pipeline(steps=[load])
    """)  # fmt: skip
    folder.twice("run", "fragile.py", "--version", "v1.0")
    said = folder.twice("verify", "v1.0", expect=1, BREAK="1")
    assert "✗  load  fails" in said.out
    assert 'raise OSError("broken on purpose")' in said.out


def test_the_recorded_code_is_verified_and_not_the_working_tree(own_two_versions: Folder) -> None:
    own_two_versions.write(helpers="raise RuntimeError('gone wrong since')\n")
    assert "✓ reproducible" in own_two_versions.twice("verify", "v1.0").out


def test_an_unknown_step_ends_with_2(two_versions: Folder) -> None:
    said = two_versions.twice("verify", "v1.0", "--step", "fitt", expect=2)
    assert "the version has no step 'fitt'; its steps are load, prepare, fit." in said.err


VERIFY = """
import json
from twice import Pipeline
from twice.errors import DefinitionError

latest = Pipeline.load("latest")
found = latest.verify()
print(found)
print(json.dumps([cause.factor for cause in found["draw"].diagnosis.causes]))
again = latest.verify(steps="load", jobs=2, budget=0)  # of what was loaded, though the newest run is another by now
print(json.dumps([again.verdict.left == found.verdict.left, list(again.steps)]))
for wrong in (-1, float("nan")):
    try:
        latest.verify(budget=wrong)
    except DefinitionError as problem:
        print(problem)
"""


def test_verifications_are_shown_newest_first_with_the_causes_that_were_found(folder: Folder) -> None:
    folder.write(entropy="""
        import os
        from twice import Pipeline
        def load(): return 1
        def draw(load): return int.from_bytes(os.urandom(6), "big")
        pipeline = Pipeline(steps=[load, draw])
    """)  # fmt: skip
    folder.twice("run", "entropy.py", "--version", "v1.0")
    assert "Verified" not in folder.twice("show", "v1.0").out
    assert "verified" not in folder.twice("log").out

    made = subprocess.run(
        [sys.executable, "-c", VERIFY], cwd=folder.path, env=environment(), capture_output=True, text=True, timeout=120
    )
    assert made.returncode == 0, made.stderr
    said = made.stdout.splitlines()
    cause = next(line.strip() for line in said if "proven: entropy" in line)
    assert "entropy.py:5" in cause
    assert any(line.strip().startswith("fix: ") for line in said)
    *_, factors, again, negative, no_number = said
    assert json.loads(factors) == ["entropy"]
    assert json.loads(again) == [True, ["load"]]
    assert negative == "a budget is a number of seconds from 0 on, and not -1."
    assert no_number == "a budget is a number of seconds from 0 on, and not nan."

    data = folder.twice("show", "v1.0", "--json").data
    newest, oldest = data["verified"]
    assert sorted(newest) == sorted(field.name for field in fields(VerificationView))
    assert newest["verified"] > oldest["verified"]
    assert [newest[name] for name in ("verdict", "reproducible", "checked", "of", "env", "unlike")] == [
        "identical", True, 1, 2, "here", [],
    ]  # fmt: skip
    assert [oldest[name] for name in ("verdict", "reproducible", "checked", "of")] == ["different", False, 2, 2]
    assert oldest["recorded"] == data["run"]["run"] != oldest["run"]
    (unlike,) = oldest["unlike"]
    assert sorted(unlike) == sorted(field.name for field in fields(UnlikeRecord))
    assert (unlike["step"], unlike["causes"]) == ("draw", [cause])

    shown = _as_if_just_now(folder.twice("show", "v1.0").out)
    lines = [re.sub("  +", "  ", line) for line in shown.splitlines()]
    start = lines.index("Verified")
    assert lines.index("Steps") < start < lines.index("Seed and settings")
    host = data["run"]["host"]
    assert lines[start + 1] == f"  ✓ just now  ·  identical  ·  1 of 2 steps  ·  here on {host}"
    assert lines[start + 2] == f"  ✗ just now  ·  different  ·  2 steps  ·  here on {host}"
    assert lines[start + 3].startswith("  draw  different  ")
    assert lines[start + 4] == f"  {cause}"

    log = _as_if_just_now(folder.twice("log").out).splitlines()
    assert log[0].endswith("  ·  verified just now: identical (1 of 2 steps)")


def _as_if_just_now(text: str) -> str:
    """What was printed, whether or not a busy machine took minutes until then."""
    return re.sub(r"\d+ minutes? ago", "just now", text)
