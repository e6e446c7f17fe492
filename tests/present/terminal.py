"""A terminal for tests: a pseudo-terminal, and a screen that shows what was drawn on it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

_TOKENS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\].*?\x07|.|\n", re.DOTALL)


class Terminal:
    """A pseudo-terminal of a given size, read by a thread so that whoever draws on it never waits."""

    def __init__(self, columns: int = 100, rows: int = 40) -> None:
        self._master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._heard = bytearray()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while True:
            try:
                data = os.read(self._master, 65536)
            except OSError:  # the other end is closed
                return
            if not data:
                return
            self._heard += data

    def open(self) -> TextIO:
        """The terminal as a text stream; closing it lets go of the terminal."""
        return os.fdopen(self.slave, "w", encoding="utf-8")

    def raw(self) -> str:
        """Everything that was written, once the other end is closed."""
        self._thread.join(10)
        assert not self._thread.is_alive(), "the terminal is still open"
        os.close(self._master)
        return self._heard.decode()


def screen(raw: str) -> str:
    """What stands on a terminal at the end: cursor movements and erasures are carried out, colours left out."""
    lines, row, column = [""], 0, 0
    for token in _TOKENS.findall(raw):
        if token.startswith("\x1b["):
            number, command = token[2:-1], token[-1]
            if command == "A":
                row = max(0, row - int(number or 1))
            elif command == "K":
                lines[row] = "" if number == "2" else lines[row][:column]
        elif token == "\r":
            column = 0
        elif token == "\n":
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        elif not token.startswith("\x1b"):
            lines[row] = lines[row].ljust(column)[:column] + token + lines[row][column + 1 :]
            column += 1
    return "\n".join(line.rstrip() for line in lines)


def run_on_terminal(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    """Run a command on a terminal of 100 columns; its exit status and everything that it wrote."""
    terminal = Terminal()
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdin=terminal.slave,
        stdout=terminal.slave,
        stderr=terminal.slave,
        env={**environment, "TERM": "xterm-256color"},
    )
    os.close(terminal.slave)
    status = process.wait(60)
    return status, terminal.raw()
