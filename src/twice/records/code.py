"""Code as it was captured: enough to run it again, to name it, and to show what changed."""

from __future__ import annotations

from twice.records.artifact import Artifact
from twice.records.canonical import Record
from twice.records.digest import Digest

COMPUTED_IMPORT = "an import of a computed name"
"""Stands in the note of a node whose code may import anything; what it did import is seen when it runs."""


class ModuleSource(Record, frozen=True, kw_only=True):
    """One local module's file, as it is.

    Attributes:
        name: The name it is imported by; ``__main__`` for the script.
        root: Which of the version's roots the path is relative to.
        path: The file, relative to that root, with forward slashes.
        source: The object that holds the bytes.
        package: Whether it is a package's ``__init__``.
        namespace: A package without ``__init__``; ``path`` is its folder and ``source`` is empty.
    """

    name: str
    root: str
    path: str
    source: Digest
    package: bool = False
    namespace: bool = False


class Node(Record, frozen=True, kw_only=True):
    """One thing that a step reaches: what it says, wherever it stands.

    Attributes:
        id: ``module:qualname`` for functions, classes and values; ``name==version`` for distributions; a module's name.
        kind: ``function``, ``class``, ``value``, ``module``, ``effects`` (what a module does when imported),
            ``distribution``, ``builtin``.
        own: The digest of what it says itself, without layout and without what it reaches.
        text: The digest of its source as it is.
        meaning: The digest of ``own`` and of the meaning of all that it reaches.
        edges: What it reaches: (how, id) pairs, as "calls ``helpers.clean``".
        note: Something a person should know, as "used in ways that cannot be followed; the whole module counts".
    """

    id: str
    kind: str
    own: Digest
    text: Digest
    meaning: Digest
    edges: tuple[tuple[str, str], ...] = ()
    note: str = ""


class StepCode(Record, frozen=True, kw_only=True):
    """What one step runs and reaches.

    Attributes:
        function: The node of its function.
        semantic: What the code means: equal digests, equal behaviour. It keys traces.
        textual: Every character of it, so that a cosmetic edit can be told from none.
        reaches: The ids of all nodes reached.
    """

    function: str
    semantic: Digest
    textual: Digest
    reaches: tuple[str, ...]


class Code(Record, frozen=True, kw_only=True):
    """What the local code of a version says: all that its steps reach, and nothing else.

    Code that no step reaches, and the lines on which things stand, shape a snapshot but not a version.

    Attributes:
        nodes: Everything that any step reaches.
        steps: For each step, what it runs.
    """

    nodes: tuple[Node, ...]
    steps: dict[str, StepCode]


class Place(Record, frozen=True, kw_only=True):
    """Where a node stands in a snapshot.

    Attributes:
        module: The module source that holds it.
        line: Its first line (1 is the first); 0 if it has none.
        end_line: Its last line.
    """

    module: str
    line: int = 0
    end_line: int = 0


class Snapshot(Record, frozen=True, kw_only=True):
    """The files of one capture: enough to run the code again, exactly as it lay there.

    Attributes:
        code: What it says.
        modules: The sources.
        places: Node → where it stands in them.
        outline: The object (JSON) that says what sources do not: how to find or make each function and class, and
            what the names of the script or notebook stand for. Numbers in it count in ``values``.
        values: Captured values: the script's variables, closure cells, defaults.
        cwd: (root, path) of the working directory that relative paths are seen from.
        search: Folders that were on ``sys.path`` and hold local code, as (root, path).
    """

    code: Digest
    modules: tuple[ModuleSource, ...]
    places: dict[str, Place]
    outline: Digest
    values: tuple[Artifact, ...] = ()
    cwd: tuple[str, str] = ("project", ".")
    search: tuple[tuple[str, str], ...] = ()
