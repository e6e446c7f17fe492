"""The bytes of records, pinned: what was written once can be read, and found under the same name, for ever."""

from __future__ import annotations

import msgspec
import pytest

from golden.records import FOLDER, RECORDS
from twice.errors import Damaged
from twice.records.canonical import Record, decode, digest, encode


@pytest.mark.parametrize("kind", RECORDS)
def test_a_record_has_the_bytes_it_always_had(kind: str) -> None:
    assert encode(RECORDS[kind]) == (FOLDER / f"{kind}.json").read_bytes()


@pytest.mark.parametrize("kind", RECORDS)
def test_a_record_has_the_digest_it_always_had(kind: str) -> None:
    assert digest(RECORDS[kind]) == (FOLDER / f"{kind}.digest").read_text()


@pytest.mark.parametrize("kind", RECORDS)
def test_old_bytes_still_mean_the_same_record(kind: str) -> None:
    assert decode((FOLDER / f"{kind}.json").read_bytes(), type(RECORDS[kind])) == RECORDS[kind]


@pytest.mark.parametrize("kind", RECORDS)
def test_a_golden_record_fills_every_field(kind: str) -> None:
    record = RECORDS[kind]
    for field in msgspec.structs.fields(record):
        assert field.required or getattr(record, field.name) != field.default, f"{field.name} is left at its default"


@pytest.mark.parametrize("kind", RECORDS)
def test_other_bytes_are_not_taken_for_a_record(kind: str) -> None:
    data = encode(RECORDS[kind])
    others: list[type[Record]] = [type(record) for record in RECORDS.values() if record is not RECORDS[kind]]
    for wrong in (b"", b"{}", b"[]", b"null", data[:-1], data + b"{}", b"\xff" + data, data[:-1] + b',"more":1}'):
        with pytest.raises(Damaged):
            decode(wrong, type(RECORDS[kind]))
    for other in others:
        with pytest.raises(Damaged):
            decode(data, other)
