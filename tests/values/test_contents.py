from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twice.values.compare import Comparison
from twice.values.contents import contents_differ
from twice.values.differences import Difference
from twice.values.formats import content, reading
from values import samples


def differ(name: str, left: bytes, right: bytes) -> Difference | None:
    return contents_differ((name, memoryview(left)), (name, memoryview(right)), Comparison(), "")


@pytest.fixture(scope="module")
def twice_written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """What many writers wrote of one content: an hour apart, with other hash seeds, from other addresses."""
    top = tmp_path_factory.mktemp("written")
    script = Path(__file__).with_name("writers.py")
    for number in ("0", "1"):
        environment = {**os.environ, "PYTHONHASHSEED": number, "TWICE_TEST_HOUR": number}
        subprocess.run([sys.executable, str(script), str(top / number)], env=environment, check=True, timeout=300)
    return top / "0", top / "1"


def test_what_writers_add_to_the_content_is_no_difference(twice_written: tuple[Path, Path]) -> None:
    left, right = ({path.name: path.read_bytes() for path in side.iterdir()} for side in twice_written)
    assert left.keys() == right.keys()
    noisy = [name for name in left if left[name] != right[name]]
    told = {name: found.what for name in noisy if (found := differ(name, left[name], right[name])) is not None}
    assert told == {}
    # Otherwise this test would prove nothing.
    assert {"a.joblib", "c.cbm", "c.json", "d.duckdb", "f.pdf", "f.svg", "g.gz", "i.png", "m.onnx"} <= {*noisy}
    assert {"meta.safetensors", "pipeline.skops", "set.pkl", "state.pt", "t.csv.gz", "t.csv.zip"} <= {*noisy}
    assert {"t.h5", "t.tar.gz", "t.xlsx", "texts.pkl", "z.zip"} <= {*noisy}


def test_every_format_that_was_written_can_be_looked_into(twice_written: tuple[Path, Path]) -> None:
    for path in twice_written[0].iterdir():
        content(path.name, memoryview(path.read_bytes()))


def packed(name: str, text: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, text)
    return out.getvalue()


def saved(array: Any) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "left", "right", "path"),
    [
        ("t.csv", b"a,b\n1,x\n2,y\n", b"a,b\n1,x\n3,y\n", "['columns']['a']"),
        ("t.csv.gz", gzip.compress(b"a\n1\n", mtime=1), gzip.compress(b"a\n2\n", mtime=2), "['columns']['a']"),
        ("m.json", b'{"auc": 0.5}', b'{"auc": 0.75}', "['auc']"),
        ("a.zip", packed("m.json", '{"x": 1}'), packed("m.json", '{"x": 2}'), "['m.json']['x']"),
        ("a.npy", saved(np.arange(3)), saved(np.array([0, 1, 3])), ""),
        ("a.pkl", pickle.dumps({"k": [1, 2]}), pickle.dumps({"k": [1, 3]}), "['k'][1]"),
    ],
)  # fmt: skip
def test_what_differs_inside_is_told_in_its_own_terms(name: str, left: bytes, right: bytes, path: str) -> None:
    found = differ(name, left, right)
    assert found is not None
    while found.children and found.path != path:
        found = found.children[0]
    assert found.path == path
    assert not found.unread


def test_lines_of_text_and_bytes_are_compared_as_such() -> None:
    text = differ("notes.txt", b"a\nb\nc\n", b"a\nx\nc\n")
    assert text is not None and text.detail["changed"] == 2
    binary = differ("data.bin", b"\xff\0\1", b"\xff\0\2")
    assert binary is not None and binary.detail["first"] == 2


def test_json_keys_may_come_in_any_order_and_numbers_in_any_spelling() -> None:
    assert differ("a.json", b'{"a": 1.0, "b": 2}', b'{"b": 2, "a": 1.00}') is None
    assert differ("a.json", b'{"a": 1}', b'{"a": 1.0}') is not None


def test_pickles_are_read_without_making_anything() -> None:
    samples.Trap.sprung.clear()
    trap = pickle.dumps(samples.Trap())
    found = content("trap.pkl", memoryview(trap))
    assert found == {"call": {"global": "values.samples.spring"}, "arguments": ("sprung",)}
    nowhere = b"\x80\x04\x8c\x06nowhre\x8c\x03run\x93)R."
    assert content("x.pkl", memoryview(nowhere)) == {"call": {"global": "nowhre.run"}, "arguments": ()}
    assert samples.Trap.sprung == []


