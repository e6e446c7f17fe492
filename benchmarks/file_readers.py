"""Which watcher sees a file being read, for every way that a data scientist's libraries read files.

    python benchmarks/file_readers.py [--json]

Each way reads a file of its own, all in one process that both watchers watch: Python's audit hook, and the kernel's
notifications. A way whose library is not installed is skipped, and said so.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twice.control import syscalls
from twice.control.watch import Watch

IGNORED = [f"{prefix}/" for prefix in (sys.prefix, sys.base_prefix, "/proc", "/usr", "/lib", "/etc", "/sys", "/dev")]


def child(path: str) -> None:
    """Read a file in a process of its own."""
    Path(path).read_text()


def _multiprocess(path: str, way: str) -> None:
    import multiprocessing

    process = multiprocessing.get_context(way).Process(target=child, args=(path,))
    process.start()
    process.join()


def _library(name: str) -> Any:
    import importlib

    return importlib.import_module(name)


def _make_parquet(path: str) -> None:
    pa, pq = _library("pyarrow"), _library("pyarrow.parquet")
    pq.write_table(pa.table({"a": [1, 2, 3]}), path)


def _make_feather(path: str) -> None:
    _library("pyarrow.feather").write_feather(_library("pyarrow").table({"a": [1, 2]}), path)


def _make_npy(path: str) -> None:
    numpy = _library("numpy")
    with open(path, "wb") as file:
        numpy.save(file, numpy.arange(10.0))


def _make_text(path: str) -> None:
    Path(path).write_text("0,1,2\n1,2,3\n0,4,5\n1,6,7\n")


def _make_duckdb(path: str) -> None:
    with contextlib.closing(_library("duckdb").connect(path)) as connection:
        connection.execute("create table t as select 1 as a")


def _make_sqlite(path: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("create table t (a)")
        connection.commit()


def _make_hdf(path: str) -> None:
    with _library("h5py").File(path, "w") as file:
        file["a"] = [1, 2]


def _make_torch(path: str) -> None:
    torch = _library("torch")
    torch.save(torch.ones(3), path)


def _make_safetensors(path: str) -> None:
    _library("safetensors.numpy").save_file({"a": _library("numpy").ones(3)}, path)


def _make_png(path: str) -> None:
    _library("PIL.Image").new("RGB", (4, 4)).save(path, "png")


def _make_onnx(path: str) -> None:
    onnx = _library("onnx")
    helper = onnx.helper
    info = helper.make_tensor_value_info("x", 1, [1])
    node = helper.make_node("Identity", ["x"], ["y"])
    out = helper.make_tensor_value_info("y", 1, [1])
    onnx.save(helper.make_model(helper.make_graph([node], "g", [info], [out])), path)


def _rows() -> tuple[Any, Any]:
    numpy = _library("numpy")
    return numpy.arange(80.0).reshape(40, 2), numpy.arange(40) % 2


def _make_xgboost(path: str) -> None:
    xgboost = _library("xgboost")
    x, y = _rows()
    xgboost.train({}, xgboost.DMatrix(x, label=y), 1).save_model(path)


def _make_lightgbm(path: str) -> None:
    lightgbm = _library("lightgbm")
    x, y = _rows()
    lightgbm.train({"verbose": -1, "min_data_in_leaf": 1}, lightgbm.Dataset(x, y), 1).save_model(path)


def _make_catboost(path: str) -> None:
    x, y = _rows()
    model = _library("catboost").CatBoostClassifier(iterations=1, verbose=0, allow_writing_files=False)
    model.fit(x, y).save_model(path)


def _make_joblib(path: str) -> None:
    _library("joblib").dump(_library("numpy").arange(10), path)


def _safe_open(path: str) -> None:
    with _library("safetensors").safe_open(path, "np") as file:
        file.get_tensor("a")


def _native(path: str) -> None:
    import ctypes

    ctypes.CDLL(None).open(os.fsencode(path), os.O_RDONLY)


def _descriptor(path: str) -> None:
    os.close(os.open(path, os.O_RDONLY))


def _cat(path: str) -> None:
    subprocess.run(["cat", path], stdout=subprocess.DEVNULL, check=True)


WAYS: dict[str, tuple[str, Callable[[str], object], Callable[[str], object]]] = {
    "open": ("a.txt", _make_text, lambda path: open(path).read()),  # noqa: SIM115
    "os.open": ("a.txt", _make_text, _descriptor),
    "pathlib": ("a.txt", _make_text, lambda path: Path(path).read_text()),
    "numpy.load": ("a.npy", _make_npy, lambda path: _library("numpy").load(path)),
    "numpy.load mmap": ("a.npy", _make_npy, lambda path: _library("numpy").load(path, mmap_mode="r").sum()),
    "numpy.fromfile": ("a.npy", _make_npy, lambda path: _library("numpy").fromfile(path)),
    "numpy.loadtxt": ("a.csv", _make_text, lambda path: _library("numpy").loadtxt(path, delimiter=",")),
    "pandas.read_csv": ("a.csv", _make_text, lambda path: _library("pandas").read_csv(path)),
    "pandas.read_csv pyarrow": ("a.csv", _make_text, lambda path: _library("pandas").read_csv(path, engine="pyarrow")),
    "pandas.read_parquet": ("a.parquet", _make_parquet, lambda path: _library("pandas").read_parquet(path)),
    "pandas.read_feather": ("a.feather", _make_feather, lambda path: _library("pandas").read_feather(path)),
    "pyarrow.parquet": ("a.parquet", _make_parquet, lambda path: _library("pyarrow.parquet").read_table(path)),
    "pyarrow.dataset": ("a.parquet", _make_parquet, lambda path: _library("pyarrow.dataset").dataset(path).to_table()),
    "pyarrow.memory_map": ("a.parquet", _make_parquet, lambda path: _library("pyarrow").memory_map(path).read()),
    "pyarrow.csv": ("a.csv", _make_text, lambda path: _library("pyarrow.csv").read_csv(path)),
    "polars.read_csv": ("a.csv", _make_text, lambda path: _library("polars").read_csv(path)),
    "polars.scan_parquet": ("a.parquet", _make_parquet, lambda path: _library("polars").scan_parquet(path).collect()),
    "duckdb csv": ("a.csv", _make_text, lambda path: _library("duckdb").sql(f"select * from '{path}'").fetchall()),
    "duckdb file": ("a.duckdb", _make_duckdb, lambda path: _library("duckdb").connect(path).execute("from t")),
    "h5py": ("a.h5", _make_hdf, lambda path: _library("h5py").File(path)["a"][:]),
    "sqlite3": ("a.db", _make_sqlite, lambda path: sqlite3.connect(path).execute("select * from t").fetchall()),
    "joblib": ("a.joblib", _make_joblib, lambda path: _library("joblib").load(path)),
    "joblib mmap": ("a.joblib", _make_joblib, lambda path: _library("joblib").load(path, mmap_mode="r")),
    "torch.load": ("a.pt", _make_torch, lambda path: _library("torch").load(path)),
    "torch.load mmap": ("a.pt", _make_torch, lambda path: _library("torch").load(path, mmap=True)),
    "safetensors": ("a.st", _make_safetensors, lambda path: _library("safetensors.numpy").load_file(path)),
    "safetensors.safe_open": ("a.st", _make_safetensors, _safe_open),
    "PIL": ("a.png", _make_png, lambda path: _library("PIL.Image").open(path).load()),
    "cv2.imread": ("a.png", _make_png, lambda path: _library("cv2").imread(path)),
    "onnx.load": ("a.onnx", _make_onnx, lambda path: _library("onnx").load(path)),
    "xgboost model": ("a.json", _make_xgboost, lambda path: _library("xgboost").Booster(model_file=path)),
    "xgboost data": (
        "a.csv",
        _make_text,
        lambda path: _library("xgboost").DMatrix(f"{path}?format=csv&label_column=0"),
    ),
    "lightgbm model": ("a.txt", _make_lightgbm, lambda path: _library("lightgbm").Booster(model_file=path)),
    "lightgbm data": (
        "a.csv",
        _make_text,
        lambda path: _library("lightgbm").Dataset(path, params={"verbose": -1}).construct(),
    ),
    "catboost model": ("a.cbm", _make_catboost, lambda path: _library("catboost").CatBoost().load_model(path)),
    "catboost data": ("a.csv", _make_text, lambda path: _library("catboost").Pool(path, delimiter=",")),
    "subprocess": ("a.txt", _make_text, _cat),
    "os.system": ("a.txt", _make_text, lambda path: os.system(f"cat '{path}' > /dev/null")),
    "multiprocessing spawn": ("a.txt", _make_text, lambda path: _multiprocess(path, "spawn")),
    "multiprocessing fork": ("a.txt", _make_text, lambda path: _multiprocess(path, "fork")),
    "ctypes": ("a.txt", _make_text, _native),
}


def prepare(folder: Path) -> dict[str, str]:
    """Make a file for each way; why some could not be made."""
    skipped = {}
    for number, (name, (file, make, _)) in enumerate(WAYS.items()):
        (folder / str(number)).mkdir()
        try:
            make(str(folder / str(number) / file))
        except ImportError as problem:
            skipped[name] = str(problem)
    return skipped


def attempt(folder: Path, skipped: dict[str, str]) -> dict[str, Any]:
    """Read each file in a watched process."""
    ours, theirs = socket.socketpair()
    place = folder / "told.json"
    pid = os.fork()
    if pid == 0:
        try:
            ours.close()
            syscalls.hand_over(theirs)
            failed: dict[str, str] = {}
            watch = Watch(IGNORED)
            watch.start()
            for number, (name, (file, _, read)) in enumerate(WAYS.items()):
                if name not in skipped:
                    try:
                        read(str(folder / str(number) / file))
                    except ImportError as problem:
                        failed[name] = f"skipped: {problem}"
                    except Exception as problem:
                        failed[name] = repr(problem)[:200]
            place.write_text(json.dumps({"audit": sorted(watch.stop().read), "failed": failed}))
        finally:
            os._exit(0)
    theirs.close()
    with ours:
        listener = syscalls.receive(ours)
    assert listener is not None, "this system cannot hand over system calls"
    seen = syscalls.Supervisor(listener, pid, IGNORED, lambda _: None).serve()
    os.waitpid(pid, 0)
    told = json.loads(place.read_text())
    table: dict[str, Any] = {}
    for number, (name, (file, _, _)) in enumerate(WAYS.items()):
        path = str(folder / str(number) / file)
        problem = skipped.get(name) or told["failed"].get(name)
        table[name] = {
            "problem": problem,
            "audit": path in told["audit"],
            "seccomp": path in seen.read,
            "looked_for": sorted(Path(other).name for other in seen.missing if other.startswith(path)),
        }
    return table


def main() -> None:
    """Print the table."""
    folder = Path(tempfile.mkdtemp())
    try:
        maker = os.fork()
        if maker == 0:  # so that what libraries leave in a process does not come along
            (folder / "skipped.json").write_text(json.dumps(prepare(folder)))
            os._exit(0)
        os.waitpid(maker, 0)
        table = attempt(folder, json.loads((folder / "skipped.json").read_text()))
    finally:
        shutil.rmtree(folder)
    if "--json" in sys.argv:
        print(json.dumps(table))
        return
    for name, found in table.items():
        words = ["yes" if found[watcher] else "no" for watcher in ("audit", "seccomp")]
        print(f"{name:26} " + (f"({found['problem']})" if found["problem"] else "{:>7} {:>8}".format(*words)))


if __name__ == "__main__":
    main()
