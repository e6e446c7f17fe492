"""Bring recorded values back into the calling process."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from twice.actions.snapshotted import Snapshotted
from twice.errors import CaptureError
from twice.execute.captured import private_map
from twice.records.artifact import Artifact
from twice.records.digest import Digest
from twice.source.importer import MAIN
from twice.store.store import Store
from twice.values import artifact as artifacts
from twice.values.terms import Term

Known = Mapping[str, object]
"""Node id → live object, of the pipeline that is at hand."""


def value(
    store: Store, artifact: Artifact, known: Known | None = None, captured: Callable[[], Snapshotted] | None = None
) -> Any:
    """A recorded value.

    Classes defined in a script come back as the script's own, if it is the one that runs, and otherwise as what the
    captured code says.

    Args:
        store: The vault.
        artifact: The value's record.
        known: Live functions and classes by node id, for what no module leads to.
        captured: The code of the run that the value comes from.

    Raises:
        CaptureError: The value is of a class that is not here.
        Damaged: Its bytes are not what the record says.
    """
    live = known or {}

    def find(module: str, name: str) -> object:
        loaded = sys.modules.get(module)
        found: object = loaded
        for part in name.split(".") if name else ():
            found = getattr(found, part, None)
            if found is None:
                break
        if loaded is not None and found is not None and (module != MAIN or not captured or captured().is_running()):
            return found
        if f"{module}:{name}" in live:
            return live[f"{module}:{name}"]
        from twice.values.kind import import_by_name

        try:
            if module == MAIN and captured is not None:
                raise ImportError(module)
            return import_by_name(module, name)
        except (ImportError, AttributeError):
            if captured is None or not captured().holds(module):
                raise
            return captured().named(module, name)

    def code(id_: str) -> object:
        if id_ in live:
            return live[id_]
        if captured is not None:
            return captured().definition(id_)
        raise CaptureError(
            f"the value is of {id_.replace(':', '.')}, which is defined inside a function and is not here.",
            hint="load it where the pipeline is made, or define the class at the top level of a module",
        )

    hooks: dict[str, Callable[[Any], Any]] = {"twice.code": code}
    return artifacts.fetch(artifact, reader(store), find=find, hooks=hooks)


def reader(store: Store) -> Callable[[Digest], memoryview]:
    """Objects as private writable memory: what is written there, the vault does not see."""
    return lambda digest: private_map(store.file(digest))


def term(store: Store, artifact: Artifact) -> Term:
    """A recorded value's structure, to look at; nothing is constructed, imported or executed."""
    return artifacts.term(artifact, reader(store))
