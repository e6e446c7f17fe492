"""Files and folders as values: what a step returns to say "this file is my output"."""

from __future__ import annotations

import os
import stat
import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from twice.errors import ValueNotStorable
from twice.values.kind import BufferSource, FileSource

_READ_WRITE = 0o644


class File:
    """A file as a value: its content, its name, and whether it may be executed.

    It can be given wherever a path can. A file that comes from a store has no path until it is asked for one; it is
    then written to a temporary folder that lives as long as this object.

    Args:
        path: An existing file.

    Raises:
        ValueNotStorable: When it is stored and there is no such file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path: Path | None = Path(path).absolute()
        self.name = self._path.name
        self._data: memoryview | Path | None = None
        self._mode: int | None = None

    @classmethod
    def of_content(cls, name: str, data: memoryview | Path, mode: int) -> File:
        """A file that is not on disk yet.

        Args:
            name: Its name.
            data: Its content, or a file that holds it.
            mode: Its permission bits.
        """
        result = cls.__new__(cls)
        result._path, result.name, result._data, result._mode = None, name, data, mode
        return result

    @property
    def path(self) -> Path:
        """Where the file is."""
        if self._path is None:
            place = _temporary_place(self)
            self._path = self.write_to(place)
        return self._path

    @property
    def mode(self) -> int:
        """Its permission bits."""
        return stat.S_IMODE(self.path.stat().st_mode) if self._mode is None else self._mode

    def write_to(self, folder: Path) -> Path:
        """Write the file into a folder, under its own name.

        Args:
            folder: An existing folder.

        Returns:
            The new file's path.
        """
        target = folder / self.name
        write_content(target, self.source, self.mode)
        return target

    @property
    def source(self) -> BufferSource:
        """The bytes, for storing."""
        if self._data is None:
            return FileSource(self.path, self.path.stat().st_size)
        return FileSource(self._data, self._data.stat().st_size) if isinstance(self._data, Path) else self._data

    def read_bytes(self) -> bytes:
        """The whole content."""
        return bytes(self._data) if isinstance(self._data, memoryview) else (self._data or self.path).read_bytes()

    def read_text(self, encoding: str = "utf-8") -> str:
        """The whole content as text."""
        return self.read_bytes().decode(encoding)

    def open(self, mode: str = "r", **options: Any) -> IO[Any]:
        """Open the file, as :func:`open` does."""
        return open(self.path, mode, **options)

    def __fspath__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        return f"File({self.name!r})"


@dataclass(frozen=True)
class Entry:
    """One thing in a folder.

    Attributes:
        path: Where, relative to the folder, with forward slashes.
        what: ``file``, ``folder`` or ``link``.
        executable: Whether its owner may execute a file.
        mode: Its permission bits.
        target: Where a link leads.
        source: A file's bytes.
    """

    path: str
    what: str
    executable: bool = False
    mode: int = _READ_WRITE
    target: str = ""
    source: BufferSource = b""


class Folder:
    """A folder as a value: everything in it, with links as links and empty folders kept.

    Args:
        path: An existing folder.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path: Path | None = Path(path).absolute()
        self.name = self._path.name
        self._entries: tuple[Entry, ...] | None = None

    @classmethod
    def of_entries(cls, name: str, entries: tuple[Entry, ...]) -> Folder:
        """A folder that is not on disk yet."""
        result = cls.__new__(cls)
        result._path, result.name, result._entries = None, name, entries
        return result

    @property
    def path(self) -> Path:
        """Where the folder is."""
        if self._path is None:
            self._path = self.write_to(_temporary_place(self))
        return self._path

    def entries(self) -> tuple[Entry, ...]:
        """Everything in it, at any depth, sorted by path.

        Raises:
            ValueNotStorable: There is no such folder, or it holds something that is no file, folder or link.
        """
        if self._entries is not None:
            return self._entries
        if not self.path.is_dir():
            raise ValueNotStorable(f"there is no folder {self.name!r} to store", hint="make it before returning it")
        return tuple(
            sorted(_walk(self.path, self.path), key=lambda entry: entry.path.encode("utf-8", "surrogateescape"))
        )

    def write_to(self, folder: Path) -> Path:
        """Write the folder into another, under its own name.

        Returns:
            The new folder's path.
        """
        top = folder / self.name
        top.mkdir()
        folders = []
        for entry in self.entries():
            target = top.joinpath(*safe_parts(entry.path))
            if entry.what == "folder":
                target.mkdir(exist_ok=True)
                folders.append((target, entry.mode))
            elif entry.what == "link":
                target.symlink_to(entry.target)
            else:
                write_content(target, entry.source, entry.mode)
        for (
            made,
            mode,
        ) in folders:  # at last, as they may forbid writing; and so that what is in them can be deleted again
            made.chmod(mode & 0o777 | stat.S_IRWXU)
        return top

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    def __iter__(self) -> Iterator[Path]:
        return iter(sorted(self.path.iterdir()))

    def __fspath__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        return f"Folder({self.name!r})"


def safe_parts(path: str) -> tuple[str, ...]:
    """The parts of a stored path, if it stays where it is put.

    Raises:
        ValueNotStorable: It would lead out of its folder.
    """
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or any(part in ("..", "") or "\0" in part for part in parts):
        raise ValueNotStorable(f"a stored folder names the path {path!r}, which leads out of it")
    return parts


def write_content(target: Path, source: BufferSource, mode: int) -> None:
    """Write a new file with some bytes and permission bits; never through a link."""
    with open(target, "xb") as out:
        if isinstance(source, FileSource):
            import shutil

            with open(source.path, "rb") as content:
                shutil.copyfileobj(content, out, 1 << 20)
        else:
            out.write(source)
    target.chmod(mode & 0o777 | stat.S_IRUSR)


def _walk(top: Path, folder: Path) -> Iterator[Entry]:
    _demand_readable(top, folder, os.R_OK | os.X_OK)
    with os.scandir(folder) as found:
        for item in found:
            path = Path(item.path)
            relative = path.relative_to(top).as_posix()
            if item.is_symlink():
                yield Entry(relative, "link", target=str(path.readlink()))
            elif item.is_dir():
                yield Entry(relative, "folder", mode=stat.S_IMODE(item.stat().st_mode))
                yield from _walk(top, path)
            elif item.is_file():
                _demand_readable(top, path, os.R_OK)
                status = item.stat()
                mode = stat.S_IMODE(status.st_mode)
                source = FileSource(path, status.st_size)
                yield Entry(relative, "file", executable=bool(mode & stat.S_IXUSR), mode=mode, source=source)
            else:
                raise ValueNotStorable(f"{relative} is neither a file, a folder nor a link", hint="remove it")


def _demand_readable(top: Path, path: Path, how: int) -> None:
    if not os.access(path, how):
        raise ValueNotStorable(
            f"{path.relative_to(top.parent).as_posix()} may not be read",
            hint="give yourself the right to read it, or take it out of the folder",
        )


def _temporary_place(owner: object) -> Path:
    folder = tempfile.TemporaryDirectory(prefix="twice-")
    weakref.finalize(owner, folder.cleanup)
    return Path(folder.name)
