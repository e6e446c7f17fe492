"""Levers that hold something still: what two runs in the same way may differ by. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from twice.compare.diagnosis.case import Lever
from twice.compare.diagnosis.collected import Collected, at, first, which
from twice.control.conditions import Conditions
from twice.records.trace import Trace

UNORDERED = {
    "polars": "group_by, unique and value_counts give their rows in any order, and sums of threads in any order",
    "duckdb": "GROUP BY and parallel sums give their rows, and the last bits of sums, in any order",
}
"""Libraries of which calls are known that disagree with themselves when they have threads → what they do."""

UNWRITTEN = "unwritten memory"
"""The lever that gives new arrays zeros."""

_LATER = ((((37 * 24 + 7) * 60 + 17) * 60 + 23) * 1000 + 457) * 1_000_000
"""Nanoseconds by which the clock stands at another moment: of another month, day, hour, minute, second and fraction."""

_OWN_SEEDS = "seeds of hash tables that Polars makes of addresses and clocks, and the order of groups with them,"


def still(factor: str, *, seed: int, moment: int) -> Conditions:
    """The conditions that hold a factor still.

    Args:
        factor: ``entropy``, ``clock``, ``path``, ``user-environment``, ``memory-addresses`` or ``unwritten memory``:
            what two runs in the same way may differ by.
        seed: What entropy is made from.
        moment: Where the clock stands, in nanoseconds since 1970.
    """
    if factor == "memory-addresses":
        return Conditions(addresses=True, inside={"addresses": "counted"})
    inside = {
        "entropy": {"entropy": str(seed)},
        "clock": {"clock": f"frozen {moment}"},
        "path": {"names": "1"},
        "user-environment": {"identity": "fixed"},
        UNWRITTEN: {"unwritten": "zeros"},
    }
    return Conditions(inside=inside[factor])


def steadying(
    made: Collected,
    recorded: Trace,
    usual: Trace,
    seed: int,
    limits: Mapping[str, str],
    reached: Collection[str],
    loaded: Collection[str] = (),
) -> None:
    """Gather them.

    Args:
        made: Where to.
        recorded: The recorded trace.
        usual: A trace here, unchanged.
        seed: The pipeline's seed.
        limits: Condition → what it cannot reach.
        reached: Distributions that the step's code names.
        loaded: Those that others of them load beside; that they are there speaks for nothing.
    """
    watched = usual.watched
    known = [name for name in UNORDERED if name in reached]
    drawn, clocks, native = first(watched, "entropy"), first(watched, "clock"), first(watched, "native entropy")
    answered = "seccomp" in watched.watcher  # then native code is reached, too
    named, called = first(watched, "temporary name"), first(watched, "identity")
    made.add(
        made.steadying,
        Lever(
            "entropy",
            "entropy",
            which(drawn) or (f"native code asks the kernel ({native.which})" if native else ""),
            at(drawn),
            4 if drawn else 3 if native and known else 1 if native else 0,
            _OWN_SEEDS if "polars" in known else limits["entropy"],
            partly="polars" in known or (native is not None and not answered),
        ),
        still("entropy", seed=seed, moment=recorded.started),
        "entropy from a seeded stream",
    )
    made.add(
        made.steadying,
        Lever("clock", "clock", which(clocks), at(clocks), 3 if clocks else 0, limits["clock"]),
        still("clock", seed=seed, moment=recorded.started),
        "the clock frozen",
    )
    entropy, clock = made.steadying
    for like, seed_, moment in ((entropy, seed + 1, recorded.started), (clock, seed, recorded.started + _LATER)):
        made.add(
            made.otherwise,
            replace(like, name=f"{like.name} at another value", like=like.name),
            still(like.factor, seed=seed_, moment=moment),
            f"{made.words[like.name]}, at another value",
        )
    made.add(
        made.steadying,
        Lever("threads", "threads", UNORDERED[known[0]] if known else "", "", 2 if known else 0, limits["threads"]),
        Conditions(
            inside={"threads": "1"},
            settings={"threads": 1},
            variables={"POLARS_MAX_THREADS": "1", "PYARROW_NUM_THREADS": "1"},
        ),
        "one thread, one after the other",
    )
    if "polars" in {*reached, *loaded}:
        suspicion = 2 if "polars" in known else 0
        made.add(
            made.steadying,
            Lever("groups", "entropy", "the order of Polars' groups", "", suspicion, limits["groups"], partly=True),
            Conditions(inside={"groups": "kept"}),
            "Polars told to keep the order of groups",
        )
    made.add(
        made.steadying,
        Lever("names", "path", "names of temporary files", at(named), 2 if named else 0, limits["names"]),
        still("path", seed=seed, moment=recorded.started),
        "temporary names fixed",
    )
    made.add(
        made.steadying,
        Lever(
            "identity",
            "user-environment",
            which(called) or "process id, host name, user name",
            at(called),
            2 if called else 0,
            limits["identity"],
        ),
        still("user-environment", seed=seed, moment=recorded.started),
        "process id and host name fixed",
    )
    made.add(
        made.steadying,
        Lever(
            "memory-addresses",
            "memory-addresses",
            limits=limits["addresses"],
            partly=True,
        ),
        still("memory-addresses", seed=seed, moment=recorded.started),
        "memory laid out the same way, id() counted",
    )
    made.add(
        made.steadying,
        Lever(UNWRITTEN, "memory-addresses", "memory that nothing was written to", "", 0, limits["unwritten"]),
        still(UNWRITTEN, seed=seed, moment=recorded.started),
        "arrays of numpy.empty filled with zeros",
    )
    listed = [read for read in watched.files if read.what == "listing"]
    made.add(
        made.steadying,
        Lever(
            "directory-order",
            "directory-order",
            f"of {listed[0].path}" if listed else "",
            "",
            1 if listed else 0,
            limits["directory-order"],
        ),
        Conditions(inside={"directory-order": "sorted"}),
        "listings sorted",
    )
    made.unheld.append(
        Lever("hash-seed", "hash-seed", limits="it is pinned in every run, so it cannot make two runs disagree")
    )
    if watched.executed:
        programs = ", ".join(sorted({path.rpartition("/")[2] for path in watched.executed})[:3])
        what = f"what {programs} does, which it starts"
        limits_ = "in programs that it starts nothing is held still"
        made.unheld.append(Lever("other programs", "unknown", what, "", 3, limits_))
        made.untested.append(Lever("other programs", "unknown", what, "", 0, limits_))
    if watched.connected:
        services = f"what {', '.join(watched.connected[:3])} answered"
        where = at(first(watched, "network"))
        made.add(
            made.steadying,
            Lever("network refused", "network", services, where, 3, limits["network"]),
            Conditions(inside={"network": "refused"}),
            "the network refused",
        )
        answers = Lever(
            "network",
            "network",
            services,
            where,
            suspicion=5,
            limits="it connects to services, whose answers are not recorded and cannot be held still",
            unless="network refused",
        )
        made.untested.append(answers)
        made.unheld.append(answers)
