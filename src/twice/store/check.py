"""Is everything here that is referred to, and is it what its name says?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

from twice.errors import Damaged, NotFound, StoreUnusable
from twice.records.canonical import Record, decode
from twice.records.code import Code, Snapshot
from twice.records.digest import Digest, digest_bytes, named
from twice.records.environment import Environment
from twice.records.lock import Lock
from twice.records.run import Ref, RunRecord
from twice.records.trace import Trace
from twice.records.verdict import Verdict
from twice.records.version import Version
from twice.store import packs, recipes
from twice.store.backend import Backend, Bytes
from twice.store.filing import FOLDER, KINDS, digest_of_name
from twice.store.references import references
from twice.store.refs import LABELS, NAMES, is_ref_name, read_ref, shown
from twice.store.shelves import FOLDER as OBJECTS
from twice.store.shelves import object_name


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        what: ``missing`` (referred to and not here), ``damaged`` (not what its name says), or ``unreadable`` (right
            bytes, but no such record).
        kind: ``object``, ``pack``, the kind of a record, or ``ref``.
        name: The digest, or the name for a ref.
        detail: What was found, in words.
        versions: The versions that need it.
        steps: The steps of theirs that need it; empty where all do.
    """

    what: str
    kind: str
    name: str
    detail: str = ""
    versions: tuple[Digest, ...] = ()
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found.

    Attributes:
        problems: What is wrong; none, and the store is sound.
        deep: Whether the bytes of objects were read, or only their presence was looked at.
        objects: How many objects were seen.
        size: The bytes that they take up together.
        records: How many records were read.
        refs: How many labels and saved names were read.
        unreferenced: Objects that no record mentions: harmless, left by what did not come to its end.
        leftovers: Half-written things of processes that are gone, and files that are none of the store's.
    """

    problems: tuple[Problem, ...]
    deep: bool
    objects: int
    size: int
    records: int
    refs: int
    unreferenced: int
    leftovers: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


_Need = tuple[Digest | None, str]


class _Checker:
    """One pass over a store, in the order of readers: names, runs, traces, versions, and objects last.

    What is referred to was written first, so whatever a record read in this order mentions must be there by the time
    it is looked for, even while other processes add to the store.
    """

    def __init__(self, backend: Backend, deep: bool) -> None:
        self.backend = backend
        self.deep = deep
        self.found: list[tuple[str, str, str, str]] = []
        self.records: dict[tuple[type[Record] | None, Digest], Record] = {}
        self.present: set[tuple[type[Record] | None, Digest]] = set()
        self.wanted: dict[tuple[type[Record] | None, Digest], set[_Need]] = defaultdict(set)
        self.strays: list[str] = []
        self.refs: dict[str, Ref] = {}
        self.size = 0
        self.sound: set[str] = set()
        self.members: dict[Digest, packs.Member] = {}

    def run(self, leftovers: Iterable[Path]) -> Report:
        for folder in (LABELS, NAMES):
            for name in self.backend.names(f"{folder}/"):
                self._ref(name)
        for kind in (RunRecord, Trace, Version, Snapshot, Code, Environment, Lock, Verdict):
            for name in self.backend.names(f"{FOLDER}/{KINDS[kind]}/"):
                self._record(name, kind)
        self._spread()
        self._leave_torn()
        for name in self.backend.names(f"{OBJECTS}/"):
            self._object(name)
        for name in self.backend.names(f"{packs.FOLDER}/"):
            self._pack(name)
        for name in self.backend.names(f"{recipes.FOLDER}/"):
            self._recipe(name)
        self.found = [found for found in self.found if found[1] != "object" or found[2] not in self.sound]
        objects = sum(1 for kind, _ in self.present if kind is None)
        wanted = sum(1 for thing in self.present if thing[0] is None and thing in self.wanted)
        return Report(
            problems=tuple(self._problems()),
            deep=self.deep,
            objects=objects,
            size=self.size,
            records=len(self.records),
            refs=len(self.refs),
            unreferenced=objects - wanted,
            leftovers=(*(str(path) for path in leftovers), *self.strays),
        )

    def _ref(self, name: str) -> None:
        if not is_ref_name(name):
            self.strays.append(name)
            return
        try:
            self.refs[name] = read_ref(self.backend, name)
        except Damaged as problem:
            self.found.append(("damaged", "ref", shown(name), problem.message))
        except NotFound:
            return

    def _record(self, name: str, kind: type[Record]) -> None:
        digest = digest_of_name(name)
        if digest is None:
            self.strays.append(name)
            return
        try:
            data = self.backend.read(name)
        except NotFound:
            return
        except StoreUnusable as problem:
            self.present.add((kind, digest))
            self.found.append(("damaged", KINDS[kind], digest, problem.message))
            return
        self.present.add((kind, digest))
        actual = digest_bytes(data)
        if actual != digest:
            self.found.append(("damaged", KINDS[kind], digest, f"its {len(data)} bytes have the digest {actual}"))
            return
        try:
            self.records[kind, digest] = decode(data, kind)
        except Damaged as problem:
            self.found.append(("unreadable", KINDS[kind], digest, problem.message))

    def _object(self, name: str) -> None:
        digest = digest_of_name(name)
        if digest is None:
            self.strays.append(name)
            return
        with suppress(NotFound):
            size = self.backend.size(name)
            self.size += size
            self.present.add((None, digest))
            try:
                actual = digest_bytes(self.backend.map(name)) if self.deep else digest
            except StoreUnusable as problem:
                self.found.append(("damaged", "object", digest, problem.message))
                return
            except OSError as problem:
                self.found.append(("damaged", "object", digest, f"it cannot be read: {problem.strerror}"))
                return
            if actual != digest:
                self.found.append(("damaged", "object", digest, f"its {size} bytes have the digest {actual}"))
            else:
                self.sound.add(digest)

    def _pack(self, name: str) -> None:
        digest = digest_of_name(name)
        if digest is None:
            self.strays.append(name)
            return
        try:
            data = self.backend.map(name)
            listed = list(packs.members(self.backend, name))
        except NotFound:
            return
        except (Damaged, StoreUnusable) as problem:
            self.found.append(("damaged", "pack", digest, problem.message))
            return
        self.size += len(data)
        whole = not self.deep or digest_bytes(data) == digest
        wrong = 0
        for member, place in listed:
            self.present.add((None, member))
            actual = member if whole else self._taken_out(data, place)
            if actual == member:
                self.sound.add(member)
                self.members[member] = place
            else:
                wrong += 1
                self.found.append(("damaged", "object", member, f"in the pack {digest.short} lie other bytes"))
        if not whole and not wrong:
            self.found.append(("damaged", "pack", digest, "its bytes are not what its name says, its members are"))

    def _taken_out(self, data: memoryview, place: packs.Member) -> Digest | None:
        try:
            return digest_bytes(packs.taken_out(data, place))
        except Damaged:
            return None

    def _recipe(self, name: str) -> None:
        digest = digest_of_name(name)
        if digest is None:
            self.strays.append(name)
            return
        try:
            parts = recipes.read(self.backend, name)
        except NotFound:
            return
        except (Damaged, StoreUnusable) as problem:
            self.present.add((None, digest))
            self.found.append(("damaged", "object", digest, problem.message))
            return
        self.present.add((None, digest))
        hash_ = blake3(max_threads=blake3.AUTO)
        try:
            recipes.bounded(parts, lambda part: 0 if (view := self._view(part)) is None else len(view))
        except Damaged as problem:
            self.found.append(("damaged", "object", digest, problem.message))
            return
        for part in parts:
            self.wanted[None, part.digest] |= self.wanted.get((None, digest), set()) or {(None, "")}
            if self.deep and (view := self._view(part.digest)) is not None:
                hash_.update(view[part.offset : part.offset + part.length])
        if self.deep and named(hash_) != digest:
            self.found.append(("damaged", "object", digest, "its recipe makes other bytes"))
        else:
            self.sound.add(digest)

    def _view(self, digest: Digest) -> Bytes | None:
        with suppress(NotFound, Damaged, StoreUnusable):
            if digest in self.members:
                return packs.taken_out(self.backend.map(self.members[digest].pack), self.members[digest])
            return self.backend.map(object_name(digest))
        return None

    def _spread(self) -> None:
        """Carry "this version needs it, for this step" from versions and runs down to everything they refer to."""
        for (kind, digest), record in self.records.items():
            if kind is Version:
                self._want(record, digest, None)
            elif isinstance(record, RunRecord):
                self.wanted[RunRecord, digest].add((record.version, ""))
                self._want(record, record.version, None)
        for (kind, _), record in self.records.items():
            if kind in (Trace, Verdict):  # also those of no run: what they mention must be here as well
                self._want(record, None, None)
        for ref in self.refs.values():
            for reference in references(ref):
                self.wanted[reference.kind, reference.digest].add((ref.version, ""))

    def _leave_torn(self) -> None:
        """A trace is not waited for, so a power cut may tear it; that is harm only where something refers to it."""
        torn = {
            digest
            for _, kind, digest, _ in self.found
            if kind == KINDS[Trace] and (Trace, Digest(digest)) not in self.wanted
        }
        self.found = [found for found in self.found if found[2] not in torn]
        self.strays += [f"trace {digest}, torn when it was written" for digest in sorted(torn)]

    def _want(self, record: Record, version: Digest | None, step: str | None) -> None:
        for reference in references(record):
            need = (version, step if step is not None else reference.step)
            thing = (reference.kind, reference.digest)
            if need in self.wanted[thing]:
                continue
            self.wanted[thing].add(need)
            below = self.records.get(thing)
            if below is not None and reference.kind is not Version and reference.kind is not RunRecord:
                self._want(below, version, need[1])

    def _problems(self) -> Iterable[Problem]:
        kinds = {name: kind for kind, name in KINDS.items()}
        for what, kind_name, name, detail in self.found:
            needs: set[_Need] = set()
            if kind_name != "ref":
                kind = kinds.get(kind_name)
                needs = self.wanted.get((kind, Digest(name)), set())
                if kind is Version:
                    needs = needs | {(Digest(name), "")}
            yield _problem(what, kind_name, name, detail, needs)
        for thing in sorted(self.wanted.keys() - self.present, key=lambda thing: (str(thing[0]), thing[1])):
            kind, digest = thing
            by = [name for name, ref in self.refs.items() if (kind, digest) in _ends(ref)]
            detail = f"referred to by {', '.join(map(shown, by))}" if by else ""
            yield _problem("missing", "object" if kind is None else KINDS[kind], digest, detail, self.wanted[thing])


def _ends(ref: Ref) -> tuple[tuple[type[Record], Digest], ...]:
    return (Version, ref.version), (RunRecord, ref.run)


def _problem(what: str, kind: str, name: str, detail: str, needs: set[_Need]) -> Problem:
    versions = tuple(sorted({version for version, _ in needs if version is not None}))
    whole = any(not step for version, step in needs if version is not None)
    steps = () if whole else tuple(sorted({step for _, step in needs if step}))
    return Problem(what, kind, name, detail, versions, steps)


def check(backend: Backend, leftovers: Iterable[Path], *, deep: bool = True) -> Report:
    """Look at everything in a store.

    Args:
        backend: The store's bytes.
        leftovers: Half-written things of processes that are gone.
        deep: Also read all objects and hold them against their names.
    """
    return _Checker(backend, deep).run(leftovers)
