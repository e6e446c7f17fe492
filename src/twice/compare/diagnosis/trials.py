"""All trials of a case so far, by what was changed in them; one that is missing is asked for. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from twice.compare.diagnosis.case import NONE, Ask, Case, Levers, Trial


class Wanted(Exception):  # noqa: N818 - not an error: the way out of a search that needs one more trial
    """A trial is needed before anything more can be said."""

    def __init__(self, ask: Ask) -> None:
        self.ask = ask


class Exhausted(Exception):  # noqa: N818
    """The trials that may be made are used up."""


MOST_NAMED = 3
"""So many levers are named; what each experiment changed stands with its evidence."""


class Trials:
    """What was tried.

    Args:
        case: What there is to find out.
        trials: All trials so far, in any order.

    Attributes:
        levers: All levers that can be pulled, by name.
    """

    def __init__(self, case: Case, trials: Sequence[Trial]) -> None:
        self.case = case
        self.levers = {lever.name: lever for lever in case.levers}
        self._made: dict[Levers, list[Trial]] = {}
        for trial in trials:
            self._made.setdefault(trial.levers, []).append(trial)

    def __len__(self) -> int:
        return sum(map(len, self._made.values()))

    @property
    def unchanged(self) -> list[Trial]:
        """The trials in which nothing was changed."""
        return self.made(NONE)

    def made(self, levers: Levers) -> list[Trial]:
        """The trials so far under some levers."""
        return self._made.get(levers, [])

    def sets(self) -> Collection[Levers]:
        """All sets of levers that were pulled so far."""
        return self._made.keys()

    def runs(self, levers: Levers, count: int, why: str) -> list[Trial]:
        """So many trials under some levers.

        Raises:
            Wanted: Some of them are missing.
            Exhausted: And no more may be made.
        """
        made = self.made(levers)
        if len(made) < count:
            left = self.case.most - len(self)
            if left < 1:
                raise Exhausted
            raise Wanted(Ask(levers, min(count - len(made), left), why))
        return made

    def named(self, levers: Levers) -> str:
        """What some levers change, in words; of many only the first."""
        words = sorted((self.levers[name].detail or self.levers[name].factor for name in levers), key=_short_first)
        if len(words) > MOST_NAMED:
            return f"{', '.join(words[:2])} and {len(words) - 2} more things"
        return " and ".join(words) or "nothing"


def disagree(trials: Iterable[Trial]) -> bool:
    """Whether not all had the same outcome."""
    return len({trial.outcome for trial in trials}) > 1


def times(trials: Sequence[Trial]) -> str:
    """How many they are, in words."""
    return f"{len(trials)} run{'' if len(trials) == 1 else 's'}"


def _short_first(word: str) -> tuple[int, str]:
    return len(word), word
