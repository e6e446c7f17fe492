"""The environment as one record."""

from __future__ import annotations

import platform

from twice.environment.machine import machine
from twice.environment.numeric import numeric
from twice.environment.python import distributions, interpreter
from twice.environment.variables import variables
from twice.records.environment import Environment, NumericLibrary


def environment(libraries: tuple[NumericLibrary, ...] | None = None) -> Environment:
    """What this process stands on.

    Holds nothing that changes from run to run on one machine, and nothing private: no host, user, path or time.

    Args:
        libraries: The numeric libraries, if a worker that had them loaded told of them; by default those of this
            process.
    """
    return Environment(
        interpreter=interpreter(),
        machine=machine(),
        distributions=distributions(),
        numeric=numeric() if libraries is None else libraries,
        variables=variables(),
    )


def host() -> str:
    """This machine's name, for people."""
    return platform.node() or "unknown"
