"""The guide "The same numbers on another machine" is followed word by word, in a fresh environment."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stories.telling import clean_environment

ROOT = Path(__file__).parent.parent.parent
GUIDE = ROOT / "docs" / "same-numbers-on-another-machine.md"
CONTAINERS = "## In a container"


def chapters() -> tuple[str, str]:
    """The page up to the chapter on containers with what follows that, and this chapter."""
    text = GUIDE.read_text("utf-8")
    before, _, rest = text.partition(CONTAINERS)
    contained, following, after = rest.partition("\n## ")
    return before + following + after, contained


def commands(text: str) -> list[str]:
    """The lines that are to be typed."""
    return re.findall(r"^    (\S.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)


def typed(lines: list[str], folder: Path, stick: Path, **variables: str) -> str:
    """Type lines into a shell, of which each must succeed."""
    script = "\n".join(["set -eux", *lines]).replace("/media/stick", f"'{stick}'")
    environ = {name: value for name, value in clean_environment().items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env={**environ, **variables}, capture_output=True, text=True, timeout=500
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository as it would be cloned, with what is not committed yet."""
    folder = tmp_path_factory.mktemp("guide") / "clone"
    for name in ("src", "pyproject.toml", "README.md", "LICENSE"):
        source = ROOT / name
        target = folder / name
        folder.mkdir(exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, target)
    return folder


def test_the_guide_can_be_followed_word_by_word(clone: Path, tmp_path: Path) -> None:
    outside, contained = chapters()
    lines = commands(outside)
    [flow] = re.findall(r"```python\n(.*?)```", outside, re.DOTALL)
    (clone / "flow.py").write_text(flow)
    assert [line.partition(" ")[0] for line in lines[:3]] == ["python3", ".", "pip"]
    assert len(lines) > 10
    stick = tmp_path / "a stick"
    stick.mkdir()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    said = typed(lines, clone, stick, PATH=path)
    assert said.count("✓ reproducible: every output that was compared is the same as recorded") == 2
    assert {file.name for file in (clone / "environment").iterdir()} >= {"Dockerfile", "pylock.toml", "wheels"}
    base = os.environ.get("TWICE_TEST_BASE")
    if base:
        said = typed([lines[1], *commands(contained)], clone, stick, PATH=path, TWICE_BASE_IMAGE=base, UV_OFFLINE="1")
        assert "✓ reproducible" in said
    else:
        assert "TWICE_REQUIRE_ENGINE" not in os.environ, "no container engine"
        pytest.skip("all but the chapter on containers was followed: no container engine (.ci/engine start DIR)")
