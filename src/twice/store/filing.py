"""Records: where each kind is filed, and how they are found again without an index."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

from twice.errors import Damaged, NotFound
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

    Args:
        content: Where they are filed.
        index: Remembers facts about them.
        has_object: Whether an object is here.
    """

    def __init__(self, content: Content, index: Index, has_object: Callable[[Digest], bool]) -> None:
        self._content = content
        self._has_object = has_object
        self._index = index

    def add(self, record: Record) -> Digest:
        """File a record, if all that it refers to is here.

        Raises:
            NotFound: It refers to something that is not.
        """
        self._demand(record)
        data = encode(record)
        digest = digest_bytes(data)
        if isinstance(record, Trace):
            name = _trace_name(record.key, digest)
            self._index.put("trace", {digest.hex: [record.key]})
        else:
            name = _name(digest, type(record))
        self._content.write([(name, digest, data)])
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
        return decode(self._content.read(name, digest, f"{KINDS[kind]} record"), kind)

    def find(self, digest: Digest, kind: type[Record]) -> str | None:
        """The name that a record is filed under, or None if it is not here."""
        exists = self._content.backend.exists
        if kind is not Trace:
            name = _name(digest, kind)
            return name if exists(name) else None
        fact = self._index.get("trace", digest.hex)
        if fact is not None and exists(name := _trace_name(Digest(str(fact[0])), digest)):
            return name
        return self._learn_traces().get(digest.hex)

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
        # Whoever asks may be about to reuse one of them; relied on first and read then, so it is whole or not here.
        with self._content.gate.relying(digest for name in names if (digest := digest_of_name(name)) is not None):
            pass
        found = [(digest, trace) for digest, trace in self._readable(names, Trace) if trace.key == key]
        # A clock that was set back puts traces in another order, but in the same one for everybody.
        return sorted(found, key=lambda pair: (pair[1].started, pair[0]))

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
        self._learn_traces()
        self.runs()

    def _demand(self, record: Record) -> None:
        wanted = list(references(record))
        with self._content.gate.relying(reference.digest for reference in wanted):
            self._look_for(record, wanted)

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

    def _readable(self, names: Iterable[str], kind: type[R]) -> list[tuple[Digest, R]]:
        found = []
        for name in names:
            digest = digest_of_name(name)
            if digest is None:
                continue
            try:
                record = decode(self._content.read(name, digest, f"{KINDS[kind]} record"), kind)
            except NotFound:
                continue  # deleted since it was listed
            except Damaged as problem:
                warnings.warn(f"left out: {problem.message} `twice check` says more.", RuntimeWarning, stacklevel=4)
                continue
            found.append((digest, record))
        return found

    def _learn(self, digest: Digest, record: RunRecord) -> RunFact:
        try:
            pipeline = self.load(record.version, Version).pipeline
        except (NotFound, Damaged):
            return RunFact(digest, record.version, "", record.started, record.purpose)
        self._index.put("run", {digest.hex: [record.version, pipeline, record.started, record.purpose]})
        return RunFact(digest, record.version, pipeline, record.started, record.purpose)

    def _learn_traces(self) -> dict[str, str]:
        """Where every trace is filed, by its digits."""
        found: dict[str, str] = {}
        facts: dict[str, Fact] = {}
        for name in self.names(Trace):
            folder, _, rest = name.rpartition("/")
            key, _, digits = rest.partition(".")
            digest, key_digest = _digest(digits), _digest(folder.rpartition("/")[2] + key)
            if digest is not None and key_digest is not None:
                found[digits] = name
                facts[digits] = [key_digest]
        self._index.put("trace", facts)
        return found


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


def _run_fact(digest: Digest, fact: Fact | None) -> RunFact | None:
    match fact:
        case [str(version), str(pipeline), int(started), str(purpose)]:
            return RunFact(digest, Digest(version), pipeline, started, purpose)
        case _:
            return None
