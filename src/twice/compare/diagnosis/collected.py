"""What there is to try with one step, as it is gathered: levers, what they stand for, and what is beyond them. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from twice.compare.diagnosis.case import Lever
from twice.control.conditions import Conditions
from twice.records.trace import Observed, Watched


@dataclass
class Collected:
    """Levers by what they do, with conditions and words for each.

    Attributes:
        steadying: They hold something still.
        otherwise: The same, at other values.
        restoring: They set something to what was recorded.
        moving: They move what cannot be set to that.
        untested: What is here not as recorded, and no lever reaches.
        unheld: What may be different in every run, and no lever reaches.
        conditions: Lever → conditions.
        words: Lever → what it does, in words.
    """

    steadying: list[Lever] = field(default_factory=list)
    otherwise: list[Lever] = field(default_factory=list)
    restoring: list[Lever] = field(default_factory=list)
    moving: list[Lever] = field(default_factory=list)
    untested: list[Lever] = field(default_factory=list)
    unheld: list[Lever] = field(default_factory=list)
    conditions: dict[str, Conditions] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)

    def add(self, to: list[Lever], lever: Lever, conditions: Conditions, words: str) -> None:
        """Add a lever, and what it stands for."""
        to.append(lever)
        self.conditions[lever.name] = conditions
        self.words[lever.name] = words


def first(watched: Watched, what: str) -> Observed | None:
    """The first of what was observed of a kind; one with a line before one without."""
    found = [one for one in watched.observed if one.what == what]
    return next((one for one in found if one.path), found[0] if found else None)


def which(one: Observed | None) -> str:
    """What it was; empty if there is none."""
    return one.which if one is not None else ""


def at(one: Observed | None) -> str:
    """Where, as ``flow.py:12``; empty if that was not seen."""
    return f"{one.path}:{one.line}" if one is not None and one.path else ""
