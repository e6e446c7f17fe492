"""Where a version is to run: here, in its environment rebuilt, in a container; and environments for experiments."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from msgspec.structs import replace

from twice.actions.environment_views import environment_view, reached_by
from twice.actions.image import contained, export, image
from twice.actions.lock import keeps_wheels, lock
from twice.actions.rebuild import launch
from twice.environment.record import environment, with_edits
from twice.environment.wheels import fits, tags
from twice.errors import EnvironmentUnusable
from twice.execute.launch import HERE, Launch
from twice.present.environment import EnvironmentView, WrittenView
from twice.records.digest import Digest
from twice.records.environment import Distribution, Environment
from twice.records.lock import NOT_LOCKED, Lock, LockedPackage, pins
from twice.records.run import RunRecord
from twice.store.store import Store

PLACES = ("here", "venv", "container")


def launch_in(store: Store, run: Digest, place: str) -> Launch:
    """How workers are started for a version, in a place.

    Args:
        store: The vault.
        run: The run that is the version's record; its whole environment is what is rebuilt.
        place: One of :data:`PLACES`.

    Raises:
        EnvironmentUnusable: It cannot be made here.
    """
    if place == "here":
        return HERE
    if place not in PLACES:
        raise EnvironmentUnusable(f"there is no place {place!r} to run in.", hint=f"one of {', '.join(PLACES)}")
    found = _locked(store, run)
    return launch(store, found) if place == "venv" else contained(store, run, found)


def _locked(store: Store, run: Digest) -> Lock:
    """The lock of what a version ran on, as it is to be rebuilt."""
    record = store.load(run, RunRecord)
    recorded, needed = store.load(record.environment, Environment), reached_by(store, record)
    return buildable(whole(lock(store, recorded)[1], needed), recorded, needed)


def lock_version(store: Store, run: Digest, name: str, *, keep_wheels: bool = False) -> EnvironmentView:
    """Lock what a version ran on, and tell what was locked."""
    recorded = store.load(store.load(run, RunRecord).environment, Environment)
    _, found = lock(store, recorded, keep_wheels=keep_wheels or keeps_wheels())
    return environment_view(store, run, name, found)


def build_version(store: Store, run: Digest, name: str) -> EnvironmentView:
    """Rebuild what a version ran on, and tell where it is."""
    launch_in(store, run, "venv")
    return environment_view(store, run, name)


def image_of_version(store: Store, run: Digest, name: str, *, base: str | None = None) -> WrittenView:
    """Build the image of what a version ran on."""
    made = image(store, run, _locked(store, run), base=base)
    return WrittenView(name=name, image=made.name, digest=made.id, notes=(f"on {made.base}, by {made.engine.name}",))


def export_version(store: Store, run: Digest, name: str, folder: Path, *, base: str | None = None) -> WrittenView:
    """Write what is needed to rebuild an environment without Twice."""
    recorded = store.load(store.load(run, RunRecord).environment, Environment)
    found = lock(store, recorded)[1]
    notes = tuple(f"left out: {left.name} {left.version}: {left.why}" for left in found.left_out)
    return WrittenView(name=name, files=tuple(export(store, run, found, folder, base=base)), notes=notes)


def whole(found: Lock, needed: Collection[str]) -> Lock:
    """The lock, if nothing is left out of it that is needed; what else is missing, the drift tells.

    Args:
        found: The lock.
        needed: Distributions that have to be in it.

    Raises:
        EnvironmentUnusable: One is not.
    """
    missing = [left for left in found.left_out if left.name in needed]
    if missing:
        told = "; ".join(f"{left.name} {left.version}: {left.why}" for left in missing)
        raise EnvironmentUnusable(
            f"not all of the environment can be rebuilt. {told}.",
            hint="lock it where these are installed (`twice env lock NAME`), with --keep-wheels if they may vanish",
        )
    return found


def buildable(found: Lock, recorded: Environment, needed: Collection[str]) -> Lock:
    """The lock without what the system installed, no step reaches, and an index has only the source of.

    Of a distribution's packages for its own tools many are such (``dbus-python``, ``PyGObject``), and compiling them
    needs headers that nothing else does. What is not there then, the drift tells.

    Args:
        found: The lock.
        recorded: The environment that it is of.
        needed: Distributions that stay in it.
    """
    theirs = {d.name for d in recorded.distributions if d.origin == "unknown" and not d.installer} - set(needed)
    stay = tuple(
        package
        for package in found.packages
        if package.name not in theirs
        or any(tags(file.name) and fits(file.name, found.python) for file in package.files)
    )
    return found if stay == found.packages else replace(found, packages=stay)


@dataclass(frozen=True)
class Experiments:
    """Environments between the recorded one and the present one, to find the distribution that made a difference.

    How to use it, for delta debugging over the factor ``environment``::

        between = Experiments(store, recorded, environment(()))     # two Environment records
        between.names                                              # distributions that differ: what can be swapped
        verify(store, run, launch=between.launch(()), …)           # all as recorded: must reproduce
        verify(store, run, launch=between.launch(between.names), …)  # all as here: must differ
        verify(store, run, launch=between.launch({"numpy"}), …)    # as recorded, but NumPy as it is here
        verify(store, run, launch=between.launch({"numpy"}, reverse=True), …)   # as here, but NumPy as recorded

    The first call resolves both sides; after that each set costs an install by hard links (seconds for sixty
    distributions), once: environments are kept in the store by what is in them. Nothing checks that the versions of a
    mixture get along, since that would rule out the very experiments: a step that fails in one proves nothing, and is
    to be taken as such. The interpreter is the recorded one.

    Attributes:
        store: The vault.
        recorded: The recorded environment.
        here: The present one.
    """

    store: Store
    recorded: Environment
    here: Environment

    @property
    def names(self) -> tuple[str, ...]:
        """The distributions whose presence or version differs, sorted."""
        then, now = _versions(self.recorded), _versions(self.here)
        return tuple(sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name)))

    def launch(self, swapped: Collection[str], *, reverse: bool = False) -> Launch:
        """How workers are started in a mixture.

        Args:
            swapped: Distributions that have their present version (or are absent, if they are so here).
            reverse: The other way round: these have their recorded version, and all others are as they are here.

        Raises:
            EnvironmentUnusable: It cannot be made.
        """
        unknown = set(swapped) - set(self.names)
        if unknown:
            raise EnvironmentUnusable(f"nothing differs in {', '.join(sorted(unknown))}.", hint=", ".join(self.names))
        from_here = set(self.names) - set(swapped) if reverse else set(swapped)
        return launch(self.store, self._mixture(from_here))

    def _mixture(self, from_here: Collection[str]) -> Lock:
        chosen: dict[str, LockedPackage] = {}
        distributions: dict[str, Distribution] = {}
        then, now = ({d.name: d for d in env.distributions} for env in (self.recorded, self.here))
        locks = self._recorded_lock, self._here_lock if from_here else self._recorded_lock
        for name in sorted({*then, *now} - NOT_LOCKED):
            side = int(name in from_here)
            distribution = (then, now)[side].get(name)
            package = next((package for package in locks[side].packages if package.name == name), None)
            if distribution is not None and package is not None:
                chosen[name], distributions[name] = package, distribution
        mixed = Environment(
            interpreter=self.recorded.interpreter,
            machine=self.here.machine,
            distributions=tuple(distributions.values()),
        )
        return Lock(
            of=pins(mixed),
            implementation=self.recorded.interpreter.implementation,
            python=self.recorded.interpreter.version,
            packages=tuple(chosen.values()),
        )

    @cached_property
    def _recorded_lock(self) -> Lock:
        return whole(lock(self.store, self.recorded)[1], self.names)

    @cached_property
    def _here_lock(self) -> Lock:
        present = Environment(
            interpreter=self.recorded.interpreter, machine=self.here.machine, distributions=self.here.distributions
        )
        return whole(lock(self.store, present)[1], self.names)


def experiments(store: Store, run: Digest) -> Experiments:
    """Environments between that of a recorded run and the present one; see :class:`Experiments`."""
    record = store.load(run, RunRecord)
    here = with_edits(environment(()), reached_by(store, record))
    return Experiments(store, store.load(record.environment, Environment), here)


def _versions(found: Environment) -> dict[str, tuple[str, object]]:
    return {
        d.name: (d.version, d.edited)
        for d in found.distributions
        if d.name not in NOT_LOCKED and d.origin != "conda"  # which cannot be locked, and so not swapped
    }
