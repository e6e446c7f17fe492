"""Whether two runs of a step met the same world, so that only the step itself can explain different outputs. Pure."""

from __future__ import annotations

from twice.records.trace import Watched

_OF_THE_PLACE = ("exists", "link", "times", "attributes", "modules")
"""What was only looked at. In a scratch place it is there for other reasons, and later, than in the project."""


def contradict(left: Watched, right: Watched) -> bool:
    """Whether two runs saw different things under one name: other contents, something and nothing, another value.

    That one of them did not look at all contradicts nothing: why it did not is what has to be explained.

    Args:
        left: What one run used.
        right: What the other did.
    """
    variables = {read.name: read.content for read in left.variables}
    if any(variables.get(read.name, read.content) != read.content for read in right.variables):
        return True
    seen = {(read.root, read.path, read.what): read.content for read in left.files}
    missing = [{(read.root, read.path) for read in one.files if read.what == "missing"} for one in (left, right)]
    there = [{(read.root, read.path) for read in one.files if read.what != "missing"} for one in (left, right)]
    if missing[0] & there[1] or missing[1] & there[0]:
        return True
    return any(
        read.what not in _OF_THE_PLACE and seen.get((read.root, read.path, read.what), read.content) != read.content
        for read in right.files
    )
