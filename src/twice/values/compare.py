"""What differs between two values, told in the terms of their types.

Works on terms (see ``twice.values.terms``): nothing is constructed or imported but the libraries' own arrays, and
nothing that a value names is called. The result is a tree that others draw.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from twice.errors import CaptureError, Damaged
from twice.values import terms
from twice.values.differences import ORDER, Difference, Gathered, group
from twice.values.keys import key_of, same_items
from twice.values.leaves import binary, leaves
from twice.values.terms import LEAVES, Term
from twice.values.tolerance import Tolerance, Tolerances
from twice.values.words import by_name, shown

__all__ = ["Comparison", "Difference", "difference"]  # what a kind of another package is told to import


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
            return leaves(left, right, path, self.tolerances)
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
        if same_items(left, right):
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
        except (CaptureError, Damaged):
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


def _sets(left: terms.Container, right: terms.Container, path: str) -> Difference | None:
    before = {key_of(item): item for item in left.items}
    after = {key_of(item): item for item in right.items}
    removed = [shown(item) for key, item in before.items() if key not in after]
    added = [shown(item) for key, item in after.items() if key not in before]
    if not removed and not added:
        return None
    return Difference(path, f"{len(added)} items added, {len(removed)} removed", {"added": added, "removed": removed})
