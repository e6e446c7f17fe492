"""A program that reads a store and knows nothing of Twice: written from ``docs/format.md`` alone."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from blake3 import blake3


def digest_of(data: bytes) -> str:
    return f"blake3:{blake3(data).hexdigest()}"


class Reader:
    """Reads a store.

    Args:
        path: Its folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        assert (path / "format").read_text() == "1\n", "this program reads format 1"
        self.members: dict[str, tuple[Path, int, int, int, int]] = {}
        for pack in sorted((path / "packs").glob("??/*")):
            self.members.update(self._table(pack))

    def _table(self, pack: Path) -> Iterator[tuple[str, tuple[Path, int, int, int, int]]]:
        data = pack.read_bytes()
        assert data[:8] == b"TWPACK1\n" and data[-8:] == b"TWTABLE\n"
        assert digest_of(data) == f"blake3:{pack.parent.name}{pack.name}"
        (count,) = struct.unpack("<Q", data[-16:-8])
        table = data[-16 - 57 * count : -16]
        for digest, offset, stored, size, how in struct.iter_unpack("<32sQQQB", table):
            yield f"blake3:{digest.hex()}", (pack, offset, stored, size, how)

    def _place(self, folder: str, digest: str) -> Path:
        digits = digest.removeprefix("blake3:")
        return self.path / folder / digits[:2] / digits[2:]

    def get(self, digest: str) -> bytes:
        """The bytes of an object, whichever way it is filed."""
        if self._place("objects", digest).exists():
            data = self._place("objects", digest).read_bytes()
        elif digest in self.members:
            pack, offset, stored, size, how = self.members[digest]
            data = pack.read_bytes()[offset : offset + stored]
            if how == 1:
                data = zlib.decompressobj().decompress(data, size)
        else:
            text = self._place("recipes", digest).read_bytes()
            *lines, end = text.decode().splitlines()
            body, word = text.rpartition(b"end ")[0], end.split()[1]
            assert digest_of(body) == f"blake3:{word}" and lines[0] == "twice recipe 1"
            stretches = (line.split() for line in lines[1:])
            data = b"".join(self.get(f"blake3:{of}")[int(at) : int(at) + int(n)] for of, at, n in stretches)
        assert digest_of(data) == digest, f"{digest} is damaged"
        return data

    def record(self, kind: str, digest: str) -> dict[str, Any]:
        """A record."""
        if kind == "trace":
            (place,) = (self.path / "records" / "trace").glob(f"??/*.{digest.removeprefix('blake3:')}")
        else:
            place = self._place(f"records/{kind}", digest)
        data = place.read_bytes()
        assert digest_of(data) == digest
        found: dict[str, Any] = json.loads(data)
        assert found["format"] == 1
        return found

    def label(self, pipeline: str, label: str) -> dict[str, Any]:
        """What a label means."""
        found: dict[str, Any] = json.loads((self.path / "refs" / _quoted(pipeline) / _quoted(label)).read_bytes())
        return found

    def outputs(self, pipeline: str, label: str) -> dict[str, tuple[str, list[bytes]]]:
        """For each step of a labelled version: what its output is, and its bytes."""
        found = {}
        for step in self.record("run", self.label(pipeline, label)["run"])["steps"]:
            output = self.record("trace", step["trace"])["output"]
            parts = json.dumps(["value", output["skeleton"], output["buffers"]], separators=(",", ":")).encode()
            assert output["content"] == digest_of(parts)
            found[step["step"]] = (
                output["kind"],
                [self.get(part) for part in (output["skeleton"], *output["buffers"])],
            )
        return found


def _quoted(text: str) -> str:
    plain = b"abcdefghijklmnopqrstuvwxyz0123456789-_."
    data = text.encode()
    edge = {0, len(data) - 1}
    return "".join(
        chr(byte) if byte in plain and not (byte == 46 and place in edge) else f"%{byte:02x}"
        for place, byte in enumerate(data)
    )
