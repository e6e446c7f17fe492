"""Give a run's version a name that people can say."""

from __future__ import annotations

import time

from twice.errors import LabelTaken, NothingToSave
from twice.history.changes import between, sentence
from twice.records.digest import Digest
from twice.records.run import Ref, RunRecord
from twice.records.version import Version
from twice.store.store import Store


def save(store: Store, run: Digest, *, pipeline: str, label: str | None, name: str | None) -> list[str]:
    """File a run's version under its label, a name, or both.

    Args:
        store: The vault.
        run: The run that is the version's record.
        pipeline: The pipeline's name.
        label: The version's label, as ``v1.0``.
        name: Another name for it.

    Returns:
        The names that it can be loaded by.

    Raises:
        LabelTaken: A name already means other content; the error shows the difference.
        NothingToSave: The run did not finish, or there is no name.
    """
    if label is None and name is None:
        raise NothingToSave(
            "this version has no name to be saved under.",
            hint='set pipeline.version = "v1.0", or give a name: save("pipeline_v1.0")',
        )
    record = store.load(run, RunRecord)
    if record.status != "done":
        raise NothingToSave(f"the last run {record.status}, so there is nothing whole to save.", hint="run it again")
    ref = Ref(version=record.version, run=run, pipeline=pipeline, label=label or "", created=time.time_ns())
    saved = []
    if label is not None:
        try:
            store.set_label(pipeline, label, ref)
        except LabelTaken as problem:
            raise _explained(store, problem, f"{pipeline}@{label}", record.version) from None
        saved.append(f"{pipeline}@{label}")
    if name is not None and name not in saved:
        try:
            store.set_name(name, ref)
        except LabelTaken as problem:
            raise _explained(store, problem, name, record.version) from None
        saved.append(name)
    return saved


def _explained(store: Store, problem: LabelTaken, name: str, version: Digest) -> LabelTaken:
    taken = store.resolve(name).version
    changes = between(store.load, store.load(taken, Version), store.load(version, Version))
    lines = "\n".join(f"  · {sentence(change)}" for change in changes[:12])
    more = f"\n  … and {len(changes) - 12} more" if len(changes) > 12 else ""
    return LabelTaken(
        f"{name!r} already means another version ({taken.short}), and a name means one thing for ever. "
        f"What differs in this one ({version.short}):\n{lines}{more}",
        hint=problem.hint or "save it under a new label",
    )
