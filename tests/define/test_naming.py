from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twice.define.naming import checked_name, default_name
from twice.errors import DefinitionError

ASK = "import sys\nfrom twice.define.naming import default_name\nprint(default_name(sys._getframe()))\n"


def said(folder: Path, *arguments: str, stdin: str | None = None) -> str:
    answer = subprocess.run(
        [sys.executable, *arguments], cwd=folder, input=stdin, capture_output=True, text=True, check=True
    )
    return answer.stdout.strip()


def test_a_script_names_its_pipeline(tmp_path: Path) -> None:
    (tmp_path / "churn.py").write_text(ASK)
    assert said(tmp_path, "churn.py") == "churn"
    assert said(tmp_path, "-i", "churn.py", stdin="") == "churn"


def test_a_module_that_is_run_or_imported_names_its_pipeline(tmp_path: Path) -> None:
    package = tmp_path / "flows"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "churn.py").write_text(ASK)
    (package / "__main__.py").write_text(ASK)
    assert said(tmp_path, "-m", "flows.churn") == "churn"
    assert said(tmp_path, "-c", "import flows.churn") == "churn"
    assert said(tmp_path, "-m", "flows") == "flows"
    assert said(tmp_path, "flows") == "flows"


def test_without_a_file_it_is_a_pipeline(tmp_path: Path) -> None:
    assert said(tmp_path, "-c", ASK) == "pipeline"
    assert said(tmp_path, "-", stdin=ASK) == "pipeline"


def test_a_file_with_an_odd_name_still_names_a_pipeline(tmp_path: Path) -> None:
    (tmp_path / "churn@v2.py").write_text(ASK)
    (tmp_path / "latest.py").write_text(ASK)
    assert said(tmp_path, "churn@v2.py") == "churn-v2"
    assert said(tmp_path, "latest.py") == "pipeline"


def test_this_module_names_its_pipeline() -> None:
    assert default_name(sys._getframe()) == "test_naming"


@pytest.mark.parametrize("name", ["v1.0", "2026-10-03", "with space", "größe", "v1.0+cpu", ".hidden", "v..1"])
def test_ordinary_labels_are_taken_as_they_are(name: str) -> None:
    assert checked_name(name, of="version") == name


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        ("churn@v1", "churn@v1.0"),
        ("a/b", "slashes"),
        ("a\\b", "slashes"),
        ("a\nb", "cannot be typed"),
        ("a\ud800", "cannot be typed"),
        (" v1", "white space"),
        ("..", "folder"),
        ("--all", "option"),
        ("latest", "last two"),
        ("previous", "last two"),
        (1.0, "is text"),
        (None, "is text"),
    ],
)
def test_a_name_that_would_mean_something_else_is_refused_with_the_reason(name: Any, words: str) -> None:
    with pytest.raises(DefinitionError, match=words):
        checked_name(name, of="version")


@given(st.text(max_size=12))
def test_what_is_proposed_instead_is_a_name(text: str) -> None:
    try:
        assert checked_name(text, of="pipeline") == text
    except DefinitionError as refused:
        if refused.hint.startswith("try "):
            proposed = ast.literal_eval(refused.hint.removeprefix("try "))
            assert checked_name(proposed, of="pipeline") == proposed
