"""One version's code with some definitions of another's: what a change does is seen by making it alone. Pure.

The text of the definitions that are swapped replaces the text at their places; what refers to a line is moved along,
and what refers to a captured value to where that value lies among those of both versions. A class is swapped with all
that is inside it. What only the other version has is there too, since what was swapped may need it.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from twice.records.artifact import Artifact
from twice.records.code import Code, ModuleSource, Node, Place, Snapshot, StepCode
from twice.records.digest import Digest, digest_texts
from twice.source.merkle import meanings, reachable

ON_IMPORT, WHOLE = " (on import)", " (whole)"
_MAIN = "__main__"


@dataclass(frozen=True)
class Written:
    """One version's code as it was written down.

    Attributes:
        code: What it says.
        snapshot: The files.
        outline: What these do not say; see ``source.state``.
        sources: Module → the bytes of its file.
    """

    code: Code
    snapshot: Snapshot
    outline: Mapping[str, Any]
    sources: Mapping[str, bytes]

    @cached_property
    def nodes(self) -> dict[str, Node]:
        """All that steps reach, by id."""
        return {node.id: node for node in self.code.nodes}

    @cached_property
    def modules(self) -> dict[str, ModuleSource]:
        """The modules by name."""
        return {module.name: module for module in self.snapshot.modules}

    def place(self, id_: str) -> Place | None:
        """Where a node stands; None if it has no line of its own."""
        place = self.snapshot.places.get(id_)
        return place if place is not None and place.line else None

    def lines(self, module: str) -> list[bytes]:
        """The lines of a module's file."""
        return self.sources.get(module, b"").splitlines(keepends=True)


@dataclass(frozen=True)
class Group:
    """Definitions that can only be swapped together, since one is part of the other.

    Attributes:
        name: The id of the outermost.
        ids: All of them.
    """

    name: str
    ids: frozenset[str]


@dataclass(frozen=True)
class Mixed:
    """A mixture, ready to be put into a vault.

    Attributes:
        code: What it says.
        modules: Its modules, and their bytes.
        places: Where things stand in them.
        outline: What they do not say.
        values: The values that the outline mentions by number.
    """

    code: Code
    modules: tuple[tuple[ModuleSource, bytes], ...]
    places: Mapping[str, Place]
    outline: Mapping[str, Any]
    values: tuple[Artifact, ...]


def groups(left: Written, right: Written) -> list[Group]:
    """The definitions that differ between two versions, put together as far as they cannot be swapped alone.

    What only one of them has is no group of its own: something that both have refers to it, and was changed for that.
    """
    changed = {id_ for id_ in left.nodes.keys() & right.nodes.keys() if _differs(left.nodes[id_], right.nodes[id_])}
    changed |= {f"step {name}" for name, step in left.code.steps.items() if _other_function(name, step, right)}
    single = {
        id_
        for side, other in ((left, right), (right, left))
        for id_, node in side.nodes.items()
        if id_ not in other.nodes and node.kind not in ("distribution", "builtin")
    }
    leader = {id_: id_ for id_ in changed | single}

    def lead(id_: str) -> str:
        while leader[id_] != id_:
            id_ = leader[id_]
        return id_

    for outer in sorted(leader, key=len):
        for inner in leader:
            if inner != outer and any(_holds(side, outer, inner) for side in (left, right)):
                leader[lead(inner)] = lead(outer)
    found: dict[str, set[str]] = {}
    for id_ in leader:
        found.setdefault(lead(id_), set()).add(id_)
    made = [Group(_outermost(ids & changed), frozenset(ids)) for ids in found.values() if ids & changed]
    return sorted(made, key=lambda group: group.name)


def _outermost(ids: Collection[str]) -> str:
    return min(ids, key=lambda id_: (len(id_), id_))


def _differs(left: Node, right: Node) -> bool:
    if left.kind in ("distribution", "builtin"):
        return False
    return left.own != right.own or _edges(left) != _edges(right)


def _edges(node: Node) -> set[tuple[str, str]]:
    """What it reaches, whichever version of a distribution that is."""
    return {(how, to.partition("==")[0]) for how, to in node.edges}


def _other_function(name: str, step: StepCode, other: Written) -> bool:
    return name in other.code.steps and other.code.steps[name].function != step.function


