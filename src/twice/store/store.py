"""The vault's face: everything that other rooms ask of a store."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from twice.errors import NotFound, StoreError, StoreUnusable
from twice.records.canonical import Record
from twice.records.code import Code, Snapshot
from twice.records.digest import Digest
from twice.records.environment import Environment
from twice.records.lock import Lock
from twice.records.run import Ref, RunRecord
from twice.records.trace import Trace
from twice.records.verdict import Verdict
from twice.records.version import Version
from twice.store import check as check_
from twice.store.backend import Backend, Bytes
from twice.store.content import Content
from twice.store.durable import explained, sync_folder
from twice.store.elsewhere import FILE as ELSEWHERE
from twice.store.elsewhere import backend_of
from twice.store.files import FileDigests
from twice.store.filing import FOLDER as RECORDS
from twice.store.filing import Filing
from twice.store.gate import Gate
from twice.store.gc import FOLDER as ASIDE
from twice.store.gc import Collector
from twice.store.index import Index
from twice.store.intake import Intake
from twice.store.likeness import Likeness
from twice.store.local import LocalBackend
from twice.store.memos import FOLDER as MEMOS
from twice.store.memos import Memo
from twice.store.objects import Objects
from twice.store.packs import FOLDER as PACKS
from twice.store.reading import ReadingBackend, refuse
from twice.store.recipes import FOLDER as RECIPES
from twice.store.refs import LABELS, NAMES, Refs
from twice.store.resolve import Found, Resolver
from twice.store.scratch import Scratch
from twice.store.shelves import ASSEMBLED, Shelves
from twice.store.shelves import FOLDER as OBJECTS

FORMAT = 1
"""The number of the layout that this Twice reads and writes."""

_TEMPORARY = "tmp"
ENVIRONMENTS = "environments"
"""The folder of environments that were rebuilt; it can be deleted whenever none of them runs."""
_INDEX = "index.sqlite"
_OURS = {"format", ".gitignore", OBJECTS, PACKS, RECIPES, ASSEMBLED, RECORDS, LABELS, NAMES, ASIDE}
_OURS |= {_TEMPORARY, _INDEX, ENVIRONMENTS, MEMOS, ELSEWHERE}

R = TypeVar("R", bound=Record)


class Store:
    """Objects, records and names in one place, for many threads and processes at once.

    What a method has returned from survives a crash; a trace survives a power cut once something refers to it. The
    order of writers is: objects, then traces, then the run, then the name; a record that refers to something that is
    not here is refused.

    Use :meth:`open`. The constructor is for stores whose bytes are somewhere else than in a folder.

    Args:
        path: Where the store is, for messages and for files of this machine.
        backend: The bytes.
        scratch: Where half-written things lie; on the file system of the backend, if it has one.
        index: Remembers what was found out.
        assembled: Where whole files of what recipes make lie; in the store's folder unless one is named.
    """

    path: Path

    def __init__(
        self, path: Path, backend: Backend, scratch: Scratch, index: Index, *, assembled: Path | None = None
    ) -> None:
        self.path = path
        self._own: tempfile.TemporaryDirectory[str] | None = None
        self._elsewhere = False
        self._backend = backend
        self._scratch = scratch
        self._index = index
        self._gate = Gate(scratch)
        content = Content(backend, self._gate)
        self._shelves = Shelves(content, scratch, assembled or path / ASSEMBLED)
        self._objects = Objects(content, self._shelves, scratch, Likeness(index))
        self._filing = Filing(content, index, self._shelves.has)
        self._refs = Refs(backend)
        self._resolver = Resolver(self._refs, self._filing)
        self._files = FileDigests(index)
        self._intake = Intake(self._objects, self._shelves, self._files, backend)

    @classmethod
    def open(cls, path: str | Path, *, create: bool = True) -> Store:
        """Open the store in a folder.

        Args:
            path: The folder, usually ``.twice``.
            create: Make it if it is not there. Without this, a store that cannot be written can still be looked at.

        Raises:
            StoreUnusable: It is a file, cannot be written, is of a newer format, or holds other things than a store.
            NotFound: It is not there, and is not to be made.
        """
        place = Path(path).absolute()
        with explained(place):
            try:
                entries = _entries(place)
            except FileNotFoundError:
                if not create:
                    raise NotFound(
                        f"there is no store at {place}.", hint="run a pipeline first, or name the store with store="
                    ) from None
                entries = set()
            if "format" not in entries and not create:
                raise NotFound(f"{place} is not a store: it has no file 'format'.", hint="name the store with store=")
            scratch = Scratch(place / _TEMPORARY)
            backend = LocalBackend(place, scratch)
            if "format" in entries:
                _check_format(place, backend.read("format"))
            else:
                _make(place, backend, entries)
            if not os.access(place, os.W_OK | os.X_OK):
                if create:
                    refuse(place)
                return cls._for_reading(place)
            scratch.path.mkdir(exist_ok=True)
            scratch.clean()
            elsewhere = backend_of(place)
        store = cls(place, elsewhere or backend, scratch, Index(place / _INDEX))
        if elsewhere is not None:
            elsewhere.claim("format", f"{FORMAT}\n".encode())
            _check_format(place, elsewhere.read("format"))
            store._elsewhere = True
        return store

    @classmethod
    def _for_reading(cls, place: Path) -> Store:
        """A store to be looked at only: what is made on the way lies in a temporary folder of the system's."""
        own = tempfile.TemporaryDirectory(prefix="twice-reading-")
        scratch = Scratch(Path(own.name))
        store = cls(place, ReadingBackend(place, scratch), scratch, Index(None), assembled=Path(own.name) / "assembled")
        store._own = own
        return store

    # Objects

    def put(self, data: Bytes) -> Digest:
        """Put bytes down and return their name; the same bytes are stored once."""
        return self._objects.put([data])[0]

    def put_many(self, many: Iterable[Bytes]) -> list[Digest]:
        """As :meth:`put` for many, with far fewer waits for the disk; the digests come in the same order."""
        return self._objects.put(many)

    def adopt(self, file: Path) -> Digest:
        """Move a finished file in and return its name; the file is gone afterwards.

        A file on another file system, or one that has other names too, is copied.

        Raises:
            NotFound: The file is not there.
            StoreError: It is not a regular file.
        """
        return self._objects.adopt([file])[0]

    def adopt_many(self, files: Iterable[Path]) -> list[Digest]:
        """As :meth:`adopt` for many, with far fewer waits for the disk; the digests come in the same order."""
        return self._objects.adopt(files)

    def put_file(self, file: Path) -> Digest:
        """Put a copy of a file down and return its name; the file stays as it is.

        Raises:
            NotFound: The file is not there.
            StoreError: It is not a regular file.
        """
        return self._intake.file(file)

    def put_files(self, files: Iterable[Path]) -> list[Digest]:
        """As :meth:`put_file` for many, at a fraction of the cost of each; the digests come in the same order."""
        return self._intake.files(files)

    def get(self, digest: Digest) -> bytes:
        """The bytes of an object, held against its name.

        Raises:
            NotFound: There is no such object.
            Damaged: Its bytes are not what its name says.
        """
        return self._shelves.get(digest)

    def map(self, digest: Digest, *, verify: bool = False) -> memoryview:
        """The bytes of an object, mapped read-only.

        Args:
            digest: The object.
            verify: Hold the bytes against the name first, which reads them all.

        Raises:
            NotFound: There is no such object.
            Damaged: Its bytes are not what its name says (only with ``verify``).
        """
        return self._shelves.map(digest, verify=verify)

    def file(self, digest: Digest) -> Path:
        """A file that holds an object, for a worker to read and never to change.

        Raises:
            NotFound: There is no such object.
        """
        return self._shelves.file(digest)

    def copy_out(self, digest: Digest, target: Path, *, verify: bool = False) -> None:
        """Write an object to a new file.

        Args:
            digest: The object.
            target: The file.
            verify: Hold what was written against the name.

        Raises:
            NotFound: There is no such object.
            FileExistsError: There is such a file.
            Damaged: Its bytes are not what its name says (only with ``verify``), or its recipe is not whole.
        """
        self._shelves.copy_out(digest, target, verify=verify)

    def has(self, digest: Digest) -> bool:
        """Whether an object is here."""
        return self._shelves.has(digest)

    def size(self, digest: Digest) -> int:
        """How many bytes an object has.

        Raises:
            NotFound: There is no such object.
        """
        return self._shelves.size(digest)

    @property
    def own_folders(self) -> tuple[Path, ...]:
        """Folders in which this store keeps things, and none of what a step may be given to read as its own."""
        kept = (OBJECTS, PACKS, RECIPES, ASSEMBLED, RECORDS, LABELS, NAMES, ASIDE)
        return (*(self.path / name for name in kept), self._shelves.taken_out)

    def doubt(self, digest: Digest) -> None:
        """Look at an object's bytes again before the next put relies on them."""
        self._shelves.doubt(digest)

    def spool(self) -> Path:
        """A fresh folder for a worker to write into; it goes when this store is closed or its process ends."""
        with explained(self.path):
            return self._scratch.spool()

    def memo(self, name: str) -> Memo:
        """A place for bytes that save time: they may be gone at any moment, and nothing refers to them."""
        return Memo(self.path / MEMOS / name, self._scratch)

    # Records

    def add(self, record: Version | Trace | RunRecord | Snapshot | Code | Environment | Lock | Verdict) -> Digest:
        """File a record and return its name; the same record is filed once.

        Raises:
            NotFound: It refers to something that is not here.
        """
        return self._filing.add(record)

    def load(self, digest: Digest, kind: type[R]) -> R:
        """Bring a record back.

        Raises:
            NotFound: There is no such record.
            Damaged: Its bytes are not what its name says, or are not a record of this kind.
        """
        return self._filing.load(digest, kind)

    # Finding

    def traces(self, key: Digest) -> list[Trace]:
        """All traces of a key, oldest first. Damaged ones are left out with a warning, here and in all lists."""
        return [trace for _, trace in self._filing.traces(key)]

    def trace_digests(self, key: Digest) -> list[Digest]:
        """The digests of all traces of a key, in the order of :meth:`traces`."""
        return [digest for digest, _ in self._filing.traces(key)]

    def runs(self, *, version: Digest | None = None, pipeline: str | None = None) -> list[tuple[Digest, RunRecord]]:
        """Runs, oldest first by their start.

        Args:
            version: Only those of this version.
            pipeline: Only those of this pipeline.
        """
        return self._filing.load_runs(version, pipeline)

    def versions(self) -> list[tuple[Digest, Version]]:
        """All versions, by digest."""
        return self._filing.all(Version)

    def locks(self, of: Digest) -> list[tuple[Digest, Lock]]:
        """The locks of what :func:`twice.records.lock.pins` names: those whose files are all kept here come last."""
        found = [(digest, lock) for digest, lock in self._filing.all(Lock) if lock.of == of]
        return sorted(found, key=lambda pair: (pair[1].kept, -len(pair[1].left_out), pair[0]))

    def verdicts(self, run: Digest | None = None) -> list[tuple[Digest, Verdict]]:
        """Verdicts of verifications, oldest first.

        Args:
            run: Only those on this run: the recorded one, or the verification's own.
        """
        found = self._filing.all(Verdict)
        if run is not None:
            found = [pair for pair in found if run in (pair[1].left, pair[1].right)]
        return sorted(found, key=lambda pair: (pair[1].made, pair[0]))

    def refs(self) -> list[Ref]:
        """All labels, by pipeline and then oldest first."""
        return self._refs.labels()

    def names(self) -> dict[str, Ref]:
        """All saved names and what they mean, sorted."""
        return self._refs.saved_names()

    # Naming

    def set_label(self, pipeline: str, label: str, ref: Ref) -> Ref:
        """Give a pipeline's label its meaning.

        Returns:
            What the label means now: the given ref, or the one that was there, if it is of the same version.

        Raises:
            LabelTaken: The label means another version.
            NotFound: The version or the run is not here.
            StoreError: It cannot be a label, or the run is one of another version.
        """
        self._demand(ref)
        return self._refs.set_label(pipeline, label, ref)

    def set_name(self, name: str, ref: Ref) -> Ref:
        """Give a saved name its meaning; the law is that of :meth:`set_label`."""
        self._demand(ref)
        return self._refs.set_name(name, ref)

    def resolve(self, text: str, *, pipeline: str | None = None) -> Found:
        """The version or run that a text means.

        Args:
            text: ``churn@v1.0``, ``v1.0``, a saved name, ``latest``, ``previous``, ``churn@latest``, or a digest or its
                first digits (four at least).
            pipeline: Whose labels and runs are meant where the text does not say.

        Raises:
            NotFound: It means nothing, or more than one thing; the error says what there is.
        """
        return self._resolver.resolve(text, pipeline)

    # Upkeep

    def digest_file(self, path: Path) -> Digest:
        """The digest of a file outside the store, without reading again what has not changed.

        Raises:
            NotFound: There is no such file, or it cannot be read.
            StoreError: It is a folder, a pipe or a device.
        """
        return self._files.digest(path)

    def check(self, *, deep: bool = True) -> check_.Report:
        """Whether everything is here that is referred to, and is what its name says.

        Args:
            deep: Also read all objects; otherwise only their presence is looked at.
        """
        return check_.check(self._backend, self._scratch.leftovers(), deep=deep)

    @property
    def collector(self) -> Collector:
        """Clears this store out.

        Raises:
            StoreUnusable: Its bytes are elsewhere, and others may rely on them without being seen from here.
        """
        if self._elsewhere:
            raise StoreUnusable(
                f"the bytes of the store {self.path} are in a backend of another package, and who relies on them from "
                "another folder or machine cannot be seen from here, so nothing is taken away.",
                hint="delete them by that backend's own means when nobody needs them",
            )
        return Collector(self._backend, self._gate, self._shelves)

    def rebuild(self) -> None:
        """Forget what the index remembers and find it out again from the records."""
        self._filing.rebuild()

    def close(self) -> None:
        """Let go of files, and remove this store's half-written things and spools."""
        self._index.close()
        self._scratch.close()
        if self._own is not None:
            self._own.cleanup()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Store({str(self.path)!r})"

    def _demand(self, ref: Ref) -> None:
        self._filing.load(ref.version, Version)
        run = self._filing.load(ref.run, RunRecord)
        if run.version != ref.version:
            raise StoreError(f"the run {ref.run.short} is not one of version {ref.version.short}.")


