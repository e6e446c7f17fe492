from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twice.environment.drift import Drift, drift, sentence
from twice.records.environment import Distribution, Environment, Interpreter, Machine, NumericLibrary

MACHINE = Machine(
    system="Linux",
    release="6.1",
    architecture="x86_64",
    libc="glibc 2.36",
    cpu="Some CPU",
    cpu_flags=("avx", "avx2", "avx512f", "fma", "tsc"),
    cores=8,
)
PYTHON = Interpreter(implementation="CPython", version="3.11.7", build="main", compiler="GCC 12")
BLAS = NumericLibrary(
    name="openblas", version="0.3.27", kernel="SkylakeX", threads=8, file="libscipy_openblas64_-99b71e71.so"
)


def made(versions: dict[str, str] | None = None, **changes: Any) -> Environment:
    distributions = tuple(
        Distribution(name=name, version=version) for name, version in sorted((versions or {"pandas": "2.3.1"}).items())
    )
    machine = msgspec.structs.replace(MACHINE, **changes.pop("machine", {}))
    interpreter = msgspec.structs.replace(PYTHON, **changes.pop("interpreter", {}))
    return Environment(
        interpreter=interpreter, machine=machine, distributions=distributions, **{"numeric": (BLAS,), **changes}
    )


def test_equal_environments_do_not_differ() -> None:
    assert drift(made(), made()) == []
    assert sentence([]) == "no difference"


def test_the_sentence_of_a_morning_after_an_upgrade() -> None:
    recorded = made({"pandas": "2.3.1", "a": "1", "b": "1", "c": "1", "d": "1"})
    here = made(
        {"pandas": "3.0.0", "a": "2", "b": "2", "c": "2", "d": "2"}, machine={"cpu_flags": ("avx", "avx2", "fma")}
    )
    found = drift(recorded, here, reached=["pandas"])
    assert sentence(found) == "pandas 2.3.1 → 3.0.0, 4 more; CPU without avx512f"


def test_reached_distributions_come_first_and_numeric_ones_before_others() -> None:
    recorded = made({"attrs": "1", "numpy": "1", "rich": "1", "scipy": "1"})
    here = made({"attrs": "2", "numpy": "2", "rich": "2", "scipy": "2"}, interpreter={"version": "3.12.0"})
    assert [found.name for found in drift(recorded, here, reached=["Rich==1"])] == [
        "rich",
        "Python",
        "numpy",
        "scipy",
        "attrs",
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"machine": {"system": "Darwin"}}, "system Linux → Darwin"),
        ({"machine": {"libc": "glibc 2.41"}}, "C library glibc 2.36 → glibc 2.41"),
        ({"machine": {"cpu": "Other CPU"}}, "processor Some CPU → Other CPU"),
        ({"machine": {"cores": 2}}, "cores 8 → 2"),
        ({"machine": {"release": "6.2"}}, "Linux 6.1 → 6.2"),
        ({"machine": {"architecture": "arm64", "cpu_flags": ("asimd",)}}, "architecture x86_64 → arm64"),
        ({"machine": {"cpu_flags": (*MACHINE.cpu_flags, "amx_bf16")}}, "CPU with amx_bf16"),
        ({"interpreter": {"version": "3.12.1", "build": "x"}}, "Python 3.11.7 → 3.12.1"),
        ({"interpreter": {"implementation": "PyPy"}}, "Python CPython 3.11.7 → PyPy 3.11.7"),
        ({"interpreter": {"compiler": "Clang"}}, "Python's compiler GCC 12 → Clang"),
        ({"variables": {"OPENBLAS_CORETYPE": "Haswell"}}, "OPENBLAS_CORETYPE unset → 'Haswell'"),
        ({"versions": {"pandas": "2.3.1", "extra": "1"}}, "extra 1 was not there"),
        ({"versions": {"extra": "1"}}, "pandas 2.3.1 is not here, 1 more"),
        ({"numeric": (msgspec.structs.replace(BLAS, kernel="Haswell"),)}, "openblas kernel SkylakeX → Haswell"),
        ({"numeric": (msgspec.structs.replace(BLAS, threads=2),)}, "openblas threads 8 → 2"),
        (
            {"numeric": (msgspec.structs.replace(BLAS, version="0.3.29", file="libscipy_openblas64_-00000000.so"),)},
            "openblas 0.3.27 → 0.3.29",
        ),
        ({"numeric": (NumericLibrary(name="mkl", version="2025.0"),)}, "BLAS openblas 0.3.27 → mkl 2025.0"),
    ],
)
def test_each_difference_is_said_in_words(change: dict[str, Any], words: str) -> None:
    assert sentence(drift(made(), made(**change))) == words


def test_a_distribution_that_is_gone_is_missed() -> None:
    assert str(drift(made({"a": "1", "b": "1"}), made({"b": "1"}))[0]) == "a 1 is not here"


def test_the_same_version_from_elsewhere_is_a_difference() -> None:
    def one(origin: str) -> Environment:
        return msgspec.structs.replace(
            made(), distributions=(Distribution(name="pandas", version="3.0", origin=origin),)
        )

    assert sentence(drift(one("index"), one("vcs"))) == "pandas 3.0 (index) → 3.0 (vcs)"
    assert drift(one("index"), one("unknown")) == []


def test_what_is_not_known_is_no_difference() -> None:
    assert drift(made(), made(numeric=())) == []
    assert drift(made(machine={"cpu_flags": ()}), made()) == []
    bare = NumericLibrary(name="openblas", file=BLAS.file)
    assert drift(made(), made(numeric=(bare,))) == []


def test_pinned_variables_and_features_without_numbers_are_left_out() -> None:
    assert drift(made(variables={"OMP_NUM_THREADS": "4"}), made()) == []
    assert drift(made(), made(machine={"cpu_flags": (*MACHINE.cpu_flags, "umip")})) == []


def test_two_libraries_of_one_kind_are_compared_each_with_its_own() -> None:
    other = NumericLibrary(name="openblas", version="0.3.30", file="libscipy_openblas-6cdc3b4a.so")
    changed = msgspec.structs.replace(other, version="0.3.31")
    assert drift(made(numeric=(BLAS, other)), made(numeric=(other, BLAS))) == []
    assert drift(made(numeric=(BLAS, other)), made(numeric=(BLAS, changed))) == [
        Drift("library", "openblas", "0.3.30", "0.3.31")
    ]


VERSIONS = st.dictionaries(st.sampled_from(["numpy", "pandas", "rich", "zlib"]), st.sampled_from(["1", "2"]))


@given(VERSIONS, VERSIONS, st.sets(st.sampled_from(["pandas", "rich"])))
def test_drift_names_exactly_what_differs_and_turns_round_with_its_sides(
    recorded: dict[str, str], here: dict[str, str], reached: set[str]
) -> None:
    def of(versions: dict[str, str]) -> Environment:
        return msgspec.structs.replace(
            made(), distributions=tuple(Distribution(name=name, version=versions[name]) for name in sorted(versions))
        )

    found = drift(of(recorded), of(here), reached)
    assert {one.name for one in found} == {
        name for name in recorded.keys() | here.keys() if recorded.get(name) != here.get(name)
    }
    assert [(one.name, one.here, one.recorded) for one in found] == [
        (one.name, one.recorded, one.here) for one in drift(of(here), of(recorded), reached)
    ]
    firsts = [one.name in reached for one in found]
    assert firsts == sorted(firsts, reverse=True)
