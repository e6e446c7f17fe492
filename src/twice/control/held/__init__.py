"""What can be held still, or moved, inside a step's process: entropy, clocks, pools, listings, names, files, memory.

Conditions come with the task, as name → setting, and are put in place before any of the user's code is imported. What
must be there before the interpreter starts (hash seed, thread counts, time zone, locale, the layout of memory, code
paths of the processor) is no business of this room: it is in the variables and the command that a worker is started
with.

Each says what it cannot reach, in :data:`LIMITS`. Runs in workers: standard library only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from twice.control.held import (
    absent,
    addresses,
    clock,
    entropy,
    groups,
    instead,
    listings,
    names,
    network,
    pools,
    unwritten,
)

Holder = Callable[[str, Collection[str]], None]

HOLDERS: Mapping[str, Holder] = {
    "entropy": entropy.hold,
    "clock": clock.hold,
    "directory-order": listings.hold,
    "threads": pools.hold,
    "names": names.hold_names,
    "identity": names.hold_identity,
    "host": names.hold_host,
    "network": network.hold,
    "umask": names.hold_umask,
    "addresses": addresses.hold,
    "absent": absent.hold,
    "instead": instead.hold,
    "groups": groups.hold,
    "unwritten": unwritten.hold,
}
"""Condition → what puts it in place; it is given the setting and the file names of the user's code."""

LIMITS: Mapping[str, str] = {
    "entropy": entropy.LIMITS,
    "clock": clock.LIMITS,
    "directory-order": listings.LIMITS,
    "threads": pools.LIMITS,
    "names": names.LIMITS,
    "identity": names.LIMITS,
    "host": names.LIMITS,
    "network": network.LIMITS,
    "addresses": addresses.LIMITS,
    "absent": absent.LIMITS,
    "instead": instead.LIMITS,
    "groups": groups.LIMITS,
    "unwritten": unwritten.LIMITS,
}
"""Condition → what it cannot reach."""


def hold(conditions: Mapping[str, str], files: Collection[str]) -> None:
    """Put conditions in place, for the rest of this process.

    Args:
        conditions: Name → setting.
        files: The file names of the user's code.
    """
    for name, setting in conditions.items():
        HOLDERS[name](setting, files)
