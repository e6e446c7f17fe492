"""Records: where each kind is filed, and how they are found again without an index."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import NamedTuple, TypeVar, cast

from twice.errors import Damaged, NotFound, StoreUnusable, StoreWarning
from twice.records.canonical import Record, decode, encode
from twice.records.code import Code, Snapshot
from twice.records.digest import ALGORITHM, Digest, digest_bytes
from twice.records.environment import Environment
from twice.records.lock import Lock
from twice.records.run import RunRecord
from twice.records.trace import Trace
from twice.records.verdict import Verdict
from twice.records.version import Version
from twice.store.content import Content
from twice.store.index import Fact, Index
from twice.store.references import Reference, references

FOLDER = "records"
KINDS: dict[type[Record], str] = {
    Version: "version",
    Trace: "trace",
    RunRecord: "run",
    Code: "code",
    Environment: "environment",
    Snapshot: "snapshot",
    Lock: "lock",
    Verdict: "verdict",
}
_SETTLED = "settled"
_AT_HAND = 32 << 20
"""Bytes of traces that are kept at hand after they were read."""

R = TypeVar("R", bound=Record)


class RunFact(NamedTuple):
    """What is asked of runs most often."""

    digest: Digest
    version: Digest
    pipeline: str
    started: int
    purpose: str


class Filing:
    """The records of a store.

    A record is filed by its digest; a trace by its key first, ``records/trace/ab/cdef….<digest>``, so that all traces
    of one key are found by listing one folder. The index is asked only for what lies at hand in a record's own bytes,
    so a record that a crash kept out of the index is found all the same.

    A trace is not waited for when it is added: losing it in a power cut costs a step that runs again. It is settled
    before the first record that refers to it is written, together with all others of a run. Its fact in the index says
    where it is filed, and that it was settled.

    Args:
        content: Where they are filed.
        index: Remembers facts about them.
        has_object: Whether an object is here.
    """

    def __init__(self, content: Content, index: Index, has_object: Callable[[Digest], bool]) -> None:
        self._content = content
        self._has_object = has_object
        self._index = index
        self._places: dict[Digest, str] = {}
        self._read: dict[str, Trace] = {}
        self._of_keys: dict[Digest, tuple[list[str], list[tuple[Digest, Trace]]]] = {}
        self._read_size = 0

    def add(self, record: Record) -> Digest:
        """File a record, if all that it refers to is here.

        Raises:
            NotFound: It refers to something that is not.
        """
        data = encode(record)
        digest = digest_bytes(data)
        wanted = list(references(record))
        with self._content.gate.relying([digest, *(reference.digest for reference in wanted)]):
            self._look_for(record, wanted)
        if isinstance(record, Trace):
            name = _trace_name(record.key, digest)
            self._places[digest] = name
            self._content.write([(name, digest, data)], flush=False)
        else:
            self._settle(reference.digest for reference in wanted if reference.kind is Trace)
            self._content.write([(_name(digest, type(record)), digest, data)])
        if isinstance(record, RunRecord):
            self._learn(digest, record)
        return digest

    def load(self, digest: Digest, kind: type[R]) -> R:
        """Bring a record back.

        Raises:
            NotFound: There is no such record.
            Damaged: Its bytes are not what its name says, or not such a record.
        """
        with self._content.gate.relying([digest]):
            name = self.find(digest, kind)
        if name is None:
            raise NotFound(
                f"the store has no {KINDS[kind]} {digest}.",
                hint="if the store was copied, it may be incomplete; `twice check` says what is missing",
            )
        return self._decoded(name, digest, kind)

    def find(self, digest: Digest, kind: type[Record]) -> str | None:
        """The name that a record is filed under, or None if it is not here."""
        exists = self._content.backend.exists
        if kind is not Trace:
            name = _name(digest, kind)
            return name if exists(name) else None
        if (place := self._places.get(digest)) is not None and exists(place):
            return place
        fact = self._index.get("trace", digest.hex)
        if fact is not None and exists(name := _trace_name(Digest(str(fact[0])), digest)):
            return name
        self._places = self._learn_traces()
        return self._places.get(digest)

    def names(self, kind: type[Record]) -> list[str]:
        """The names of all records of a kind."""
        return self._content.backend.names(f"{FOLDER}/{KINDS[kind]}/")

    def starting_with(self, digits: str, kind: type[Record]) -> list[Digest]:
        """The digests, of records that are not traces, that start with some hexadecimal digits (two at least)."""
        names = self._content.backend.names(f"{FOLDER}/{KINDS[kind]}/{digits[:2]}/{digits[2:]}")
        return [digest for digest in map(digest_of_name, names) if digest is not None]

    def all(self, kind: type[R]) -> list[tuple[Digest, R]]:
        """All records of a kind; damaged ones are left out with a warning."""
        return self._readable(self.names(kind), kind)

    def traces(self, key: Digest) -> list[tuple[Digest, Trace]]:
        """All traces of a key, oldest first; damaged ones are left out with a warning."""
        names = self._content.backend.names(_trace_prefix(key))
        if not names:
            return []
        if (known := self._of_keys.get(key)) is not None and known[0] == names:
            return list(known[1])
        # Whoever asks may be about to reuse one of them; relied on first and read then, so it is whole or not here.
        with self._content.gate.relying(digest for name in names if (digest := digest_of_name(name)) is not None):
            pass
        found = [(digest, trace) for digest, trace in self._readable(names, Trace, self._torn) if trace.key == key]
        self._places.update((digest, _trace_name(key, digest)) for digest, _ in found)
        # A clock that was set back puts traces in another order, but in the same one for everybody.
        found.sort(key=lambda pair: (pair[1].started, pair[0]))
        if len(found) == len(names):  # a damaged one is mentioned each time
            self._of_keys[key] = (names, found)
        return list(found)

    def runs(self) -> list[RunFact]:
        """What is known of all runs, oldest first."""
        known = self._index.all("run")
        found = []
        for name in self.names(RunRecord):
            digest = digest_of_name(name)
            if digest is None:
                continue
            fact = _run_fact(digest, known.get(digest.hex))
            if fact is None:
                for _, record in self._readable([name], RunRecord):
                    fact = self._learn(digest, record)
            if fact is not None:
                found.append(fact)
        return sorted(found, key=lambda fact: (fact.started, fact.digest))

    def load_runs(self, version: Digest | None, pipeline: str | None) -> list[tuple[Digest, RunRecord]]:
        """Runs, oldest first; only those of a version, or of a pipeline, if one is given."""
        wanted = [
            _name(fact.digest, RunRecord)
            for fact in self.runs()
            if version in (None, fact.version) and pipeline in (None, fact.pipeline)
        ]
        return self._readable(wanted, RunRecord)

    def rebuild(self) -> None:
        """Forget all facts and find those about records out again."""
        self._index.clear()
        self._settle(self._learn_traces())
        self.runs()

    def _look_for(self, record: Record, wanted: list[Reference]) -> None:
        for digest, kind, step in wanted:
            there = self._has_object(digest) if kind is None else self.find(digest, kind) is not None
            if not there:
                what = "object" if kind is None else KINDS[kind]
                of_step = f" of step {step!r}" if step else ""
                raise NotFound(
                    f"a {type(record).__name__} record refers to the {what} {digest}{of_step}, "
                    "which is not in the store, so it was not added.",
                    hint="what is referred to is put down first: objects, then traces, then the run, then the name",
                )

    def _readable(
        self, names: Iterable[str], kind: type[R], damaged: Callable[[str, Digest, Damaged], str] | None = None
    ) -> list[tuple[Digest, R]]:
        found = []
        for name in names:
            digest = digest_of_name(name)
            if digest is None:
                continue
            try:
                record = self._decoded(name, digest, kind)
            except NotFound:
                continue  # deleted since it was listed
            except Damaged as problem:
                said = damaged(name, digest, problem) if damaged is not None else _left_out(problem)
                warnings.warn(said, StoreWarning, stacklevel=4)
                continue
            found.append((digest, record))
        return found

    def _torn(self, name: str, digest: Digest, problem: Damaged) -> str:
        """What to say of a trace that cannot be read; it goes, if a power cut tore it before anything needed it.

        Looked at while nobody else adds: what refers to a trace is added by whoever has seen it whole.
        """
        with suppress(StoreUnusable), self._content.gate.alone():  # else it cannot be taken away, and stays
            if not self._is_referred_to(digest) and self._is_torn(name, digest):
                self._content.backend.delete([name])
                return f"the trace {digest}, which a power cut tore before anything needed it, was taken out."
        return _left_out(problem)

    def _is_torn(self, name: str, digest: Digest) -> bool:
        try:
            return digest_bytes(self._content.backend.read(name)) != digest
        except NotFound:
            return False

    def _is_referred_to(self, trace: Digest) -> bool:
        """Whether a run or a verdict refers to a trace, or may do so and cannot be read."""
        kinds: tuple[type[Record], ...] = (RunRecord, Verdict)
        for kind in kinds:
            for name in self.names(kind):
                digest = digest_of_name(name)
                try:
                    if digest is not None and any(
                        reference.digest == trace for reference in references(self._decoded(name, digest, kind))
                    ):
                        return True
                except NotFound:
                    continue
                except Damaged:
                    return True
        return False

    def _learn(self, digest: Digest, record: RunRecord) -> RunFact:
        try:
            pipeline = self.load(record.version, Version).pipeline
        except (NotFound, Damaged):
            return RunFact(digest, record.version, "", record.started, record.purpose)
        self._index.put("run", {digest.hex: [record.version, pipeline, record.started, record.purpose]})
        return RunFact(digest, record.version, pipeline, record.started, record.purpose)

    def _decoded(self, name: str, digest: Digest, kind: type[R]) -> R:
        """The record under a name. Traces are kept at hand, since a run asks for the same ones again and again."""
        if kind is Trace and (known := self._read.get(name)) is not None:
            return cast(R, known)
        data = self._content.read(name, digest, f"{KINDS[kind]} record")
        record = decode(data, kind)
        if isinstance(record, Trace):
            self._read_size += len(data)
            if self._read_size > _AT_HAND:
                self._read.clear()
                self._of_keys.clear()
                self._read_size = len(data)
            self._read[name] = record
        return record

    def _settle(self, traces: Iterable[Digest]) -> None:
        """Wait until traces survive a power cut, unless that was found out before; all together."""
        waiting = {digest: name for digest in traces if (name := self._unsettled(digest)) is not None}
        if waiting:
            self._content.backend.settle(waiting.values(), flush=True)
            self._index.put("trace", {digest.hex: [_key_of(name), _SETTLED] for digest, name in waiting.items()})

    def _unsettled(self, digest: Digest) -> str | None:
        match self._index.get("trace", digest.hex):
            case [_, str(how)] if how == _SETTLED:
                return None
            case _:
                return self.find(digest, Trace)

    def _learn_traces(self) -> dict[Digest, str]:
        """Where every trace is filed."""
        listed = ((digest_of_name(name), name) for name in self.names(Trace))
        found = {digest: name for digest, name in listed if digest is not None}
        known = self._index.all("trace")
        self._index.put("trace", {one.hex: [_key_of(name)] for one, name in found.items() if one.hex not in known})
        return found


def _left_out(problem: Damaged) -> str:
    return f"left out: {problem.message} `twice check` says more."


def digest_of_name(name: str) -> Digest | None:
    """The digest that a record or an object is filed under; None for a name that none of ours is filed under."""
    folder, _, last = name.rpartition("/")
    key, dot, digits = last.partition(".")
    if not dot:
        return _digest(folder.rpartition("/")[2] + key)
    return _digest(digits) if _digest(folder.rpartition("/")[2] + key) else None


def _digest(digits: str) -> Digest | None:
    try:
        return Digest(f"{ALGORITHM}:{digits}")
    except ValueError:
        return None


def _name(digest: Digest, kind: type[Record]) -> str:
    return f"{FOLDER}/{KINDS[kind]}/{digest.hex[:2]}/{digest.hex[2:]}"


def _trace_prefix(key: Digest) -> str:
    return f"{FOLDER}/{KINDS[Trace]}/{key.hex[:2]}/{key.hex[2:]}."


def _trace_name(key: Digest, digest: Digest) -> str:
    return _trace_prefix(key) + digest.hex


def _key_of(name: str) -> Digest:
    """The key that a trace is filed by."""
    *_, folder, last = name.split("/")
    return Digest(f"{ALGORITHM}:{folder}{last.partition('.')[0]}")


def _run_fact(digest: Digest, fact: Fact | None) -> RunFact | None:
    match fact:
        case [str(version), str(pipeline), int(started), str(purpose)]:
            return RunFact(digest, Digest(version), pipeline, started, purpose)
        case _:
            return None
