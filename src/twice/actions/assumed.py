"""What reusing a trace rests on: what was checked, and what nobody could check, in words."""

from __future__ import annotations

from twice.control.environ import ALL
from twice.history.notes import observed, unfollowed
from twice.present.words import count
from twice.records.trace import Watched

_ASSUMED = {
    "file": "{} is as it was",
    "missing": "{} is still not there",
    "exists": "{} is there",
    "listing": "the names in {} are the same",
    "link": "{} leads where it did",
    "size": "{} is as large as it was",
    "times": "{} was not touched",
    "attributes": "the extended attributes of {} are the same",
    "modules": "the same can be imported from {}",
}


def assumed(watched: Watched) -> tuple[str, ...]:
    """What was checked before a trace was reused."""
    found = [_ASSUMED[file.what].format(file.path) for file in watched.files]
    for variable in watched.variables:
        if variable.name == ALL:
            found.append("there are no other environment variables")
        else:
            found.append(f"the environment variable {variable.name} is as it was")
    return (*found, *(f"{name} is installed" for name in watched.distributions))


def counted(watched: Watched) -> tuple[str, ...]:
    """How much of each sort was checked: ``3 files``, ``1 variable``."""
    kinds = [file.what for file in watched.files]
    found = [
        (kinds.count("file"), "file", ""),
        (kinds.count("listing"), "folder", ""),
        (sum(kind not in ("file", "listing") for kind in kinds), "other path", ""),
        (sum(variable.name != ALL for variable in watched.variables), "variable", ""),
        (
            len(watched.distributions),
            "package that no captured import leads to",
            "packages that no captured import leads to",
        ),
    ]
    return tuple(count(number, *words) for number, *words in found if number)


def unchecked(watched: Watched) -> tuple[str, ...]:
    """What nobody could check before a trace was reused."""
    found = [f"{address} would answer the same (not checked)" for address in watched.connected]
    read = {file.path for file in watched.files if file.what == "file"}
    found += [
        f"the program {program} does the same: it belongs to the system (not checked)"
        for program in watched.executed
        if program not in read
    ]
    found += [f"another {observed(one)} would do as well (not checked)" for one in watched.ungoverned]
    return (*found, *(f"{thing} was the same (not checked)" for thing in unfollowed(watched)))
