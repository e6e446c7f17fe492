"""What two traces whose outputs differ do not have in common: suspects, not causes. Pure.

A cause is established by an experiment. Until one is made, this is the free part: what the records already show.
"""

from __future__ import annotations

from twice.records.trace import Trace

_FILES = {"listing": "the names in {}", "link": "where {} leads", "times": "when {} was changed"}


def suspects(before: Trace, after: Trace) -> tuple[str, ...]:
    """What differs between two traces beside their outputs, and what no seed governs in either, in words.

    Args:
        before: The recorded trace.
        after: The one it is held against.
    """
    found: list[str] = []
    for name in sorted({*before.ingredients, *after.ingredients}):
        if before.ingredients.get(name) != after.ingredients.get(name):
            found.append({"code": "its code"}.get(name, name))
    left, right = ({v.name: v.content for v in trace.watched.variables} for trace in (before, after))
    found += [
        f"the environment variable {name}" for name in sorted(left.keys() & right.keys()) if left[name] != right[name]
    ]
    seen, now = ({(f.root, f.path, f.what): f.content for f in trace.watched.files} for trace in (before, after))
    for place in sorted(seen.keys() & now.keys()):
        if seen[place] != now[place]:
            found.append(_FILES.get(place[2], "the file {}").format(place[1]))
    for one in {*before.watched.observed, *after.watched.observed}:
        if one.what in ("entropy", "clock"):
            found.append(f"{one.what}: {one.which}" + (f" ({one.path}:{one.line})" if one.path else ""))
    for address in sorted({*before.watched.connected, *after.watched.connected}):
        found.append(f"what {address} answered")
    return tuple(dict.fromkeys(sorted(found, key=lambda words: words.startswith(("entropy", "clock")))))


def sentence(found: tuple[str, ...]) -> str:
    """The suspects in one line."""
    if not found:
        return "nothing that was recorded differs: it may disagree with itself"
    return "consistent with: " + ", ".join(found[:4]) + (f" and {len(found) - 4} more" if len(found) > 4 else "")
