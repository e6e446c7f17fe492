"""Another interpreter on this machine, and what is installed for it."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass

from twice.environment.machine import machine
from twice.environment.python import distributions
from twice.environment.variables import variables
from twice.errors import EnvironmentUnusable
from twice.records.environment import Environment, Interpreter

_ASK = (
    "import json, platform, sys; print(json.dumps({"
    "'implementation': platform.python_implementation(), 'version': platform.python_version(), "
    "'build': ' '.join(platform.python_build()), 'compiler': platform.python_compiler(), "
    "'search': [entry for entry in sys.path if entry]}))"
)


@dataclass(frozen=True)
class Elsewhere:
    """An interpreter that is not this process's.

    Attributes:
        python: Its program.
        interpreter: What it is.
        search: Where it looks for packages.
    """

    python: str
    interpreter: Interpreter
    search: tuple[str, ...]

    def environment(self) -> Environment:
        """What a process of that interpreter stands on, on this machine; installed packages are looked at anew."""
        return Environment(
            interpreter=self.interpreter,
            machine=machine(),
            distributions=distributions(self.search),
            variables=variables(),
        )


def look(python: str | os.PathLike[str]) -> Elsewhere:
    """Ask an interpreter what it is.

    Args:
        python: Its program.

    Raises:
        EnvironmentUnusable: It is not there, or is no Python that starts.
    """
    program = os.fspath(python)
    environ = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    try:
        done = subprocess.run(
            [program, "-P", "-c", _ASK], capture_output=True, text=True, check=False, timeout=60, env=environ
        )
    except OSError as problem:
        raise EnvironmentUnusable(f"{program} cannot be started: {problem.strerror}.") from None
    except subprocess.TimeoutExpired:
        raise EnvironmentUnusable(f"{program} does not answer within a minute.") from None
    try:
        told = json.loads(done.stdout.splitlines()[-1])
        return Elsewhere(
            python=program,
            interpreter=Interpreter(**{name: told[name] for name in Interpreter.__struct_fields__}),
            search=tuple(told["search"]),
        )
    except (ValueError, KeyError, IndexError):
        said = done.stderr.strip().splitlines()
        raise EnvironmentUnusable(
            f"{program} is no Python that a worker could run on: {said[-1] if said else 'it says nothing'}.",
            hint="a worker needs Python 3.11 or newer",
        ) from None