def _holds(side: Written, outer: str, inner: str) -> bool:
    """Whether one is part of the other: by its name, by its place, or because the whole module counts."""
    if inner.startswith(f"{outer}.") and ":" in outer:
        return True
    if outer.endswith(WHOLE) and inner.partition(":")[0].removesuffix(ON_IMPORT) == outer.removesuffix(WHOLE):
        return True
    around, place = side.place(outer), side.place(inner)
    if around is None or place is None or around.module != place.module:
        return False
    return place.line <= around.end_line and around.line <= place.end_line


def mix(base: Written, other: Written, swapped: Collection[str]) -> Mixed:
    """One version's code with some definitions of another's.

    Args:
        base: The version.
        other: The other one.
        swapped: The ids of the groups' members that are to be as in the other.
    """
    return _Mixture(base, other, frozenset(swapped)).made()


@dataclass
class _Text:
    """One module's new text, and where the lines of either version came to stand in it."""

    lines: list[bytes] = field(default_factory=list)
    moved: dict[tuple[int, int], int] = field(default_factory=dict)

    def add(self, side: int, lines: Sequence[bytes], first: int) -> None:
        """Take over some lines of a side, of which the first has the number ``first`` there."""
        if self.lines and not self.lines[-1].endswith((b"\n", b"\r")):
            self.lines[-1] += b"\n"
        for offset, line in enumerate(lines):
            self.lines.append(line)
            self.moved[side, first + offset] = len(self.lines)


