"""Files and folders: content, names and the executable bit; other permission bits are kept aside, since umasks vary."""

# ruff: noqa: D102 - the methods and their arguments are described by Kind
from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twice.errors import ValueNotStorable
from twice.values.files import Entry, File, Folder, safe_parts
from twice.values.kind import Aside, Buffer, Kind, Making

if TYPE_CHECKING:
    from twice.values.compare import Comparison
    from twice.values.differences import Difference
    from twice.values.terms import Tagged


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

    def compare(self, left: Tagged, right: Tagged, comparison: Comparison, path: str) -> Difference | None:
        from twice.values.contents import contents_differ
        from twice.values.differences import METADATA, Gathered, group

        before = {"name": left.part("name"), "executable": left.part("executable")}
        after = {"name": right.part("name"), "executable": right.part("executable")}
        found = comparison.records(before, after, path)
        content = contents_differ(_named(left.part("name"), left), _named(right.part("name"), right), comparison, path)
        if found is not None and content is None:
            what, softer = f"the content is the same; {found.what}", "only metadata differs"
            return Gathered([found]).as_one(path, what, {"changed": 1}, softer, explained=METADATA)
        return group(path, [part for part in (found, content) if part is not None])


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
            entries.append(
                Entry(path, what, executable, _mode(executable or what == "folder", mode), target, _source(data))
            )
        result = Folder.of_entries(state["name"], tuple(entries))
        if making.place is not None:
            result._path = result.write_to(place_for_next(making))
        return result

    def preview(self, value: Folder) -> str:
        return f"folder {value.name}"

    def compare(self, left: Tagged, right: Tagged, comparison: Comparison, path: str) -> Difference | None:
        """Which paths were added, removed and changed."""
        from twice.values.contents import contents_differ
        from twice.values.differences import Difference, Gathered
        from twice.values.keys import key_of

        before, after = _rows(left), _rows(right)
        removed, added = sorted(before.keys() - after.keys()), sorted(after.keys() - before.keys())
        children = []
        for name in sorted(before.keys() & after.keys()):
            at = f"{path}/{name}"
            if list(map(key_of, before[name][:3])) != list(map(key_of, after[name][:3])):
                children.append(Difference(at, "is of another type, leads elsewhere, or may be executed or not"))
            else:
                data, other = (
                    row[3].view() if row[3] is not None else memoryview(b"") for row in (before[name], after[name])
                )
                child = contents_differ((name, data), (name, other), comparison, at)
                children += [child] if child is not None else []
        if left.part("name") != right.part("name"):
            children.append(Difference(path, f"was named {left.part('name')!r} and is named {right.part('name')!r}"))
        if not (removed or added or children):
            return None
        what = f"{len(children)} entries changed, {len(added)} added, {len(removed)} removed"
        detail = {"removed": removed, "added": added, "changed": len(children)}
        return Gathered(children).as_one(path, what, detail, whole=not removed and not added)


def _named(name: Any, file: Tagged) -> tuple[str, memoryview]:
    data: Any = file.part("data")
    return str(name), data.view() if data is not None else memoryview(b"")


def _rows(folder: Tagged) -> dict[str, list[Any]]:
    """A stored folder's entries by path: type, executable, target, data."""
    columns = [getattr(folder.part(name), "items", []) for name in ("kinds", "executable", "targets", "data")]
    paths: list[str] = getattr(folder.part("paths"), "items", [])
    return {path: list(row) for path, *row in zip(paths, *columns, strict=True)}


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
