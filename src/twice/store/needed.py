"""What can go: all that no name, no kept run and no living process leads to.

Everything that is needed is marked, from the labels, the saved names, the runs that are kept, and what living processes
rely on, down to the objects.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from twice.errors import Damaged, NotFound
from twice.records.canonical import Record, decode
from twice.records.code import Code, Snapshot
from twice.records.digest import Digest, digest_bytes
from twice.records.environment import Environment
from twice.records.run import RunRecord
from twice.records.trace import Trace
from twice.records.verdict import Verdict
from twice.records.version import Version
from twice.store import packs, recipes
from twice.store.backend import Backend
from twice.store.filing import FOLDER as RECORDS
from twice.store.filing import KINDS, digest_of_name
from twice.store.references import references
from twice.store.refs import LABELS, NAMES, is_ref_name, read_ref
from twice.store.shelves import FOLDER as OBJECTS
from twice.store.shelves import Shelves, object_name

COLLECTED: tuple[type[Record], ...] = (RunRecord, Trace, Version, Snapshot, Code, Environment)
"""Kinds of records that go when nothing needs them; records of other kinds stay, with all that they refer to."""

_WASTE = 1 << 20
"""Bytes that a pack must waste at least to be written anew without them."""

Thing = tuple[type[Record] | None, Digest]


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


class Planner:
    """Finds out what can go; what it has read it knows, so that asking again reads only what came since.

    Args:
        backend: The store's bytes.
        shelves: The objects, for those that lie in packs.
    """

    def __init__(self, backend: Backend, shelves: Shelves) -> None:
        self._backend = backend
        self._shelves = shelves
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
        for folder in (recipes.FOLDER, OBJECTS):
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
        if self._backend.exists(object_name(digest)):
            return True
        member = self._shelves.packs.find(digest)
        return member is not None and member.pack != name and member.pack not in anew


def _unknown_needs(kind: type[Record], digest: Digest, name: str, problem: Damaged) -> Damaged:
    return Damaged(
        f"the {KINDS[kind]} {digest.short} cannot be read, so it is not known what it needs, and "
        f"nothing is taken away: {problem.message}",
        hint=f"`twice check` says what it touches; if it is of no use, remove the file {name} in the store",
    )
