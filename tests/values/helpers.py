"""What the tests of this room share: a value's way through bytes and back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from twice.values.decode import decode
from twice.values.encode import Encoded, encode
from twice.values.kind import BufferSource, FileSource
from twice.values.terms import Term, parse


def in_memory(source: BufferSource) -> memoryview:
    if isinstance(source, FileSource):
        return memoryview(bytearray(source.path.read_bytes()))
    return memoryview(bytearray(source))


def brought_back(encoded: Encoded, **options: Any) -> Any:
    return decode(
        encoded.skeleton,
        [in_memory(source) for source in encoded.buffers],
        encoded.aside,
        [in_memory(source) for source in encoded.aside_buffers],
        **{"calls": encoded.executes, **options},
    )


def round_trip(value: Any, **options: Any) -> Any:
    return brought_back(encode(value), **options)


def term_of(value: Any) -> Term:
    encoded = encode(value)
    return parse(encoded.skeleton, [in_memory(source) for source in encoded.buffers])


def in_other_process(expression: str, *, hash_seed: int, setup: str = "") -> Any:
    """What an expression gives in a fresh interpreter with that hash seed, as JSON."""
    tests = str(Path(__file__).parent.parent)
    code = f"import json, sys\nsys.path.insert(0, {tests!r})\n{setup}\nprint(json.dumps({expression}))"
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed), "MPLBACKEND": "Agg"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
