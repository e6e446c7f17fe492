"""What a person should know about a trace, in words."""

from __future__ import annotations

from collections.abc import Iterable

from twice.records.trace import Observed, Trace, Watched

_NEVER_SEEN = (
    "environment variables that libraries read in C (getenv)",
    "clocks that native code reads by itself, and what a service on the network answered",
    "entropy and clocks inside programs and interpreters that a step starts anew, and random bytes from the vDSO",
)
_UNSEEN_BY_AUDIT = (
    "files that libraries open without Python's own open(), such as Arrow, Polars, DuckDB and HDF5",
    "what child processes read, start and connect to, and what native code connects to",
)
_UNSEEN_BY_STRACE = ("entropy that native code asks of the system",)


def blind_spots(watcher: str) -> tuple[str, ...]:
    """What the watchers at work do not see.

    Args:
        watcher: As recorded: ``audit``, ``audit and seccomp``, or ``audit and strace``.
    """
    if "seccomp" in watcher:
        return _NEVER_SEEN
    return (*(_UNSEEN_BY_STRACE if "strace" in watcher else _UNSEEN_BY_AUDIT), *_NEVER_SEEN)


def unfollowed(watched: Watched) -> tuple[str, ...]:
    """What a step used that no watcher can follow, in words."""
    words = {"fifo": "what came through the named pipe {}", "32-bit": "what the 32-bit program {} read"}
    found = (thing.partition(":") for thing in watched.unseen)
    return tuple(words.get(kind, f"what went through {kind}").format(name) for kind, _, name in found)


def not_checked(watched: Iterable[Watched]) -> tuple[str, ...]:
    """What a comparison of runs says nothing about, from how well the recorded one was watched."""
    seen = list(watched)
    found = [spot for one in seen for spot in (*unfollowed(one), *blind_spots(one.watcher))]
    if services := sorted({address for one in seen for address in one.connected}):
        found.append(f"what was answered by {', '.join(services[:3])}{' …' if len(services) > 3 else ''}")
    return tuple(dict.fromkeys(found))


def notes(trace: Trace, *, conflict: bool, meets: Iterable[tuple[str, str]] = ()) -> tuple[str, ...]:
    """What is remarkable about a trace.

    Args:
        trace: The trace.
        conflict: Whether there is another one under its key with another output.
        meets: Files by which it meets another step that it is not wired to, as (step, path).
    """
    found = []
    by_step: dict[str, list[str]] = {}
    for step, path in meets:
        by_step.setdefault(step, []).append(path)
    for step, paths in by_step.items():
        shown = ", ".join(paths[:2]) + (" …" if len(paths) > 2 else "")
        found.append(
            f"meets the step {step} in {shown}, and nothing says which comes first: pass it from one to the other"
        )
    if conflict:
        found.append("gave another output before, from the same inputs: it is not deterministic")
    if drawn := entropy_drawn(trace.watched):
        found.append(drawn)
    if trace.mutated:
        found.append(f"changes its input in place: {', '.join(trace.mutated)} (others do not see it)")
    if trace.output.executes:
        found.append("stored by the pickle protocol: bringing it back runs code that it names")
    if trace.output.unstable:
        found.append("its pickled form is another in every process: it is compared part by part, and never by its name")
    if trace.watched.unstable:
        found.append(f"{trace.watched.unstable[0].rpartition('/')[2]} changed while it was read: never reused")
    return tuple(found)


def entropy_drawn(watched: Watched) -> str:
    """What a step drew that no seed governs, with its lines; empty if nothing."""
    drawn = [f"{one.which}{_at(one)}" for one in watched.observed if one.what == "entropy"]
    return f"draws entropy that no seed governs: {', '.join(drawn[:2])}" if drawn else ""


def observed(one: Observed) -> str:
    """Something that no seed and no file governs, as ``entropy: os.urandom (flow.py:12)``."""
    return f"{one.what}: {one.which}{_at(one)}"


def _at(one: Observed) -> str:
    return f" ({one.path}:{one.line})" if one.path else ""
