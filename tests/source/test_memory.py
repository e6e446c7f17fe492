"""What is known of sources saves time and never decides: changed, damaged, foreign or gone, it makes no difference."""

from __future__ import annotations

import ast
import importlib
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from types import ModuleType

import msgspec
import pytest
from blake3 import blake3

from twice.errors import CaptureError
from twice.records.digest import digest_bytes
from twice.source import memory as memory_
from twice.source import pieces
from twice.source.memory import Memory
from twice.source.modules import Library, Source
from twice.source.snapshot import Capture, capture

PROGRAM = '''
    import enum, functools, dataclasses
    from .sibling import *
    from .sibling import helper as other, LIMIT

    CONSTANT = 3
    TABLE = {"a": lambda x: x + CONSTANT, "b": lambda x, y=LIMIT: (lambda: x * y)()}

    def registered(function):
        REGISTRY.append(function)
        return function

    REGISTRY = []

    @registered
    def entry(x: int, *, depth=LIMIT) -> int:
        """Says what it does."""
        import json
        total = [other(i) for i in range(x) if i % depth]
        return json.dumps(total), TABLE["a"](x), Kind.ONE, Point(1, 2).norm(), sized(x)

    @functools.singledispatch
    def sized(x):
        return 0

    @sized.register
    def _(x: int):
        return x

    class Kind(enum.Enum):
        ONE = CONSTANT

    @dataclasses.dataclass
    class Point:
        x: int
        y: int = CONSTANT

        def norm(self):
            def squared(value):
                return value ** 2
            return squared(self.x) + squared(self.y)

    if CONSTANT > 2:
        def guarded():
            return eval("CONSTANT + 1")
    else:
        guarded = None
'''
SIBLING = "LIMIT = 2\nprint\n\ndef helper(x):\n    return x + LIMIT\n"


class Shelf:
    """A shelf in memory."""

    def __init__(self) -> None:
        self.data: bytes | None = None
        self.written = 0

    def read(self) -> bytes | None:
        return self.data

    def write(self, data: bytes) -> None:
        self.data = data
        self.written += 1


class NothingInstalled:
    def owner(self, module: str) -> None:
        return None

    def requirements(self, name: str) -> list[tuple[str, str]]:
        return []


@pytest.fixture
def module(tmp_path: Path) -> Iterator[ModuleType]:
    package = tmp_path / "remembered"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "sibling.py").write_text(SIBLING)
    (package / "program.py").write_text(dedent(PROGRAM))
    sys.path.insert(0, str(tmp_path))
    try:
        yield importlib.import_module("remembered.program")
    finally:
        sys.path.remove(str(tmp_path))
        for name in [name for name in sys.modules if name.partition(".")[0] == "remembered"]:
            del sys.modules[name]


def captured(module: ModuleType, memory: Memory | None = None) -> Capture:
    assert module.__file__
    folder = Path(module.__file__).parent.parent
    return capture(
        {"entry": module.entry, "guarded": module.guarded},
        project=folder,
        cwd=folder,
        search=[str(folder)],
        distributions=NothingInstalled(),
        memory=memory,
    )


def told(found: Capture) -> str:
    files = [(file.name, file.path, file.data.hex()) for file in found.files]
    return json.dumps([repr(found.nodes), repr(found.steps), repr(found.places), found.state.outline, files])


def test_what_is_remembered_gives_the_same_capture(module: ModuleType) -> None:
    shelf = Shelf()
    without = told(captured(module))
    assert told(captured(module, Memory(shelf))) == without
    assert told(captured(module, Memory(shelf))) == without
    assert shelf.written == 1, "nothing was new the second time"


