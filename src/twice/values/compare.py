"""What differs between two values, told in the terms of their types.

Works on terms (see ``twice.values.terms``): nothing is constructed or imported but the libraries' own arrays, and
nothing that a value names is called. The result is a tree that others draw.
"""

from __future__ import annotations

import difflib
import math
import struct
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any

from twice.errors import Damaged
from twice.values import terms
from twice.values.rounding import close_by_rounding, ulps_between
from twice.values.terms import LEAVES, Term
from twice.values.tolerance import Tolerance, Tolerances

SHOWN = 20
"""How many children or lines a difference lists; all are counted."""

_NUMBERS = (int, float, complex)


ORDER = "order"
ROUNDING = "rounding"
FLOAT32 = "float32"
METADATA = "metadata"
TOLERANCE = "tolerance"
"""What may explain a difference wholly: the same rows, keys, items or lines in another order; the rounding of sums that
are carried out in another order; rounding to float32; metadata only; the declared tolerances."""


@dataclass(frozen=True)
class Difference:
    """One difference, and what it consists of.

    Attributes:
        path: Where, as an expression: ``["model"].coef_``; empty for the whole value.
        what: One sentence for people.
        detail: Figures and lists behind the sentence, by name.
        children: Differences of parts, at most some twenty of them; what follows is said of all of them.
        softer: What is the same in spite of the difference, such as ``same rows in another order``; may be empty.
        within: Whether the declared tolerances cover it.
        explained: What together explains it wholly, of the words above; empty if something in it is not explained.
            With ``{"order", "rounding"}`` some of it is of another order and some of it is rounding.
        decisions: Whether the choices made from scores are the same: the largest of each row, or the ranks.
        unread: What could not be looked into, and why; the bytes were compared instead.
        whole: Whether its parts say all of it; not so if something came or went as well.
    """

    path: str
    what: str
    detail: dict[str, Any] = field(default_factory=dict)
    children: tuple[Difference, ...] = ()
    softer: str = ""
    within: bool = False
    explained: frozenset[str] = frozenset()
    decisions: bool = False
    unread: str = ""
    whole: bool = True


class Gathered:
    """What holds of several differences at once; some of them are kept to be shown.

    Args:
        differences: The first of them.
    """

    def __init__(self, differences: Iterable[Difference] = ()) -> None:
        self.count = 0
        self.shown: list[Difference] = []
        self.within = True
        self.decisions = True
        self.unread = ""
        self._explained: frozenset[str] | None = frozenset()
        for difference in differences:
            self.add(difference)

    def add(self, difference: Difference | None) -> None:
        """Take one more into account; None is none."""
        if difference is None:
            return
        self.count += 1
        self.within = self.within and difference.within
        self.decisions = self.decisions and difference.decisions
        self.unread = self.unread or difference.unread
        explained = difference.explained or (frozenset({TOLERANCE}) if difference.within else None)
        self._explained = None if self._explained is None or explained is None else self._explained | explained
        if len(self.shown) < SHOWN:
            self.shown.append(difference)

    @property
    def explained(self) -> frozenset[str]:
        """What explains all of them."""
        return self._explained or frozenset()

    def as_one(
        self,
        path: str,
        what: str,
        detail: dict[str, Any] | None = None,
        softer: str = "",
        *,
        whole: bool = True,
        explained: str = "",
    ) -> Difference:
        """All of them as parts of one difference.

        Args:
            path: Where.
            what: The sentence.
            detail: Figures behind it.
            softer: What is the same in spite of it.
            whole: Whether these parts are all that differs; else nothing but ``explained`` can explain it.
            explained: What explains it as a whole, whatever explains the parts.
        """
        return Difference(
            path,
            what,
            detail or {},
            tuple(self.shown),
            softer,
            within=whole and self.within,
            explained=frozenset({explained}) if explained else self.explained if whole else frozenset(),
            decisions=whole and self.decisions,
            unread=self.unread,
            whole=whole,
        )


