from __future__ import annotations

from cli.commands import Folder


def test_a_reproducible_version_ends_with_0_and_the_verdict_is_on_stdout(two_versions: Folder) -> None:
    said = two_versions.twice("verify", "v1.0", "--jobs", "2")
    lines = said.out.splitlines()
    assert lines[0].startswith("recorded  run ") and lines[0].endswith("  v1.0")
    assert lines[3].startswith("✓  load     identical (bytes)  [1.0, 2.0, 3.0]")
    assert "✓ reproducible: every output that was compared is the same as recorded" in lines
    assert "Not checked" in lines
    assert said.err == "loading\n", "what steps print is no part of the verdict"


def test_the_json_of_a_verdict(two_versions: Folder) -> None:
    data = two_versions.twice("verify", "v1.0", "--step", "fit", "--json").data
    assert {"verdict", "grade", "steps", "left", "right", "same_version", "not_checked"} <= set(data)
    assert [step["step"] for step in data["steps"]] == ["fit"]
    assert {"step", "verdict", "grade", "summary", "finding", "left", "right", "reason"} <= set(data["steps"][0])
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
