"""What every command prints with ``--json`` is what the docs say."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from cli.commands import Folder
from cli.json_page import COMMANDS, PAGE, page, problems
from twice.compare.diagnosis.case import FACTORS

CALLS = {
    "log": ("log",),
    "show": ("show", "v1.1"),
    "show V STEP": ("show", "v1.1", "fit"),
    "diff": ("diff", "v1.0", "v1.1", "--why"),
    "explain": ("explain", "v1.1"),
    "stress": ("stress", "v1.0", "--step", "load", "--budget", "1"),
    "env show · env lock · env build": ("env", "show", "v1.0"),
    "env diff": ("env", "diff", "v1.0"),
    "check": ("check",),
    "gc": ("gc", "--dry-run"),
    "run": ("run", "flow.py"),
}
# `env export` needs an index: its page is checked by its class alone.


def test_the_page_is_made_from_what_is_printed() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python tests/cli/json_page.py writes it anew"
    assert all(f"`{factor}`" in page() for factor in FACTORS)


def test_every_command_prints_what_the_page_says(own_two_versions: Folder) -> None:
    for command, call in CALLS.items():
        said = own_two_versions.twice(*call, "--json", expect=1 if command in ("diff",) else 0)
        assert not list(problems(said.data, COMMANDS[command])), command


@pytest.fixture
def unsteady(folder: Folder) -> Folder:
    folder.write(entropy="""
        import os
        from twice import Pipeline
        def load(): return 1
        def draw(load): return int.from_bytes(os.urandom(6), "big")
        def broken(load):
            if os.environ.get("BREAK"): raise OSError("broken \\x01 on purpose")
        pipeline = Pipeline(steps=[load, draw, broken])
    """)  # fmt: skip
    folder.twice("run", "entropy.py", "--version", "v1.0")
    return folder


def test_a_verdict_as_json_and_as_junit_xml(unsteady: Folder) -> None:
    said = unsteady.twice("verify", "v1.0", "--json", "--junit", "report/verdict.xml", expect=1, BREAK="1")
    verdict = said.data
    assert not list(problems(verdict, COMMANDS["verify"]))
    steps = {step["name"]: step for step in verdict["steps"]}
    assert [step["verdict"] for step in steps.values()] == ["identical", "different", "fails"]
    (cause,) = steps["draw"]["causes"]
    assert (cause["factor"], cause["status"], cause["location"]) == ("entropy", "proven", "entropy.py:5")
    assert {tuple(one["conditions"]) for one in cause["evidence"]} == {
        ("unchanged",),
        ("entropy from a seeded stream",),
    }
    assert all(len(one["traces"]) == len(one["outcomes"]) for one in cause["evidence"])
    assert steps["draw"]["difference"] and not steps["load"]["difference"]
    assert verdict["level"] == "full" and verdict["host"] and not verdict["reproducible"]

    whole = ElementTree.parse(unsteady.path / "report" / "verdict.xml").getroot()
    assert whole.attrib == {"tests": "3", "failures": "1", "errors": "1"}
    cases = {case.attrib["name"]: case for case in whole.iter("testcase")}
    assert list(cases) == ["load", "draw", "broken"]
    assert not len(cases["load"])
    failure = cases["draw"].find("failure")
    assert failure is not None and "proven: entropy: os.urandom (entropy.py:5)" in str(failure.text)
    error = cases["broken"].find("error")
    assert error is not None and "broken � on purpose" in str(error.text)
    assert "not checked: " in str(whole.findtext("testsuite/system-out"))


def test_a_report_that_cannot_be_written_is_told_before_anything_runs(own_two_versions: Folder) -> None:
    (own_two_versions.path / "file").write_text("")
    said = own_two_versions.twice("verify", "v1.0", "--junit", "file/verdict.xml", expect=2)
    assert "file/verdict.xml" in said.err and not said.out
    assert json.loads(own_two_versions.twice("log", "--json").out)["versions"][0]["verified"] == []
