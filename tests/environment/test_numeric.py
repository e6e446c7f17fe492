from __future__ import annotations

import ast
import subprocess
import sys
from typing import Any

from twice.environment.numeric import numeric, parse_maps


def in_fresh_process(script: str) -> Any:
    answer = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True)
    return ast.literal_eval(answer.stdout)


ASK = "from twice.environment.numeric import numeric; import sys; "
TELL = "print([(l.name, l.version, l.kernel, l.threads, l.file) for l in numeric()])"


def test_a_process_without_numpy_knows_no_library_and_stays_without() -> None:
    script = ASK + "print((len(numeric()), 'numpy' in sys.modules, 'threadpoolctl' in sys.modules))"
    assert in_fresh_process(script) == (0, False, False)


def test_the_libraries_tell_their_version_kernel_and_threads() -> None:
    found = in_fresh_process(
        "import os; os.environ['OPENBLAS_NUM_THREADS'] = '1'; import numpy; before = dict(os.environ); "
        + ASK
        + "libraries = numeric(); assert dict(os.environ) == before; "
        + TELL
    )
    assert found
    for name, version, kernel, threads, file in found:
        assert "/" not in file
        if name == "openblas":
            assert version and kernel and file
            assert threads == 1


def test_without_threadpoolctl_the_files_are_named_all_the_same() -> None:
    asked = in_fresh_process("import numpy; " + ASK + TELL)
    mapped = in_fresh_process("import sys; sys.modules['threadpoolctl'] = None; import numpy; " + ASK + TELL)
    assert {(name, file) for name, _, _, _, file in asked} == {(name, file) for name, _, _, _, file in mapped}


def test_without_a_memory_map_numpy_says_what_it_was_built_with() -> None:
    found = in_fresh_process(
        "import sys; sys.modules['threadpoolctl'] = None; import numpy; import twice.environment.numeric as n; "
        "from pathlib import Path; n._MAPS = Path('/nowhere'); " + ASK + TELL
    )
    assert len(found) == 1
    assert found[0][0] and found[0][1]


def test_a_memory_map_is_read() -> None:
    text = (
        "7f00-7f01 r--p 00000000 08:01 1 /venv/my libs/libscipy_openblas64_-32a4b2a6.so\n"
        "7f01-7f02 r-xp 00000000 08:01 1 /venv/my libs/libscipy_openblas64_-32a4b2a6.so\n"
        "7f02-7f03 r-xp 00000000 08:01 2 /usr/lib/libgomp.so.1.0.0\n"
        "7f03-7f04 r-xp 00000000 08:01 3 /usr/lib/libmkl_core.so.2\n"
        "7f04-7f05 r-xp 00000000 08:01 4 /usr/lib/libc.so.6\n"
        "7f05-7f06 rw-p 00000000 00:00 0 [heap]\n"
        "7f06-7f07 rw-p 00000000 00:00 0\n"
    )
    assert [(library.name, library.file) for library in parse_maps(text)] == [
        ("libgomp", "libgomp.so.1.0.0"),
        ("mkl", "libmkl_core.so.2"),
        ("openblas", "libscipy_openblas64_-32a4b2a6.so"),
    ]


def test_asking_twice_gives_the_same() -> None:
    assert numeric() == numeric()
