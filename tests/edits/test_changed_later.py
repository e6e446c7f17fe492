"""What was changed after it was made: its key moves with what the step gives, and a snapshot brings it back."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from edits import classes_later, everyday, put_there, sides, unbound
from edits.cases import Edit
from edits.changed_later import CHANGED_LATER, REFUSED
from edits.rebound import REFUSED_AS_SCRIPT

assert classes_later and everyday and put_there and sides and unbound  # their cases are among the others

TESTS = Path(__file__).parent.parent
Seen = dict[str, dict[str, list[str]]]


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """What one process saw of all these programs, before and after the edit, their trees gone when they come back.

    Where several processes carry out tests, the first to come here looks, and the others wait for it.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with (shared / "looked.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        seen = shared / "looked.json"
        if not seen.exists():
            seen.write_text(_look())
    told: Seen = json.loads(seen.read_text())
    assert set(told) == {*REFUSED, *REFUSED_AS_SCRIPT, *(edit.name for edit in CHANGED_LATER)}
    return told


def _look() -> str:
    command = [sys.executable, "-m", "edits.fuzzing.again"]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("edit", CHANGED_LATER, ids=lambda edit: edit.name)
def test_an_edit_moves_the_key_and_what_was_captured_comes_back(edit: Edit, looked: Seen) -> None:
    seen = looked[edit.name]
    assert seen["fails"] == ["", ""]
    before, after = seen["output"]
    assert (before != after) == edit.matters, "the case itself is labelled wrong"
    assert seen["replayed"] == [before, after]
    assert (seen["key"][0] != seen["key"][1]) == (edit.matters or bool(edit.why))


@pytest.mark.parametrize("what", REFUSED)
def test_what_no_import_leads_to_is_refused(what: str, looked: Seen) -> None:
    assert all(fails.startswith("refused: ") for fails in looked[what]["fails"])
    assert any(word in looked[what]["fails"][1] for word in ("loaded by its path", "cannot be found again"))


@pytest.mark.parametrize("words", REFUSED_AS_SCRIPT)
def test_what_a_script_could_not_make_again_is_refused(words: str, looked: Seen) -> None:
    (fails,) = looked[words]["fails"]
    assert fails.startswith("refused: ") and words in fails
