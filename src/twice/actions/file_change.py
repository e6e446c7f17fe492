"""How a file or a folder changed, so that a person sees it."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Callable
from dataclasses import dataclass

from twice.history.changes import Change, sentence
from twice.present.findings import ChangeView
from twice.present.words import count, size
from twice.records.digest import Digest

_MOST_BYTES = 1 << 20
_MOST_LINES = 30
_MOST_NAMES = 8
_LONGEST = 160


@dataclass(frozen=True)
class FileState:
    """A file as it was, or is.

    Attributes:
        content: The digest of its bytes.
        size: In bytes.
        data: Gives its bytes, where they can be had.
    """

    content: Digest
    size: int
    data: Callable[[], bytes | None]


def file_change(path: str, before: FileState | None, after: FileState | None, step: str) -> ChangeView:
    """How a file changed: as a diff of its text, as rows and columns of a table, or by its size.

    Args:
        path: The file.
        before: As it was; None if it was not there.
        after: As it is.
        step: The step that it concerns.
    """
    shown = [f"{size(state.size)} ({state.content.short})" if state else "" for state in (before, after)]
    detail, patch = _inside(path, before, after) if before and after else ("", "")
    told = sentence(Change("file", path, shown[0], shown[1]))
    return ChangeView(
        what="file",
        name=path,
        before=shown[0],
        after=shown[1],
        steps=(step,),
        via=(),
        sentence=told,
        patch=patch,
        detail=detail,
    )


def folder_change(path: str, before: list[str] | None, after: list[str] | None, step: str) -> ChangeView:
    """Which names came into a folder, and which left it.

    Args:
        path: The folder.
        before: The names; None if they are not known.
        after: Likewise.
        step: The step that it concerns.
    """
    detail = ""
    if before is not None and after is not None:
        came, left = sorted(set(after) - set(before)), sorted(set(before) - set(after))
        detail = ", ".join(_named("+", came) + _named("-", left))
    counts = [count(len(names), "name") if names is not None else "names" for names in (before, after)]
    where = "the project's folder" if path == "." else f"{path}/"
    told = f"the names in {where} are others" + (f": {detail}" if detail else "")
    return ChangeView(
        what="folder",
        name=where,
        before=counts[0],
        after=counts[1],
        steps=(step,),
        via=(),
        sentence=told,
        detail=detail,
    )


def _named(sign: str, names: list[str]) -> list[str]:
    more = [f"{sign} {len(names) - _MOST_NAMES} more"] if len(names) > _MOST_NAMES else []
    return [f"{sign} {name}" for name in names[:_MOST_NAMES]] + more


def _inside(path: str, before: FileState, after: FileState) -> tuple[str, str]:
    """What differs in two files, in words and as a diff; neither where their bytes are not at hand."""
    if max(before.size, after.size) > 64 * _MOST_BYTES:
        return "", ""
    left, right = before.data(), after.data()
    if left is None or right is None:
        return "", ""
    try:
        texts = [data.decode("utf-8") for data in (left, right)] if b"\0" not in left + right else []
    except UnicodeDecodeError:
        texts = []
    if not texts:
        from twice.values.compare import Comparison
        from twice.values.contents import contents_differ

        found = contents_differ((path, memoryview(left)), (path, memoryview(right)), Comparison(), "")
        if found is None:
            return "the same, written otherwise", ""
        return ("" if found.what.startswith("was ") else found.what), ""  # bytes tell nobody anything
    table = _table(*texts) if path.lower().endswith((".csv", ".tsv")) else ""
    return table, _patch(texts, path) if max(before.size, after.size) <= _MOST_BYTES else ""


def _patch(texts: list[str], path: str) -> str:
    left, right = (text.splitlines() for text in texts)
    lines = list(difflib.unified_diff(left, right, path, path, lineterm="", n=1))
    shown = [line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…" for line in lines[: 2 + _MOST_LINES]]
    if len(lines) > len(shown):
        shown.append(f"… and {count(len(lines) - len(shown), 'line')} more")
    return "\n".join(shown)


def _table(before: str, after: str) -> str:
    """How a table written as text changed: its rows, and its columns where they have names."""
    left, right = (
        list(csv.reader(text.splitlines(), delimiter="\t" if "\t" in text[:1000] else ",")) for text in (before, after)
    )
    if not left or not right:
        return ""
    came = [name for name in right[0] if name not in left[0]]
    gone = [name for name in left[0] if name not in right[0]]
    told = []
    if all(_is_name(cell) for cell in (*left[0], *right[0])) and (came or gone):
        told.append("columns " + ", ".join(_named("+", came) + _named("-", gone)))
    if len(left) != len(right):
        told.append(f"{len(left) - 1:,} → {len(right) - 1:,} rows")
    else:
        moved = sum(first != second for first, second in zip(left, right, strict=True))
        told.append(f"{count(moved, 'row')} of {len(left) - 1:,} changed")
    return "; ".join(told)


def _is_name(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return bool(cell)
    return False
