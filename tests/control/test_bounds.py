"""What a strict step may touch, decided without a kernel; and the kernel's own decision beside it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from twice.control import landlock
from twice.control.bounds import Bounds, Refusal, Refusals


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name in ("environment/lib.py", "declared.csv", "other.csv", "folder/a.csv", "own/x"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "link-to-declared").symlink_to(tmp_path / "declared.csv")
    (tmp_path / "link-to-other").symlink_to(tmp_path / "other.csv")
    (tmp_path / "environment-too").mkdir()
    (tmp_path / "environment-too/x").write_text("x")
    return tmp_path


def bounds(place: Path) -> Bounds:
    return Bounds(
        environment=(str(place / "environment"),),
        files=(str(place / "declared.csv"),),
        folders=(str(place / "folder"),),
        writable=(str(place / "own"),),
        temporary="",
    )


READS = {
    "environment/lib.py": True,
    "declared.csv": True,
    "link-to-declared": True,
    "other.csv": False,
    "link-to-other": False,
    "folder/a.csv": False,
    "environment/../other.csv": False,
    "environment-too/x": False,
    "own/x": True,
}
WRITES = {"own/new": True, "own/x": True, "declared.csv": False, "environment/new": False, "new": False}
LISTS = {"folder": True, "own": True, "environment": True, ".": False, "environment-too": False}


def test_what_is_refused_is_decided_as_the_kernel_decides_it(place: Path) -> None:
    held = bounds(place)
    told = {name: held.refuse(str(place / name)) for name in READS}
    told |= {f"{name} written": held.refuse(str(place / name), writes=True) for name in WRITES}
    told |= {f"{name} listed": held.refuse(str(place / name)) for name in LISTS}
    assert {name: not what for name, what in told.items()} == {
        **READS,
        **{f"{name} written": allowed for name, allowed in WRITES.items()},
        **{f"{name} listed": allowed for name, allowed in LISTS.items()},
    }
    assert held.refuse(str(place / "nothing")) == ""
    assert held.refuse(str(place / "no folder/new"), writes=True) == ""


@pytest.mark.skipif(landlock.abi() < landlock.LEAST, reason="this kernel cannot confine a process")
def test_the_kernel_confines_as_the_bounds_say(place: Path) -> None:
    def allowed(path: Path, flags: int) -> bool:
        try:
            os.close(os.open(path, flags, 0o600))
        except PermissionError:
            return False
        return True

    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            bounds(place).confine()
            found = [allowed(place / name, os.O_RDONLY) for name in READS]
            found += [allowed(place / name, os.O_WRONLY | os.O_CREAT) for name in WRITES]
            found += [allowed(place / name, os.O_RDONLY | os.O_DIRECTORY) for name in LISTS]
            os.write(writing, bytes(found))
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    assert list(map(bool, os.read(reading, 100))) == [*READS.values(), *WRITES.values(), *LISTS.values()]
    os.close(reading)
    os.close(writing)


def test_what_several_watchers_note_is_one_refusal_with_the_line_that_one_of_them_knew(tmp_path: Path) -> None:
    refusals = Refusals(tmp_path / "refused")
    refusals.add(Refusal("read", "/a", file="flow.py", line=3))
    refusals.add(Refusal("read", "/a", native=True, process=7))
    refusals.add(Refusal("read", "/b", native=True, process=7))
    refusals.add(Refusal("read", "/b", native=True, file="flow.py", line=4, process=7))
    refusals.add(Refusal("list", "/to find modules", native=True, process=7))
    refusals.add(Refusal("list", "/c", native=True))
    with (tmp_path / "refused").open("a") as file:
        file.write('{"half a line')
    told = [(one.what, one.path, one.native, one.line) for one in refusals.merged()]
    assert told == [("read", "/a", False, 3), ("read", "/b", True, 4), ("list", "/c", True, 0)]
