"""Stored values, in the process of the step that gets them."""

from __future__ import annotations

from pathlib import Path

import pytest

from twice.execute.captured import MAPPED, private_map


def test_the_many_small_parts_of_a_value_take_no_open_files_and_large_ones_are_mapped(tmp_path: Path) -> None:
    opened = Path("/proc/self/fd")
    if not opened.is_dir():
        pytest.skip("cannot see what is open")
    small, large, empty = tmp_path / "small", tmp_path / "large", tmp_path / "empty"
    small.write_bytes(b"a part" * 1000)
    large.write_bytes(bytes(MAPPED))
    empty.write_bytes(b"")
    before = len(list(opened.iterdir()))
    parts = [private_map(str(small)) for _ in range(2000)]
    assert len(list(opened.iterdir())) < before + 5
    assert all(part == small.read_bytes() for part in parts)
    mapped = private_map(str(large))
    for part, file in ((parts[0], small), (mapped, large)):
        part[0] = 7
        assert file.read_bytes()[0] != 7, "what a step writes there nobody else sees"
    assert private_map(str(empty)).nbytes == 0
