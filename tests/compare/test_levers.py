"""Which levers a step has, from what was seen and what differs here."""

from __future__ import annotations

from typing import Any

import msgspec

from twice.compare.diagnosis.levers import bench
from twice.control.held import LIMITS
from twice.records.artifact import Artifact
from twice.records.digest import digest_bytes
from twice.records.environment import Environment, Interpreter, Machine, NumericLibrary
from twice.records.trace import FileRead, Observed, Trace, VariableRead, Watched

NAME = digest_bytes(b"name")


def trace(preview: str = "1", **watched: Any) -> Trace:
    return Trace(
        key=NAME,
        step="fit",
        ingredients={},
        inputs={},
        output=Artifact(kind="int", content=NAME, skeleton=NAME, size=1, preview=preview),
        watched=Watched(watcher="audit", **watched),
        started=1_750_000_000_000_000_000,
        duration=1,
        host="here",
        environment=NAME,
    )


def environment(kernel: str = "Haswell", flags: tuple[str, ...] = ("avx2", "fma"), **variables: str) -> Environment:
    return Environment(
        interpreter=Interpreter(implementation="CPython", version="3.11.7", build="b", compiler="c"),
        machine=Machine(
            system="Linux", release="6", architecture="x86_64", libc="glibc", cpu="a cpu", cpu_flags=flags, cores=2
        ),
        distributions=(),
        numeric=(NumericLibrary(name="openblas", version="0.3", kernel=kernel, threads=1),),
        variables=variables,
    )


def made(recorded: Trace, usual: Trace, then: Environment, here: Environment, **more: Any) -> Any:
    return bench(recorded, usual, then, here, reached=(), seed=0, variable_here=lambda _: None, limits=LIMITS, **more)


def test_what_was_seen_is_tried_first_with_its_line() -> None:
    seen = trace(
        observed=(
            Observed(what="clock", which="time.time", root="project", path="flow.py", line=3),
            Observed(what="entropy", which="os.urandom", root="project", path="flow.py", line=9),
        ),
        files=(FileRead(root="project", path="data", what="listing"),),
    )
    found = made(trace(), seen, environment(), environment(), hints={"threads": ("as_completed", "flow.py:5")})
    order = sorted(found.case.steadying, key=lambda lever: -lever.suspicion)
    assert [lever.factor for lever in order[:2]] == ["entropy", "clock"]
    assert order[0].location == "flow.py:9"
    by_name = {lever.name: lever for lever in found.case.steadying}
    assert by_name["threads"].location == "flow.py:5" and by_name["directory-order"].suspicion
    assert found.together(["clock"]).inside == {"clock": "frozen 1750000000000000000"}


def test_a_library_that_others_load_is_not_suspected_of_what_its_own_calls_would_do() -> None:
    for reached, loaded, suspected in ((("polars",), (), True), ((), ("polars",), False)):
        found = bench(
            trace(),
            trace(),
            environment(),
            environment(),
            reached=reached,
            loaded=loaded,
            seed=0,
            variable_here=lambda _: None,
            limits=LIMITS,
        )
        by_name = {lever.name: lever for lever in found.case.steadying}
        for name in ("groups", "threads"):
            assert bool(by_name[name].suspicion) is suspected
        assert by_name["entropy"].partly is suspected


def test_an_address_in_what_comes_out_speaks_for_memory_addresses() -> None:
    shown = trace("<object object at 0x7f9dc26c6db0>")
    by_name = {lever.name: lever for lever in made(trace(), shown, environment(), environment()).case.steadying}
    assert by_name["memory-addresses"].suspicion


def test_entropy_of_native_code_is_suspected_and_not_ruled_out_where_it_cannot_be_held() -> None:
    drawn = (Observed(what="native entropy", which="getrandom"),)
    for watcher, partly in (("audit and seccomp", False), ("audit and strace", True)):
        seen = trace()
        seen = msgspec.structs.replace(seen, watched=Watched(watcher=watcher, observed=drawn))
        by_name = {lever.name: lever for lever in made(trace(), seen, environment(), environment()).case.steadying}
        assert by_name["entropy"].suspicion and by_name["entropy"].partly is partly


