"""Input files as they are here, where the recorded ones cannot be put into a scratch place: outside, or not kept."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from msgspec.structs import replace

from twice.records.version import InputFile
from twice.store.store import Store


def original_of(store: Store, file: InputFile) -> Path | None:
    """Where a file is read that is not put into a scratch place; None for one that is."""
    if file.listing or (file.root and file.stored):
        return None
    return store.path.parent / file.path if file.root else Path(file.path)


def files_here(
    store: Store, files: Iterable[InputFile]
) -> tuple[tuple[InputFile, ...], tuple[tuple[InputFile, InputFile | None], ...]]:
    """A version's files as a verification finds them, and which of them are others than recorded.

    Args:
        store: The vault.
        files: The recorded ones.

    Returns:
        All files that there are; and pairs of a recorded file and what is there now, None if nothing is.
    """
    there: list[InputFile] = []
    changed: list[tuple[InputFile, InputFile | None]] = []
    for file in files:
        original, now = original_of(store, file), file
        if original is not None:
            if not original.is_file():
                changed.append((file, None))
                continue
            content = store.digest_file(original)
            if content != file.content:
                now = replace(file, content=content, size=original.stat().st_size, stored=False)
                changed.append((file, now))
        there.append(now)
    return tuple(there), tuple(changed)


def told(file: InputFile, now: InputFile | None) -> str:
    """What became of a file, in words."""
    if now is None:
        return f"{file.path}: {file.size:,} bytes → not there"
    if now.size != file.size:
        return f"{file.path}: {file.size:,} → {now.size:,} bytes"
    return f"{file.path}: other content, {file.size:,} bytes"


def how_to_bring(store: Store, file: InputFile, original: Path) -> str:
    """What to do so that a file is what it was."""
    if file.stored:
        return f"its bytes are in the store; copy them back: cp {store.file(file.content)} {original}"
    return "it was too large to be kept (TWICE_KEEP_FILES_UP_TO), so it has to be brought from where it came from"
