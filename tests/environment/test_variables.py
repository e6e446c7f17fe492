from __future__ import annotations

from twice.control.switches import variables as pinned_variables
from twice.environment.variables import PINNED, variables
from twice.records.environment import Settings


def test_what_chooses_numerical_code_is_taken_and_nothing_else() -> None:
    environ = {
        "OMP_SCHEDULE": "static",
        "OPENBLAS_CORETYPE": "Haswell",
        "MKL_CBWR": "AVX2",
        "NPY_DISABLE_CPU_FEATURES": "AVX512F",
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2",
        "HOME": "/home/me",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "PATH": "/bin",
        "COMPUTE": "1",
    }
    found = variables(environ)
    assert list(found) == [
        "GLIBC_TUNABLES",
        "MKL_CBWR",
        "NPY_DISABLE_CPU_FEATURES",
        "OMP_SCHEDULE",
        "OPENBLAS_CORETYPE",
    ]
    assert found["MKL_CBWR"] == "AVX2"


def test_folders_tokens_and_what_libraries_set_for_themselves_stay_out() -> None:
    environ = {
        "NUMBA_CACHE_DIR": "cache",
        "TF_VAR_password": "secret",
        "MKL_SOMETHING": "/home/me/mkl",
        "KMP_DUPLICATE_LIB_OK": "True",
        "XLA_FLAGS": "--xla_dump_to=/home/me",
    }
    assert variables(environ) == {}


def test_a_value_loses_its_paths_and_keeps_the_rest() -> None:
    environ = {"XLA_FLAGS": "--xla_cpu_max_isa=AVX2  --xla_dump_to=/home/me"}
    assert variables(environ) == {"XLA_FLAGS": "--xla_cpu_max_isa=AVX2"}


def test_every_variable_that_is_pinned_for_threads_is_known_to_be() -> None:
    pinned = pinned_variables(Settings(hash_seed=0, threads=2, timezone="UTC", locale="C.UTF-8"))
    assert set(pinned) - {"PYTHONHASHSEED", "TZ", "LC_ALL", "MPLBACKEND"} == PINNED
