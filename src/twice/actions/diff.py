"""What differs between two versions, with the text of the code that does."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from twice.actions.compare import compare
from twice.actions.file_change import folder_change
from twice.actions.listing import names_of, outcome, run_of
from twice.errors import Damaged, NotFound
from twice.history.changes import Change, between, sentence
from twice.present.findings import ChangeView, DiffView, OutputChange, Side
from twice.present.views import StepOutcome
from twice.records.code import Code, Snapshot
from twice.records.digest import Digest
from twice.records.run import RunRecord
from twice.records.version import InputFile, Version
from twice.store.resolve import Found
from twice.store.store import Store

_HUNK = re.compile(r"^@@ -(\d+)((?:,\d+)?) \+(\d+)((?:,\d+)?) @@")


def diff(store: Store, left: Found, right: Found) -> DiffView:
    """What differs between two versions, and which outputs of their runs do.

    Args:
        store: The vault.
        left: What the name of one means.
        right: What the name of the other means.
    """
    before, after = (store.load(found.version, Version) for found in (left, right))
    runs = [run_of(store, found.version, found.run) for found in (left, right)]
    snapshots = [_snapshot(store, run) for run in runs]
    codes = [store.load(version.code, Code) for version in (before, after)]
    names = names_of(store)
    found = between(store.load, before, after)
    found = [
        replace(change, steps=_reaching(codes, change.name)) if change.what == "distribution" else change
        for change in found
    ]
    folders = [{file.path: file for file in version.files if file.listing} for version in (before, after)]
    changes = tuple(_of_folder(store, folders, view) for view in views(store, snapshots, found))
    outputs = _outputs(store, runs[0], runs[1])
    sides = tuple(
        Side(name=side.text, version=side.version, names=tuple(names.get(side.version, ())), run=run or "")
        for side, run in zip((left, right), runs, strict=True)
    )
    return DiffView(
        before=sides[0],
        after=sides[1],
        same=not changes and all(output.same for output in outputs),
        changes=changes,
        outputs=outputs,
        unreached=_unreached(snapshots, found),
    )


def views(store: Store, snapshots: Sequence[Snapshot | None], changes: Iterable[Change]) -> tuple[ChangeView, ...]:
    """Changes with the places and the text of the code that they are about.

    Args:
        store: The vault.
        snapshots: The files of both sides.
        changes: What differs.
    """
    return tuple(
        ChangeView(
            what=change.what,
            name=change.name,
            before=_place(change.name, snapshots[0], change.before) if _is_code(change) else change.before,
            after=_place(change.name, snapshots[1], change.after) if _is_code(change) else change.after,
            steps=change.steps,
            via=change.via,
            sentence=sentence(change),
            patch=_patch(store, snapshots, change.name) if _is_code(change) else "",
        )
        for change in changes
    )


def _of_folder(store: Store, folders: Sequence[Mapping[str, InputFile]], view: ChangeView) -> ChangeView:
    """A change of what lies in a folder, with the names that came and went; any other change as it is."""
    sides = [known.get(view.name) for known in folders]
    if view.what != "file" or not any(sides):
        return view
    told = folder_change(view.name, _names_in(store, sides[0]), _names_in(store, sides[1]), "")
    after = f"{told.after}: {told.detail}" if told.detail else told.after
    return replace(told, what="file", steps=view.steps, after=after)


def _names_in(store: Store, folder: InputFile | None) -> list[str] | None:
    """The names in a folder, if the vault has them."""
    if folder is None:
        return []
    try:
        return [str(name) for name in json.loads(store.get(folder.content))]
    except (NotFound, Damaged):
        return None


def _is_code(change: Change) -> bool:
    return change.what in ("code", "cosmetic")


def _reaching(codes: Sequence[Code], distribution: str) -> tuple[str, ...]:
    """The steps of either version that reach a distribution."""
    found = [
        step
        for code in codes
        for step, own in code.steps.items()
        if any(id_.partition("==")[0] == distribution for id_ in own.reaches if "==" in id_)
    ]
    return tuple(dict.fromkeys(found))


def _snapshot(store: Store, run: Digest | None) -> Snapshot | None:
    return store.load(store.load(run, RunRecord).snapshot, Snapshot) if run is not None else None


def _place(id_: str, snapshot: Snapshot | None, otherwise: str) -> str:
    """Where a piece of code stands, as ``helpers.py:3``; empty if it is not there."""
    if snapshot is None or id_ not in snapshot.places:
        return otherwise
    place = snapshot.places[id_]
    file = _path(snapshot, place.module)
    return f"{file}:{place.line}" if place.line else file


def _patch(store: Store, snapshots: Sequence[Snapshot | None], id_: str) -> str:
    """How the text of a function, class or value changed: a unified diff with the line numbers of the files."""
    left, right = (_text(store, snapshot, id_) for snapshot in snapshots)
    if left == right:
        return ""
    labels, offsets = [], []
    for snapshot in snapshots:
        place = snapshot.places.get(id_) if snapshot else None
        labels.append(_path(snapshot, place.module) if snapshot and place else "/dev/null")
        offsets.append(max(place.line - 1, 0) if place else 0)
    lines = difflib.unified_diff(left, right, labels[0], labels[1], lineterm="")
    return "\n".join(_moved(line, offsets) for line in lines)


def _moved(line: str, offsets: list[int]) -> str:
    """A hunk's heading with the numbers that its lines have in the files."""
    found = _HUNK.match(line)
    if found is None:
        return line
    before, left, after, right = found.groups()
    return f"@@ -{int(before) + offsets[0]}{left} +{int(after) + offsets[1]}{right} @@"