def difference(
    left: Term,
    right: Term,
    *,
    rtol: float = 0.0,
    atol: float = 0.0,
    ulps: int = 0,
    places: Mapping[str, Tolerance] | None = None,
) -> Difference | None:
    """What differs between two values; None if they mean the same.

    Args:
        left: The recorded value.
        right: The value to be held against it.
        rtol: Relative tolerance: a number is covered if ``|right - left| <= atol + rtol * |left|``.
        atol: Absolute tolerance, in the unit of the values.
        ulps: How many representable numbers may lie between two that are covered.
        places: Column, key or path → what holds there instead.
    """
    try:
        return Comparison(Tolerances(Tolerance(rtol, atol, ulps), places)).differ(left, right, "")
    except RecursionError:
        return Difference("", "they differ, or are the same, deeper inside than can be compared")


class Comparison:
    """One comparison with its tolerances; kinds are given it to compare the parts of their values.

    Attributes:
        tolerances: What the step declares.
    """

    def __init__(self, tolerances: Tolerances | None = None) -> None:
        self.tolerances = tolerances or Tolerances()
        self._known: dict[tuple[int, int], Difference | None] = {}

    def differ(self, left: Term, right: Term, path: str) -> Difference | None:
        """What differs between two terms."""
        if type(left) is terms.Reference or type(right) is terms.Reference:
            left, right = terms.referred(left), terms.referred(right)
        if type(left) is not type(right) or type(left) in LEAVES:
            return self._leaves(left, right, path)
        if isinstance(left, terms.Container | terms.Tagged) and left.number < -1 and right.number < -1:  # type: ignore[union-attr]
            return self._again(left, right, path)
        return self._parts(left, right, path)

    def _again(self, left: terms.Container | terms.Tagged, right: Any, path: str) -> Difference | None:
        """What differs between two immutable terms that may be met again, and are looked into once."""
        pair = left.number, right.number
        if pair not in self._known:
            self._known[pair] = self._parts(left, right, path)
        known = self._known[pair]
        return known if known is None or known.path == path else replace(known, path=path, children=())

    def _parts(self, left: Term, right: Term, path: str) -> Difference | None:
        if isinstance(left, terms.Tagged) and isinstance(right, terms.Tagged):
            return self._tagged(left, right, path)
        if isinstance(left, terms.Container) and isinstance(right, terms.Container):
            return self._containers(left, right, path)
        if isinstance(left, terms.Mapping) and isinstance(right, terms.Mapping):
            return self.mappings(left, right, path)
        if isinstance(left, terms.Record) and isinstance(right, terms.Record):
            return self.records(left.fields(), right.fields(), path)
        if isinstance(left, terms.Bytes) and isinstance(right, terms.Bytes):
            return binary(left.view(), right.view(), path)
        if isinstance(left, terms.Reference) and isinstance(right, terms.Reference) and left.number != right.number:
            return Difference(path, "refers to another part of the value")
        return None  # what was put aside is not compared

    # Numbers, texts, bytes.

    def _leaves(self, left: Term, right: Term, path: str) -> Difference | None:
        if type(left) is not type(right):
            what = f"was {described(left)} and is {described(right)}"
            return self._changed(left, right, path, what)
        if isinstance(left, float | complex):
            if _bits(left) == _bits(right):
                return None
        elif left == right:
            return None
        if isinstance(left, str) and isinstance(right, str):
            return texts(left, right, path)
        if isinstance(left, bytes) and isinstance(right, bytes):
            return binary(memoryview(left), memoryview(right), path)
        what = f"was {described(left)} and is {described(right)}"
        if left != left and right != right:
            what += ", another one: its bits differ"
        return self._changed(left, right, path, what)

    def _changed(self, left: Term, right: Term, path: str, what: str) -> Difference:
        """Two leaves that are not the same; numbers with how far they are apart."""
        change = _change(left, right)
        explained: frozenset[str] = frozenset()
        if isinstance(left, float) and isinstance(right, float) and "absolute" in change:
            change["ulps"] = ulps_between(left, right)
            if close_by_rounding(left, right):
                explained = frozenset({ROUNDING})
        if type(left) is type(right) and math.isfinite(change.get("relative", math.inf)):
            what += f" (relative difference {change['relative']:.2g})"
        return Difference(path, what, change, within=self._covers(change, path), explained=explained)

    def _covers(self, change: dict[str, Any], path: str) -> bool:
        allowed = self.tolerances.at(path)
        if not allowed or "absolute" not in change:
            return False
        covered: bool = change["absolute"] <= allowed.atol + allowed.rtol * change["scale"]
        return covered or 0 < change.get("ulps", 0) <= allowed.ulps

    # Containers.

    def _containers(self, left: terms.Container, right: terms.Container, path: str) -> Difference | None:
        if left.form != right.form:
            return Difference(path, f"was a {left.form} and is a {right.form}")
        if left.form in ("set", "frozenset"):
            return _sets(left, right, path)
        return self.sequences(left.items, right.items, path, left.form)

    def sequences(self, left: Sequence[Term], right: Sequence[Term], path: str, what: str) -> Difference | None:
        """What differs between two sequences, place by place."""
        if left is right:
            return None
        parts = Gathered()
        for index, (before, after) in enumerate(zip(left, right, strict=False)):
            if before is after or (type(before) is type(after) and type(before) in (str, int) and before == after):
                continue
            named = _named_alike(before, after)
            if named is None:
                parts.add(self.differ(before, after, f"{path}[{index}]"))
            else:  # a step of a pipeline is known by its name
                parts.add(self.differ(named[1], named[2], f"{path}[{named[0]!r}]"))
        if not parts.count and len(left) == len(right):
            return None
        detail: dict[str, Any] = {"differing": parts.count, "length": (len(left), len(right))}
        sentence = f"{parts.count} of {len(left)} items differ"
        if len(left) != len(right):
            sentence = _resized(len(left), len(right), parts.count, what)
        if _same_items(left, right):
            return parts.as_one(path, sentence, detail, "same items in another order", explained=ORDER)
        return parts.as_one(path, sentence, detail, whole=len(left) == len(right))

    def mappings(self, left: terms.Mapping, right: terms.Mapping, path: str) -> Difference | None:
        """What differs between two dicts, key by key."""
        before = {key_of(key): (key, value) for key, value in left.items()}
        after = {key_of(key): (key, value) for key, value in right.items()}
        removed = [shown(key) for name, (key, _) in before.items() if name not in after]
        added = [shown(key) for name, (key, _) in after.items() if name not in before]
        parts = Gathered()
        for name, (key, value) in before.items():
            if name in after:
                parts.add(self.differ(value, after[name][1], f"{path}[{shown(key)}]"))
        if not (removed or added or parts.count):
            if list(before) == list(after):
                return None
            softer = "same keys in another order"
            return parts.as_one(path, "the keys are in another order", softer=softer, explained=ORDER)
        detail = {"removed": removed, "added": added, "changed": parts.count}
        sentence = [
            f"{count} {'key' if count == 1 else 'keys'} {what}"
            for count, what in ((parts.count, "changed"), (len(added), "added"), (len(removed), "removed"))
            if count
        ]
        return parts.as_one(path, ", ".join(sentence), detail, whole=not removed and not added)

    # Tagged values.

    def _tagged(self, left: terms.Tagged, right: terms.Tagged, path: str) -> Difference | None:
        if left.kind != right.kind:
            return Difference(path, f"was a {left.kind} and is a {right.kind}")
        if left.kind.startswith("@"):
            return self.states(left, right, path)
        from twice.values.registry import kind_named

        try:
            kind = kind_named(left.kind)
        except Damaged:
            return self.states(left, right, path)
        return kind.compare(left, right, self, path)

    def states(self, left: terms.Tagged, right: terms.Tagged, path: str) -> Difference | None:
        """What differs between two states, part by part."""
        if isinstance(left.state, terms.Record) and isinstance(right.state, terms.Record):
            return self.records(left.state.fields(), right.state.fields(), path)
        return self.differ(left.state, right.state, path)

    def records(
        self,
        left: dict[str, Term],
        right: dict[str, Term],
        path: str,
        *,
        flat: Collection[str] = ("state", "attributes"),
    ) -> Difference | None:
        """What differs between the named parts of two states.

        Args:
            left: The one's, by name.
            right: The other's.
            path: Where.
            flat: Parts whose own items stand under their own names.
        """
        children = []
        for name in dict.fromkeys([*left, *right]):
            before, after = left.get(name), right.get(name)
            if isinstance(before, terms.Mapping) and isinstance(after, terms.Mapping) and name in flat:
                children += self._attributes(before, after, path)
                continue
            child = self.differ(before, after, f"{path}.{name}")
            if child is not None:
                children.append(child)
        return group(path, children)

    def _attributes(self, left: terms.Mapping, right: terms.Mapping, path: str) -> list[Difference]:
        """What differs between the attributes of two objects, each under its own name."""
        before, after = by_name(left), by_name(right)
        found = []
        for name in dict.fromkeys([*before, *after]):
            if name not in after:
                found.append(Difference(f"{path}.{name}", "is not there any more"))
            elif name not in before:
                found.append(Difference(f"{path}.{name}", "is new"))
            elif (child := self.differ(before[name], after[name], f"{path}.{name}")) is not None:
                found.append(child)
        return found


