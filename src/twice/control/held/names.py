"""Names that the system makes up: of temporary files, of this process, of this machine."""

from __future__ import annotations

import functools
import getpass
import os
import platform
import random
import socket
import sys
import tempfile
from collections.abc import Callable, Collection
from typing import Any

from twice.control.held.everywhere import own, replace

LIMITS = "names that native code asks for by itself, and what processes that are started anew are called"

PROCESS = 1000
HOST = "a-host"
USER = "a-user"


def hold_names(setting: str, files: Collection[str]) -> None:
    """Let temporary files have the same names every time.

    Args:
        setting: What the names are made from, a number.
        files: Not needed.
    """
    del files
    sequence = tempfile._RandomNameSequence()  # type: ignore[attr-defined]
    sequence._rng = random.Random(int(setting))
    sequence._rng_pid = os.getpid()
    tempfile._name_sequence = sequence  # type: ignore[attr-defined]


def hold_identity(setting: str, files: Collection[str]) -> None:
    """Let the process, the machine and the user have fixed names, as seen from the user's own code.

    Libraries are told the truth: they look at process ids to see whether they were forked.

    Args:
        setting: Not needed.
        files: The file names of the user's code.
    """
    del setting
    answers: list[tuple[Callable[..., Any], object]] = [
        (os.getpid, PROCESS),
        (os.getppid, PROCESS - 1),
        (getpass.getuser, USER),
    ]
    for original, answer in answers:
        replace(original, _answering(original, answer, files))
    hold_host(HOST, files)


def hold_host(setting: str, files: Collection[str]) -> None:
    """Let the machine have another name, as seen from the user's own code.

    Args:
        setting: The name.
        files: The file names of the user's code.
    """
    for original in (socket.gethostname, socket.getfqdn, platform.node):
        replace(original, _answering(original, setting, files))


def hold_umask(setting: str, files: Collection[str]) -> None:
    """Set which permissions new files do not get.

    Args:
        setting: They, as a number.
        files: Not needed.
    """
    del files
    os.umask(int(setting))


def _answering(original: Callable[..., Any], answer: object, files: Collection[str]) -> Callable[..., Any]:
    @functools.wraps(original)
    def asked(*arguments: Any, **keywords: Any) -> Any:
        return answer if own(sys._getframe(1), files) else original(*arguments, **keywords)

    return asked
