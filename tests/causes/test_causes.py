"""Every program of the catalogue is run, verified and explained, in one verification that shares processes."""

from __future__ import annotations

from typing import Any

import pytest

from causes.programs import CLEAN as ALL_CLEAN
from causes.programs import DIFFERENT as ALL_DIFFERENT
from causes.programs import chosen, flow, names
from cli.commands import TWICE, environment, made

DIFFERENT, CLEAN = chosen(ALL_DIFFERENT), chosen(ALL_CLEAN)
Steps = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def verified(tmp_path_factory: pytest.TempPathFactory) -> tuple[Steps, list[str]]:
    import json
    import subprocess

    folder = made(tmp_path_factory.mktemp("causes"))
    text = flow(DIFFERENT, CLEAN)
    (folder.path / "causes.py").write_text(text)
    for words, status in (("run causes.py --version v1", 0), ("verify v1 --json", 1)):
        variables = {"TWICE_EXAMPLE_MODE": "other"} if status else {}
        done = subprocess.run(
            [*TWICE, *words.split(), "--jobs", "2"],
            cwd=folder.path,
            env={**environment(), **variables},
            capture_output=True,
            text=True,
            timeout=3600,
        )
        assert done.returncode == status, done.stderr
    return {step["name"]: step for step in json.loads(done.stdout)["steps"]}, text.splitlines()


@pytest.mark.parametrize("name", names(DIFFERENT))
def test_the_cause_is_named_with_the_line_where_it_enters(verified: tuple[Steps, list[str]], name: str) -> None:
    steps, lines = verified
    found = steps[name]
    assert found["nature"], found
    cause = names(DIFFERENT)[name]
    assert {one["factor"] for one in found["causes"]} == {cause}, found
    wanted = {"consistent with"} if name == "folder" else {"proven"}
    if cause == "memory-addresses":  # they can be held still in part only
        wanted |= {"consistent with"}
    assert {one["status"] for one in found["causes"]} <= wanted, found
    location = found["causes"][0]["location"]
    if location:
        first = next(number for number, line in enumerate(lines, 1) if line.startswith(f"def {name}("))
        assert first < int(location.rpartition(":")[2]) <= first + 5, location


@pytest.mark.parametrize("name", names(CLEAN))
def test_what_is_clean_is_found_identical(verified: tuple[Steps, list[str]], name: str) -> None:
    assert verified[0][name]["verdict"] == "identical", verified[0][name]


def test_most_causes_have_their_line_and_take_few_runs(verified: tuple[Steps, list[str]]) -> None:
    found = [step for step in verified[0].values() if step["nature"]]
    located = [one for one in found if one["causes"] and one["causes"][0]["location"]]
    assert len(located) >= 0.7 * len(found)
    few = [one for one in found if one["runs"] <= 10]
    assert len(few) >= 0.8 * len(found), [one["runs"] for one in found]
