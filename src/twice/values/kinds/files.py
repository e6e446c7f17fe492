"""Files and folders: content, names and the executable bit; other permission bits are kept aside, since umasks vary."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

from twice.errors import ValueNotStorable
from twice.values.files import Entry, File, Folder, safe_parts
from twice.values.kind import Aside, Buffer, Kind, Making


class FileKind(Kind):
    """A :class:`~twice.values.files.File`."""

    name = "file"
    identity = False

    def recognises(self, cls: type) -> bool:
        return cls is File

    def take_apart(self, value: File) -> object:
        try:
            source, mode = value.source, value.mode
        except OSError as problem:
            raise ValueNotStorable(
                f"the file {value.name!r} cannot be read: {problem.strerror}", hint="write it before returning it"
            ) from problem
        executable = bool(mode & stat.S_IXUSR)
        return {"name": value.name, "executable": executable, "mode": Aside(mode), "data": Buffer(source)}

    def put_together(self, state: Any, making: Making) -> object:
        if len(safe_parts(state["name"])) != 1:
            raise ValueNotStorable(f"a stored file has the name {state['name']!r}, which leads elsewhere")
        result = File.of_content(state["name"], state["data"], _mode(state["executable"], state["mode"]))
        if making.place is not None:
            result._path = result.write_to(place_for_next(making))
        return result

    def preview(self, value: File) -> str:
        return f"file {value.name}"


class FolderKind(Kind):
    """A :class:`~twice.values.files.Folder`."""

    name = "folder"
    identity = False

    def recognises(self, cls: type) -> bool:
        return cls is Folder

    def take_apart(self, value: Folder) -> object:
        entries = value.entries()
        return {
            "name": value.name,
            "paths": tuple(entry.path for entry in entries),
            "kinds": tuple(entry.what for entry in entries),
            "executable": tuple(entry.executable for entry in entries),
            "targets": tuple(entry.target for entry in entries),
            "data": tuple(Buffer(entry.source) for entry in entries),
            "modes": Aside(tuple(entry.mode for entry in entries)),
        }

    def put_together(self, state: Any, making: Making) -> object:
        if len(safe_parts(state["name"])) != 1:
            raise ValueNotStorable(f"a stored folder has the name {state['name']!r}, which leads elsewhere")
        modes = state["modes"] or [None] * len(state["paths"])
        columns = (state["paths"], state["kinds"], state["executable"], modes, state["targets"], state["data"])
        links = set()
        entries = []
        for path, what, executable, mode, target, data in zip(*columns, strict=True):
            parts = safe_parts(path)
            if any("/".join(parts[:depth]) in links for depth in range(1, len(parts))):
                raise ValueNotStorable(f"a stored folder puts {path!r} behind a link, which leads out of it")
            if what == "link":
                links.add("/".join(parts))
            entries.append(Entry(path, what, executable, _mode(executable, mode), target, _source(data)))
        result = Folder.of_entries(state["name"], tuple(entries))
        if making.place is not None:
            result._path = result.write_to(place_for_next(making))
        return result

    def preview(self, value: Folder) -> str:
        return f"folder {value.name}"


def _source(data: Any) -> Any:
    from twice.values.kind import FileSource

    return FileSource(data, data.stat().st_size) if isinstance(data, Path) else data


def _mode(executable: bool, mode: int | None) -> int:
    if mode is not None:
        return mode
    return 0o755 if executable else 0o644


def place_for_next(making: Making) -> Path:
    """A new folder for one file or folder of the value, so that equal names do not meet."""
    assert making.place is not None
    while True:
        place = making.place / str(making.files_placed)
        making.files_placed += 1
        if not place.exists():
            place.mkdir(parents=True)
            return place


KINDS: tuple[Kind, ...] = (FileKind(), FolderKind())