def group(path: str, children: list[Difference], what: str = "", softer: str = "") -> Difference | None:
    """Several differences as one; a single one stands for itself."""
    if not children:
        return None
    if len(children) == 1 and not what:
        return children[0]
    return Gathered(children).as_one(path, what or f"{len(children)} parts differ", {"changed": len(children)}, softer)


def _named_alike(left: Term, right: Term) -> tuple[str, Term, Term] | None:
    """The name and what it stands for, of two pairs of a name and an object that have one name."""
    if not isinstance(left, terms.Container) or not isinstance(right, terms.Container) or left.form != "tuple":
        return None
    if len(left.items) != 2 or len(right.items) != 2 or left.items[0] != right.items[0]:
        return None
    name, before = left.items
    after = right.items[1]
    tagged = isinstance(before, terms.Tagged) and isinstance(after, terms.Tagged)
    return (name, before, after) if tagged and isinstance(name, str) else None


def _resized(before: int, after: int, differing: int, what: str) -> str:
    """How a sequence grew or shrank, and what of it is the same."""
    verb = "grew" if after > before else "shrank"
    both = min(before, after)
    rest = (
        f"; {differing} of the first {both} differ" if differing else f"; the first {both} are the same" if both else ""
    )
    return f"the {what} {verb} from {before} to {after} items{rest}"


