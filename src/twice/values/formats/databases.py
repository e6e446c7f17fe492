"""Files that are databases: SQLite, DuckDB, HDF5. Only tables and datasets are read; nothing stored in them is run."""

# ruff: noqa: ARG001 - readers and sniffs of all formats are called alike
from __future__ import annotations

import io
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

from twice.values.formats.reading import Reading, Unread
from twice.values.kind import library


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _columns(names: list[str], rows: list[tuple[Any, ...]]) -> dict[str, list[Any]]:
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


def sqlite(name: str, data: memoryview, reading: Reading) -> Any:
    """The tables of an SQLite file, and how it defines them."""
    reading.unpacks(len(data))
    with tempfile.TemporaryDirectory(prefix="twice-") as folder:
        file = Path(folder) / "database"
        file.write_bytes(data)
        connection = sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)
        try:
            connection.execute("pragma trusted_schema = off")
            defined = connection.execute("select type, name, sql from sqlite_master order by type, name").fetchall()
            found: dict[str, Any] = {"defined": [list(row) for row in defined], "tables": {}}
            for what, table, sql in defined:
                if what != "table" or str(sql or "").upper().startswith("CREATE VIRTUAL"):
                    continue
                cursor = connection.execute(f"select * from {_quoted(table)}")
                found["tables"][table] = _columns([column[0] for column in cursor.description], cursor.fetchall())
            return found
        finally:
            connection.close()


def duckdb(name: str, data: memoryview, reading: Reading) -> Any:
    """The tables of a DuckDB file."""
    db = library("duckdb")

    reading.unpacks(len(data))
    with tempfile.TemporaryDirectory(prefix="twice-") as folder:
        file = Path(folder) / "database"
        file.write_bytes(data)
        locked = {"enable_external_access": "false", "autoinstall_known_extensions": "false"}
        connection = db.connect(str(file), read_only=True, config={**locked, "autoload_known_extensions": "false"})
        try:
            tables = connection.execute(
                "select table_schema, table_name from information_schema.tables where table_type = 'BASE TABLE'"
            ).fetchall()
            found: dict[str, Any] = {}
            for schema, table in sorted(tables):
                connection.execute(f"select * from {_quoted(schema)}.{_quoted(table)}")
                names = [f"{column[0]} {column[1]}" for column in connection.description]
                found[f"{schema}.{table}"] = _columns(names, connection.fetchall())
            return found
        finally:
            connection.close()


def hdf5(name: str, data: memoryview, reading: Reading) -> Any:
    """The groups, datasets and attributes of an HDF5 file; times of creation are no content."""
    h5py = library("h5py")

    with h5py.File(io.BytesIO(data), "r") as file:
        return _group(h5py, file, reading)


def _group(h5py: Any, group: Any, reading: Reading) -> dict[str, Any]:
    found: dict[str, Any] = {"attributes": _attributes(h5py, group), "members": {}}
    for name in sorted(group):
        link = group.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            found["members"][name] = {"link": str(getattr(link, "path", ""))}
            continue
        item = group[name]
        if isinstance(item, h5py.Group):
            found["members"][name] = _group(h5py, item, reading)
        elif isinstance(item, h5py.Dataset):
            if item.external or item.is_virtual:
                raise Unread("its data lies in other files")
            reading.unpacks(item.nbytes)
            found["members"][name] = {"attributes": _attributes(h5py, item), "data": _data(h5py, item[()])}
    return found


def _attributes(h5py: Any, item: Any) -> dict[str, Any]:
    return {name: _data(h5py, item.attrs[name]) for name in sorted(item.attrs)}


def _data(h5py: Any, value: Any) -> Any:
    np = library("numpy")

    if isinstance(value, h5py.Empty):
        return None
    if isinstance(value, np.ndarray):
        # Cells of any length come as arrays of objects.
        return [_data(h5py, item) for item in value.ravel()] if value.dtype.hasobject else value
    return value if isinstance(value, str | bytes | int | float | np.generic) else str(value)