def test_what_an_experiment_shows_tells_what_to_try_next_and_where_it_enters() -> None:
    found = made(trace(), trace(), environment(), environment())
    assert not any(lever.suspicion for lever in found.case.steadying)
    one = Observed(what="clock", which="time.time", root="project", path="flow.py", line=7)
    found = found.having_seen(Watched(watcher="audit", observed=(one,)))
    by_name = {lever.name: lever for lever in found.case.steadying}
    assert by_name["clock"].location == "flow.py:7" and by_name["clock"].suspicion == 1
    assert not by_name["entropy"].suspicion


def test_variables_are_set_back_where_their_value_is_known_and_named_where_it_is_not() -> None:
    read = (VariableRead(name="UNSET_THEN", content=None), VariableRead(name="OTHER", content=NAME))
    recorded = trace(variables=read)
    found = bench(
        recorded,
        recorded,
        environment(MKL_CBWR="COMPATIBLE"),
        environment(),
        reached=(),
        seed=0,
        variable_here=lambda _: "something",
        limits=LIMITS,
    )
    assert found.together(["variable MKL_CBWR"]).variables == {"MKL_CBWR": "COMPATIBLE"}
    assert found.together(["variable UNSET_THEN"]).removed == {"UNSET_THEN"}
    assert [lever.detail for lever in found.case.untested if lever.factor == "user-environment"] == [
        "OTHER: another value"
    ]


def test_the_recorded_host_has_its_name_again() -> None:
    elsewhere = msgspec.structs.replace(trace(), host="there")
    found = made(elsewhere, trace(), environment(), environment())
    assert found.together(["host"]).inside == {"host": "there"}
    assert "host" not in made(trace(), trace(), environment(), environment()).conditions


def test_what_was_not_there_when_it_was_looked_for_can_be_gone_again() -> None:
    recorded = trace(
        files=(FileRead(root="", path="/tmp/cache", what="missing"), FileRead(root="p", path="own", what="missing")),
        variables=(VariableRead(name="*", content=NAME), VariableRead(name="HOME", content=NAME)),
    )
    usual = trace(
        files=(FileRead(root="", path="/tmp/cache", what="file"), FileRead(root="p", path="own", what="exists")),
        variables=(VariableRead(name="*", content=NAME), VariableRead(name="NEW", content=NAME)),
    )
    found = made(recorded, usual, environment(), environment())
    assert found.together(["file /tmp/cache"]).inside == {"absent": '["/tmp/cache"]'}
    assert [lever.name for lever in found.case.untested if lever.factor == "data"] == ["file own"]
    found = bench(
        recorded, usual, environment(), environment(), reached=(), seed=0, variable_here=lambda _: NAME, limits=LIMITS
    )
    assert found.together(["variable NEW"]).removed == {"NEW"}


def test_the_recorded_machines_code_path_is_imitated_downwards() -> None:
    found = made(trace(), trace(), environment("Haswell"), environment("SkylakeX", ("avx2", "avx512f", "fma")))
    assert found.together(["OpenBLAS kernel"]).variables == {"OPENBLAS_CORETYPE": "Haswell"}
    assert found.together(["no AVX-512"]).variables["ATEN_CPU_CAPABILITY"] == "avx2"
    assert found.together(["MKL's code path"]).variables == {"MKL_CBWR": "AVX2"}
    older = made(trace(), trace(), environment(flags=("sse2",)), environment(flags=("avx2", "avx512f", "fma")))
    assert older.together(["MKL's code path"]).variables == {"MKL_CBWR": "COMPATIBLE"}
    upward = made(trace(), trace(), environment("SkylakeX", ("avx2", "avx512f", "fma")), environment("Haswell"))
    assert not any(lever.name == "no AVX-512" for lever in upward.case.restoring)


def test_distributions_that_can_be_exchanged_are_levers_and_services_are_only_suspected() -> None:
    asked = trace(connected=("10.0.0.1:80",), executed=("/usr/bin/date",))
    found = made(trace(), asked, environment(), environment(), swaps={"pandas": ("2.3.1", "3.0.0")})
    lever = next(lever for lever in found.case.restoring if lever.factor == "environment")
    assert lever.detail == "pandas 2.3.1 → 3.0.0"
    assert found.together([lever.name]).distributions == {"pandas": "2.3.1"}
    assert any(lever.factor == "network" and lever.suspicion for lever in found.case.untested)
    assert {"network", "other programs"} <= {lever.name for lever in found.case.unheld if lever.suspicion}
    assert found.together(["network refused"]).inside == {"network": "refused"}
