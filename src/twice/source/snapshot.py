"""One capture of all the local code of a pipeline."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from twice.records.code import Node, Place, StepCode
from twice.records.digest import Digest, digest_texts
from twice.source.memory import Memory
from twice.source.merkle import meanings, reachable
from twice.source.modules import CELLS, Library, Roots, Source, is_local_file
from twice.source.reach.distributions import Installed
from twice.source.reach.found import Found
from twice.source.reach.reads import Reads
from twice.source.reach.sources import source_key
from twice.source.reach.walk import Reach
from twice.source.state import State, state_of


@dataclass(frozen=True)
class SourceFile:
    """One module's source, ready to be stored.

    Attributes:
        name: The module; for a notebook cell the module, a slash and the cell.
        root: The root that the path is relative to; ``cells`` for what has no file.
        path: With forward slashes.
        source: The text; None for a package without one.
        package: Whether it is a package's ``__init__``.
        namespace: A package without one.
    """

    name: str
    root: str
    path: str
    source: Source | None
    package: bool = False
    namespace: bool = False

    @property
    def data(self) -> bytes:
        """The bytes."""
        return self.source.data if self.source is not None else b""


@dataclass(frozen=True)
class Capture:
    """All the local code of a pipeline, captured at one moment.

    Attributes:
        files: The sources.
        nodes: Everything that any step reaches, by id.
        places: Where they stand, by id.
        steps: For each step, what it runs and reaches.
        state: What the sources do not say; see ``source.state``.
        reach: The walk, whose hook encodes the state.
        roots: Names for the folders.
        search: Folders on ``sys.path`` that hold local code, as (root, path).
        imports: Every module that the sources import by name, wherever in them.
    """

    files: tuple[SourceFile, ...]
    nodes: Mapping[str, Node]
    places: Mapping[str, Place]
    steps: Mapping[str, StepCode]
    state: State
    reach: Reach
    roots: Roots
    search: tuple[tuple[str, str], ...]
    imports: tuple[str, ...]

    def meaning(self, reference: str) -> Digest | None:
        """The meaning of a class or function named ``module:qualname`` that a value refers to."""
        node = self.nodes.get(reference)
        return node.meaning if node is not None else None


def capture(
    steps: Mapping[str, object],
    *,
    project: Path,
    cwd: Path,
    search: list[str],
    distributions: Installed,
    memory: Memory | None = None,
) -> Capture:
    """Capture everything local that some steps reach.

    Args:
        steps: Step name → its callable.
        project: The project's folder.
        cwd: The working directory, from which relative paths are seen.
        search: ``sys.path``.
        distributions: What is installed.
        memory: What is known of sources from before; knows more afterwards.

    Raises:
        CaptureError: Something cannot be brought back elsewhere.
    """
    with _undisturbed():
        return _capture(steps, Roots(project, cwd), Library(memory), search, distributions)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Without garbage collections: syntax trees are very many objects, and none of them is garbage before the end.

    What is left then is kept for long, so it is put among the old objects, rather than gone through at once as young.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            if not gc.get_freeze_count():  # unfreezing is for all, so not where somebody relies on having frozen some
                gc.freeze()
                gc.unfreeze()
            gc.enable()


def _capture(
    steps: Mapping[str, object], roots: Roots, library: Library, search: list[str], distributions: Installed
) -> Capture:
    reach = Reach(library, roots, distributions)
    roots_of_steps = {name: reach.step(name, function) for name, function in steps.items()}
    while reach.reads != reach.counts:  # what somebody may read of other code counts everywhere
        reach = Reach(library, roots, distributions, counts=reach.reads)
        roots_of_steps = {name: reach.step(name, function) for name, function in steps.items()}
    if reach.looks_through or reach.counts.docstrings:
        reach.wholes.count_docstrings()
    state = state_of(reach, steps, roots_of_steps)

    own = {id_: _own(node, reach.counts) for id_, node in reach.graph.nodes.items()}
    edges = {id_: sorted(set(node.edges)) for id_, node in reach.graph.nodes.items()}
    meaning = meanings(own, edges)
    nodes = {
        id_: Node(
            id=id_,
            kind=node.kind,
            own=node.own,
            text=node.text,
            meaning=meaning[id_],
            edges=tuple(edges[id_]),
            note=node.note,
        )
        for id_, node in sorted(reach.graph.nodes.items())
    }
    reached = {name: reachable(root, edges) for name, root in roots_of_steps.items()}
    step_codes = {
        name: StepCode(
            function=root,
            semantic=meaning[root],
            textual=digest_texts(*(f"{id_}\0{nodes[id_].text}" for id_ in reached[name])),
            reaches=tuple(reached[name]),
        )
        for name, root in roots_of_steps.items()
    }
    files = _files(reach, roots)
    imports = {name for file in files if file.source is not None for name in file.source.known.modules}
    library.remember()
    library.let_go()
    places = [roots.locate(Path(entry or ".").resolve()) for entry in search]
    local = [
        place for entry, place in zip(search, places, strict=True) if place[0] and is_local_file(str(Path(entry) / "x"))
    ]
    return Capture(
        files=files,
        nodes=nodes,
        places={
            id_: Place(module=node.module, line=node.line, end_line=node.end_line)
            for id_, node in sorted(reach.graph.nodes.items())
            if node.module
        },
        steps=step_codes,
        state=state,
        reach=reach,
        roots=roots,
        search=tuple(dict.fromkeys(local)),
        imports=tuple(sorted(imports)),
    )


def _own(node: Found, counts: Reads) -> Digest:
    """What a node says itself, with its text and its place where somebody may read these."""
    if not counts.source:
        return node.own
    return digest_texts(node.own, node.text, str(node.line) if counts.lines else "")


def _files(reach: Reach, roots: Roots) -> tuple[SourceFile, ...]:
    found: list[SourceFile] = []
    for name, source in sorted(reach.sources.modules.items()):
        root, path = roots.locate_module(source.file, name, package=source.package)
        found.append(SourceFile(name, root, path, source, source.package))
    for name, places in sorted(reach.sources.namespaces.items()):
        for place in places:
            root, path = roots.locate_module(place + "/__init__.py", name, package=True)
            found.append(SourceFile(name, root, path.rpartition("/")[0], None, package=True, namespace=True))
    for source in sorted(reach.sources.cells.values(), key=source_key):
        key = source_key(source)
        if key != source.module:
            found.append(SourceFile(key, CELLS, key.rpartition("/")[2], source))
        elif key not in reach.sources.modules:  # a file that is not a module's own: named by where it lies
            root, path = roots.locate_module(source.file, Path(source.file).stem, package=False)
            found.append(SourceFile(key, root, path, source))
    return tuple(found)
