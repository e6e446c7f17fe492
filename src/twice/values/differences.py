"""A difference between two values, as others are told it: where, what, and what may explain it wholly."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

SHOWN = 20
"""How many children or lines a difference lists; all are counted."""

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


def group(path: str, children: list[Difference], what: str = "", softer: str = "") -> Difference | None:
    """Several differences as one; a single one stands for itself."""
    if not children:
        return None
    if len(children) == 1 and not what:
        return children[0]
    return Gathered(children).as_one(path, what or f"{len(children)} parts differ", {"changed": len(children)}, softer)
