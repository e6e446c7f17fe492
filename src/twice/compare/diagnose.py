"""Which experiment would tell the causes apart, and what do those that were made prove? Pure: nothing runs here.

A *lever* changes one factor: it holds it still (a frozen clock, a seeded source of entropy), sets it to what was
recorded (a time zone, a package's version), or moves it (another folder). A *trial* is one run of the step under some
levers. :func:`consider` is told of all trials so far and answers with the next that it wants, or with a conclusion; it
starts from the beginning every time, so an interrupted diagnosis goes on from what is in the store.

Nothing is blamed on few runs. That a step agrees with itself under a lever counts only after so many runs that it would
hardly have happened by chance, given how often it disagreed without; that a lever brings back what was recorded counts
only if Fisher's exact test, over the trials with it and those without, leaves little to chance.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

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

_CONSTANT = "it is the same in every run here, so it cannot make two runs disagree"


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
    """

    name: str
    factor: str
    detail: str = ""
    location: str = ""
    suspicion: int = 0
    limits: str = ""
    partly: bool = False
    unless: str = ""


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
    restoring: tuple[Lever, ...] = ()
    moving: tuple[Lever, ...] = ()
    untested: tuple[Lever, ...] = ()
    unheld: tuple[Lever, ...] = ()
    doubt: float = 0.02
    replicates: int = 4
    patience: int = 19
    most: int = 200

    def __post_init__(self) -> None:
        names = [lever.name for lever in (*self.steadying, *self.restoring, *self.moving)]
        if len(names) != len(set(names)):
            raise ValueError("two levers of a case have the same name")


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


def consider(case: Case, trials: Sequence[Trial]) -> Ask | Conclusion:
    """What to try next, or what has been shown.

    Args:
        case: What there is to find out.
        trials: All trials so far, in any order.
    """
    inquiry = _Inquiry(case, trials)
    try:
        return inquiry.hold()
    except _Wanted as wanted:
        return wanted.ask


def detectable(runs: int, confidence: float = 0.95) -> float:
    """The rate of disagreement that so many agreeing runs would have shown with this confidence.

    Disagreement in one run of ``1 / rate`` stays unseen in ``runs`` runs with probability ``(1 - rate) ** runs``.
    """
    return 1.0 if runs < 1 else 1 - (1 - confidence) ** (1 / runs)


def power(runs: int) -> str:
    """What agreeing runs could have detected, in words."""
    if runs < 2:
        return "it ran once, which shows nothing about whether it agrees with itself"
    rate = detectable(runs)
    return (
        f"{runs} runs in the same way gave the same; a disagreement in fewer than one run of {1 / rate:.1f} "
        "would have been missed with a probability of 5 % or more"
    )


def exact(with_yes: int, with_all: int, without_yes: int, without_all: int) -> float:
    """Fisher's exact test, one-sided: how likely so many of the yeses fall on this side by chance alone.

    Fisher, R. A. (1922), On the interpretation of χ² from contingency tables, and the calculation of P.
    """
    yes, everything = with_yes + without_yes, with_all + without_all
    ways = math.comb(everything, yes)
    most = min(yes, with_all)
    return sum(
        math.comb(with_all, hits) * math.comb(without_all, yes - hits) / ways
        for hits in range(with_yes, most + 1)
        if yes - hits <= without_all
    )


class _Wanted(Exception):  # noqa: N818 - not an error: the way out of a search that needs one more trial
    def __init__(self, ask: Ask) -> None:
        self.ask = ask


class _Exhausted(Exception):  # noqa: N818
    """The trials that may be made are used up."""


