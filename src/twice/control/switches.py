"""Determinism settings: what the user did not choose is looked up once, recorded, and pinned from then on.

Most of these are read when an interpreter starts or when a library is first loaded, so they are put into the
environment that a worker is started with. Nothing here changes the process that asks.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from twice.control.deterministic import VARIABLES as DETERMINISTIC
from twice.records.environment import Settings

UNKNOWN_TIMEZONE = "UTC"
UNKNOWN_LOCALE = "C.UTF-8"

_LARGEST_HASH_SEED = 2**32 - 1

# Each of these, unset, means "as many threads as there are cores", and so other sums on another machine.
_THREADS = (
    "OMP_NUM_THREADS",  # every OpenMP runtime; also PyTorch and Arrow
    "OPENBLAS_NUM_THREADS",
    "GOTO_NUM_THREADS",  # OpenBLAS, by its older name
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",  # Apple's Accelerate
    "NUMEXPR_NUM_THREADS",
    "NUMEXPR_MAX_THREADS",  # NumExpr refuses more threads than this
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "RAYON_NUM_THREADS",  # libraries in Rust
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "LOKY_MAX_CPU_COUNT",  # how many pieces joblib makes for n_jobs=-1
    "PYTHON_CPU_COUNT",  # what os.cpu_count() says, from Python 3.13 on
)

_FIXED = {
    "OMP_DYNAMIC": "FALSE",  # or the runtime may use fewer threads than it was told
    "MKL_DYNAMIC": "FALSE",
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",  # ordered sums on GPUs; looked at when CUDA starts
    "MPLBACKEND": "Agg",  # a worker has no display, and figures must not depend on there being one
}


PINNED = frozenset({"PYTHONHASHSEED", "TZ", "LC_ALL", *_THREADS, *_FIXED, *DETERMINISTIC})
"""The names of all variables that settings govern."""


def default_settings(
    environ: Mapping[str, str] | None = None, system: Path = Path("/etc"), *, deterministic: bool = False
) -> Settings:
    """The settings of a first run: what the user chose by variables, else what the machine has.

    Args:
        environ: The variables; by default ``os.environ``.
        system: The folder with the system's own settings.
        deterministic: What libraries offer for the same numbers is wanted; then there is one thread.

    Returns:
        The hash seed (0 unless ``PYTHONHASHSEED`` is a number), the number of threads (of usable cores, unless
        ``OMP_NUM_THREADS``, or else OpenBLAS's or MKL's, says), the time zone and the locale.
    """
    environ = os.environ if environ is None else environ
    return Settings(
        hash_seed=_hash_seed(environ),
        threads=1 if deterministic else _threads(environ),
        timezone=_timezone(environ, system),
        locale=environ.get("LC_ALL") or environ.get("LANG") or UNKNOWN_LOCALE,
        deterministic=deterministic,
    )


def variables(settings: Settings) -> dict[str, str]:
    """What must be in a worker's environment, before its interpreter starts, to pin the settings."""
    threads = str(settings.threads)
    return {
        "PYTHONHASHSEED": str(settings.hash_seed),
        "TZ": settings.timezone,
        "LC_ALL": settings.locale,
        **dict.fromkeys(_THREADS, threads),
        **_FIXED,
        **(DETERMINISTIC if settings.deterministic else {}),
    }


def _hash_seed(environ: Mapping[str, str]) -> int:
    text = environ.get("PYTHONHASHSEED", "")
    number = int(text) if re.fullmatch("[0-9]{1,10}", text) else 0  # "random" is no choice that could be kept
    return number if number <= _LARGEST_HASH_SEED else 0


def _threads(environ: Mapping[str, str]) -> int:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        first = environ.get(name, "").partition(",")[0].strip()  # OpenMP takes one number for each level
        if re.fullmatch("[0-9]{1,6}", first) and int(first) > 0:
            return int(first)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _timezone(environ: Mapping[str, str], system: Path) -> str:
    chosen = environ.get("TZ")
    if chosen is not None:
        # A leading colon only says that a file is meant; an empty variable means UTC.
        return _zone_name(chosen.removeprefix(":")) or UNKNOWN_TIMEZONE
    try:
        linked = _zone_name(str((system / "localtime").readlink()))
        if linked and not linked.startswith((".", "/")):
            return linked
    except OSError:
        pass  # a copy, or not there
    try:
        lines = (system / "timezone").read_text("utf-8", "replace").split()
    except OSError:
        lines = []
    return lines[0] if lines else UNKNOWN_TIMEZONE


def _zone_name(path: str) -> str:
    """``Europe/Berlin``, for a path like ``/usr/share/zoneinfo/posix/Europe/Berlin``; other texts as they are."""
    name = path.rpartition("zoneinfo/")[2] if "zoneinfo/" in path else path
    return name.removeprefix("posix/")
