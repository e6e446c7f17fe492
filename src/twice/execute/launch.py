"""How a worker process is started: by which interpreter, behind which command, with which variables.

A launch is a value: it is made by whoever wants another environment (a rebuilt one, a container) or another condition
(an experiment of the courtroom), handed through ``carry_out`` to the workers, and recorded in the run.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import twice
from twice.records.environment import Environment
from twice.records.run import Launched

OWN = Path(twice.__file__).parent
"""Twice's own package, which a worker reads its code from."""

# The worker brings Twice's own modules with it and nothing that lies beside them, so that the environment that it
# runs in gets no package from the one that started it. Another Twice that is installed there is not looked at.
_START = (
    "import sys, importlib.util as util; "
    "sys.version_info >= (3, 11) or sys.exit('a worker needs Python 3.11 or newer, and this is ' + sys.version); "
    "sys.path[:] = [entry for entry in sys.path if entry]; "
    "spec = util.spec_from_file_location('twice', {file!r}, submodule_search_locations=[{folder!r}]); "
    "module = sys.modules['twice'] = util.module_from_spec(spec); spec.loader.exec_module(module); "
    "from twice.execute.worker import {main}; {main}({arguments})"
)
NAME = "{worker}"
"""Stands for a name that no other worker has, in ``prefix`` and ``stop``."""


@dataclass(frozen=True)
class Launch:
    """How workers are started.

    Attributes:
        kind: ``here``, ``venv``, ``container``, or what an experiment calls itself.
        python: The interpreter.
        prefix: A command that starts it, as ``("setarch", "-R")``; what follows is the interpreter and its arguments.
        variables: Environment variables that it gets besides, or otherwise; they win over those that pin settings.
        removed: Environment variables that it does not get.
        environment: What it runs on, if that is not what this process runs on. Then installed packages are looked for
            where that interpreter keeps them.
        search: Where that interpreter looks for installed packages; empty where it is not on this machine's disk.
        piped: It speaks through its standard input and output, and not through a socket that it inherits.
        own: Where it finds Twice's own package.
        stop: A command that ends it, for one that does not end with the process that was started.
        detail: What else is recorded, as the digest of an image; no path of this machine.
    """

    kind: str = "here"
    python: str = sys.executable
    prefix: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    removed: frozenset[str] = frozenset()
    environment: Environment | None = None
    search: tuple[str, ...] = ()
    piped: bool = False
    own: str = str(OWN)
    stop: tuple[str, ...] = ()
    detail: Mapping[str, str] = field(default_factory=dict)

    @property
    def foreign(self) -> bool:
        """Whether its packages are not those of this process."""
        return self.environment is not None

    def environ(self, base: Mapping[str, str]) -> dict[str, str]:
        """The worker's environment variables.

        Args:
            base: This process's, with what the settings pin.
        """
        kept = {name: value for name, value in base.items() if name not in self.removed}
        if self.foreign:  # they say where *this* interpreter's packages are
            kept = {name: value for name, value in kept.items() if name not in _OF_AN_INTERPRETER}
        return {**kept, **self.variables}

    def command(self, number: int, *, optimize: int = 0) -> tuple[list[str], list[str]]:
        """The command that starts a worker, and the one that ends it, which is empty where ending the process does.

        Args:
            number: The socket that it inherits.
            optimize: How many times ``-O`` is given.
        """
        main, arguments = ("main_piped", "") if self.piped else ("main", f"{number}, {self.foreign}")
        start = _START.format(file=f"{self.own}/__init__.py", folder=self.own, main=main, arguments=arguments)
        name = f"twice-{secrets.token_hex(6)}"
        flags = ["-O" * optimize] if optimize else []
        prefix = [word.replace(NAME, name) for word in self.prefix]
        stop = [word.replace(NAME, name) for word in self.stop]
        return [*prefix, self.python, *flags, "-P", "-c", start], stop

    def record(self) -> Launched | None:
        """What is recorded in the run; nothing where a worker is started as usual."""
        if self == HERE:
            return None
        return Launched(
            kind=self.kind,
            prefix=tuple(os.path.basename(word) if os.path.isabs(word) else word for word in self._own_prefix()),  # noqa: PTH117, PTH119
            variables=dict(sorted(self.variables.items())),
            removed=tuple(sorted(self.removed)),
            detail=dict(sorted(self.detail.items())),
        )

    def _own_prefix(self) -> tuple[str, ...]:
        """The prefix, unless it is an engine's: that one is full of folders, and the detail says what matters of it."""
        return () if self.piped else self.prefix

    def ingredient(self) -> dict[str, str]:
        """What the launch adds to a step's key: a trace made under other conditions is no answer to a plain run."""
        told = {
            "prefix": " ".join(self._own_prefix()),
            "variables": " ".join(f"{name}={value}" for name, value in sorted(self.variables.items())),
            "removed": " ".join(sorted(self.removed)),
            **(dict(self.detail) if self.piped else {}),
        }
        return {f"launch {name}": text for name, text in told.items() if text}


_OF_AN_INTERPRETER = frozenset({"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX", "__PYVENV_LAUNCHER__"})

HERE = Launch()
"""As usual: this interpreter, with this environment."""