def _text(store: Store, snapshot: Snapshot | None, id_: str) -> list[str]:
    place = snapshot.places.get(id_) if snapshot else None
    if snapshot is None or place is None or not place.line:
        return []
    module = next((file for file in snapshot.modules if file.name == place.module), None)
    if module is None or module.namespace:
        return []
    try:
        lines = store.get(module.source).decode("utf-8", "replace").splitlines()
    except (NotFound, Damaged):
        return []
    return lines[place.line - 1 : place.end_line]


def _path(snapshot: Snapshot, module: str) -> str:
    return next((file.path for file in snapshot.modules if file.name == module), module)


def _outputs(store: Store, left: Digest | None, right: Digest | None) -> tuple[OutputChange, ...]:
    if left is None or right is None:
        return ()
    before, after = _contents(store, left), _contents(store, right)
    verdicts = compare(store, left, store, right).steps
    found = []
    for step in [*before, *(step for step in after if step not in before)]:
        was, now = (side[step].output if step in side else None for side in (before, after))
        if was is None and now is None:
            continue
        verdict = verdicts.get(step)
        found.append(
            OutputChange(
                step=step,
                same=was is not None and now is not None and was.content == now.content,
                before=was.preview if was else "",
                after=now.preview if now else "",
                difference=verdict.summary if verdict is not None and verdict.verdict != "identical" else "",
            )
        )
    return tuple(found)


def _contents(store: Store, run: Digest) -> Mapping[str, StepOutcome]:
    return {result.step: outcome(store, result) for result in store.load(run, RunRecord).steps}


def _unreached(snapshots: Sequence[Snapshot | None], changes: list[Change]) -> tuple[str, ...]:
    """Files that differ, though nothing that a step reaches in them does."""
    left, right = ({file.name: file for file in snapshot.modules} if snapshot else {} for snapshot in snapshots)
    touched = {change.name.partition(":")[0].removesuffix(" (on import)") for change in changes if _is_code(change)}
    return tuple(
        right[name].path
        for name in sorted(left.keys() & right.keys())
        if left[name].source != right[name].source and name not in touched
    )
