"""What the trials of an inquiry prove, factor by factor and in words. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from twice.compare.diagnosis.case import (
    CONSISTENT,
    NONE,
    NOT_TESTED,
    PROVEN,
    RULED_OUT,
    Conclusion,
    Found,
    Levers,
)
from twice.compare.diagnosis.chance import exact, needed, power
from twice.compare.diagnosis.questions import InVain, Questions
from twice.compare.diagnosis.trials import disagree, times

_CONSTANT = "it is the same in every run here, so it cannot make two runs disagree"
_ORDER = (PROVEN, CONSISTENT, RULED_OUT, NOT_TESTED)


def conclude(
    asked: Questions,
    nature: str,
    smallest: Levers = NONE,
    either: tuple[Levers, ...] = (),
    *,
    moved: Sequence[str] = (),
    beside: Levers = NONE,
) -> Conclusion:
    """The end of an inquiry.

    Args:
        asked: What was asked, with all trials.
        nature: What kind of difference it is.
        smallest: The smallest set of levers that explains it, if there is one.
        either: All sets that do, if there are several.
        moved: Levers that cannot bring the record back, and that changed the output.
        beside: Levers that set something as recorded, and changed the output while the smallest set held it still.
    """
    return _Conclusion(asked, nature, smallest, either).drawn(moved, beside)


def cut_short(asked: Questions) -> Conclusion:
    """What is known when no more trials may be made."""
    trials, case = asked.trials, asked.trials.case
    if len(trials.unchanged) < 2:
        suspects = [lever for lever in (*case.steadying, *case.restoring, *case.untested) if lever.suspicion]
        untried = [Found(lever, NOT_TESTED, _untried(asked, lever.name, explained=False)) for lever in suspects]
        return Conclusion(nature="", found=_ordered(untried), runs=len(trials), cut_short=True)
    unsteady = disagree(trials.unchanged)
    known = conclude(asked, "unsteady" if unsteady else "drifted")
    restoring = {lever.name for lever in case.restoring}
    agreed: dict[str, Found] = {}
    for levers in trials.sets():
        made = trials.made(levers)
        if len(levers) != 1 or len(made) < 2 or any(trial.failed for trial in made):
            continue
        (name,) = levers
        helps = not disagree(made) if unsteady else all(trial.recorded for trial in made)
        if helps and (unsteady or name in restoring):
            reason = f"with it {times(made)} agreed, which is too few to call it proven"
            agreed[name] = Found(trials.levers[name], CONSISTENT, reason, (levers,))
    found = _ordered(agreed.get(one.lever.name, one) for one in known.found)
    return replace(known, found=found, cut_short=True)


class _Conclusion:
    """A conclusion in the making: what was found of each lever, by its name."""

    def __init__(self, asked: Questions, nature: str, smallest: Levers, either: tuple[Levers, ...]) -> None:
        self.asked = asked
        self.trials = asked.trials
        self.nature = nature
        self.smallest = smallest
        self.either = either
        self.explained = bool(smallest)
        self.doubt = self.trials.case.doubt
        self.found: dict[str, Found] = {}

    def drawn(self, moved: Sequence[str], beside: Levers) -> Conclusion:
        """It, whole."""
        for group in self.either or ((self.smallest,) if self.smallest else ()):
            for name in sorted(group, key=lambda name: -self.trials.levers[name].suspicion):
                self.found[name] = self._cause(name, group)
        for name in moved:
            self.found[name] = self._moved(name)
        for name in sorted(beside):
            self.found[name] = self._beside(name, beside)
        if self.nature != "steady":
            for tried in self.asked.in_vain:
                for name in tried.members - self.found.keys():
                    self.found[name] = self._in_vain(name, tried)
            self._what_was_not_tried()
        counts = Counter(trial.outcome for trial in self.trials.unchanged)
        return Conclusion(
            nature=self.nature,
            found=_ordered(self._once_each()),
            runs=len(self.trials),
            power=power(len(self.trials.unchanged)) if len(counts) == 1 else needed(counts),
            together=len(self.smallest) > 1,
            either=self.either,
            outcomes=tuple(count for _, count in counts.most_common()),
        )

    def _once_each(self) -> Iterable[Found]:
        """Of what was held still at several values, what weighs most."""
        best: dict[str, Found] = {}
        for name, found in self.found.items():
            name = found.lever.like or name
            if name not in best or _ORDER.index(found.status) < _ORDER.index(best[name].status):
                best[name] = found
        return best.values()

    def _cause(self, name: str, group: Levers) -> Found:
        made, without, rest = self.trials.made(group), self.trials.unchanged, group - {name}
        beside = f" together with {self.trials.named(rest)}" if rest else ""
        if self.nature == "unsteady":
            different = len({trial.outcome for trial in without})
            reason = (
                f"held still{beside}, {times(made)} gave one and the same output; "
                f"free, {times(without)} gave {different} different ones"
            )
        else:
            how = "moved" if self.trials.levers[name] in self.trials.case.moving else "as recorded"
            reason = (
                f"{how}{beside}, the recorded output came back in {sum(t.recorded for t in made)} of "
                f"{times(made)}; as it is here, in {sum(t.recorded for t in without)} of {times(without)}"
            )
        if self.either:
            reason += "; another set does the same by itself"
        strong = self.nature == "unsteady" or self.asked.chance(group) <= self.doubt
        evidence = (group, NONE, rest) if rest else (group, NONE)
        return Found(self.trials.levers[name], PROVEN if strong else CONSISTENT, reason, evidence)

    def _moved(self, name: str) -> Found:
        levers = frozenset({name})
        if self.asked.chance(levers) <= self.doubt:
            return self._cause(name, levers)
        reason = (
            f"moving it changed the output, {times(self.trials.made(levers))}; what it was when the record was made "
            "cannot be brought back, so it is not shown that this alone explains it"
        )
        return Found(self.trials.levers[name], CONSISTENT, reason, (levers,))

    def _beside(self, name: str, group: Levers) -> Found:
        made, without = self.trials.made(self.smallest | group), self.trials.made(self.smallest)
        still, rest = self.trials.named(self.smallest), group - {name}
        together = f" together with {self.trials.named(rest)}" if rest else ""
        if all(trial.recorded for trial in made) and exact(len(made), len(made), 0, len(without)) <= self.doubt:
            status = PROVEN
            told = f"the recorded output came back in {times(made)}; as it is here, in none of {times(without)}"
        else:
            status = CONSISTENT
            told = (
                f"the output was another one, {times(made)} that agree; the record cannot come back, since what it had "
                f"in place of {still} is not known"
            )
        reason = f"as recorded{together}, with {still} held still, {told}"
        return Found(self.trials.levers[name], status, reason, (self.smallest | group, self.smallest))

    def _in_vain(self, name: str, tried: InVain) -> Found:
        """A lever that did not help: its factor is ruled out, unless it is only held still in part."""
        lever, rest = self.trials.levers[name], tried.members - {name}
        told = f"{tried.reason} (together with {self.trials.named(rest)})" if rest else tried.reason
        if not lever.partly:
            return Found(lever, CONSISTENT if tried.half else RULED_OUT, told, (tried.levers,))
        status = CONSISTENT if lever.suspicion and not self.explained else NOT_TESTED
        return Found(lever, status, f"{told}; but {lever.limits} are not held still by it", (tried.levers,))

    def _what_was_not_tried(self) -> None:
        case, unsteady = self.trials.case, self.nature == "unsteady"
        for lever in case.steadying if unsteady else (*case.restoring, *case.moving):
            if lever.name not in self.found:
                reason = _untried(self.asked, lever.name, explained=self.explained)
                self.found[lever.name] = Found(lever, NOT_TESTED, reason)
        for lever in case.unheld if unsteady else case.untested:
            spoken_for = self.found.get(lever.unless)
            ruled_out = spoken_for is not None and spoken_for.status == RULED_OUT
            suspected = lever.suspicion and not self.explained and not ruled_out
            reason = lever.limits or "nothing here can change it"
            self.found.setdefault(
                f"untested {lever.name}", Found(lever, CONSISTENT if suspected else NOT_TESTED, reason)
            )
        if unsteady:
            for lever in case.untested:
                self.found.setdefault(f"untested {lever.name}", Found(lever, NOT_TESTED, _CONSTANT))


def _untried(asked: Questions, name: str, *, explained: bool) -> str:
    if name in asked.broken:
        return "the step does not run when this is changed"
    return "not needed: a smaller set explains it" if explained else "the inquiry ended before"


def _ordered(found: Iterable[Found]) -> tuple[Found, ...]:
    """What weighs most first."""
    return tuple(sorted(found, key=lambda one: (_ORDER.index(one.status), -one.lever.suspicion)))