def _entries(place: Path) -> set[str]:
    """What is in the folder; a store whose parts are links is none, as they could lead to anybody's files."""
    try:
        with os.scandir(place) as found:
            entries = {entry.name: entry.is_symlink() for entry in found}
        for name, is_link in entries.items():
            if is_link and (name in _OURS or name.startswith(_INDEX)):
                raise StoreUnusable(
                    f"in the store {place}, {name!r} is a link; what a store holds lies in its own folder.",
                    hint="move what it leads to in its place; a store on another disk is named with TWICE_STORE or "
                    "store=, and may be a link as a whole",
                )
        return set(entries)
    except NotADirectoryError:
        raise StoreUnusable(
            f"the store cannot be at {place}: a file is in the way.",
            hint="name another place with TWICE_STORE or store=",
        ) from None


def _check_format(place: Path, data: bytes) -> None:
    text = data.decode("ascii", "replace").strip()
    if not text.isdecimal():
        raise StoreUnusable(
            f"the store {place} has a format that is no number: {text[:20]!r}.",
            hint=f"if this store was made by Twice, put a {FORMAT} into its file 'format' and run `twice check`",
        )
    if int(text) > FORMAT:
        raise StoreUnusable(
            f"the store {place} has the format {text}; this Twice knows formats up to {FORMAT}.",
            hint="install a newer Twice, or name another store with TWICE_STORE or store=",
        )


def _make(place: Path, backend: LocalBackend, entries: set[str]) -> None:
    """Make a store, or finish one whose making was cut short; the file ``format`` comes last."""
    foreign = sorted(entry for entry in entries if entry not in _OURS and not entry.startswith(_INDEX))
    if foreign:
        raise StoreUnusable(
            f"{place} is not a store, and it is not empty: it holds {', '.join(foreign[:5])}.",
            hint=f"name a folder of its own, such as {place / '.twice'}",
        )
    made = [folder for folder in (place, *place.parents) if not folder.exists()]
    for folder in (OBJECTS, RECORDS, LABELS, NAMES, _TEMPORARY):
        (place / folder).mkdir(parents=True, exist_ok=True)
    for folder_made in made:
        sync_folder(folder_made.parent)
    backend.claim(".gitignore", b"*\n")
    backend.claim("format", f"{FORMAT}\n".encode())
