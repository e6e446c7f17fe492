"""The tool that resolves, downloads and installs: found, started, and its complaints put into words."""

from __future__ import annotations

import contextlib
import contextvars
import functools
import importlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from twice.errors import EnvironmentUnusable

# Asked for a Python that is not here, it would download one, and a lock is for a Python that was chosen. Without
# the third, every install writes when it was made, and two equal environments would differ.
_SETTINGS = {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1", "UV_NO_INSTALLER_METADATA": "1"}
_NOT_FOR_IT = ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME", "UV_PROJECT_ENVIRONMENT")
HOW_TO_GET = "pip install 'twice[env]', or install uv in any other way, so that it is on the PATH"


@functools.cache
def program() -> str:
    """The program.

    Raises:
        EnvironmentUnusable: It is not installed.
    """
    beside = Path(sys.executable).parent / "uv"
    if beside.exists():
        return str(beside)
    if found := shutil.which("uv"):
        return found
    try:
        return str(importlib.import_module("uv").find_uv_bin())
    except Exception:  # not installed, or installed without its program
        raise EnvironmentUnusable(
            "environments are locked and rebuilt by uv, which is not installed.", hint=HOW_TO_GET
        ) from None


def available() -> bool:
    """Whether it is installed."""
    try:
        program()
    except EnvironmentUnusable:
        return False
    return True


def environ() -> dict[str, str]:
    """The variables that it is started with: indexes, caches and certificates as the user has them."""
    kept = {name: value for name, value in os.environ.items() if name not in _NOT_FOR_IT}
    return {**kept, **_SETTINGS}


_until: contextvars.ContextVar[float | None] = contextvars.ContextVar("until", default=None)


@contextlib.contextmanager
def until(moment: float | None) -> Iterator[None]:
    """Let nothing that this thread does with it take longer than to a moment of ``time.monotonic``."""
    token = _until.set(moment)
    try:
        yield
    finally:
        _until.reset(token)


class OutOfTime(EnvironmentUnusable):
    """It was ended, since the time that was given for it was used up."""


class Refused(EnvironmentUnusable):
    """It ended with an error; ``said`` is all that it said."""

    def __init__(self, message: str, *, said: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.said = said


def run(arguments: Sequence[str], *, doing: str, cwd: Path | None = None) -> str:
    """Run it.

    Args:
        arguments: Its arguments.
        doing: What for, in words that go after "could not".
        cwd: The folder that it is started in, where a path with commas cannot be given.

    Returns:
        What it printed.

    Raises:
        Refused: It ended with an error.
        OutOfTime: It did not end in the time that :func:`until` gives.
        EnvironmentUnusable: It is not installed.
    """
    moment = _until.get()
    left = None if moment is None else max(moment - time.monotonic(), 0.0)
    with subprocess.Popen(
        [program(), *arguments],
        env=environ(),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        # With what it starts, as a compiler, it can be ended as one; who types ctrl-c waits for none of them.
        process_group=0,
    ) as process:
        try:
            out, err = process.communicate(timeout=left)
        except BaseException as problem:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            if isinstance(problem, subprocess.TimeoutExpired):
                raise OutOfTime(f"there was no time left to {doing}.") from None
            raise
    if process.returncode:
        said = _without_addresses(err.strip() or out.strip())
        raise Refused(f"could not {doing}; uv says:\n{said}", said=said, hint=_hint(said))
    return out


def _hint(said: str) -> str:
    if "hash" in said.lower() and "mismatch" in said.lower():
        return "the file that the index serves is not the one that was locked: do not install it before you know why"
    if offline(said):
        return "is there a network? with kept wheels none is needed: `twice env lock --keep-wheels`, while there is one"
    if "build backend" in said or "Failed to build" in said:
        return "no wheel fits this platform and its source does not compile here; lock with --keep-wheels where it did"
    if "no wheels with a matching" in said or "no wheels for" in said.lower() or "platform" in said:
        return "the lock is for another platform; `twice env show NAME` says for which"
    return "`twice env show NAME` says what was locked"


def offline(said: str) -> bool:
    """Whether it complains that something cannot be reached."""
    return any(
        text in said for text in ("Failed to fetch", "network was disabled", "Network connectivity", "dns error")
    )


def _without_addresses(text: str) -> str:
    """The same without user names and passwords in addresses."""
    import re

    return re.sub(r"(?<=://)[^/\s@]+@", "", text)
