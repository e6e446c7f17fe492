"""The questions that an inquiry puts to trials, each with as many runs as its answer takes. Pure.

Nothing is blamed on few runs. That a step agrees with itself under a lever counts only after so many runs that it would
hardly have happened by chance, given how often it disagreed without; that a lever brings back what was recorded counts
only if Fisher's exact test, over the trials with it and those without, leaves little to chance.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from twice.compare.diagnosis.case import NONE, Levers
from twice.compare.diagnosis.chance import exact
from twice.compare.diagnosis.trials import Trials, disagree, times
from twice.compare.reduction import reduce

MOST_WITH = 12
"""So many runs with a lever are made at most before it is called proven, or not."""


class Questions:
    """What can be asked of a step.

    Args:
        trials: All trials so far.

    Attributes:
        broken: Levers under which the step does not run.
        failing: Sets that were tried and did not help, and why that rules their members out.
    """

    def __init__(self, trials: Trials) -> None:
        self.trials = trials
        self.broken: set[str] = set()
        self.failing: list[tuple[Levers, str]] = []

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
            made = self.trials.runs(levers, self._enough(self.trials.case.doubt / (1 + len(self.failing))), why)
        if disagree(made):
            self.failing.append((levers, f"held still, {times(made)}: it still disagreed with itself"))
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

        Where outcomes repeat, the rate is not known from a few runs, so more are made first.
        """
        why = "how often does it disagree with itself?"
        unchanged = self.trials.runs(NONE, 3, why)
        counts = Counter(trial.outcome for trial in unchanged)
        if max(counts.values()) > 1:
            unchanged = self.trials.runs(NONE, self.trials.case.patience, why)
            counts = Counter(trial.outcome for trial in unchanged)
            return (max(counts.values()) + 2) / (len(unchanged) + 2)
        return 1 / len(unchanged)

    def _enough(self, doubt: float) -> int:
        """How many agreeing runs chance would hardly give; more of them where the rate itself is only estimated."""
        chance = self._chance_of_agreeing()
        unchanged = self.trials.unchanged
        estimated = len(unchanged) > len({trial.outcome for trial in unchanged})
        return 1 + max(2, math.ceil(math.log(doubt / 4 if estimated else doubt) / math.log(chance)))

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
            self.failing.append((levers, "set as recorded: the recorded output did not come back"))
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

    def moved(self) -> list[str]:
        """Levers that cannot bring the record back, and that the output was seen to depend on."""
        found = []
        for lever in self.trials.case.moving:
            levers = frozenset({lever.name})
            why = f"does the output depend on {lever.detail or lever.factor}?"
            made = self.trials.runs(levers, 2, why)
            same = {trial.outcome for trial in self.trials.unchanged}
            if any(trial.failed for trial in made):
                self.broken.add(lever.name)
            elif any(trial.outcome in same for trial in made):
                self.failing.append((levers, "moved: the output stayed as it is here"))
            else:
                self.trials.runs(levers, 3, why)
                found.append(lever.name)
        return found
