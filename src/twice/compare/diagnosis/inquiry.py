"""Which experiment would tell the causes apart, and in which order are they made? Pure: nothing runs here.

:func:`consider` is told of all trials so far and answers with the next that it wants, or with a conclusion; it starts
from the beginning every time, so an interrupted diagnosis goes on from what is in the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from twice.compare.diagnosis.case import NONE, Ask, Case, Conclusion, Lever, Levers, Trial
from twice.compare.diagnosis.conclusion import conclude, cut_short
from twice.compare.diagnosis.questions import InVain, Questions
from twice.compare.diagnosis.trials import Exhausted, Trials, Wanted, disagree

FIRST = 3
"""So many values that speak for themselves are set as recorded alone, before all are set together."""


def consider(case: Case, trials: Sequence[Trial]) -> Ask | Conclusion:
    """What to try next, or what has been shown.

    Args:
        case: What there is to find out.
        trials: All trials so far, in any order.
    """
    inquiry = _Inquiry(case, trials)
    try:
        return inquiry.hold()
    except Wanted as wanted:
        return wanted.ask
    except Exhausted:
        return cut_short(inquiry.asked)


class _Inquiry:
    """One pass through all that is known, up to the first thing that is not."""

    def __init__(self, case: Case, trials: Sequence[Trial]) -> None:
        self.case = case
        self.trials = Trials(case, trials)
        self.asked = Questions(self.trials)

    def hold(self) -> Conclusion:
        """The whole inquiry."""
        why = "does it agree with itself, run again in the same way?"
        first = self.trials.runs(NONE, 1, why)
        if first[0].failed and all(trial.failed for trial in self.trials.runs(NONE, 2, why)):
            return self._drifted() if self.case.restoring else conclude(self.asked, "fails")
        if disagree(self.trials.runs(NONE, 2 if disagree(first) else 3, why)):
            return self._unsteady()
        control = self.trials.runs(NONE, self.case.replicates, why)
        if disagree(control):
            return self._unsteady()
        if all(trial.recorded for trial in control):
            return conclude(self.asked, "steady")
        return self._drifted()

    def _unsteady(self) -> Conclusion:
        """It disagrees with itself: find the smallest set of levers under which it agrees."""
        levers = _by_suspicion(self.case.steadying)
        names = [lever.name for lever in levers]
        smallest = self._that_steadies(names, [lever.name for lever in levers if lever.suspicion])
        if smallest is None:
            return conclude(self.asked, "unsteady")
        self.asked.confirm(smallest)
        smallest = self._at_other_values(smallest, names)
        if not smallest:
            return conclude(self.asked, "unsteady")
        others = [name for name in names if name not in smallest and name not in self.asked.broken]
        seen = all(self.trials.levers[name].location for name in smallest)
        if others and not seen and self.asked.agrees(frozenset(others)):
            alternative = self.asked.steadies(others)
            self.asked.confirm(alternative)
            return conclude(self.asked, "unsteady", smallest, (smallest, alternative))
        return conclude(self.asked, "unsteady", smallest, beside=self.asked.beside(smallest))

    def _at_other_values(self, smallest: Levers, names: Sequence[str]) -> Levers:
        """What steadies it at other values, too: the same levers, or more; nothing if all together do not.

        A step whose outcomes repeat may do so because of what was held still only at the one value that it had: with a
        coin that is held at heads, the clock that it looks at after tails is never seen.
        """
        other = {lever.like: lever.name for lever in self.case.otherwise if lever.like in smallest}
        if not other or not self.asked.repeats() or self.asked.agrees(_at(other, smallest)):
            return smallest
        usable = _at(other, [name for name in names if name not in self.asked.broken])
        if self.asked.agrees(usable):
            larger = self.asked.steadies(sorted(usable))
            self.asked.confirm(larger)
            return larger
        reason = "held still at one value it agreed with itself, at another it did not: there is more to it"
        self.asked.in_vain.append(InVain(smallest, reason, smallest, half=True))
        return NONE

    def _that_steadies(self, names: Sequence[str], suspected: Sequence[str]) -> Levers | None:
        """What was seen, alone; then all that was seen; then all that there is."""
        for name in suspected:
            if self.asked.agrees(frozenset({name})):
                return frozenset({name})
        together, alone = "with all of these held still", "changed"
        if len(suspected) > 1:
            usable = self.asked.usable(suspected, together, alone)
            if len(usable) > 1 and self.asked.agrees(frozenset(usable)):
                return self.asked.steadies(usable)
        if len(names) > len(suspected):
            usable = self.asked.usable(names, together, alone)
            if usable and self.asked.agrees(frozenset(usable)):
                return self.asked.steadies(usable)
        return None

    def _drifted(self) -> Conclusion:
        """It agrees with itself and not with the record: find the smallest set of recorded values that brings it back.

        If there is none, see what cannot be set back and moves the output, and whether the record was the rare outcome.
        """
        levers = _by_suspicion(self.case.restoring)
        names = [lever.name for lever in levers]
        smallest = self._that_restores(names, [lever.name for lever in levers if lever.suspicion])
        if smallest is not None:
            self.asked.prove(smallest)
            others = [name for name in names if name not in smallest and name not in self.asked.broken]
            if others and self.asked.restores(frozenset(others)):
                alternative = self.asked.brings_back(others)
                self.asked.prove(alternative)
                return conclude(self.asked, "drifted", smallest, (smallest, alternative))
            return conclude(self.asked, "drifted", smallest)
        unchanged = self.trials.unchanged
        if unchanged and unchanged[0].failed:
            return conclude(self.asked, "fails")
        moved = self.asked.moved()
        if moved:
            return conclude(self.asked, "drifted", moved=moved)
        if disagree(self.trials.runs(NONE, self.case.patience, "is it a rare disagreement with itself?")):
            return self._unsteady()
        return conclude(self.asked, "drifted")

    def _that_restores(self, names: Sequence[str], suspected: Sequence[str]) -> Levers | None:
        """What speaks for itself, alone; then all that is not as recorded."""
        for name in suspected[:FIRST]:
            if self.asked.restores(frozenset({name})):
                return frozenset({name})
        if len(names) > 1:
            usable = self.asked.usable(names, "with everything as recorded", "as recorded")
            if usable and self.asked.restores(frozenset(usable)):
                return self.asked.brings_back(usable)
        elif names and not suspected and self.asked.restores(frozenset(names)):
            return frozenset(names)
        return None


def _at(other: Mapping[str, str], names: Iterable[str]) -> Levers:
    """The levers that hold the same still at other values, where there are such."""
    return frozenset(other.get(name, name) for name in names)


def _by_suspicion(levers: Sequence[Lever]) -> list[Lever]:
    return sorted(levers, key=lambda lever: -lever.suspicion)