class _Mixture:
    def __init__(self, base: Written, other: Written, swapped: frozenset[str]) -> None:
        self.sides = (base, other)
        self.swapped = swapped
        self.texts = {name: self._text(name) for name in {**base.modules, **other.modules}}

    def made(self) -> Mixed:
        base, other = self.sides
        modules = {**other.modules, **base.modules}
        chosen = {id_: self._side(id_) for id_ in {**base.nodes, **other.nodes}}
        nodes = {id_: self.sides[side].nodes[id_] for id_, side in sorted(chosen.items())}
        places = {id_: place for id_, side in chosen.items() if (place := self._place(id_, side)) is not None}
        return Mixed(
            code=self._code(nodes),
            modules=tuple((module, b"".join(self.texts[name].lines)) for name, module in modules.items()),
            places=places,
            outline=self._outline(),
            values=(*base.snapshot.values, *other.snapshot.values),
        )

    def _side(self, id_: str) -> int:
        """Whose definition is taken: 0 for the base's, 1 for the other's."""
        base, other = self.sides
        return int(id_ not in base.nodes or (id_ in self.swapped and id_ in other.nodes))

    # -- texts

    def _text(self, module: str) -> _Text:
        base, other = self.sides
        text = _Text()
        if module not in base.modules or module not in other.modules:
            side = int(module not in base.modules)
            text.add(side, self.sides[side].lines(module), 1)
            return text
        if base.sources.get(module) == other.sources.get(module):
            text.add(0, base.lines(module), 1)
            text.moved |= {(1, line): to for (_, line), to in list(text.moved.items())}
            return text
        return self._edited(module, text)

    def _edited(self, module: str, text: _Text) -> _Text:
        """The text of a module that differs, with each definition as it is chosen."""
        whole = {f"{module}{ON_IMPORT}", f"{module}{WHOLE}"} & self.swapped
        frame = int(bool(whole))
        donor = 1 - frame
        if f"{module}{WHOLE}" in whole:
            text.add(frame, self.sides[frame].lines(module), 1)
            return text
        edits = self._edits(module, frame, donor)
        mine, theirs = self.sides[frame].lines(module), self.sides[donor].lines(module)
        additions = list(self._missing(module, frame, donor)) if edits or frame == 0 else []
        names = [self.sides[donor].snapshot.places[id_] for id_ in additions]
        imports = _missing_imports(b"".join(mine), b"".join(theirs)) if edits or names else []
        head = _head(b"".join(mine))
        text.add(frame, mine[:head], 1)
        for line in imports:
            text.lines.append(line + b"\n")
        here = head
        for (first, last), (from_, to) in edits:
            if first - 1 < here:
                continue
            text.add(frame, mine[here : first - 1], here + 1)
            text.add(donor, theirs[from_ - 1 : to], from_)
            here = last
        text.add(frame, mine[here:], here + 1)
        for place in names:
            text.add(donor, theirs[place.line - 1 : place.end_line], place.line)
        return text

    def _edits(self, module: str, frame: int, donor: int) -> list[tuple[tuple[int, int], tuple[int, int]]]:
        """The spans of lines to replace, and the spans that replace them; the outermost of those inside each other."""
        found: dict[tuple[int, int], tuple[int, int]] = {}
        for id_ in self.sides[frame].nodes.keys() & self.sides[donor].nodes.keys():
            mine, theirs = self.sides[frame].place(id_), self.sides[donor].place(id_)
            if mine is None or theirs is None or mine.module != module or theirs.module != module:
                continue
            if self._side(id_) == donor and self._changed(id_):
                found[mine.line, mine.end_line] = theirs.line, theirs.end_line
        kept: list[tuple[tuple[int, int], tuple[int, int]]] = []
        for span in sorted(found, key=lambda span: (span[0], -span[1])):
            if not kept or span[0] > kept[-1][0][1]:
                kept.append((span, found[span]))
        return kept

    def _changed(self, id_: str) -> bool:
        left, right = (side.nodes[id_] for side in self.sides)
        return left.own != right.own or left.text != right.text

    def _missing(self, module: str, frame: int, donor: int) -> Iterator[str]:
        """Definitions at the top level of a module that only the other version's code reaches."""
        known = set(self.sides[frame].lines(module))
        for id_ in sorted(self.sides[donor].nodes.keys() - self.sides[frame].nodes.keys()):
            place = self.sides[donor].place(id_)
            if place is None or place.module != module or "." in id_.partition(":")[2] or "<" in id_:
                continue
            lines = self.sides[donor].lines(module)[place.line - 1 : place.end_line]
            if not set(lines) <= known:
                yield id_

    # -- what the texts do not say

    def _line(self, side: int, module: str, line: int) -> int:
        text = self.texts.get(module)
        return text.moved.get((side, line), 0) if text is not None else 0

    def _place(self, id_: str, side: int) -> Place | None:
        place = self.sides[side].snapshot.places.get(id_)
        if place is None or not place.line:
            return place
        first = self._line(side, place.module, place.line)
        if not first:
            return None
        return Place(module=place.module, line=first, end_line=first + place.end_line - place.line)

    def _number(self, side: int, number: int) -> int:
        return number + (len(self.sides[0].snapshot.values) if side else 0)

    def _outline(self) -> dict[str, Any]:
        base, other = (side.outline for side in self.sides)
        return {
            **base,
            "steps": self._merged("steps", self._step, lambda name: f"step {name}"),
            "definitions": self._definitions(),
            "main": self._merged("main", self._main, lambda name: f"{_MAIN}:{name}"),
            "values": {
                module: self._values(module) for module in sorted({**base["values"], **other["values"]})
            },
            "attributes": {id_: self._attributes(id_) for id_ in sorted({**base["attributes"], **other["attributes"]})},
            "needs": self._merged("needs", lambda _, need: need, lambda id_: id_),
        }  # fmt: skip

    def _merged(self, part: str, taken: Any, named: Any) -> dict[str, Any]:
        """A part of the outline: each entry from the side that is chosen, or the other if it cannot be had there."""
        base, other = (side.outline[part] for side in self.sides)
        found = {}
        for name in {**base, **other}:
            wanted = int(name not in base or self._is_swapped(named(name)))
            for side in (wanted, 1 - wanted):
                entry = (base, other)[side].get(name)
                made = taken(side, entry) if entry is not None else None
                if made is not None:
                    found[name] = made
                    break
        return found

    def _is_swapped(self, id_: str) -> bool:
        """Whether it, or a part of it such as a cell of a closure, is as in the other."""
        return id_ in self.swapped or any(one.startswith((f"{id_}.", f"{id_} ")) for one in self.swapped)

    def _step(self, side: int, entry: Mapping[str, Any]) -> dict[str, Any]:
        return {**entry, "value": self._number(side, entry["value"])}

    def _definitions(self) -> dict[str, Any]:
        """How each function and class is found or made; one that only has other cells stands where it stood."""
        found = {}
        for id_ in {**self.sides[0].outline["definitions"], **self.sides[1].outline["definitions"]}:
            entries = [side.outline["definitions"].get(id_) for side in self.sides]
            wanted = int(entries[0] is None or (entries[1] is not None and self._is_swapped(id_)))
            entry = entries[wanted]
            if entry["how"] != "define":
                found[id_] = dict(entry)
                continue
            lines = (
                self._line(side, one["source"], one["line"])
                for side, one in enumerate(entries)
                if one and "source" in one
            )
            line = self._line(wanted, entry["source"], entry["line"]) or next(filter(None, lines), 0)
            if line:
                found[id_] = self._define(wanted, entry, line)
        return found

    def _define(self, side: int, entry: Mapping[str, Any], line: int) -> dict[str, Any]:
        cells = {name: self._number(side, number) for name, number in entry["cells"].items()}
        defaults = {name: self._number(side, entry[name]) for name in ("defaults", "kwdefaults") if name in entry}
        heads = (part for part in ("bases", "metaclass") if part in entry)
        given = {part: [self._number(side, one) for one in entry[part]] for part in heads}
        closure = {name: 2 * number + side for name, number in entry.get("closure", {}).items()}
        return {**entry, "line": line, "cells": cells, "closure": closure, **given, **defaults}

    def _main(self, side: int, entry: Mapping[str, Any]) -> dict[str, Any] | None:
        if entry["how"] == "value":
            return {**entry, "value": self._number(side, entry["value"])}
        if entry["how"] != "statement":
            return dict(entry)
        line = self._line(side, entry["source"], entry["line"])
        further = [{**one, "line": self._line(side, entry["source"], one["line"])} for one in entry["then"]]
        return {**entry, "line": line, "then": [one for one in further if one["line"]]} if line else None

    def _values(self, module: str) -> dict[str, int]:
        base, other = (side.outline["values"].get(module, {}) for side in self.sides)
        found = {}
        for name in {**base, **other}:
            side = int(name not in base or (name in other and self._is_swapped(f"{module}:{name}")))
            found[name] = self._number(side, (base, other)[side][name])
        return found

    def _attributes(self, id_: str) -> dict[str, Any]:
        base, other = (side.outline["attributes"].get(id_, {}) for side in self.sides)
        if id_ in self.swapped:  # all of it is as in the other
            base = {}
        found = {}
        for name in {**base, **other}:
            side = int(name not in base or (name in other and f"{id_}.{name}" in self.swapped))
            if side and name not in base and id_ not in self.swapped and id_ in self.sides[0].nodes:
                continue  # the base's own has no such attribute
            entry = (base, other)[side][name]
            found[name] = {**entry, "value": self._number(side, entry["value"])}
        return found

    # -- meanings

    def _code(self, nodes: Mapping[str, Node]) -> Code:
        """What the mixture says, each node with the meaning that it has by what it reaches now."""
        base = self.sides[0]
        edges = {id_: [edge for edge in node.edges if edge[1] in nodes] for id_, node in nodes.items()}
        textual = not _same_meanings(base.code)  # somebody may read the text of code, so it counts as well
        own = {id_: digest_texts(node.own, node.text) if textual else node.own for id_, node in nodes.items()}
        meaning = meanings(own, edges)
        made = tuple(
            Node(
                id=node.id,
                kind=node.kind,
                own=node.own,
                text=node.text,
                meaning=meaning[node.id],
                edges=node.edges,
                note=node.note,
            )
            for node in nodes.values()
        )
        steps = {}
        for name in {**self.sides[1].code.steps, **base.code.steps}:
            side = int(name not in base.code.steps or (f"step {name}" in self.swapped))
            root = self.sides[side].code.steps[name].function
            reached = reachable(root, edges)
            steps[name] = StepCode(
                function=root,
                semantic=meaning[root],
                textual=_textual(nodes, reached),
                reaches=tuple(reached),
            )
        return Code(nodes=made, steps=steps)


