"""Tables and trees in text, and the files of Arrow: CSV, JSON, Parquet, Feather."""

# ruff: noqa: ARG001 - readers and sniffs of all formats are called alike
from __future__ import annotations

import csv
import io
import json
from typing import Any

from twice.values.formats.reading import Reading
from twice.values.kind import library


def parquet(name: str, data: memoryview, reading: Reading) -> Any:
    """The table in a Parquet file, without what its writer says of itself."""
    pyarrow, reader = library("pyarrow"), library("pyarrow.parquet")

    table = reader.ParquetFile(pyarrow.BufferReader(pyarrow.py_buffer(data))).read()
    return _plain_table(table)


def arrow(name: str, data: memoryview, reading: Reading) -> Any:
    """The table in an Arrow file (also called Feather)."""
    pyarrow, ipc = library("pyarrow"), library("pyarrow.ipc")

    return _plain_table(ipc.open_file(pyarrow.BufferReader(pyarrow.py_buffer(data))).read_all())


def _plain_table(table: Any) -> Any:
    kept = table.schema.remove_metadata()
    return table.cast(kept) if table.schema.metadata else table


def json_text(name: str, data: memoryview, reading: Reading | None) -> Any:
    """What a JSON file says; the order of the keys of an object is none of it."""
    return _without_noise(_sorted(json.loads(str(data, "utf-8-sig"))))


def json_lines(name: str, data: memoryview, reading: Reading) -> Any:
    """What each line of a JSON lines file says."""
    return [_sorted(json.loads(line)) for line in str(data, "utf-8-sig").splitlines() if line.strip()]


def _sorted(found: Any) -> Any:
    if isinstance(found, dict):
        return {key: _sorted(found[key]) for key in sorted(found)}
    return [_sorted(item) for item in found] if isinstance(found, list) else found


def _without_noise(found: Any) -> Any:
    """A CatBoost model in JSON names itself anew each time; anything else stays as it is."""
    if isinstance(found, dict) and isinstance(found.get("model_info"), dict) and "features_info" in found:
        noise = ("model_guid", "train_finish_time")
        info = {key: item for key, item in found["model_info"].items() if key not in noise}
        return {**found, "model_info": info}
    return found


def csv_text(name: str, data: memoryview, reading: Reading) -> Any:
    """A CSV file by columns, numbers as numbers; its lines as text where it has no plain table."""
    text = str(data, "utf-8-sig")
    rows = list(csv.reader(io.StringIO(text), delimiter="\t" if name.lower().endswith(".tsv") else ","))
    header = rows[0] if rows else []
    if not header or len(set(header)) != len(header) or any(len(row) != len(header) for row in rows):
        return text
    return {"columns": {column: _numbers([row[place] for row in rows[1:]]) for place, column in enumerate(header)}}


def _numbers(cells: list[str]) -> Any:
    """A column of CSV as an array of numbers where all of its cells are such, written as numbers are."""
    try:
        np = library("numpy")
    except ImportError:
        return cells
    if not cells or any("_" in cell for cell in cells):
        return cells
    try:
        if all(cell.lstrip("-").isdigit() for cell in cells):
            return np.array([int(cell) for cell in cells], np.int64)
        return np.array([float(cell) if cell else float("nan") for cell in cells])
    except (ValueError, OverflowError):
        return cells