def test_no_file_is_parsed_of_which_all_is_known(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf()
    captured(module, Memory(shelf))

    def parsed(source: Source) -> ast.Module:
        assert source.module == "__main__", f"{source.module} was parsed"  # what -c was given has no file to be known
        return ast.parse(source.data)

    monkeypatch.setattr(Source, "tree", property(parsed))
    captured(module, Memory(shelf))


def test_no_file_is_read_that_was_left_alone(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf()
    monkeypatch.setattr(memory_, "SETTLED", -(10**12))  # as if long ago
    before = captured(module, Memory(shelf))
    monkeypatch.setattr("twice.source.modules._bytes_of", lambda module, _: pytest.fail(f"{module} was read"))
    assert captured(module, Memory(shelf)).steps == before.steps


@pytest.mark.parametrize("settled", [memory_.SETTLED, -(10**12)], ids=["fresh", "left alone"])
def test_an_edit_of_the_same_size_with_its_old_time_is_seen(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, settled: int
) -> None:
    assert module.__file__
    monkeypatch.setattr(memory_, "SETTLED", settled)
    shelf, file = Shelf(), Path(module.__file__).parent / "sibling.py"
    before, status = captured(module, Memory(shelf)), file.stat()
    file.write_text(SIBLING.replace("x + LIMIT", "x - LIMIT"))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert file.stat().st_size == status.st_size
    assert captured(module, Memory(shelf)).steps["entry"].semantic != before.steps["entry"].semantic


def test_a_file_read_right_after_it_was_written_is_read_again(tmp_path: Path) -> None:
    """A clock that ticks once a second gives the write before the read and the one after it the same time."""
    file, shelf = tmp_path / "m.py", Shelf()
    file.write_text("a = 1\n")
    status = file.stat()
    for later, remembered in ((1, False), (memory_.SETTLED - 1, False), (memory_.SETTLED + 1, True)):
        memory = Memory(shelf)
        now = max(status.st_mtime_ns, status.st_ctime_ns) + later
        memory.read(str(file), status, status, digest_bytes(b"a = 1\n"), now)
        memory.keep({digest_bytes(b"a = 1\n"): pieces.Known()}, [digest_bytes(b"a = 1\n")])
        assert (Memory(shelf).unchanged(str(file), status) is not None) == remembered


def test_a_file_from_the_future_is_read_again(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    assert module.__file__
    shelf, file = Shelf(), Path(module.__file__)
    os.utime(file, (time.time() + 1000, time.time() + 1000))
    captured(module, Memory(shelf))
    assert Memory(shelf).unchanged(str(file), file.stat()) is None


def test_a_file_replaced_by_another_of_the_same_size_and_time_is_seen(tmp_path: Path) -> None:
    file, other, shelf = tmp_path / "m.py", tmp_path / "n.py", Shelf()
    file.write_text("a = 1\n")
    other.write_text("a = 2\n")
    os.utime(other, ns=(file.stat().st_mtime_ns, file.stat().st_mtime_ns))
    memory, status, digest = Memory(shelf), file.stat(), digest_bytes(b"a = 1\n")
    memory.read(str(file), status, status, digest, time.time_ns() + 10**10)
    memory.keep({digest: pieces.Known()}, [digest])
    other.replace(file)
    assert Memory(shelf).unchanged(str(file), file.stat()) is None


def test_a_file_changed_after_it_was_looked_at_ends_the_capture(tmp_path: Path) -> None:
    file = tmp_path / "m.py"
    file.write_text("a = 1\n")
    source = Source("m", str(file), digest_bytes(b"a = 1\n"), None)
    file.write_text("a = 2\n")
    with pytest.raises(CaptureError, match="changed while it was being captured"):
        _ = source.data


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "foreign", "other format"])
def test_damage_is_as_good_as_nothing(module: ModuleType, damage: str) -> None:
    shelf = Shelf()
    before = told(captured(module, Memory(shelf)))
    data = shelf.data
    assert data is not None
    payload = msgspec.msgpack.encode({"files": 1})
    shelf.data = {
        "cut": data[:-10],
        "flipped": data[:200] + bytes([data[200] ^ 1]) + data[201:],
        "empty": b"",
        "foreign": bytes([data[0] ^ 1]) + data[1:],
        "other format": memory_.STAMP + blake3(payload).digest() + payload,
    }[damage]
    assert told(captured(module, Memory(shelf))) == before
    assert shelf.written == 2, "it was found out again, and kept"


def test_what_another_python_or_another_twice_found_out_does_not_count(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf()
    captured(module, Memory(shelf))
    monkeypatch.setattr(sys, "version", "3.99")
    assert memory_._stamp() != memory_.STAMP
    monkeypatch.setattr(memory_, "STAMP", memory_._stamp())
    assert Memory(shelf)._before.known == {}


def test_all_code_that_finds_out_what_is_known_is_part_of_the_stamp() -> None:
    """Modules that ``pieces`` stands on, within this room."""
    room, found, pending = Path(memory_.__file__).parent, set(), ["pieces", "memory"]
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            imported = pieces.modules_imported((room / f"{name}.py").read_bytes())
            pending += [
                module.removeprefix("twice.source.") for module in imported if module.startswith("twice.source.")
            ]
    assert found == {name for name in memory_._MADE_BY if "/" not in name}


@pytest.mark.parametrize("package", ["source", "values", "execute"])
def test_what_is_remembered_of_a_source_is_what_it_says(package: str) -> None:
    for file in sorted((Path(memory_.__file__).parent.parent / package).glob("*.py")):
        source = Library().of_file(str(file), package)
        if source is None:
            continue
        for piece in source.pieces:
            assert piece.normal() and piece.text and piece.defaults is not None
        again = msgspec.msgpack.decode(msgspec.msgpack.encode(source.known), type=pieces.Known)
        assert again == source.known
        fresh = Source(package, str(file), source.digest, None)
        assert [type(node) for node in fresh.nodes] == [type(node) for node in source.nodes]
        for left, right in zip(source.pieces, fresh.pieces, strict=True):
            assert (left.normal(), left.text, left.defaults) == (right.normal(), right.text, right.defaults)
