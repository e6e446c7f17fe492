"""The page on the format is enough to read a real store by; and the bytes of packs and recipes never change."""

from __future__ import annotations

import importlib
import pkgutil
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import twice.records
from store.reader import Reader
from twice.records.canonical import Record
from twice.records.digest import digest_bytes
from twice.store import Store, packs, recipes
from twice.store.memory import MemoryBackend
from twice.store.packs import FEW
from twice.store.recipes import Stretch

FLOW = """
import numpy as np
from twice import Pipeline

def load():
    return np.arange(50_000, dtype=np.int64)

def total(load):
    return int(load.sum())

pipeline = Pipeline(steps=[load, total], name="Churn", version="v1.0")
pipeline.run()
pipeline.save()
"""


def test_a_program_that_knows_only_the_page_reads_a_real_store(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(FLOW)
    subprocess.run([sys.executable, "flow.py"], cwd=tmp_path, check=True, capture_output=True)
    path = tmp_path / ".twice"
    noise = random.Random(1).randbytes(17 << 20)
    with Store.open(path) as store:
        many = [b"small %d" % number * 30 for number in range(FEW)]
        packed = store.put_many(many)
        file = tmp_path / "large"
        file.write_bytes(noise)
        store.put_file(file)
        file.write_bytes(noise[:5_000_000] + b"put in" + noise[5_000_000:])
        made = store.put_file(file)
    assert list((path / "packs").glob("*/*")) and list((path / "recipes").glob("*/*"))
    reader = Reader(path)
    outputs = reader.outputs("Churn", "v1.0")
    assert outputs["load"][0] == "numpy.ndarray"
    assert outputs["load"][1][1] == b"".join(number.to_bytes(8, "little") for number in range(50_000))
    assert outputs["total"][0] == "int"
    assert outputs["total"][1][0].endswith((50_000 * 49_999 // 2).to_bytes(4, "little"))
    assert [reader.get(digest) for digest in packed] == many
    assert reader.get(made) == file.read_bytes()


def test_the_reader_is_short() -> None:
    assert len(Path(__file__).with_name("reader.py").read_text().splitlines()) <= 110


def test_the_page_names_every_field_of_every_record() -> None:
    page = Path(__file__).parents[2].joinpath("docs", "format.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| (`.*`) \|$", page, re.MULTILINE))
    for module in pkgutil.iter_modules(twice.records.__path__):
        importlib.import_module(f"twice.records.{module.name}")
    kinds = [kind for kind in _below(Record) if kind.__module__.startswith("twice.records.")]
    assert {kind.__name__: ", ".join(f"`{name}`" for name in kind.__struct_fields__) for kind in kinds} == rows


def _below(kind: type[Record]) -> Iterator[type[Record]]:
    for below in kind.__subclasses__():
        yield below
        yield from _below(below)


GOLDEN = Path(__file__).parent.parent / "golden" / "format_1"
PARTS = [b"one", b"two", b""]
PRESSED = [b"compressible " * 20, b"and so is this " * 30]


def test_a_pack_has_the_bytes_it_always_had() -> None:
    assert packs.packed([(digest_bytes(part), part) for part in PARTS]) == (GOLDEN / "pack").read_bytes()


def test_old_packs_can_be_read_also_where_their_members_are_compressed() -> None:
    """Which bytes zlib makes is its own affair, and differs; what they stand for does not."""
    for name, parts, how in (("pack", PARTS, 0), ("pack_compressed", PRESSED, 1)):
        backend = MemoryBackend()
        backend.write([("packs/ab/cd", (GOLDEN / name).read_bytes())])
        found = dict(packs.members(backend, "packs/ab/cd"))
        assert {member.how for member in found.values()} == {how}
        read = {d: bytes(packs.taken_out(backend.map(member.pack), member)) for d, member in found.items()}
        assert read == {digest_bytes(part): part for part in parts}


def test_a_recipe_has_the_bytes_it_always_had() -> None:
    data = recipes.written([Stretch(digest_bytes(b"one"), 0, 3), Stretch(digest_bytes(b"two"), 1, 1 << 40)])
    assert data == (GOLDEN / "recipe").read_bytes()