def test_pickles_that_would_make_the_same_read_the_same() -> None:
    text = "ab" * 10
    one, other = pickle.dumps([text, text]), pickle.dumps([text, "".join(["ab"] * 10)])
    assert one != other
    assert differ("a.pkl", one, other) is None
    assert differ("a.pkl", pickle.dumps({"a": 1}, 2), pickle.dumps({"a": 1}, 5)) is None
    array = np.arange(12.0).reshape(3, 4)
    assert differ("a.pkl", pickle.dumps(array, 2), pickle.dumps(array, 5)) is None
    value: list[Any] = [1]
    value.append(value)
    assert differ("a.pkl", pickle.dumps(value, 2), pickle.dumps(value, 5)) is None


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("t.csv.gz", gzip.compress(b"x" * 1000, mtime=0)[:-20]),
        ("a.pkl", b"\x80\x04K\1"),
        ("a.pkl", b"\x80\x04\xff."),
        ("a.zip", b"PK\x03\x04 and then nothing"),
        ("a.parquet", b"PAR1 and then nothing PAR1"),
        ("a.json", b"{"),
        ("m.safetensors", struct.pack("<Q", 1 << 40) + b'{"'),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said_and_compared_by_its_bytes(name: str, data: bytes) -> None:
    found = differ(name, data, data[:-1] + b"?")
    assert found is not None
    assert "cannot be read as" in found.unread


def test_a_file_that_unpacks_to_too_much_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "UNPACKED_UP_TO", 1 << 20)
    bomb = gzip.compress(bytes(1 << 22))
    found = differ("a.gz", bomb, gzip.compress(bytes((1 << 22) + 1)))
    assert found is not None and "it unpacks to more than" in found.unread
    inner = zlib.compress(b"x")
    assert differ("x.joblib", inner, inner + b"") is None


def test_nested_archives_are_not_followed_for_ever() -> None:
    data = b"x"
    for _ in range(12):
        data = gzip.compress(data)
    found = differ("a", data, gzip.compress(data))
    assert found is not None and "deep" in found.unread


def test_pixels_are_compared_and_not_how_they_are_packed() -> None:
    from PIL import Image

    def png(picture: Any, **options: Any) -> bytes:
        out = io.BytesIO()
        picture.save(out, "png", **options)
        return out.getvalue()

    picture = Image.fromarray(np.zeros((8, 8, 3), "u1"))
    assert png(picture) != png(picture, compress_level=0)
    assert differ("a.png", png(picture), png(picture, compress_level=0)) is None
    changed = picture.copy()
    changed.putpixel((1, 2), (5, 0, 0))
    found = differ("a.png", png(picture), png(changed))
    assert found is not None
    assert (found.detail["differing"], found.detail["largest"], found.detail["pixels"]) == (1, 5, 64)


def test_columns_of_a_parquet_file_are_told_with_their_figures() -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    def parquet(**columns: Any) -> bytes:
        out = io.BytesIO()
        pq.write_table(pa.table(columns), out)
        return out.getvalue()

    left = parquet(a=[1.0, 2.0, None], s=["x", "y", None])
    found = differ("t.parquet", left, parquet(a=[1.0, 2.5, None], s=["x", "y", None]))
    assert found is not None
    assert found.detail["changed"] == ["['a']"]
    assert found.children[0].detail["differing"] == 1
    assert differ("t.parquet", left, parquet(a=[2.0, 1.0, None], s=["y", "x", None])).explained == {"order"}  # type: ignore[union-attr]


def test_a_changed_json_number_is_within_a_tolerance_for_its_key() -> None:
    from twice.values.tolerance import Tolerance, Tolerances

    allowed = Comparison(Tolerances(places={"auc": Tolerance(atol=0.1)}))
    left, right = (memoryview(json.dumps({"auc": auc, "n": 1}).encode()) for auc in (0.5, 0.55))
    found = contents_differ(("m.json", left), ("m.json", right), allowed, "")
    assert found is not None and found.within
