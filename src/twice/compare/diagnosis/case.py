"""What there is to find out about one step, what was tried, and what is known then: the nouns of a diagnosis. Pure.

A *lever* changes one factor: it holds it still (a frozen clock, a seeded source of entropy), sets it to what was
recorded (a time zone, a package's version), or moves it (another folder). A *trial* is one run of the step under some
levers.
"""

from __future__ import annotations

from dataclasses import dataclass

PROVEN, CONSISTENT, RULED_OUT, NOT_TESTED = "proven", "consistent with", "ruled out", "not tested"

FACTORS = (
    "code",
    "parameters",
    "data",
    "environment",
    "hardware",
    "seed",
    "entropy",
    "hash-seed",
    "threads",
    "clock",
    "locale",
    "timezone",
    "directory-order",
    "path",
    "memory-addresses",
    "user-environment",
    "network",
    "input-mutation",
    "unknown",
)
"""The names of factors, in output and JSON."""

Levers = frozenset[str]
"""Names of the levers that are pulled together."""

NONE: Levers = frozenset()


@dataclass(frozen=True)
class Lever:
    """One thing that can be changed, and what speaks for it before anything was tried.

    Attributes:
        name: Its own name; no two levers of a case share one.
        factor: The factor that it changes, one of :data:`FACTORS`.
        detail: What exactly: ``os.urandom``, ``pandas 2.3.1 → 3.0.0``.
        location: Where the factor enters, as ``flow.py:12``; empty if that was not seen.
        suspicion: How much speaks for it: 0 for nothing, more for more.
        limits: What it cannot reach.
        partly: It is known to hold its factor still in part only, so that what goes on beside it rules nothing out.
        unless: The lever that speaks for this one, which nothing reaches: if that one is ruled out, this one is.
        like: The lever that holds the same thing still at another value; empty for one that stands for itself.
    """

    name: str
    factor: str
    detail: str = ""
    location: str = ""
    suspicion: int = 0
    limits: str = ""
    partly: bool = False
    unless: str = ""
    like: str = ""


@dataclass(frozen=True)
class Trial:
    """One run of the step.

    Attributes:
        levers: What was changed.
        outcome: What came out; two trials with the same text had the same outcome.
        recorded: Whether that counts as what was recorded.
        failed: It raised instead.
        evidence: Names its trace, for people who want to look.
    """

    levers: Levers
    outcome: str
    recorded: bool = False
    failed: bool = False
    evidence: str = ""


@dataclass(frozen=True)
class Case:
    """What there is to find out.

    Attributes:
        steadying: Levers that hold something still.
        otherwise: The same at other values, as another moment of the clock: see their ``like``. What steadies a step
            that often gives the same anyway has to do so at these, too.
        restoring: Levers that set something to its recorded value; only for what differs here.
        moving: Levers that move something that cannot be set to what was recorded.
        untested: Factors that no lever here reaches, with the reason as their limits: of what is here not as recorded.
        unheld: The same, of what may be different in every run.
        doubt: The greatest probability with which chance may explain what is called proven.
        replicates: How often the step is run unchanged before it is said to agree with itself.
        patience: How often at most, if nothing else explains it.
        most: How many trials may be made in all.
    """

    steadying: tuple[Lever, ...] = ()
    otherwise: tuple[Lever, ...] = ()
    restoring: tuple[Lever, ...] = ()
    moving: tuple[Lever, ...] = ()
    untested: tuple[Lever, ...] = ()
    unheld: tuple[Lever, ...] = ()
    doubt: float = 0.02
    replicates: int = 4
    patience: int = 19
    most: int = 200

    def __post_init__(self) -> None:
        names = [lever.name for lever in self.levers]
        if len(names) != len(set(names)):
            raise ValueError("two levers of a case have the same name")

    @property
    def levers(self) -> tuple[Lever, ...]:
        """All that can be pulled."""
        return (*self.steadying, *self.otherwise, *self.restoring, *self.moving)


@dataclass(frozen=True)
class Ask:
    """The next experiment.

    Attributes:
        levers: What to change together.
        runs: How many runs under it are wanted; as many may be made at the same time.
        why: What it is to show, in words.
    """

    levers: Levers
    runs: int
    why: str


@dataclass(frozen=True)
class Found:
    """What is known about one factor.

    Attributes:
        lever: It.
        status: ``proven``, ``consistent with``, ``ruled out`` or ``not tested``.
        reason: In words: what was tried and what came of it.
        levers: The sets of levers whose trials are the evidence.
    """

    lever: Lever
    status: str
    reason: str
    levers: tuple[Levers, ...] = ()


@dataclass(frozen=True)
class Conclusion:
    """What the trials show.

    Attributes:
        nature: ``steady`` (it agrees with itself and with the record), ``unsteady`` (it disagrees with itself here),
            ``drifted`` (it agrees with itself, and not with the record) or ``fails``; empty if it was cut short before
            anything could be said.
        found: Factor by factor, what weighs most first.
        runs: How many trials were made.
        power: What the unchanged runs could have detected, in words.
        together: More than one factor is needed: no smaller set does.
        either: Several sets do, each by itself; the first is the one in ``found``.
        cut_short: The number of trials ran out before it was settled.
        outcomes: How often each outcome was seen in unchanged runs, most often first.
    """

    nature: str
    found: tuple[Found, ...] = ()
    runs: int = 0
    power: str = ""
    together: bool = False
    either: tuple[Levers, ...] = ()
    cut_short: bool = False
    outcomes: tuple[int, ...] = ()

    @property
    def causes(self) -> tuple[Found, ...]:
        """What explains it: what is proven, and what is consistent with it."""
        return tuple(found for found in self.found if found.status in (PROVEN, CONSISTENT))
