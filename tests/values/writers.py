"""What common writers write for one and the same content, into the folder that is named; run twice, seconds apart.

The times that writers note are made different by an hour, since a test cannot wait.
"""

from __future__ import annotations

import gzip
import json
import os
import pickle
import sqlite3
import sys
import tarfile
import time
import warnings
import zipfile
from pathlib import Path
from typing import Any

warnings.simplefilter("ignore")
_LATER = 3600.0 * float(os.environ.get("TWICE_TEST_HOUR", "0"))
_time, _localtime, _gmtime = time.time, time.localtime, time.gmtime
time.time = lambda: _time() + _LATER
time.localtime = lambda seconds=None: _localtime(time.time() if seconds is None else seconds)
time.gmtime = lambda seconds=None: _gmtime(time.time() if seconds is None else seconds)

import joblib  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402


def written(top: Path) -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(size=(200, 4))
    y = (a[:, 0] > 0).astype(int)
    df: Any = pd.DataFrame(a, columns=list("abcd"))
    df["s"] = "x"
    np.save(top / "a.npy", a)
    np.savez(top / "a.npz", a=a)
    np.savez_compressed(top / "b.npz", a=a)
    _dump(top / "dict.pkl", {"a": a, "k": ["x", "x"], "s": a[0, 0]})
    _dump(top / "set.pkl", {"alpha", "beta", "gamma"})
    _dump(top / "frozen.pkl", [frozenset({"alpha", "beta", "gamma"})])
    joblib.dump({"a": a, "o": np.array(["x", None], object), "s": {"alpha", "beta"}}, top / "a.joblib")
    joblib.dump(a, top / "b.joblib.gz")
    joblib.dump({"a": a}, top / "c.joblib", compress=3)
    for name in ("t.csv", "t.csv.gz", "t.csv.zip", "t.csv.xz", "t.csv.bz2"):
        df.to_csv(top / name, index=False)
    df.to_parquet(top / "t.parquet")
    df.to_feather(top / "t.feather")
    df.to_excel(top / "t.xlsx")
    df.to_json(top / "t.jsonl", orient="records", lines=True)
    df.to_hdf(top / "t.h5", key="t")
    with sqlite3.connect(top / "t.sqlite") as connection:
        df.to_sql("t", connection)
    connection.close()
    (top / "metrics.json").write_text(json.dumps({"acc": 0.5}))
    with gzip.open(top / "g.gz", "wb") as file:
        file.write(b"x")
    with zipfile.ZipFile(top / "z.zip", "w") as archive:
        archive.writestr("a.txt", "x")
    (top / "source.txt").write_text("x")
    with tarfile.open(top / "t.tar.gz", "w:gz") as tar:
        tar.add(top / "source.txt", arcname="a", filter=_later)
    _models(top, a, y)
    _pictures(top, a)
    _databases(top, a)


def _later(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.mtime += _LATER
    return entry


def _dump(path: Path, value: object) -> None:
    path.write_bytes(pickle.dumps(value))


def _models(top: Path, a: Any, y: Any) -> None:
    import catboost
    import lightgbm
    import onnx
    import polars as pl
    import safetensors.numpy
    import skops.io
    import torch
    import xgboost
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    pl.DataFrame({"a": a[:, 0], "s": ["x"] * len(a)}).write_parquet(top / "p.parquet")
    torch.manual_seed(0)
    state = torch.nn.Linear(4, 2).state_dict()
    torch.save(state, top / f"state{os.environ.get('TWICE_TEST_HOUR')}.pt")
    (top / f"state{os.environ.get('TWICE_TEST_HOUR')}.pt").rename(top / "state.pt")
    safetensors.numpy.save_file({"b": a, "a": a[:2].copy()}, top / "m.safetensors")
    metadata = {f"k{number}": "v" for number in range(8)}
    safetensors.numpy.save_file({"b": a}, top / "meta.safetensors", metadata=metadata)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(a, y)
    texts = TfidfVectorizer(stop_words="english").fit(["the cat sat", "a dog ran", "cats and dogs"])
    forest = RandomForestClassifier(5, random_state=0).fit(a, y)
    for name, model in (("pipeline", pipeline), ("texts", texts), ("forest", forest)):
        _dump(top / f"{name}.pkl", model)
        joblib.dump(model, top / f"{name}.joblib")
    skops.io.dump(pipeline, top / "pipeline.skops")
    booster = xgboost.train({"max_depth": 3, "seed": 0, "nthread": 1}, xgboost.DMatrix(a, y), 5)
    booster.save_model(top / "x.json")
    booster.save_model(top / "x.ubj")
    _dump(top / "x.pkl", booster)
    lightgbm.train({"verbose": -1, "seed": 0, "num_threads": 1}, lightgbm.Dataset(a, y), 5).save_model(top / "l.txt")
    settings = {"iterations": 5, "verbose": 0, "allow_writing_files": False, "random_seed": 0, "thread_count": 1}
    cat = catboost.CatBoostClassifier(**settings).fit(a, y)
    cat.save_model(str(top / "c.cbm"))
    cat.save_model(str(top / "c.json"), format="json")
    node = onnx.helper.make_node("Add", ["x", "y"], ["z"])
    values = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in "xyz"]
    graph = onnx.helper.make_graph([node], "g", values[:2], values[2:])
    model = onnx.helper.make_model(graph)
    for key in {"a", "b", "c"}:
        model.metadata_props.add(key=key, value="v")
    onnx.save(model, top / "m.onnx")


def _pictures(top: Path, a: Any) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from PIL import Image, PngImagePlugin

    figure, axes = pyplot.subplots()
    axes.plot(a[:20, 0], label="line")
    axes.legend()
    for ending in ("png", "svg", "pdf"):
        figure.savefig(top / f"f.{ending}")
    pyplot.close(figure)
    noted = PngImagePlugin.PngInfo()
    noted.add_text("when", str(time.time()))
    Image.fromarray((abs(a[:64]) * 20).astype("uint8")).save(top / "i.png", pnginfo=noted)


def _databases(top: Path, a: Any) -> None:
    import duckdb
    import h5py

    with h5py.File(top / "h.h5", "w") as file:
        file["a"] = a
    connection = duckdb.connect(str(top / "d.duckdb"))
    connection.execute("create table t as select range x, 'é' s from range(100)")
    connection.close()


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True)
    written(folder)
