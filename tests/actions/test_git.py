"""What git says of a project's folder, said by the real git."""

from __future__ import annotations

import subprocess
from pathlib import Path

from twice.actions.git import git
from twice.records.run import Git


def test_a_commit_and_whether_the_tree_is_clean(tmp_path: Path) -> None:
    def say(*arguments: str) -> str:
        identity = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"]
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    assert git(tmp_path) is None, "there is no git here"
    say("init", "-q")
    assert git(tmp_path) is None, "there is no commit yet"
    file = tmp_path / "a file"
    file.write_text("one")
    say("add", ".")
    say("commit", "-qm", "one")
    commit = say("rev-parse", "HEAD")
    assert git(tmp_path) == Git(commit=commit, clean=True)
    (tmp_path / "untracked").write_text("")
    assert git(tmp_path) == Git(commit=commit, clean=True)
    file.write_text("two")
    assert git(tmp_path) == Git(commit=commit, clean=False)
    say("checkout", "-q", "--detach")
    say("stash", "-q")
    assert git(tmp_path) == Git(commit=commit, clean=True)
