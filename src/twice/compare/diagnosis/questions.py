"""The questions that an inquiry puts to trials, each with as many runs as its answer takes. Pure.

Nothing is blamed on few runs. That a step agrees with itself under a lever counts only after so many runs that it would
hardly have happened by chance, given how often it disagreed without; that a lever brings back what was recorded counts
only if Fisher's exact test, over the trials with it and those without, leaves little to chance.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from twice.compare.diagnosis.case import NONE, Levers
from twice.compare.diagnosis.chance import exact
from twice.compare.diagnosis.trials import Trials, disagree, times
from twice.compare.reduction import reduce

MOST_WITH = 12
"""So many runs with a lever are made at most before it is called proven, or not."""


@dataclass(frozen=True)
class InVain:
    """Levers that did not help.

    Attributes:
        levers: All that were pulled.
        reason: What came of it, in words.
        members: Those of which that says something.
        half: They helped in one way, and not in another, so that they are not ruled out.
    """

    levers: Levers
    reason: str
    members: Levers
    half: bool = False


class Questions:
    """What can be asked of a step.

    Args:
        trials: All trials so far.

    Attributes:
        broken: Levers under which the step does not run.
        in_vain: What was tried and did not help.
    """

    def __init__(self, trials: Trials) -> None:
        self.trials = trials
        self.broken: set[str] = set()
        self.in_vain: list[InVain] = []
        self._known: set[Levers] = set()

    def usable(self, names: Sequence[str], together: str, alone: str) -> list[str]:
        """The levers under which the step runs at all, when they are pulled together.

        Args:
            names: The levers.
            together: What pulling them all shows, in words.
            alone: How one of them is pulled, in words.
        """
        left = [name for name in names if name not in self.broken]
        if left and self.trials.runs(frozenset(left), 1, together)[0].failed:
            for name in left:
                why = f"does it run at all with {name} {alone}?"
                if self.trials.runs(frozenset({name}), 1, why)[0].failed:
                    self.broken.add(name)
        return [name for name in left if name not in self.broken]

    def _did_not_help(self, tried: InVain) -> None:
        """Take note of it, once."""
        if tried.levers not in self._known:
            self._known.add(tried.levers)
            self.in_vain.append(tried)

    # -- does it agree with itself?

    def agrees(self, levers: Levers) -> bool:
        """Whether the step agrees with itself under some levers, as far as that many runs can say.

        The more sets were tried before, the more runs it takes: one of many innocent ones agrees by chance more easily.
        """
        why = f"does it agree with itself with {self.trials.named(levers)} held still?"
        made = self.trials.made(levers)
        if len(made) < 2:
            made = self.trials.runs(levers, 2, why)
        if any(trial.failed for trial in made):
            if len(levers) == 1:
                self.broken |= levers
            return False
        if not disagree(made):
            self._chance_of_agreeing()  # may ask for more unchanged runs first
            made = self.trials.runs(levers, self._enough(self.trials.case.doubt / (1 + len(self.in_vain))), why)
        if disagree(made):
            reason = f"held still, {times(made)}: it still disagreed with itself"
            self._did_not_help(InVain(levers, reason, levers))
            return False
        return True

    def steadies(self, names: Sequence[str]) -> Levers:
        """The smallest part of levers that steady a step together, which does that, too."""
        return reduce(list(names), lambda part: self.agrees(frozenset(part)))

    def confirm(self, smallest: Levers) -> None:
        """Take each one away again: then it has to disagree, or it was not needed."""
        self.agrees(smallest)
        if len(smallest) > 1:
            for name in sorted(smallest):
                self.agrees(smallest - {name})

    def _chance_of_agreeing(self) -> float:
        """How likely two unchanged runs agree, from above: how often the commonest outcome was seen.

        Where outcomes repeat, the rate is not known from a few runs, so more are made first. Where none ever does, the
        runs with what did not help count as well: no two of those agreed either.
        """
        why = "how often does it disagree with itself?"
        unchanged = self.trials.runs(NONE, 3, why)
        counts = Counter(trial.outcome for trial in unchanged)
        if max(counts.values()) > 1:
            unchanged = self.trials.runs(NONE, self.trials.case.patience, why)
            counts = Counter(trial.outcome for trial in unchanged)
            return (max(counts.values()) + 2) / (len(unchanged) + 2)
        in_vain = [trial.outcome for one in self.in_vain for trial in self.trials.made(one.levers)]
        counts.update(in_vain)
        return 1 / (len(unchanged) + len(in_vain) if max(counts.values()) == 1 else len(unchanged))

    def repeats(self) -> bool:
        """Whether unchanged runs gave one outcome several times: a single way of holding still may just do that."""
        return len(self.trials.unchanged) > len({trial.outcome for trial in self.trials.unchanged})

    def _enough(self, doubt: float) -> int:
        """How many agreeing runs chance would hardly give; more of them where the rate itself is only estimated."""
        chance = self._chance_of_agreeing()
        return 1 + max(2, math.ceil(math.log(doubt / 4 if self.repeats() else doubt) / math.log(chance)))

    # -- does the record come back?

    def restores(self, levers: Levers) -> bool:
        """Whether the recorded output comes with some values as recorded: at once, and again."""
        why = f"does the recorded output come back with {self.trials.named(levers)} as recorded?"
        made = self.trials.runs(levers, 1, why)
        if made[0].failed:
            if len(levers) == 1:
                self.broken |= levers
            return False
        if not made[0].recorded:
            self._did_not_help(InVain(levers, "set as recorded: the recorded output did not come back", levers))
            return False
        return all(trial.recorded for trial in self.trials.runs(levers, 2, why))

    def brings_back(self, names: Sequence[str]) -> Levers:
        """The smallest part of levers that bring the record back together, which does that, too."""
        return reduce(list(names), lambda part: self.restores(frozenset(part)))

    def prove(self, smallest: Levers) -> None:
        """As many trials with and without as it takes to leave little to chance; then without each one."""
        while self.chance(smallest) > self.trials.case.doubt:
            with_, without = len(self.trials.made(smallest)), len(self.trials.unchanged)
            if with_ > MOST_WITH:
                return
            target, made = (NONE, without) if without < with_ else (smallest, with_)
            self.trials.runs(target, made + 1, "replicated before it is called proven")
        if len(smallest) > 1:
            for name in sorted(smallest):
                self.restores(smallest - {name})

    def chance(self, levers: Levers) -> float:
        """How likely chance alone made the recorded output come with these levers and not without."""
        with_, without = self.trials.made(levers), self.trials.unchanged
        return exact(
            sum(trial.recorded for trial in with_),
            len(with_),
            sum(trial.recorded for trial in without),
            len(without),
        )

    # -- does the output depend on it?

    def beside(self, still: Levers) -> Levers:
        """What else is here not as recorded and changes the output, while what steadies it is held still.

        The record itself can hardly come back there, since it was made with entropy, a clock and threads of its own. So
        the smallest part is looked for that makes as much of a difference as all of it.

        Args:
            still: What steadies the step.
        """
        factors = {self.trials.levers[name].factor for name in still}
        names = [
            lever.name
            for lever in self.trials.case.restoring
            if lever.suspicion and lever.factor not in factors and lever.name not in self.broken
        ]
        if not names or any(trial.recorded for trial in self.trials.made(still)):
            return NONE
        target = self._changed(still, names)
        if not target:
            return NONE
        return reduce(names, lambda part: self._changed(still, part) == target)

    def _changed(self, still: Levers, part: Sequence[str]) -> str:
        """The other outcome that a step has with some values as recorded; empty if it has the same, or none."""
        levers = still | frozenset(part)
        why = f"does the output also depend on {self.trials.named(frozenset(part))}?"
        usual = self.trials.made(still)[0].outcome
        made = self.trials.runs(levers, 1, why)
        if made[0].failed:
            if len(part) == 1:
                self.broken |= {*part}
            return ""
        if made[0].outcome == usual:
            reason = f"set as recorded, with {self.trials.named(still)} held still: the output stayed the same"
            self._did_not_help(InVain(levers, reason, frozenset(part)))
            return ""
        made = self.trials.runs(levers, 3, why)
        return "" if disagree(made) else made[0].outcome

    def moved(self) -> list[str]:
        """Levers that move what is not known of the record, and that the output was seen to depend on.

        If the recorded output comes with one, by good luck it was moved to where it was then.
        """
        found = []
        for lever in self.trials.case.moving:
            levers = frozenset({lever.name})
            why = f"does the output depend on {lever.detail or lever.factor}?"
            made = self.trials.runs(levers, 2, why)
            same = {trial.outcome for trial in self.trials.unchanged}
            if any(trial.failed for trial in made):
                self.broken.add(lever.name)
            elif any(trial.outcome in same for trial in made):
                self._did_not_help(InVain(levers, "moved: the output stayed as it is here", levers))
            else:
                if all(trial.recorded for trial in self.trials.runs(levers, 3, why)):
                    self.prove(levers)
                    return [lever.name]
                found.append(lever.name)
        return found
