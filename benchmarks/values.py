# ruff: noqa: B023 - every function is called before its loop goes on
"""Fingerprints, encoding and loading against references, interleaved in one run: ``python benchmarks/values.py``.

Each line is the median of ratios of processor times, of pairs that were measured one right after the other, at three
sizes.
"""

from __future__ import annotations

import gc
import io
import json
import pickle
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
from blake3 import blake3
from sklearn.ensemble import RandomForestClassifier

from twice.values.decode import decode
from twice.values.encode import encode
from twice.values.fingerprint import fingerprint


def seconds(function: Callable[[], object]) -> float:
    gc.collect()
    start = time.process_time()
    function()
    return time.process_time() - start


def ratio(ours: Callable[[], object], reference: Callable[[], object], rounds: int = 5) -> tuple[float, float]:
    """Median of the ratios, and of our seconds."""
    pairs = [(seconds(ours), seconds(reference)) for _ in range(rounds)]
    return statistics.median(one / other for one, other in pairs), statistics.median(one for one, _ in pairs)


def frame(rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(rows, 3))
    texts = np.array([f"customer {number % 9973}" for number in range(rows)], dtype=object)
    return pd.DataFrame({"a": numbers[:, 0], "b": numbers[:, 1], "c": rng.integers(0, 9, rows), "s": texts})


def written(table: pd.DataFrame) -> None:
    found = pa.Table.from_pandas(table)
    with pa.ipc.new_file(io.BytesIO(), found.schema) as writer:
        writer.write_table(found)


def forest(trees: int) -> Any:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(2000, 10))
    return RandomForestClassifier(trees, random_state=0).fit(features, (features[:, 0] > 0).astype(int))


def main() -> None:
    """Print one JSON line for each comparison and size."""
    divide = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    for size in (10**4, 10**5, 10**6):
        table = frame(size // divide)
        told(
            "frame with strings / Arrow IPC write",
            size // divide,
            *ratio(lambda: fingerprint(table), lambda: written(table)),
        )
    for trees in (50, 150, 500):
        model = forest(trees // divide)
        told("forest / pickle", trees // divide, *ratio(lambda: fingerprint(model), lambda: pickle.dumps(model, 5)))
    for size in (10**4, 10**5, 10**6):
        mapping = {f"key {number}": number * 0.5 for number in range(size // divide)}
        told(
            "dict / joblib.hash", size // divide, *ratio(lambda: fingerprint(mapping), lambda: joblib.hash(mapping), 3)
        )
    for mebibytes in (16, 128, 512):
        array = np.random.default_rng(0).random((mebibytes << 17) // divide)

        def hashed(data: Any = array) -> None:
            blake3(max_threads=blake3.AUTO).update(memoryview(data).cast("B"))

        told("array / BLAKE3", array.nbytes >> 20, *ratio(lambda: fingerprint(array), hashed))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "array"
        array.tofile(file)
        encoded = encode(array)

        def loaded() -> None:
            decode(encoded.skeleton, [memoryview(np.memmap(file, mode="c", dtype=np.uint8))])

        told("array, loaded as a map / np.load", array.nbytes >> 20, *ratio(loaded, lambda: np.memmap(file, mode="c")))


def told(what: str, size: int, found: float, took: float) -> None:
    print(json.dumps({"what": what, "size": size, "ratio": round(found, 2), "seconds": round(took, 4)}), flush=True)


if __name__ == "__main__":
    main()
