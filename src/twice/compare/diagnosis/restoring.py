"""Levers that set back what is here not as it was recorded, or move what cannot be set back. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping

from twice.compare.diagnosis.case import Lever
from twice.compare.diagnosis.collected import Collected, at, first, which
from twice.control.conditions import Conditions
from twice.control.environ import ALL
from twice.environment.drift import Drift, drift
from twice.records.environment import Environment
from twice.records.trace import Trace, VariableRead

_AVX512 = "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR X86_V4"
"""What NumPy has called these features, in all its versions; it ignores names that it does not know."""


def restoring(
    made: Collected,
    recorded: Trace,
    usual: Trace,
    then: Environment,
    here: Environment,
    reached: Collection[str],
    variable_here: Callable[[str], object],
    limits: Mapping[str, str],
    addressed: bool,
    changed: Mapping[str, tuple[str, str]],
) -> None:
    """Gather them.

    Args:
        made: Where to.
        recorded: The recorded trace.
        usual: A trace here, unchanged.
        then: What the recorded trace ran on.
        here: What it runs on here.
        reached: Distributions that the step reaches.
        variable_here: The digest of a variable's value here; None if it is not set.
        limits: Condition → what it cannot reach.
        addressed: Something speaks for addresses.
        changed: Files that are read where they lie and were others then → what became of them in words, and where their
            recorded bytes are; empty if they are not kept.
    """
    clocks = first(recorded.watched, "clock") or first(usual.watched, "clock")
    made.add(
        made.restoring,
        Lever("clock as recorded", "clock", which(clocks), at(clocks), 3 if clocks else 0, limits["clock"]),
        Conditions(inside={"clock": f"frozen {recorded.started}"}),
        "the clock at the moment of the record",
    )
    if recorded.host != usual.host:
        called = first(usual.watched, "identity") or first(recorded.watched, "identity")
        words = f"host name {recorded.host} → {usual.host}"
        made.add(
            made.restoring,
            Lever("host", "user-environment", words, at(called), 4 if called else 0, limits["host"]),
            Conditions(inside={"host": recorded.host}),
            f"host name {recorded.host}",
        )
    _variables(made, recorded, usual, then, here, variable_here)
    _files(made, recorded, usual, limits)
    _changed(made, recorded, changed, limits)
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
        Lever("order of names", "directory-order", "the order in which folders are listed", like="another order"),
        Conditions(inside={"directory-order": "sorted"}),
        "listings sorted by name",
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
    made: Collected,
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
        where = at(lines.get(read.name))
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


def _files(made: Collected, recorded: Trace, usual: Trace, limits: Mapping[str, str]) -> None:
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


def _changed(
    made: Collected, recorded: Trace, changed: Mapping[str, tuple[str, str]], limits: Mapping[str, str]
) -> None:
    """Files outside of the project that the recorded run read and that hold something else by now, or are gone."""
    for read in recorded.watched.files:
        detail, bytes_ = changed.get(read.path, ("", ""))
        if read.what != "file" or not detail:
            continue
        if not bytes_ or read.root:
            kept = "only a digest of what it held is kept; bring it back, and verify again"
            made.untested.append(Lever(f"file {read.path}", "data", detail, "", 5, kept))
            continue
        made.add(
            made.restoring,
            Lever(f"file {read.path}", "data", detail, "", 5, limits["instead"], partly=True),
            Conditions(inside={"instead": json.dumps({read.path: bytes_})}),
            f"{read.path} as recorded",
        )


def _code_paths(made: Collected, drifts: Iterable[Drift]) -> None:
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


def _mkl(made: Collected, branch: str, detail: str) -> None:
    """MKL (inside of PyTorch's wheels, too) has its own word for older processors; the oldest one counts."""
    if "MKL's code path" in made.conditions:
        made.restoring = [lever for lever in made.restoring if lever.name != "MKL's code path"]
    made.add(
        made.restoring,
        Lever("MKL's code path", "hardware", detail, "", 1),
        Conditions(variables={"MKL_CBWR": branch}),
        f"MKL_CBWR={branch}",
    )
