"""What differs between two versions, with the text of the code that does."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping

from twice.actions.listing import names_of, outcome, run_of
from twice.errors import Damaged, NotFound
from twice.history.changes import Change, between, sentence
from twice.present.views import ChangeView, DiffView, OutputChange, Side, StepOutcome
from twice.records.code import Code, Node
from twice.records.digest import Digest
from twice.records.run import RunRecord
from twice.records.version import Version
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
    codes = (store.load(before.code, Code), store.load(after.code, Code))
    runs = tuple(run_of(store, found.version, found.run) for found in (left, right))
    names = names_of(store)
    found = between(store.load, before, after)
    changes = tuple(
        ChangeView(
            what=change.what,
            name=change.name,
            before=_place(change.before, codes[0]) if _is_code(change) else change.before,
            after=_place(change.after, codes[1]) if _is_code(change) else change.after,
            steps=change.steps,
            via=change.via,
            sentence=sentence(change),
            patch=_patch(store, codes, change.name) if _is_code(change) else "",
        )
        for change in found
    )
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
        unreached=_unreached(codes, found),
    )


def _is_code(change: Change) -> bool:
    return change.what in ("code", "cosmetic")


def _place(words: str, code: Code) -> str:
    """The place of a piece of code by its file instead of its module."""
    module, colon, line = words.rpartition(":")
    if not colon:
        module, line = words, ""
    path = next((file.path for file in code.modules if file.name == module), module)
    return f"{path}{colon}{line}"


def _patch(store: Store, codes: tuple[Code, Code], id_: str) -> str:
    """How the text of a function, class or value changed: a unified diff with the line numbers of the files."""
    nodes = [next((node for node in code.nodes if node.id == id_), None) for code in codes]
    texts = [_text(store, code, node) for code, node in zip(codes, nodes, strict=True)]
    if texts[0] == texts[1]:
        return ""
    labels = [_file(code, node) or "/dev/null" for code, node in zip(codes, nodes, strict=True)]
    offsets = [max(node.line - 1, 0) if node else 0 for node in nodes]
    lines = difflib.unified_diff(texts[0], texts[1], labels[0], labels[1], lineterm="")
    return "\n".join(_moved(line, offsets) for line in lines)


def _moved(line: str, offsets: list[int]) -> str:
    """A hunk's heading with the numbers that its lines have in the files."""
    found = _HUNK.match(line)
    if found is None:
        return line
    before, left, after, right = found.groups()
    return f"@@ -{int(before) + offsets[0]}{left} +{int(after) + offsets[1]}{right} @@"


def _text(store: Store, code: Code, node: Node | None) -> list[str]:
    module = next((file for file in code.modules if node is not None and file.name == node.module), None)
    if node is None or module is None or module.namespace:
        return []
    try:
        lines = store.get(module.source).decode("utf-8", "replace").splitlines()
    except (NotFound, Damaged):
        return []
    if node.line:
        return lines[node.line - 1 : node.end_line]
    return lines if node.kind in ("module", "effects") else []


def _file(code: Code, node: Node | None) -> str:
    return next((file.path for file in code.modules if node is not None and file.name == node.module), "")


def _outputs(store: Store, left: Digest | None, right: Digest | None) -> tuple[OutputChange, ...]:
    if left is None or right is None:
        return ()
    before, after = _contents(store, left), _contents(store, right)
    found = []
    for step in [*before, *(step for step in after if step not in before)]:
        was, now = (side[step].output if step in side else None for side in (before, after))
        if was is None and now is None:
            continue
        found.append(
            OutputChange(
                step=step,
                same=was is not None and now is not None and was.content == now.content,
                before=was.preview if was else "",
                after=now.preview if now else "",
            )
        )
    return tuple(found)


def _contents(store: Store, run: Digest) -> Mapping[str, StepOutcome]:
    return {result.step: outcome(store, result) for result in store.load(run, RunRecord).steps}


def _unreached(codes: tuple[Code, Code], changes: list[Change]) -> tuple[str, ...]:
    """Files that differ, though nothing that a step reaches in them does."""
    left, right = ({module.name: module for module in code.modules} for code in codes)
    touched = {change.name.partition(":")[0].removesuffix(" (on import)") for change in changes if _is_code(change)}
    return tuple(
        right[name].path
        for name in sorted(left.keys() & right.keys())
        if left[name].source != right[name].source and name not in touched
    )
