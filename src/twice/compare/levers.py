"""Which levers there are for one step, and what speaks for each before anything was tried. Pure.

What was seen while the step ran (entropy, clocks, folders listed, connections) and what differs between the recorded
trace and this machine say where to look first; they prove nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from twice.compare.diagnose import Case, Lever
from twice.control.conditions import Conditions
from twice.control.environ import ALL
from twice.environment.drift import Drift, drift
from twice.records.environment import Environment
from twice.records.trace import Observed, Trace, VariableRead, Watched

UNORDERED = {
    "polars": "group_by, unique and value_counts give their rows in any order, and sums of threads in any order",
    "duckdb": "GROUP BY and parallel sums give their rows, and the last bits of sums, in any order",
}
"""Libraries of which calls are known that disagree with themselves when they have threads → what they do."""

_OWN_SEEDS = "seeds of hash tables that Polars makes of addresses and clocks, and the order of groups with them,"

FIXES = {
    "entropy": "pass a seed: default_rng(seed), Random(seed); or take the value from a parameter; sort groups",
    "clock": "take the moment from a parameter or from the data, and keep it out of what comes out",
    "threads": "sort what comes back from threads, or use one; POLARS_MAX_THREADS=1, or maintain_order=True",
    "directory-order": "sort the names: sorted(os.listdir(folder))",
    "memory-addresses": "keep id(), hash() and repr() of plain objects out of what comes out",
    "path": "use names that do not change, and keep paths out of what comes out",
    "user-environment": "make it a parameter, or keep it out of what comes out",
    "environment": "pin the recorded version, or save a new one and say that it differs",
    "hardware": "pin a code path that both machines have (OPENBLAS_CORETYPE, …), or let rounding count as the same",
    "network": "bring the answer into the data: save it once, and read the file",
    "data": "bring the files back to what they were; let no run leave behind what the next one meets",
    "timezone": "use UTC, or pass the zone",
    "locale": "sort and format without the locale",
    "hash-seed": "sort sets before they come out",
    "seed": "a measurement, not a fault: state the spread beside the number",
    "code": "",
    "parameters": "",
    "input-mutation": "copy the input before changing it",
    "unknown": "",
}
"""Factor → what to do about it."""


_ADDRESS = re.compile(rb"0x[0-9a-f]{8,}")
"""As in what plain objects are printed as."""

_AVX512 = "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR X86_V4"
"""What NumPy has called these features, in all its versions; it ignores names that it does not know."""


_SHOWS = {"entropy": "entropy", "clock": "clock", "names": "temporary name", "identity": "identity"}
"""Lever → what is observed where it may help."""


@dataclass(frozen=True)
class Bench:
    """A case, and the conditions that each of its levers stands for.

    Attributes:
        case: The case.
        conditions: Lever → conditions.
        words: Lever → what it does, in words.
    """

    case: Case
    conditions: Mapping[str, Conditions] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)

    def together(self, levers: Iterable[str]) -> Conditions:
        """The conditions of several levers."""
        whole = Conditions()
        for name in sorted(levers):
            whole = whole.with_(self.conditions[name])
        return whole

    def having_seen(self, watched: Watched) -> Bench:
        """The same, with what was seen while an experiment ran, of levers that nothing spoke for until now."""
        found = []
        for lever in self.case.steadying:
            one = first(watched, _SHOWS.get(lever.name, ""))
            if one is not None and not lever.location:
                lever = replace(
                    lever, detail=lever.detail or one.which, location=_at(one), suspicion=max(lever.suspicion, 1)
                )
            found.append(lever)
        return replace(self, case=replace(self.case, steadying=tuple(found)))

    def said(self, levers: Collection[str]) -> tuple[str, ...]:
        """What several levers do, in words."""
        return tuple(self.words[name] for name in sorted(levers))


@dataclass
class _Collected:
    steadying: list[Lever] = field(default_factory=list)
    restoring: list[Lever] = field(default_factory=list)
    moving: list[Lever] = field(default_factory=list)
    untested: list[Lever] = field(default_factory=list)
    unheld: list[Lever] = field(default_factory=list)
    conditions: dict[str, Conditions] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)

    def add(self, to: list[Lever], lever: Lever, conditions: Conditions, words: str) -> None:
        to.append(lever)
        self.conditions[lever.name] = conditions
        self.words[lever.name] = words


def still(factor: str, *, seed: int, moment: int) -> Conditions:
    """The conditions that hold a factor still.

    Args:
        factor: ``entropy``, ``clock``, ``path`` or ``user-environment``: what two runs in the same way may differ by.
        seed: What entropy is made from.
        moment: Where the clock stands, in nanoseconds since 1970.
    """
    inside = {
        "entropy": {"entropy": str(seed)},
        "clock": {"clock": f"frozen {moment}"},
        "path": {"names": "1"},
        "user-environment": {"identity": "fixed"},
    }
    return Conditions(inside=inside[factor])


def bench(
    recorded: Trace,
    usual: Trace,
    then: Environment,
    here: Environment,
    *,
    reached: Collection[str],
    seed: int,
    variable_here: Callable[[str], object],
    limits: Mapping[str, str],
    doubt: float = 0.02,
    most: int = 200,
    loaded: Collection[str] = (),
    hints: Mapping[str, tuple[str, str]] | None = None,
    swaps: Mapping[str, tuple[str, str]] | None = None,
    text: bytes = b"",
) -> Bench:
    """The levers of one step.

    Args:
        recorded: Its recorded trace.
        usual: A trace of it here, unchanged.
        then: What the recorded trace ran on.
        here: What it runs on here.
        reached: Distributions that the step reaches.
        seed: The pipeline's seed.
        variable_here: The digest of a variable's value here; None if it is not set.
        limits: Condition → what it cannot reach.
        doubt: The greatest probability of chance that is let pass.
        most: How many trials may be made.
        loaded: Distributions that are at work in the step, reached or not.
        swaps: Distribution → its recorded version and the one here, for those that can be exchanged.
        text: What is stored of its output here, where its preview does not show all of it.
        hints: Factor → the first call in its code that the factor may enter through, and where that is.
    """
    made = _Collected()
    _steadying(made, recorded, usual, seed, limits, {*reached, *loaded})
    for name, (before, now) in sorted((swaps or {}).items()):
        made.add(
            made.restoring,
            Lever(f"distribution {name}", "environment", str(Drift("distribution", name, before, now)), "", 3),
            Conditions(distributions={name: before or "not installed"}),
            f"{name} {before or 'not installed'}",
        )
    hinted, evident = dict(hints or {}), frozenset[str]()
    if _ADDRESS.search(usual.output.preview.encode()) or _ADDRESS.search(text):
        _, where = hinted.get("memory-addresses") or hinted.get("printed", ("", ""))
        hinted["memory-addresses"] = ("an address in what comes out", where)
        evident = frozenset({"memory-addresses"})
    addressed = "memory-addresses" in hinted
    _restoring(made, recorded, usual, then, here, reached, variable_here, limits, addressed)
    case = Case(
        steadying=_hinted(made.steadying, hinted, evident),
        restoring=_hinted(made.restoring, hinted, evident),
        moving=_hinted(made.moving, hinted, evident),
        untested=_hinted(made.untested, hinted, evident),
        unheld=_hinted(made.unheld, hinted, evident),
        doubt=doubt,
        most=most,
    )
    return Bench(case, made.conditions, made.words)


def _hinted(
    levers: Iterable[Lever], hints: Mapping[str, tuple[str, str]], evident: Collection[str]
) -> tuple[Lever, ...]:
    """The same, with what the text of the code, or what comes out, speaks for; what was seen as it ran says more."""
    found = []
    for lever in levers:
        call, where = hints.get(lever.factor, ("", ""))
        if call and not lever.location:
            suspicion = max(lever.suspicion, 2 if lever.factor in evident else 1)
            lever = replace(lever, detail=lever.detail or call, location=where, suspicion=suspicion)
        found.append(lever)
    return tuple(found)


def _steadying(
    made: _Collected, recorded: Trace, usual: Trace, seed: int, limits: Mapping[str, str], libraries: Collection[str]
) -> None:
    watched = usual.watched
    known = [name for name in UNORDERED if name in libraries]
    drawn, clocks, native = first(watched, "entropy"), first(watched, "clock"), first(watched, "native entropy")
    answered = "seccomp" in watched.watcher  # then native code is reached, too
    named, called = first(watched, "temporary name"), first(watched, "identity")
    made.add(
        made.steadying,
        Lever(
            "entropy",
            "entropy",
            _which(drawn) or (f"native code asks the kernel ({native.which})" if native else ""),
            _at(drawn),
            4 if drawn else 3 if native and known else 1 if native else 0,
            _OWN_SEEDS if "polars" in libraries else limits["entropy"],
            partly="polars" in libraries or (native is not None and not answered),
        ),
        still("entropy", seed=seed, moment=recorded.started),
        "entropy from a seeded stream",
    )
    made.add(
        made.steadying,
        Lever("clock", "clock", _which(clocks), _at(clocks), 3 if clocks else 0, limits["clock"]),
        still("clock", seed=seed, moment=recorded.started),
        "the clock frozen",
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
    made.add(
        made.steadying,
        Lever("names", "path", "names of temporary files", _at(named), 2 if named else 0, limits["names"]),
        still("path", seed=seed, moment=recorded.started),
        "temporary names fixed",
    )
    made.add(
        made.steadying,
        Lever(
            "identity",
            "user-environment",
            _which(called) or "process id, host name, user name",
            _at(called),
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
        Conditions(addresses=True, inside={"addresses": "counted"}),
        "memory laid out the same way, id() counted",
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
        where = _at(first(watched, "network"))
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


def _restoring(
    made: _Collected,
    recorded: Trace,
    usual: Trace,
    then: Environment,
    here: Environment,
    reached: Collection[str],
    variable_here: Callable[[str], object],
    limits: Mapping[str, str],
    addressed: bool,
) -> None:
    clocks = first(recorded.watched, "clock") or first(usual.watched, "clock")
    made.add(
        made.restoring,
        Lever("clock as recorded", "clock", _which(clocks), _at(clocks), 3 if clocks else 0, limits["clock"]),
        Conditions(inside={"clock": f"frozen {recorded.started}"}),
        "the clock at the moment of the record",
    )
    _variables(made, recorded, usual, then, here, variable_here)
    _files(made, recorded, usual, limits)
    drifts = drift(then, here, reached)
    _code_paths(made, drifts)
    for found in drifts:
        of = {"distribution": "environment", "interpreter": "environment", "library": "hardware", "cpu": "hardware"}
        factor = of.get(found.what, "")
        if found.what == "distribution" and found.name not in reached:
            continue
        if factor and not any(lever.detail == str(found) for lever in made.restoring):
            made.untested.append(
                Lever(f"{found.what} {found.name}", factor, str(found), "", 2, "it could not be changed here")
            )
    made.add(
        made.moving,
        Lever("another folder", "path", "the folder that it runs in"),
        Conditions(folder="another/folder/that/is/deeper/down"),
        "run in another, deeper folder",
    )
    made.add(
        made.moving,
        Lever("another order", "directory-order", "the order in which folders are listed"),
        Conditions(inside={"directory-order": "reversed"}),
        "listings in the opposite order",
    )
    made.add(
        made.moving,
        Lever("another name", "user-environment", "host name, user name, process id"),
        Conditions(inside={"identity": "fixed"}),
        "process id, host and user name replaced",
    )
    if addressed:
        made.add(
            made.moving,
            Lever("other addresses", "memory-addresses", "where things lie in memory"),
            Conditions(inside={"addresses": "counted"}),
            "id() counted",
        )


def _variables(
    made: _Collected,
    recorded: Trace,
    usual: Trace,
    then: Environment,
    here: Environment,
    variable_here: Callable[[str], object],
) -> None:
    """Variables that had another value: those of numerics are known by value, others only by their digest."""
    lines = {one.which: one for one in (*usual.watched.observed, *recorded.watched.observed) if one.what == "variable"}
    for name in sorted(then.variables.keys() | here.variables.keys()):
        before, now = then.variables.get(name), here.variables.get(name)
        if before != now:
            conditions = (
                Conditions(removed=frozenset({name})) if before is None else Conditions(variables={name: before})
            )
            made.add(
                made.restoring,
                Lever(
                    f"variable {name}", "user-environment", str(Drift("variable", name, before or "", now or "")), "", 2
                ),
                conditions,
                f"{name} {'unset' if before is None else f'= {before}'}",
            )
    reads = {read.name: read for read in recorded.watched.variables}
    if ALL in reads:  # it looked at all that there were, so of those that are new it would have taken note
        new = [read.name for read in usual.watched.variables if read.name not in reads]
        reads |= {name: VariableRead(name=name, content=None) for name in new}
        del reads[ALL]
    for read in reads.values():
        if read.name in then.variables or read.name in here.variables or variable_here(read.name) == read.content:
            continue
        where = _at(lines.get(read.name))
        if read.content is None:
            made.add(
                made.restoring,
                Lever(f"variable {read.name}", "user-environment", f"{read.name}: unset → set", where, 4),
                Conditions(removed=frozenset({read.name})),
                f"{read.name} unset",
            )
        else:
            made.untested.append(
                Lever(
                    f"variable {read.name}",
                    "user-environment",
                    f"{read.name}: another value",
                    where,
                    4,
                    "only a digest of the recorded value is kept; set the variable to what it was, and verify again",
                )
            )


def _files(made: _Collected, recorded: Trace, usual: Trace, limits: Mapping[str, str]) -> None:
    """Files that the recorded run looked for in vain, and that are here now: somebody made them since, maybe itself."""
    missing = {(read.root, read.path) for read in recorded.watched.files if read.what == "missing"}
    for read in usual.watched.files:
        if read.what not in ("file", "exists") or (read.root, read.path) not in missing:
            continue
        detail = f"{read.path}: not there → there"
        if read.root:
            made.untested.append(
                Lever(f"file {read.path}", "data", detail, "", 4, "it lies where the run is brought back to")
            )
            continue
        made.add(
            made.restoring,
            Lever(f"file {read.path}", "data", detail, "", 4, limits["absent"]),
            Conditions(inside={"absent": json.dumps([read.path])}),
            f"{read.path} not there",
        )


def _code_paths(made: _Collected, drifts: Iterable[Drift]) -> None:
    """The recorded machine's code paths, where a switch can imitate them on this one."""
    flags = {found.name: found for found in drifts if found.what == "cpu" and found.recorded == "" and found.here}
    for found in drifts:
        if found.what == "library" and found.name == "openblas kernel":
            made.add(
                made.restoring,
                Lever("OpenBLAS kernel", "hardware", str(found), "", 2),
                Conditions(variables={"OPENBLAS_CORETYPE": found.recorded}),
                f"OPENBLAS_CORETYPE={found.recorded}",
            )
    if any(name.startswith("avx512") for name in flags):
        detail = str(next(found for name, found in flags.items() if name.startswith("avx512")))
        made.add(
            made.restoring,
            Lever("no AVX-512", "hardware", detail, "", 2),
            Conditions(
                variables={
                    "NPY_DISABLE_CPU_FEATURES": _AVX512,
                    "ATEN_CPU_CAPABILITY": "avx2",
                    "ONEDNN_MAX_CPU_ISA": "AVX2",
                }
            ),
            "code paths without AVX-512",
        )
        _mkl(made, "AVX2", detail)
    if "avx2" in flags or "fma" in flags:
        _mkl(made, "COMPATIBLE", str(flags.get("avx2") or flags["fma"]))
        made.add(
            made.restoring,
            Lever("no AVX2", "hardware", str(flags.get("avx2") or flags["fma"]), "", 2),
            Conditions(
                variables={
                    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX2_Usable,-FMA_Usable",
                    "ATEN_CPU_CAPABILITY": "default",
                    "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3 X86_V3",
                }
            ),
            "code paths without AVX2 and FMA",
        )


def _mkl(made: _Collected, branch: str, detail: str) -> None:
    """MKL (inside of PyTorch's wheels, too) has its own word for older processors; the oldest one counts."""
    if "MKL's code path" in made.conditions:
        made.restoring = [lever for lever in made.restoring if lever.name != "MKL's code path"]
    made.add(
        made.restoring,
        Lever("MKL's code path", "hardware", detail, "", 1),
        Conditions(variables={"MKL_CBWR": branch}),
        f"MKL_CBWR={branch}",
    )


def first(watched: Watched, what: str) -> Observed | None:
    """The first of what was observed of a kind; one with a line before one without."""
    found = [one for one in watched.observed if one.what == what]
    return next((one for one in found if one.path), found[0] if found else None)


def _which(one: Observed | None) -> str:
    return one.which if one is not None else ""


def _at(one: Observed | None) -> str:
    return f"{one.path}:{one.line}" if one is not None and one.path else ""