def _textual(nodes: Mapping[str, Node], reached: Iterable[str]) -> Digest:
    return digest_texts(*(f"{id_}\0{nodes[id_].text}" for id_ in reached))


def _same_meanings(code: Code) -> bool:
    """Whether the recorded meanings follow from what the nodes say themselves."""
    found = meanings({node.id: node.own for node in code.nodes}, {node.id: list(node.edges) for node in code.nodes})
    return all(found[node.id] == node.meaning for node in code.nodes)


def _tree(source: bytes) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError):  # as a notebook's cell with magic commands in it
        return None


def _head(source: bytes) -> int:
    """How many lines come before the place where imports may be put: a docstring, and ``from __future__``."""
    tree = _tree(source)
    last = 0
    for statement in tree.body if tree is not None else ():
        text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if not text and not (isinstance(statement, ast.ImportFrom) and statement.module == "__future__"):
            break
        last = statement.end_lineno or last
    return last


def _missing_imports(mine: bytes, theirs: bytes) -> list[bytes]:
    """Imports at the top level of the one source that the other has not, a line each."""
    trees = _tree(mine), _tree(theirs)
    if None in trees:
        return []
    here, there = (
        {ast.unparse(one) for one in tree.body if isinstance(one, ast.Import | ast.ImportFrom)}
        for tree in trees
        if tree is not None
    )
    return [line.encode() for line in sorted(there - here) if not line.startswith("from __future__")]
