"""The libraries whose kernels and threads move last bits, as they are loaded in this process.

Nothing is imported that the process has not imported itself. So the answer is about *this* process, now: asked before
NumPy was loaded, it is empty, which means "not known" and never "there is none".
"""

from __future__ import annotations

import importlib
import os
import re
import sys
from pathlib import Path
from typing import Any

from twice.records.environment import NumericLibrary

_MAPS = Path("/proc/self/maps")
_SET_BY_THREADPOOLCTL = "KMP_DUPLICATE_LIB_OK"
# File name → the library it is, as threadpoolctl calls them.
_FILES = (
    (re.compile(r"lib(?:scipy_)?openblas"), "openblas"),
    (re.compile(r"(?:lib)?mkl_rt|libmkl_"), "mkl"),
    (re.compile(r"libblis"), "blis"),
    (re.compile(r"libflexiblas"), "flexiblas"),
    (re.compile(r"libgomp"), "libgomp"),
    (re.compile(r"libiomp"), "libiomp"),
    (re.compile(r"libomp"), "libomp"),
)


def numeric() -> tuple[NumericLibrary, ...]:
    """The numeric libraries of this process, sorted.

    threadpoolctl asks the libraries themselves, where it is installed and NumPy is loaded. Elsewhere the process's
    memory map names their files, and NumPy's build says what it was linked with.
    """
    numpy = sys.modules.get("numpy")
    found = _mapped() if numpy is None else _asked() or _with_version(_mapped(), numpy)
    return tuple(sorted(set(found), key=lambda library: (library.name, library.file, library.version)))


def _asked() -> tuple[NumericLibrary, ...]:
    before = os.environ.get(_SET_BY_THREADPOOLCTL)
    try:
        threadpoolctl: Any = importlib.import_module("threadpoolctl")
        answers = threadpoolctl.threadpool_info()
    except Exception:  # not installed, or it met a library that it cannot talk to
        return ()
    finally:
        if before is None:  # the caller's environment is left as it was
            os.environ.pop(_SET_BY_THREADPOOLCTL, None)
    found = []
    for answer in answers:
        # All OpenMP runtimes have one name there, and it is the file's prefix that tells them apart.
        name = answer.get("internal_api") or ""
        if name == "openmp":
            name = answer.get("prefix") or name
        found.append(
            NumericLibrary(
                name=name,
                version=answer.get("version") or "",
                kernel=answer.get("architecture") or "",
                threads=answer.get("num_threads") or 0,
                file=Path(answer.get("filepath") or "").name,
            )
        )
    return tuple(found)


def _mapped() -> tuple[NumericLibrary, ...]:
    try:
        return parse_maps(_MAPS.read_text("utf-8", "replace"))
    except OSError:
        return ()


def parse_maps(text: str) -> tuple[NumericLibrary, ...]:
    """The numeric libraries in a process's memory map (``/proc/PID/maps``), by their files' names."""
    files = {line.split(maxsplit=5)[5] for line in text.splitlines() if line.count("/") and len(line.split()) >= 6}
    found = {}
    for file in sorted(Path(file).name for file in files):
        name = next((library for pattern, library in _FILES if pattern.match(file)), "")
        if name and ".so" in file:
            found[file] = NumericLibrary(name=name, file=file)
    return tuple(found.values())


def _with_version(found: tuple[NumericLibrary, ...], numpy: Any) -> tuple[NumericLibrary, ...]:
    """The same, with NumPy's own BLAS named where the map does not show it (it is linked in, or there is no map)."""
    try:
        blas = numpy.__config__.CONFIG["Build Dependencies"]["blas"]
        name, version = str(blas["name"]), str(blas["version"])
    except (AttributeError, KeyError, TypeError):
        return found
    family = next((library for pattern, library in _FILES if pattern.match(f"lib{name}".replace("-", "_"))), name)
    if any(library.name == family for library in found):
        return found
    return (*found, NumericLibrary(name=family, version=version))
