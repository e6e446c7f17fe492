from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path
from typing import Any

import pytest

from store.nobody import as_nobody
from twice.errors import TwiceError, ValueNotStorable
from twice.values.compare import difference
from twice.values.decode import decode
from twice.values.encode import encode
from twice.values.files import File, Folder
from twice.values.fingerprint import fingerprint
from twice.values.kind import FileSource
from values.helpers import brought_back, in_memory, round_trip, term_of


def written(path: Path, content: bytes = b"content", mode: int = 0o644) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)
    return path


def tree(top: Path) -> Path:
    written(top / "a.txt", b"line\n")
    written(top / "deep" / "run.sh", b"#!/bin/sh\n", 0o755)
    written(top / "größe €.bin", bytes(100_000))
    (top / "empty").mkdir()
    (top / "link").symlink_to("a.txt")
    (top / "dangling").symlink_to("nowhere/at/all")
    return top


def listing(top: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in sorted(top.rglob("*")):
        name = path.relative_to(top).as_posix()
        if path.is_symlink():
            found[name] = ("link", str(path.readlink()))
        else:
            found[name] = "folder" if path.is_dir() else (path.read_bytes(), path.stat().st_mode & 0o777)
    return found


def test_a_file_comes_back_without_its_original(tmp_path: Path) -> None:
    original = written(tmp_path / "model.bin", os.urandom(100_000), 0o755)
    content = original.read_bytes()
    encoded = encode({"model": File(original)})
    back = brought_back(encoded)["model"]
    original.unlink()
    assert back.name == "model.bin"
    assert back.read_bytes() == content
    assert Path(back).read_bytes() == content
    assert Path(back).stat().st_mode & 0o777 == 0o755
    assert back.path == back.path
    with back.open("rb") as opened:
        assert opened.read() == content


def test_a_large_file_is_streamed_from_where_it_is(tmp_path: Path) -> None:
    original = written(tmp_path / "large", bytes(70_000))
    encoded = encode(File(original))
    assert encoded.buffers == [FileSource(original, 70_000)]
    assert len(encoded.skeleton) < 100


def test_a_file_can_be_put_where_the_caller_wants_it(tmp_path: Path) -> None:
    encoded = encode([File(written(tmp_path / "a" / "x.txt", b"1")), File(written(tmp_path / "b" / "x.txt", b"2"))])
    place = tmp_path / "place"
    first, second = brought_back(encoded, place=place)
    assert first.path.is_relative_to(place)
    assert [first.read_text(), second.read_text()] == ["1", "2"]
    assert [first.path.read_text(), second.path.read_text()] == ["1", "2"]


def test_content_can_be_brought_back_from_files(tmp_path: Path) -> None:
    encoded = encode(File(written(tmp_path / "large", b"x" * 70_000)))
    stored = tmp_path / "stored"
    stored.write_bytes(in_memory(encoded.buffers[0]))
    back: Any = decode(encoded.skeleton, [stored])
    assert back.read_bytes() == b"x" * 70_000
    assert fingerprint(back) == fingerprint(File(tmp_path / "large"))


def test_where_a_file_is_and_when_it_was_written_is_not_part_of_the_meaning(tmp_path: Path) -> None:
    one, other = written(tmp_path / "a" / "x"), written(tmp_path / "b" / "x")
    os.utime(other, (0, 0))
    assert fingerprint(File(one)) == fingerprint(File(other))


def test_the_umask_is_not_part_of_the_meaning_but_comes_back(tmp_path: Path) -> None:
    one, other = written(tmp_path / "a" / "x", mode=0o644), written(tmp_path / "b" / "x", mode=0o664)
    assert fingerprint(File(one)) == fingerprint(File(other))
    assert round_trip(File(other)).path.stat().st_mode & 0o777 == 0o664


def test_sub_folders_keep_their_permissions_beside_what_they_mean(tmp_path: Path) -> None:
    one, other = tmp_path / "a" / "x", tmp_path / "b" / "x"
    for place, mode in ((one, 0o750), (other, 0o775)):
        (place / "inner").mkdir(parents=True)
        written(place / "inner" / "file")
        (place / "empty").mkdir()
        for folder in ("inner", "empty"):
            (place / folder).chmod(mode)
    assert encode(Folder(one)).skeleton == encode(Folder(other)).skeleton
    for place, mode in ((one, 0o750), (other, 0o775)):
        back = round_trip(Folder(place))  # which goes with its files when nobody has it
        assert [(back / folder).stat().st_mode & 0o777 for folder in ("inner", "empty")] == [mode, mode]


@pytest.mark.parametrize("change", [{"content": b"other"}, {"mode": 0o755}, {"name": "y"}])
def test_files_differ_in_content_name_and_being_executable(tmp_path: Path, change: dict[str, Any]) -> None:
    one = written(tmp_path / "a" / "x")
    name = change.pop("name", "x")
    other = written(tmp_path / "b" / name, **change)
    assert fingerprint(File(one)) != fingerprint(File(other))
    assert difference(term_of(File(one)), term_of(File(other))) is not None


def test_a_file_that_is_not_there_is_refused_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(ValueNotStorable, match=r"output\['report'\].*gone\.txt"):
        encode({"report": File(tmp_path / "gone.txt")})


def test_a_folder_comes_back_with_links_empty_folders_and_odd_names(tmp_path: Path) -> None:
    top = tree(tmp_path / "out")
    back = round_trip(Folder(top))
    assert listing(back.path) == listing(top)
    assert back.path.name == "out"
    assert (back / "a.txt").read_text() == "line\n"
    placed = round_trip(Folder(top), place=tmp_path / "place")
    assert listing(placed.path) == listing(top)


def test_a_folder_means_the_same_wherever_and_in_whatever_order_it_was_filled(tmp_path: Path) -> None:
    one, other = tree(tmp_path / "a" / "out"), tmp_path / "b" / "out"
    for name in sorted(listing(one), reverse=True):
        path = other / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if (one / name).is_symlink():
            path.symlink_to((one / name).readlink())
        elif (one / name).is_dir():
            path.mkdir(exist_ok=True)
        else:
            written(path, (one / name).read_bytes(), (one / name).stat().st_mode & 0o777)
    assert fingerprint(Folder(one)) == fingerprint(Folder(other))


def test_what_changed_in_a_folder_is_told_by_path(tmp_path: Path) -> None:
    top = tree(tmp_path / "out")
    before = term_of(Folder(top))
    (top / "a.txt").write_text("another line\n")
    (top / "empty").rmdir()
    (top / "new").mkdir()
    found = difference(before, term_of(Folder(top)))
    assert found is not None
    assert (found.detail["added"], found.detail["removed"]) == (["new"], ["empty"])
    assert [child.path for child in found.children] == ["/a.txt"]


@pytest.mark.parametrize("evil", ["../x", "/x", "a/../../x", ".."])
def test_a_stored_folder_cannot_write_outside_its_place(tmp_path: Path, evil: str) -> None:
    top = tmp_path / "out"
    written(top / ("n" * len(evil)))
    skeleton = encode(Folder(top)).skeleton
    forged = skeleton.replace(b"n" * len(evil), evil.encode())
    assert forged != skeleton
    with pytest.raises(TwiceError):
        decode(forged, place=tmp_path / "place")


def test_a_stored_folder_cannot_write_through_its_own_links(tmp_path: Path) -> None:
    top = tmp_path / "out"
    written(top / "d" / "x")
    (top / "c").symlink_to(tmp_path)
    skeleton = encode(Folder(top)).skeleton
    forged = skeleton.replace(b"u\x06d/x", b"u\x06c/x")
    assert forged != skeleton
    with pytest.raises(TwiceError):
        decode(forged, place=tmp_path / "place")
    assert not (tmp_path / "x").exists()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # this process has threads; the child uses none
@pytest.mark.parametrize("what", ["file", "folder", "pipe", "socket"])
def test_what_a_folder_holds_and_cannot_be_kept_is_named(what: str) -> None:
    with tempfile.TemporaryDirectory() as place:  # not below tmp_path, which only its owner may enter
        Path(place).chmod(0o755)
        top = Path(place) / "out"
        odd = top / "sub" / "odd"
        odd.parent.mkdir(parents=True)
        if what == "file":
            odd.write_bytes(b"secret")
            odd.chmod(0)
        elif what == "folder":
            odd.mkdir(mode=0)
        elif what == "pipe":
            os.mkfifo(odd)
        else:
            with socket.socket(socket.AF_UNIX) as listening:  # what it is bound to stays
                listening.bind(str(odd))
        said = as_nobody(lambda: Folder(top).entries())
        assert said.startswith("ValueNotStorable: "), said
        assert "sub/odd" in said and "hint: " in said
        if what == "folder":
            odd.chmod(0o755)