@dataclass
class _Inquiry:
    """One pass through all that is known, up to the first thing that is not.

    Attributes:
        broken: Levers under which the step does not run.
        tried: Sets that were tried and did not help → why that rules their members out.
    """

    case: Case
    trials: Sequence[Trial]
    broken: set[str] = field(default_factory=set)
    failing: list[tuple[Levers, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.by_levers: dict[Levers, list[Trial]] = {}
        for trial in self.trials:
            self.by_levers.setdefault(trial.levers, []).append(trial)
        self.known = {lever.name: lever for lever in (*self.case.steadying, *self.case.restoring, *self.case.moving)}

    # -- asking for trials

    def runs(self, levers: Levers, count: int, why: str) -> list[Trial]:
        """So many trials under some levers; asks for those that are missing."""
        made = self.by_levers.get(levers, [])
        if len(made) < count:
            left = self.case.most - len(self.trials)
            if left < 1:
                raise _Exhausted
            raise _Wanted(Ask(levers, min(count - len(made), left), why))
        return made

    def hold(self) -> Conclusion:
        """The whole inquiry."""
        why = "does it agree with itself, run again in the same way?"
        try:
            first = self.runs(NONE, 1, why)
            if first[0].failed and all(trial.failed for trial in self.runs(NONE, 2, why)):
                return self.drifted() if self.case.restoring else self.end("fails")
            few = self.runs(NONE, 2 if self.disagree(first) else 3, why)
            if self.disagree(few):
                return self.unsteady()
            control = self.runs(NONE, self.case.replicates, why)
            if self.disagree(control):
                return self.unsteady()
            if all(trial.recorded for trial in control):
                return self.end("steady")
            return self.drifted()
        except _Exhausted:
            return self.cut_short()

    @staticmethod
    def disagree(trials: Iterable[Trial]) -> bool:
        return len({trial.outcome for trial in trials}) > 1

    def control(self) -> list[Trial]:
        return self.by_levers.get(NONE, [])

    # -- it disagrees with itself

    def unsteady(self) -> Conclusion:
        """Find the smallest set of levers under which it agrees with itself."""
        levers = sorted(self.case.steadying, key=lambda lever: -lever.suspicion)
        names = [lever.name for lever in levers]
        suspected = [lever.name for lever in levers if lever.suspicion]
        smallest: Levers | None = None
        for name in suspected:
            if self.agrees(frozenset({name})):
                smallest = frozenset({name})
                break
        if smallest is None and len(suspected) > 1:
            usable = self.usable(suspected)
            if len(usable) > 1 and self.agrees(frozenset(usable)):
                smallest = self.reduce(usable)
        if smallest is None and len(names) > len(suspected):
            usable = self.usable(names)
            if usable and self.agrees(frozenset(usable)):
                smallest = self.reduce(usable)
        if smallest is None:
            return self.end("unsteady")
        self.confirm(smallest)
        others = [name for name in self.usable(names, ask=False) if name not in smallest]
        either: tuple[Levers, ...] = ()
        seen = any(self.known[name].location for name in smallest)
        if others and not (seen and len(smallest) == 1) and self.agrees(frozenset(others)):
            either = (smallest, self.reduce(others))
            self.confirm(either[1])
        return self.end("unsteady", smallest, either)

    def usable(self, names: Sequence[str], *, ask: bool = True) -> list[str]:
        """The levers under which the step runs at all, when they are pulled together."""
        left = [name for name in names if name not in self.broken]
        together = frozenset(left)
        made = self.runs(together, 1, "with all of these held still") if ask and left else []
        if made and made[0].failed:
            for name in left:
                if self.runs(frozenset({name}), 1, f"does it run at all with {name} changed?")[0].failed:
                    self.broken.add(name)
            left = [name for name in left if name not in self.broken]
        return left

    def agrees(self, levers: Levers) -> bool:
        """Whether the step agrees with itself under some levers, as far as that many runs can say.

        The more sets were tried before, the more runs it takes: one of many innocent ones agrees by chance more easily.
        """
        why = f"does it agree with itself with {self.named(levers)} held still?"
        made = self.by_levers.get(levers, [])
        if len(made) < 2:
            made = self.runs(levers, 2, why)
        if any(trial.failed for trial in made):
            if len(levers) == 1:
                self.broken |= levers
            return False
        if self.disagree(made):
            self.failing.append((levers, f"held still, {_times(made)}: it still disagreed with itself"))
            return False
        self.chance_of_agreeing()  # may ask for more unchanged runs first
        wanted = self.enough(self.case.doubt / (1 + len(self.failing)))
        made = self.runs(levers, wanted, why)
        if self.disagree(made):
            self.failing.append((levers, f"held still, {_times(made)}: it still disagreed with itself"))
            return False
        return True

    def chance_of_agreeing(self) -> float:
        """How likely two unchanged runs agree, from above: how often the commonest outcome was seen.

        Where outcomes repeat, the rate is not known from a few runs, so more are made first.
        """
        control = self.runs(NONE, 3, "how often does it disagree with itself?")
        counts = Counter(trial.outcome for trial in control)
        if max(counts.values()) > 1:
            control = self.runs(NONE, self.case.patience, "how often does it disagree with itself?")
            counts = Counter(trial.outcome for trial in control)
            return (max(counts.values()) + 2) / (len(control) + 2)
        return 1 / len(control)

    def enough(self, doubt: float) -> int:
        """How many agreeing runs chance would hardly give; more of them where the rate itself is only estimated."""
        chance = self.chance_of_agreeing()
        estimated = len(self.control()) > len({trial.outcome for trial in self.control()})
        return 1 + max(2, math.ceil(math.log(doubt / 4 if estimated else doubt) / math.log(chance)))

    def reduce(self, names: Sequence[str]) -> Levers:
        """The smallest set within one under which it agrees with itself."""
        return reduce(list(names), lambda part: self.agrees(frozenset(part)))

    def confirm(self, smallest: Levers) -> None:
        """Take each one away again: then it has to disagree, or it was not needed."""
        self.agrees(smallest)
        if len(smallest) > 1:
            for name in sorted(smallest):
                self.agrees(smallest - {name})

    # -- it agrees with itself, and not with the record

    def drifted(self) -> Conclusion:
        """Find the smallest set of recorded values that brings the recorded output back."""
        levers = sorted(self.case.restoring, key=lambda lever: -lever.suspicion)
        names = [lever.name for lever in levers]
        smallest: Levers | None = None
        suspected = [lever.name for lever in levers if lever.suspicion]
        for name in suspected[:3]:
            if self.restores(frozenset({name})):
                smallest = frozenset({name})
                break
        if smallest is None and len(names) > 1:
            usable = [name for name in names if name not in self.broken]
            together = self.runs(frozenset(usable), 1, "with everything as recorded") if usable else []
            if together and together[0].failed:
                for name in usable:
                    if self.runs(frozenset({name}), 1, f"does it run at all with {name} as recorded?")[0].failed:
                        self.broken.add(name)
                usable = [name for name in usable if name not in self.broken]
            if usable and self.restores(frozenset(usable)):
                smallest = reduce(usable, lambda part: self.restores(frozenset(part)))
        elif smallest is None and names and not suspected and self.restores(frozenset(names)):
            smallest = frozenset(names)
        if smallest is not None:
            self.prove(smallest)
            others = [name for name in names if name not in smallest and name not in self.broken]
            either: tuple[Levers, ...] = ()
            if others and self.restores(frozenset(others)):
                alternative = reduce(others, lambda part: self.restores(frozenset(part)))
                self.prove(alternative)
                either = (smallest, alternative)
            return self.end("drifted", smallest, either)
        if self.control() and self.control()[0].failed:
            return self.end("fails")
        moved = self.moved()
        if moved:
            return self.end("drifted", moved=moved)
        rare = self.runs(NONE, self.case.patience, "is it a rare disagreement with itself?")
        if self.disagree(rare):
            return self.unsteady()
        return self.end("drifted")

    def restores(self, levers: Levers) -> bool:
        """Whether the recorded output comes with some values as recorded: at once, and again."""
        why = f"does the recorded output come back with {self.named(levers)} as recorded?"
        made = self.runs(levers, 1, why)
        if made[0].failed:
            if len(levers) == 1:
                self.broken |= levers
            return False
        if not made[0].recorded:
            self.failing.append((levers, "set as recorded: the recorded output did not come back"))
            return False
        return all(trial.recorded for trial in self.runs(levers, 2, why))

    def prove(self, smallest: Levers) -> None:
        """As many trials with and without as it takes to leave little to chance."""
        while self.chance(smallest) > self.case.doubt:
            with_, without = len(self.by_levers.get(smallest, [])), len(self.control())
            if with_ > 12:
                return
            target = NONE if without < with_ else smallest
            self.runs(target, (without if target == NONE else with_) + 1, "replicated before it is called proven")
        if len(smallest) > 1:
            for name in sorted(smallest):
                self.restores(smallest - {name})

    def chance(self, levers: Levers) -> float:
        """How likely chance alone made the recorded output come with these levers and not without."""
        with_, without = self.by_levers.get(levers, []), self.control()
        return exact(
            sum(trial.recorded for trial in with_),
            len(with_),
            sum(trial.recorded for trial in without),
            len(without),
        )

    def moved(self) -> list[str]:
        """Levers that cannot bring the record back, and that the output was seen to depend on."""
        found = []
        for lever in self.case.moving:
            levers = frozenset({lever.name})
            why = f"does the output depend on {lever.detail or lever.factor}?"
            made = self.runs(levers, 2, why)
            same = {trial.outcome for trial in self.control()}
            if any(trial.failed for trial in made):
                self.broken.add(lever.name)
            elif any(trial.outcome in same for trial in made):
                self.failing.append((levers, "moved: the output stayed as it is here"))
            else:
                self.runs(levers, 3, why)
                found.append(lever.name)
        return found

    # -- the end

    def named(self, levers: Levers) -> str:
        return " and ".join(sorted(self.known[name].detail or self.known[name].factor for name in levers)) or "nothing"

    def end(
        self,
        nature: str,
        smallest: Levers = NONE,
        either: tuple[Levers, ...] = (),
        *,
        moved: Sequence[str] = (),
    ) -> Conclusion:
        """The conclusion, factor by factor."""
        control = self.control()
        found: dict[str, Found] = {}
        for group in either or ((smallest,) if smallest else ()):
            for name in sorted(group, key=lambda name: -self.known[name].suspicion):
                found[name] = self._cause(nature, name, group, either)
        for name in moved:
            reason = (
                f"moving it changed the output, {_times(self.by_levers[frozenset({name})])}; what it was when the "
                "record was made cannot be brought back, so it is not shown that this alone explains it"
            )
            found[name] = Found(self.known[name], CONSISTENT, reason, (frozenset({name}),))
        for levers, reason in self.failing:
            for name in levers - found.keys():
                if len(levers) == 1 or nature != "steady":
                    found[name] = self._failing(name, levers, reason, explained=bool(smallest))
        levers_here = self.case.steadying if nature == "unsteady" else (*self.case.restoring, *self.case.moving)
        if nature not in ("steady",):
            for lever in levers_here:
                if lever.name not in found:
                    found[lever.name] = Found(lever, NOT_TESTED, self._untested(lever.name, bool(smallest)))
            for lever in self.case.unheld if nature == "unsteady" else self.case.untested:
                spoken_for = found.get(lever.unless)
                ruled_out = spoken_for is not None and spoken_for.status == RULED_OUT
                found.setdefault(f"untested {lever.name}", self._unreached(lever, bool(smallest) or ruled_out))
        if nature == "unsteady":
            for lever in self.case.untested:
                found.setdefault(f"untested {lever.name}", Found(lever, NOT_TESTED, _CONSTANT))
        order = (PROVEN, CONSISTENT, RULED_OUT, NOT_TESTED)
        counts = Counter(trial.outcome for trial in control)
        steady = len(counts) == 1
        return Conclusion(
            nature=nature,
            found=tuple(sorted(found.values(), key=lambda one: (order.index(one.status), -one.lever.suspicion))),
            runs=len(self.trials),
            power=power(len(control)) if steady else "",
            together=len(smallest) > 1,
            either=either,
            outcomes=tuple(count for _, count in counts.most_common()),
        )

    def _cause(self, nature: str, name: str, group: Levers, either: tuple[Levers, ...]) -> Found:
        lever = self.known[name]
        made, without = self.by_levers.get(group, []), self.control()
        rest = group - {name}
        beside = f" together with {self.named(rest)}" if rest else ""
        if nature == "unsteady":
            different = len({trial.outcome for trial in without})
            reason = (
                f"held still{beside}, {_times(made)} gave one and the same output; "
                f"free, {_times(without)} gave {different} different ones"
            )
        else:
            reason = (
                f"as recorded{beside}, the recorded output came back in {sum(t.recorded for t in made)} of "
                f"{_times(made)}; as it is here, in {sum(t.recorded for t in without)} of {_times(without)}"
            )
        if either:
            reason += "; another set does the same by itself"
        evidence = [group, NONE]
        if rest:
            evidence.append(rest)
        strong = nature == "unsteady" or self.chance(group) <= self.case.doubt
        return Found(lever, PROVEN if strong else CONSISTENT, reason, tuple(evidence))

    def _failing(self, name: str, levers: Levers, reason: str, *, explained: bool) -> Found:
        """A lever that did not help: its factor is ruled out, unless it is only held still in part."""
        lever, told = self.known[name], self._alone(levers, name, reason)
        if not lever.partly:
            return Found(lever, RULED_OUT, told, (levers,))
        status = CONSISTENT if lever.suspicion and not explained else NOT_TESTED
        return Found(lever, status, f"{told}; but {lever.limits} are not held still by it", (levers,))

    def _alone(self, levers: Levers, name: str, reason: str) -> str:
        if len(levers) == 1:
            return reason
        return f"{reason} (together with {self.named(levers - {name})})"

    def _untested(self, name: str, explained: bool) -> str:
        if name in self.broken:
            return "the step does not run when this is changed"
        return "not needed: a smaller set explains it" if explained else "the inquiry ended before"

    def _unreached(self, lever: Lever, explained: bool) -> Found:
        status = CONSISTENT if lever.suspicion and not explained else NOT_TESTED
        return Found(lever, status, lever.limits or "nothing here can change it")

    def cut_short(self) -> Conclusion:
        """What is known when no more trials may be made."""
        if len(self.control()) < 2:
            suspects = (*self.case.steadying, *self.case.restoring, *self.case.untested)
            found = tuple(
                Found(lever, NOT_TESTED, self._untested(lever.name, False)) for lever in suspects if lever.suspicion
            )
            found = tuple(sorted(found, key=lambda one: -one.lever.suspicion))
            return Conclusion(nature="", found=found, runs=len(self.trials), cut_short=True)
        unsteady = self.disagree(self.control())
        known = self.end("unsteady" if unsteady else "drifted")
        agreed: dict[str, Found] = {}
        for levers, made in self.by_levers.items():
            if len(levers) != 1 or len(made) < 2 or any(trial.failed for trial in made):
                continue
            (name,) = levers
            helps = not self.disagree(made) if unsteady else all(trial.recorded for trial in made)
            if helps and (unsteady or name in {lever.name for lever in self.case.restoring}):
                reason = f"with it {_times(made)} agreed, which is too few to call it proven"
                agreed[name] = Found(self.known[name], CONSISTENT, reason, (levers,))
        found = tuple(agreed.get(one.lever.name, one) for one in known.found)
        order = (PROVEN, CONSISTENT, RULED_OUT, NOT_TESTED)
        found = tuple(sorted(found, key=lambda one: (order.index(one.status), -one.lever.suspicion)))
        return Conclusion(
            nature=known.nature,
            found=found,
            runs=known.runs,
            power=known.power,
            cut_short=True,
            outcomes=known.outcomes,
        )


def reduce(names: Sequence[str], works: Callable[[Sequence[str]], bool]) -> Levers:
    """The smallest set within one that works: none of its members can be left out. By halves first, then singly.

    Zeller and Hildebrandt (2002), Simplifying and isolating failure-inducing input.
    """
    left, pieces = list(names), 2
    while len(left) > 1:
        size = math.ceil(len(left) / pieces)
        parts = [left[start : start + size] for start in range(0, len(left), size)]
        smaller = next((part for part in parts if works(part)), None)
        if smaller is not None:
            left, pieces = smaller, 2
            continue
        rests = [[name for name in left if name not in part] for part in parts] if len(parts) > 2 else []
        rest = next((rest for rest in rests if works(rest)), None)
        if rest is not None:
            left, pieces = rest, max(pieces - 1, 2)
        elif size == 1:
            break
        else:
            pieces = min(len(left), pieces * 2)
    return frozenset(left)


def _times(trials: Sequence[Trial]) -> str:
    return f"{len(trials)} run{'' if len(trials) == 1 else 's'}"
