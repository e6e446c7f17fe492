"""Clearing out: what nothing needs any more is moved aside, and then deleted.

What :mod:`~twice.store.needed` did not mark is moved to ``aside/<collection>%<name with % for />``, at a moment when
the gate is closed, and those that refer before those that are referred to: so whenever this is cut short, what is there
is whole. Up to here everything can be moved back. Then the name ``aside/<collection>.deleting`` is claimed, and what
lies aside is deleted.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable

from twice.errors import StoreError
from twice.records.digest import Digest, digest_bytes
from twice.store import packs, recipes
from twice.store.backend import Backend
from twice.store.filing import FOLDER as RECORDS
from twice.store.filing import KINDS, digest_of_name
from twice.store.gate import Gate
from twice.store.needed import COLLECTED, Plan, Planner, Policy
from twice.store.shelves import FOLDER as OBJECTS
from twice.store.shelves import Shelves

FOLDER = "aside"
_DELETING = ".deleting"

_ORDER = (
    *(f"{RECORDS}/{KINDS[kind]}/" for kind in COLLECTED),
    f"{recipes.FOLDER}/",
    f"{OBJECTS}/",
    f"{packs.FOLDER}/",
)
"""Those that refer before those that are referred to."""

Progress = Callable[[str, int, int], None]
"""What is being done, how many are done, and how many there are."""


def silent(what: str, done: int, of: int) -> None:
    """Tell nobody."""


class Collector:
    """Clears out one store.

    Args:
        backend: The store's bytes.
        gate: Keeps others out while things are moved.
        shelves: The objects, for packs that are written anew.
    """

    def __init__(self, backend: Backend, gate: Gate, shelves: Shelves) -> None:
        self._backend = backend
        self._gate = gate
        self._shelves = shelves
        self._planner = Planner(backend, shelves)

    def plan(self, policy: Policy) -> Plan:
        """Find out what can go, and change nothing.

        Raises:
            Damaged: A record or a name cannot be read, so it is not known what it needs.
        """
        return self._planner.plan(policy, self._gate.relied_on())

    def set_aside(self, policy: Policy, progress: Progress = silent) -> Plan:
        """Move what can go aside; it can be moved back until :meth:`delete`.

        Raises:
            Damaged: A record or a name cannot be read.
            StoreUnusable: The file system knows no locks.
        """
        with self._gate.collecting():
            self._recover(progress)
            return self._set_aside(policy, progress)

    def _set_aside(self, policy: Policy, progress: Progress) -> Plan:
        first = self.plan(policy)
        for number, (name, members) in enumerate(first.anew.items()):
            progress("writing packs anew", number, len(first.anew))
            self._write_anew(name, members)
        with self._gate.alone() as relied_on:
            # All that was read is still known, so only what came since is read while others wait.
            plan = self._planner.plan(policy, relied_on, frozenset(first.anew))
            collection = secrets.token_hex(8)
            for start in range(0, len(plan.names), 1000):
                progress("moving aside", start, len(plan.names))
                batch = plan.names[start : start + 1000]
                self._backend.move((name, _aside(collection, name)) for name in batch)
            self._shelves.forget_assembled(relied_on)
        return plan

    def undo(self, progress: Progress = silent) -> int:
        """Move back all that lies aside.

        Returns:
            How many things came back.

        Raises:
            StoreError: Deleting had begun already.
        """
        with self._gate.collecting():
            return self._undo(progress)

    def _undo(self, progress: Progress) -> int:
        lying = self._lying()
        if begun := sorted(collection for collection in lying if self._backend.exists(_marker(collection))):
            raise StoreError(
                f"what lies aside ({', '.join(begun)}) was being deleted, so it cannot be brought back as a whole.",
                hint="`twice gc` brings the deletion to its end",
            )
        with self._gate.alone():
            return sum(self._back(names, progress) for names in lying.values())

    def delete(self, progress: Progress = silent) -> None:
        """Delete all that lies aside, for good."""
        with self._gate.collecting():
            for collection, names in self._lying().items():
                self._backend.claim(_marker(collection), b"")
                self._delete(collection, names, progress)

    def recover(self, progress: Progress = silent) -> None:
        """Bring to an end what was cut short: a deletion that had begun goes on, everything else is moved back."""
        with self._gate.collecting():
            self._recover(progress)

    def _recover(self, progress: Progress) -> None:
        begun = [name for name in self._backend.names(f"{FOLDER}/") if name.endswith(_DELETING)]
        lying = self._lying()
        for marker in begun:
            collection = marker.removeprefix(f"{FOLDER}/").removesuffix(_DELETING)
            self._delete(collection, lying.pop(collection, []), progress)
        if lying:
            with self._gate.alone():
                for names in lying.values():
                    self._back(names, progress)

    def aside(self) -> int:
        """How many things lie aside."""
        return sum(map(len, self._lying().values()))

    def _write_anew(self, name: str, members: tuple[Digest, ...]) -> None:
        wanted = set(members)
        pack = self._backend.map(name)
        parts = []
        for digest, member in packs.members(self._backend, name):
            if digest in wanted:
                data = packs.taken_out(pack, member)
                if digest_bytes(data) != digest:
                    return  # a damaged pack stays as it is
                parts.append((digest, data))
        self._shelves.packs.put(parts)

    # Aside

    def _lying(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for name in self._backend.names(f"{FOLDER}/"):
            collection, percent, _ = name.removeprefix(f"{FOLDER}/").partition("%")
            if percent and _is_ours(_place(name)):  # a store of a stranger's may hold any names there
                found[collection].append(name)
        return found

    def _back(self, names: list[str], progress: Progress) -> int:
        """Those that are referred to come back before those that refer."""
        pairs = [(_place(name), name) for name in names]
        order = {folder: number for number, folder in enumerate(_ORDER)}

        def rank(place: str) -> int:
            return next((number for folder, number in order.items() if place.startswith(folder)), len(order))

        pairs.sort(key=lambda pair: -rank(pair[0]))
        for start in range(0, len(pairs), 1000):
            progress("moving back", start, len(pairs))
            self._backend.move((name, place) for place, name in pairs[start : start + 1000])
        return len(pairs)

    def _delete(self, collection: str, names: Iterable[str], progress: Progress) -> None:
        names = list(names)
        for start in range(0, len(names), 1000):
            progress("deleting", start, len(names))
            self._backend.delete(names[start : start + 1000])
        self._backend.delete([_marker(collection)])


def _aside(collection: str, name: str) -> str:
    return f"{FOLDER}/{collection}%{name.replace('/', '%')}"


def _place(aside: str) -> str:
    return aside.partition("%")[2].replace("%", "/")


def _is_ours(name: str) -> bool:
    """Whether it is a name that something which can be taken away is filed under, and no way out of the store."""
    folder = next((folder for folder in _ORDER if name.startswith(folder)), "")
    first, *rest = name.removeprefix(folder).split("/")
    return bool(folder) and len(first) == 2 and len(rest) == 1 and digest_of_name(name) is not None


def _marker(collection: str) -> str:
    return f"{FOLDER}/{collection}{_DELETING}"
