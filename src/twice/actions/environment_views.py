"""What there is to say about the environments of versions."""

from __future__ import annotations

from twice.actions.rebuild import folder_of
from twice.environment.drift import drift
from twice.environment.rebuild import built
from twice.environment.record import environment, with_edits
from twice.present.environment import DriftItem, DriftView, EnvironmentView, PackageView
from twice.records.digest import Digest
from twice.records.environment import Environment
from twice.records.lock import NOT_LOCKED, Lock, pins
from twice.records.run import RunRecord
from twice.records.version import Version
from twice.store.store import Store


def reached_by(store: Store, run: RunRecord) -> frozenset[str]:
    """The distributions that the steps of a run's version reach."""
    own = store.load(store.load(run.version, Version).environment, Environment)
    return frozenset(found.name for found in own.distributions)


def environment_view(store: Store, run: Digest, name: str, found: Lock | None = None) -> EnvironmentView:
    """What a version ran on, and whether that is locked.

    Args:
        store: The vault.
        run: The run that is the version's record.
        name: What people call it.
        found: Its lock, if it is known.
    """
    record = store.load(run, RunRecord)
    recorded = store.load(record.environment, Environment)
    locks = store.locks(pins(recorded))
    lock = found or (locks[-1][1] if locks else None)
    digest = next((digest for digest, other in locks if other == lock), "")
    left = {out.name: out.why for out in lock.left_out} if lock else {}
    kept = {p.name for p in lock.packages if any(file.kept for file in p.files)} if lock else set()
    reached = reached_by(store, record)
    machine = recorded.machine
    there = built(folder_of(store, lock)) if lock else None
    return EnvironmentView(
        name=name,
        python=f"{recorded.interpreter.implementation} {recorded.interpreter.version} "
        f"({recorded.interpreter.build}, {recorded.interpreter.compiler})",
        machine=(
            f"{machine.system} {machine.release} {machine.architecture}, {machine.libc}",
            f"{machine.cpu}, {machine.cores} cores",
            *(f"{lib.name} {lib.version} {lib.kernel}, {lib.threads} threads" for lib in recorded.numeric),
        ),
        packages=tuple(
            PackageView(
                name=found.name,
                version=found.version,
                origin=found.origin,
                reached=found.name in reached,
                edited=tuple(path for path, _ in found.edited),
                kept=found.name in kept,
                left_out=left.get(found.name, ""),
            )
            for found in recorded.distributions
            if found.name not in NOT_LOCKED
        ),
        lock=str(digest),
        key=str(lock.key) if lock else "",
        kept=bool(lock and lock.kept),
        platforms=lock.platforms if lock else (),
        built=str(folder_of(store, lock)) if lock and there else "",
    )


def drift_view(store: Store, run: Digest, name: str, other: Digest | None, other_name: str) -> DriftView:
    """What differs between a version's environment and another's, or what is here."""
    record = store.load(run, RunRecord)
    before = store.load(record.environment, Environment)
    reached = reached_by(store, record)
    if other is None:
        after = with_edits(environment(()), reached)
    else:
        second = store.load(other, RunRecord)
        after = store.load(second.environment, Environment)
        reached |= reached_by(store, second)
    return DriftView(
        before=name,
        after=other_name or "here",
        differences=tuple(
            DriftItem(
                what=found.what,
                name=found.name,
                before=found.recorded,
                after=found.here,
                reached=found.what == "distribution" and found.name in reached,
                sentence=str(found),
            )
            for found in drift(before, after, reached)
        ),
    )
