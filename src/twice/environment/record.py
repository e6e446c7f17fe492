"""The environment as one record."""

from __future__ import annotations

import platform
from collections.abc import Collection, Sequence

from msgspec.structs import replace

from twice.environment.edits import edited
from twice.environment.machine import container, machine
from twice.environment.numeric import numeric
from twice.environment.python import described_at, distributions, interpreter
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
        container=container(),
    )


def with_edits(found: Environment, reached: Collection[str], search: Sequence[str] | None = None) -> Environment:
    """The same, with the edited files of the distributions that steps reach.

    Args:
        found: The environment.
        reached: Names of distributions.
        search: Where they are installed; by default ``sys.path``.
    """
    places = described_at(search)
    edits = {name: edited(places[name]) for name in reached if name in places}
    if not any(edits.values()):
        return found
    return replace(
        found,
        distributions=tuple(
            replace(distribution, edited=edits[distribution.name]) if edits.get(distribution.name) else distribution
            for distribution in found.distributions
        ),
    )


def host() -> str:
    """This machine's name, for people."""
    return platform.node() or "unknown"
