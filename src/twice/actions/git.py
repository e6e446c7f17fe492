"""What git says of a project's folder."""

from __future__ import annotations

import subprocess
from pathlib import Path

from twice.records.run import Git


def git(folder: Path) -> Git | None:
    """The commit that a working tree is on, and whether it is clean; None where there is no git, or no commit yet."""
    command = ["git", "-C", str(folder), "--no-optional-locks", "status", "--porcelain=v2", "--branch"]
    try:
        told = subprocess.run(
            [*command, "--untracked-files=no"], capture_output=True, text=True, timeout=10, check=True
        ).stdout.splitlines()
    except (OSError, subprocess.SubprocessError):
        return None
    heads = dict(line[2:].partition(" ")[::2] for line in told if line.startswith("# "))
    commit = heads.get("branch.oid", "(initial)")
    return None if commit == "(initial)" else Git(commit=commit, clean=all(line.startswith("# ") for line in told))