def _change(left: Term, right: Term) -> dict[str, Any]:
    """How far two numbers are apart; nothing for what are no numbers, or not finite."""
    if isinstance(left, bool) or isinstance(right, bool) or not isinstance(left, _NUMBERS):
        return {}
    if not isinstance(right, _NUMBERS):
        return {}
    try:
        absolute, scale = abs(right - left), abs(left)
        if math.isnan(absolute) or math.isinf(absolute):
            return {}
        change = {"absolute": absolute, "relative": absolute / scale if scale else math.inf, "scale": scale}
        return change if isinstance(left, complex) else {"before": left, "after": right, **change}
    except OverflowError:
        return {}


def by_name(mapping: terms.Mapping) -> dict[str, Term]:
    """A dict's values under the text of their keys."""
    return {key if isinstance(key, str) else shown(key): value for key, value in mapping.items()}


def texts(left: str, right: str, path: str) -> Difference:
    """What differs between two texts, as the lines of a unified diff."""
    before, after = left.splitlines(), right.splitlines()
    if len(before) <= 1 and len(after) <= 1:
        return Difference(path, f"was {described(left)} and is {described(right)}")
    if len(before) + len(after) > 20_000:
        changed = sum(1 for pair in zip(before, after, strict=False) if pair[0] != pair[1]) + abs(
            len(before) - len(after)
        )
        lines: list[str] = []
    else:
        lines = list(difflib.unified_diff(before, after, "recorded", "now", lineterm="", n=1))
        changed = sum(1 for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---"))
    softer, explained = "", frozenset[str]()
    if before == after:
        softer = "only the ends of lines differ"
    elif Counter(before) == Counter(after):
        softer, explained = "same lines in another order", frozenset({ORDER})
    detail = {"lines": (len(before), len(after)), "changed": changed, "diff": lines[: 5 * SHOWN]}
    return Difference(path, f"{changed} lines differ", detail, softer=softer, explained=explained)


def binary(left: memoryview, right: memoryview, path: str) -> Difference | None:
    """Where two runs of bytes begin to differ."""
    left, right = left.cast("B"), right.cast("B")
    if left == right:
        return None
    size = min(len(left), len(right))
    step, first = 1 << 16, 0
    while first < size and left[first : first + step] == right[first : first + step]:
        first += step
    while first < size and left[first] == right[first]:
        first += 1
    sizes = f"{len(left)} bytes" if len(left) == len(right) else f"{len(left)} and {len(right)} bytes"
    detail = {"size": (len(left), len(right)), "first": min(first, size)}
    return Difference(path, f"the bytes differ from byte {detail['first']} on ({sizes})", detail)


def _sets(left: terms.Container, right: terms.Container, path: str) -> Difference | None:
    before = {key_of(item): item for item in left.items}
    after = {key_of(item): item for item in right.items}
    removed = [shown(item) for key, item in before.items() if key not in after]
    added = [shown(item) for key, item in after.items() if key not in before]
    if not removed and not added:
        return None
    return Difference(path, f"{len(added)} items added, {len(removed)} removed", {"added": added, "removed": removed})


def _same_items(left: Sequence[Term], right: Sequence[Term]) -> bool:
    return len(left) == len(right) and Counter(map(key_of, left)) == Counter(map(key_of, right))


def _bits(value: Any) -> bytes:
    if isinstance(value, complex):
        return struct.pack("<dd", value.real, value.imag)
    return struct.pack("<d", value)


def key_of(term: Term) -> Any:
    """Something hashable that is equal for equal terms, whatever their types' own idea of equality."""
    term = terms.referred(term)
    if isinstance(term, float | complex):
        return (type(term).__name__, _bits(term))
    if type(term) in LEAVES:
        return (type(term).__name__, term)
    if isinstance(term, terms.Container):
        return _key_of_container(term)
    if isinstance(term, terms.Mapping):
        return ("dict", tuple(map(key_of, term.keys)), tuple(map(key_of, term.values)))
    if isinstance(term, terms.Record):
        return ("record", tuple(term.names), tuple(map(key_of, term.parts)))
    if isinstance(term, terms.Tagged):
        return (term.kind, key_of(term.state))
    if isinstance(term, terms.Bytes):
        return (term.form, bytes(term.view()))
    return ("reference", term.number) if isinstance(term, terms.Reference) else ("aside",)


def _key_of_container(term: terms.Container) -> Any:
    """One that holds others is asked at each level above it, and may be met again: its key is kept, and short."""
    if term.leaves or all(type(item) in LEAVES for item in term.items):
        return (term.form, tuple(map(key_of, term.items)))
    known: bytes | None = getattr(term, "key", None)
    if known is None:
        text = repr((term.form, *map(key_of, term.items)))
        known = term.key = blake2b(text.encode("utf-8", "surrogatepass")).digest()
    return known


def plain(term: Term) -> Any:
    """A term as plain Python data: records as dicts, buffers as views; what is more than that stays a term."""
    if isinstance(term, terms.Container) and term.number < -1:
        return term  # it is met again and again
    if isinstance(term, terms.Container):
        items = [plain(item) for item in term.items]
        return tuple(items) if term.form == "tuple" else items
    if isinstance(term, terms.Record):
        return {name: plain(part) for name, part in term.fields().items()}
    if isinstance(term, terms.Bytes):
        return term.view()
    return None if isinstance(term, terms.AsidePart) else term


def shown(term: Term) -> str:
    """A term as a short text, as it stands in a path."""
    if isinstance(term, terms.Container) and term.form == "tuple":
        return f"({', '.join(shown(item) for item in term.items[:5])})"
    if type(term) in LEAVES:
        text = repr(term)
        return text if len(text) <= 60 else text[:59] + "…"
    return described(term)


def described(term: Term) -> str:
    """A term in a few words."""
    if isinstance(term, terms.Tagged):
        return f"a {term.kind}"
    if isinstance(term, terms.Container):
        return f"a {term.form} of {len(term.items)}"
    if isinstance(term, terms.Mapping):
        return f"a dict of {len(term.keys)}"
    if isinstance(term, terms.Bytes):
        return f"{term.form} of {term.view().nbytes} bytes"
    if isinstance(term, float) and term != term:
        return "nan"
    if type(term) in LEAVES:
        text = repr(term)
        return text if len(text) <= 60 else text[:59] + "…"
    return "another part"
