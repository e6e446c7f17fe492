"""Clearing out: what nothing needs any more is moved aside, and then deleted.

First everything that is needed is marked, from the labels, the saved names, the runs that are kept, and what living
processes rely on, down to the objects. What was not marked is moved to ``aside/<collection>%<name with % for />``, at a
moment when the gate is closed, and those that refer before those that are referred to: so whenever this is cut short,
what is there is whole. Up to here everything can be moved back. Then the name ``aside/<collection>.deleting`` is
claimed, and what lies aside is deleted.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from twice.errors import Damaged, NotFound, StoreError
from twice.records.canonical import Record, decode
from twice.records.code import Code, Snapshot
from twice.records.digest import Digest, digest_bytes
from twice.records.environment import Environment
from twice.records.run import RunRecord
from twice.records.trace import Trace
from twice.records.verdict import Verdict
from twice.records.version import Version
from twice.store import objects as objects_
from twice.store import packs, recipes
from twice.store.backend import Backend
from twice.store.filing import FOLDER as RECORDS
from twice.store.filing import KINDS, digest_of_name
from twice.store.gate import Gate
from twice.store.objects import Objects
from twice.store.references import references
from twice.store.refs import LABELS, NAMES, is_ref_name, read_ref

FOLDER = "aside"
_DELETING = ".deleting"

COLLECTED: tuple[type[Record], ...] = (RunRecord, Trace, Version, Snapshot, Code, Environment)
"""Kinds of records that go when nothing needs them; records of other kinds stay, with all that they refer to."""

_ORDER = (
    *(f"{RECORDS}/{KINDS[kind]}/" for kind in COLLECTED),
    f"{recipes.FOLDER}/",
    f"{objects_.FOLDER}/",
    f"{packs.FOLDER}/",
)
"""Those that refer before those that are referred to."""

_WASTE = 1 << 20
"""Bytes that a pack must waste at least to be written anew without them."""

Progress = Callable[[str, int, int], None]
"""What is being done, how many are done, and how many there are."""
Thing = tuple[type[Record] | None, Digest]


def silent(what: str, done: int, of: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Policy:
    """Which runs are kept although no name leads to them.

    Attributes:
        keep_runs: So many of the newest of each pipeline; verifications are counted apart.
        since: Those that started at this time or later, in nanoseconds since 1970; None: a run's age does not count.
        traces_since: Traces of no run at all (of one that was killed) stay if they started at this time or later.
    """

    keep_runs: int
    since: int | None
    traces_since: int


@dataclass(frozen=True)
class Plan:
    """What can go, and what it frees.

    Attributes:
        names: What is to be moved aside, in the order in which it is.
        runs: The runs among it.
        counts: How many of each kind.
        size: Bytes that are freed.
        kept_runs: How many runs stay.
        anew: Packs that are mostly waste, and the members that they are to be written anew with.
    """

    names: tuple[str, ...]
    runs: tuple[Digest, ...]
    counts: dict[str, int]
    size: int
    kept_runs: int
    anew: dict[str, tuple[Digest, ...]]


class Collector:
    """Clears out one store.

    Args:
        backend: The store's bytes.
        gate: Keeps others out while things are moved.
        objects: The objects, for packs that are written anew.
    """

    def __init__(self, backend: Backend, gate: Gate, objects: Objects) -> None:
        self._backend = backend
        self._gate = gate
        self._objects = objects
        self._records: dict[str, Record] = {}
        self._unreadable: dict[str, tuple[Digest, Damaged]] = {}

    def plan(self, policy: Policy, relied_on: frozenset[Digest], anew: frozenset[str] = frozenset()) -> Plan:
        """Find out what can go.

        Args:
            policy: Which runs are kept.
            relied_on: What living processes rely on.
            anew: Packs whose members that are needed were written anew.

        Raises:
            Damaged: A record or a name cannot be read, so it is not known what it needs.
        """
        records = {kind: dict(self._read_all(kind)) for kind in KINDS}
        torn = self._torn(records)
        kept_runs = self._kept_runs(records[RunRecord], policy)
        marked = self._marked(records, kept_runs, relied_on, policy)
        names = list(torn)
        counts: dict[str, int] = defaultdict(int)
        if torn:
            counts[KINDS[Trace]] += len(torn)
        for kind in COLLECTED:
            for name, (digest, _) in records[kind].items():
                if (kind, digest) not in marked:
                    names.append(name)
                    counts[KINDS[kind]] += 1
        for folder in (recipes.FOLDER, objects_.FOLDER):
            for name in self._backend.names(f"{folder}/"):
                object_ = digest_of_name(name)
                if object_ is not None and (None, object_) not in marked:
                    names.append(name)
                    counts["object"] += 1
        wasteful: dict[str, tuple[Digest, ...]] = {}
        for name, needed, unneeded in self._pack_members(marked):
            written = name in anew and all(self._elsewhere(digest, name, anew) for digest in needed)
            if written or not needed:
                names.append(name)
                counts["object"] += len(unneeded)
            elif unneeded and sum(unneeded.values()) > max(_WASTE, self._backend.size(name) // 2):
                wasteful[name] = needed
        runs = tuple(d for name, (d, _) in records[RunRecord].items() if (RunRecord, d) not in marked)
        size = 0
        for name in names:
            try:
                size += self._backend.size(name)
            except NotFound:
                continue
        return Plan(tuple(names), runs, dict(counts), size, len(records[RunRecord]) - len(runs), wasteful)

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
        first = self.plan(policy, self._gate.relied_on())
        for number, (name, members) in enumerate(first.anew.items()):
            progress("writing packs anew", number, len(first.anew))
            self._write_anew(name, members)
        with self._gate.alone() as relied_on:
            # All that was read is still known, so only what came since is read while others wait.
            plan = self.plan(policy, relied_on, frozenset(first.anew))
            collection = secrets.token_hex(8)
            for start in range(0, len(plan.names), 1000):
                progress("moving aside", start, len(plan.names))
                batch = plan.names[start : start + 1000]
                self._backend.move((name, _aside(collection, name)) for name in batch)
            self._objects.forget_assembled(relied_on)
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

    # What is needed

    def _read_all(self, kind: type[Record]) -> Iterator[tuple[str, tuple[Digest, Record]]]:
        for name in self._backend.names(f"{RECORDS}/{KINDS[kind]}/"):
            digest = digest_of_name(name)
            if digest is None:
                continue
            if name not in self._records:
                try:
                    data = self._backend.read(name)
                    if digest_bytes(data) != digest:
                        raise Damaged(f"its bytes are not those of {digest}.")
                    self._records[name] = decode(data, kind)
                except NotFound:
                    continue
                except Damaged as problem:
                    if kind is Trace:
                        self._unreadable[name] = (digest, problem)
                        continue
                    raise _unknown_needs(kind, digest, name, problem) from problem
            yield name, (digest, self._records[name])

    def _torn(self, records: dict[type[Record], dict[str, tuple[Digest, Record]]]) -> list[str]:
        """Traces that a power cut tore before anything referred to them, so nothing needs them.

        Raises:
            Damaged: A trace that something refers to cannot be read.
        """
        referred = {
            reference.digest
            for kind in (RunRecord, Verdict)
            for _, record in records[kind].values()
            for reference in references(record)
            if reference.kind is Trace
        }
        for name, (digest, problem) in self._unreadable.items():
            if digest in referred:
                raise _unknown_needs(Trace, digest, name, problem) from problem
        return list(self._unreadable)

    def _kept_runs(self, runs: dict[str, tuple[Digest, Record]], policy: Policy) -> set[Digest]:
        groups: dict[tuple[str, bool], list[tuple[int, Digest]]] = defaultdict(list)
        kept = set()
        for digest, record in runs.values():
            assert isinstance(record, RunRecord)
            version = self._records.get(f"{RECORDS}/{KINDS[Version]}/{record.version.hex[:2]}/{record.version.hex[2:]}")
            pipeline = version.pipeline if isinstance(version, Version) else ""
            groups[pipeline, record.purpose == "verify"].append((record.started, digest))
            if policy.since is not None and record.started >= policy.since:
                kept.add(digest)
        for group in groups.values():
            kept.update(digest for _, digest in sorted(group, reverse=True)[: policy.keep_runs])
        return kept

    def _marked(
        self,
        records: dict[type[Record], dict[str, tuple[Digest, Record]]],
        kept_runs: set[Digest],
        relied_on: frozenset[Digest],
        policy: Policy,
    ) -> set[Thing]:
        by_thing: dict[Thing, Record] = {
            (kind, digest): record for kind in records for digest, record in records[kind].values()
        }
        waiting: list[Thing] = [(RunRecord, digest) for digest in kept_runs]
        waiting += [(kind, digest) for digest in relied_on for kind in (None, *KINDS)]
        waiting += [(kind, digest) for kind, digest in by_thing if kind not in COLLECTED]
        for folder in (LABELS, NAMES):
            for name in filter(is_ref_name, self._backend.names(f"{folder}/")):
                waiting += [(one.kind, one.digest) for one in references(read_ref(self._backend, name))]
        of_runs = {
            reference.digest
            for _, record in records[RunRecord].values()
            for reference in references(record)
            if reference.kind is Trace
        }
        for digest, trace in records[Trace].values():
            assert isinstance(trace, Trace)
            if digest not in of_runs and trace.started >= policy.traces_since:
                waiting.append((Trace, digest))
        marked: set[Thing] = set()
        while waiting:
            thing = waiting.pop()
            if thing in marked:
                continue
            marked.add(thing)
            if thing[0] is not None and (record := by_thing.get(thing)) is not None:
                waiting += [(one.kind, one.digest) for one in references(record)]
        for name in self._backend.names(f"{recipes.FOLDER}/"):
            digest_ = digest_of_name(name)
            if digest_ is not None and (None, digest_) in marked:
                try:
                    marked.update((None, one.digest) for one in recipes.read(self._backend, name))
                except NotFound:
                    continue
        return marked

    def _pack_members(self, marked: set[Thing]) -> Iterator[tuple[str, tuple[Digest, ...], dict[Digest, int]]]:
        """Each pack with its members that are needed, and those that are not with their bytes."""
        for name in self._backend.names(f"{packs.FOLDER}/"):
            if digest_of_name(name) is None:
                continue
            try:
                listed = list(packs.members(self._backend, name))
            except (NotFound, Damaged):
                continue  # a damaged one stays, so that what can be saved of it can be
            needed = tuple(digest for digest, _ in listed if (None, digest) in marked)
            yield name, needed, {digest: m.stored for digest, m in listed if (None, digest) not in marked}

    def _elsewhere(self, digest: Digest, name: str, anew: frozenset[str]) -> bool:
        if self._backend.exists(objects_.object_name(digest)):
            return True
        member = self._objects.packs.find(digest)
        return member is not None and member.pack != name and member.pack not in anew

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
        self._objects.packs.put(parts)

    # Aside

    def _lying(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for name in self._backend.names(f"{FOLDER}/"):
            collection, percent, _ = name.removeprefix(f"{FOLDER}/").partition("%")
            if percent:
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


def _unknown_needs(kind: type[Record], digest: Digest, name: str, problem: Damaged) -> Damaged:
    return Damaged(
        f"the {KINDS[kind]} {digest.short} cannot be read, so it is not known what it needs, and "
        f"nothing is taken away: {problem.message}",
        hint=f"`twice check` says what it touches; if it is of no use, remove the file {name} in the store",
    )


def _aside(collection: str, name: str) -> str:
    return f"{FOLDER}/{collection}%{name.replace('/', '%')}"


def _place(aside: str) -> str:
    return aside.partition("%")[2].replace("%", "/")


def _marker(collection: str) -> str:
    return f"{FOLDER}/{collection}{_DELETING}"
