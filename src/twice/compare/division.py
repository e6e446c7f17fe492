"""Which of several changes made outputs differ, and how much of each difference is whose? Pure: nothing runs here.

Of two versions each change can be made alone: a *mixture* is the first version with some of the changes that lead to
the second. :func:`consider` is told what came out of all mixtures that were run, and answers with the next that it
wants or with the division. Both versions are run twice first: a step that disagrees with itself proves nothing. Of many
changes the smallest set that gives the second version's outputs is found by halves; each of that set is then made
alone, and taken away alone.

Where all of a number's change is the sum of what each change does alone, it is divided so. Where it is not, the changes
interact: then a change's share is its mean effect over the orders in which they may be made (Shapley's value), and how
far the sum is off is said beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from twice.compare.reduction import reduce

Mixture = frozenset[str]
"""The names of the changes that are made."""

ALL_SUBSETS_UP_TO = 3
"""So many changes are tried in all combinations; of more, the ones that matter are found first."""

ONE_BY_ONE_UP_TO = 16
"""Of so many changes, one after the other is left out; of more, halves."""

_NOTHING: Mixture = frozenset()
_CLOSE = 1e-9


@dataclass(frozen=True)
class Factor:
    """One change.

    Attributes:
        name: Its own name.
        factor: The word for it, one of ``compare.diagnosis.case.FACTORS``.
        detail: What exactly changed.
        location: Where that is, as ``clean.py:12``; empty if it has no place.
        steps: The steps whose output it may change, those downstream included.
    """

    name: str
    factor: str
    detail: str = ""
    location: str = ""
    steps: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Observed:
    """What came out of one run of a mixture.

    Attributes:
        contents: Step → what tells its output from others.
        numbers: Step → path → number, where its output consists of numbers with names.
        failed: Why it does not run, in words; empty if it does.
    """

    contents: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    failed: str = ""


@dataclass(frozen=True)
class Try:
    """The next experiment.

    Attributes:
        mixture: What to change.
        runs: How many runs of it there should be in all.
        why: What that is to show.
    """

    mixture: Mixture
    runs: int
    why: str


@dataclass(frozen=True)
class Share:
    """What some changes do to one output, or to one number of it.

    Attributes:
        factors: The changes; more than one if they cannot be made one without the other.
        alone: What making only these does to the number; None for what is no number, or if it does not run.
        last: What making these after all others does to it.
        share: Their part of the whole difference.
        brings: Made alone, they give the second version's output.
        needed: Without them, the others do not give it.
        changes: Made alone or last, they change the output.
    """

    factors: Mixture
    alone: float | None = None
    last: float | None = None
    share: float | None = None
    brings: bool = False
    needed: bool = False
    changes: bool = False


@dataclass(frozen=True)
class Divided:
    """A difference, divided among its causes.

    Attributes:
        step: The step.
        metric: The path of the number; empty for a single number, or for an output that consists of others.
        before: The first version's number; None if it is no number.
        after: The second version's.
        shares: By size.
        additive: What each does alone adds up to the whole.
        off: How much more than that sum the whole is.
        either: Several changes do it all, each by itself.
    """

    step: str
    metric: str = ""
    before: float | None = None
    after: float | None = None
    shares: tuple[Share, ...] = ()
    additive: bool = True
    off: float = 0.0
    either: bool = False


@dataclass(frozen=True)
class Division:
    """What the experiments show.

    Attributes:
        divided: Difference by difference.
        ruled_out: Changes that may reach what differs, and without which it differs all the same.
        out_of_reach: Changes that reach nothing that differs.
        unsteady: Steps that disagree with themselves, of which nothing is said.
        broken: Why the first or the second version does not run here; then nothing is divided.
        failing: Mixture → why it does not run.
        unsettled: Why it was not brought to its end.
    """

    divided: tuple[Divided, ...] = ()
    ruled_out: tuple[str, ...] = ()
    out_of_reach: tuple[str, ...] = ()
    unsteady: tuple[str, ...] = ()
    broken: str = ""
    failing: Mapping[Mixture, str] = field(default_factory=dict)
    unsettled: str = ""


class _Wanted(Exception):  # noqa: N818 - not an error: the way out of a search that needs one more run
    def __init__(self, asked: Try) -> None:
        self.asked = asked


def consider(factors: Sequence[Factor], observed: Mapping[Mixture, Sequence[Observed]]) -> Try | Division:
    """What to try next, or how the differences are divided.

    Args:
        factors: All changes.
        observed: What came out, mixture by mixture.
    """
    try:
        return _Inquiry(factors, observed).hold()
    except _Wanted as wanted:
        return wanted.asked


class _Inquiry:
    def __init__(self, factors: Sequence[Factor], observed: Mapping[Mixture, Sequence[Observed]]) -> None:
        self.factors = {factor.name: factor for factor in factors}
        self.observed = observed
        self.every: Mixture = frozenset(self.factors)
        self.target: Observed = Observed()
        self.unsteady = self._unsteady()

    def _unsteady(self) -> frozenset[str]:
        """Steps that gave different outputs in runs of one mixture."""
        return frozenset(
            step
            for runs in self.observed.values()
            for step in {step for run in runs for step in run.contents}
            if len({run.contents[step] for run in runs if step in run.contents}) > 1
        )

    def run(self, mixture: Mixture, why: str, runs: int = 1) -> Observed:
        """What comes out of a mixture; asks for it if it was not run so many times."""
        made = self.observed.get(mixture, ())
        if len(made) < runs:
            raise _Wanted(Try(mixture, runs, why))
        return made[0]

    def hold(self) -> Division:
        """The whole inquiry."""
        first = self.run(_NOTHING, "does the first version agree with itself?", 2)
        second = self.run(self.every, "does the second version agree with itself?", 2)
        if first.failed or second.failed:
            which = "the first" if first.failed else "the second"
            return Division(broken=f"{which} version does not run here: {first.failed or second.failed}")
        self.target = second
        differing = [
            step
            for step in first.contents.keys() & second.contents.keys() - self.unsteady
            if first.contents[step] != second.contents[step]
        ]
        reaching = {name for name, factor in self.factors.items() if factor.steps & set(differing)}
        steps = frozenset(differing)
        matter = self._that_matter(reaching, steps) if steps else _NOTHING
        units = self._units(matter) if matter else ()
        order = [step for step in first.contents if step in steps]
        divided = tuple(found for step in order for found in self._divided(step, units, matter))
        at_work = {name for one in divided for share in one.shares if share.changes for name in share.factors}
        return Division(
            divided=divided,
            ruled_out=tuple(sorted(reaching - at_work)),
            out_of_reach=tuple(sorted(self.every - reaching)),
            unsteady=tuple(sorted(self.unsteady)),
            failing={mixture: runs[0].failed for mixture, runs in self.observed.items() if runs[0].failed},
        )

    def _that_matter(self, reaching: Collection[str], steps: frozenset[str]) -> Mixture:
        """The changes that have to be told apart: few enough to be tried all, or the smallest set that does it all.

        What is left out of that set is made without it, to see that it does nothing; where it does something, because
        either of several changes is enough, the smallest part of it that does the same belongs to what matters.
        """
        names = sorted(reaching)
        if len(names) <= ALL_SUBSETS_UP_TO:
            return frozenset(names)

        def gives(part: Collection[str], like: Observed) -> bool:
            found = self.run(self._mixture(part), "are these changes enough?")
            return not found.failed and all(found.contents.get(step) == like.contents.get(step) for step in steps)

        if not gives(names, self.target):
            return frozenset(names)
        matter = self._smallest(names, lambda part: gives(part, self.target))
        others = sorted(set(names) - matter)
        first = self.observed[_NOTHING][0]
        if others and not gives(others, first):
            alike = self.run(self._mixture(others), "do the others do anything by themselves?")
            if not alike.failed:
                matter |= self._smallest(others, lambda part: gives(part, alike))
        return matter

    @staticmethod
    def _smallest(names: Sequence[str], enough: Callable[[Sequence[str]], bool]) -> Mixture:
        """The smallest part that is enough: by halves where there are many, else by leaving out one after the other."""
        if len(names) > ONE_BY_ONE_UP_TO:
            return reduce(names, enough)
        left = list(names)
        for name in names:
            rest = [one for one in left if one != name]
            if rest and enough(rest):
                left = rest
        return frozenset(left)

    def _mixture(self, names: Collection[str]) -> Mixture:
        """A set of changes; what reaches nothing that differs makes no mixture of its own."""
        return self.every if set(names) == self.every else frozenset(names)

    def _units(self, matter: Mixture) -> tuple[Mixture, ...]:
        """The changes that are looked at one by one: those that run only together are one."""
        units = [frozenset({name}) for name in sorted(matter)]
        while len(units) > 1:
            bound = [unit for unit in units if self._alone(unit).failed and self._without(unit, matter).failed]
            if len(bound) < 2:
                break
            units = [unit for unit in units if unit not in bound] + [frozenset().union(*bound)]
        for unit in units:
            if not self._confirmed(unit, matter):
                for mixture in (unit, matter - unit):
                    self._replicated(mixture)
        return tuple(units)

    def _confirmed(self, unit: Mixture, matter: Mixture) -> bool:
        """Whether made alone and made last, it does the same to every number: two experiments that agree."""
        first, second = self.observed[_NOTHING][0], self.target
        alone, without = self._alone(unit), self._without(unit, matter)
        if alone.failed or without.failed:
            return False
        for step in first.contents.keys() - self.unsteady:
            sides = [found.numbers.get(step, {}) for found in (first, alone, without, second)]
            if len({*map(frozenset, sides)}) > 1 or (
                not sides[0] and first.contents[step] != second.contents.get(step)
            ):
                return False
            for path, number in sides[0].items():
                own, last = sides[1][path] - number, sides[3][path] - sides[2][path]
                if not abs(own - last) <= _CLOSE * max(abs(side[path]) for side in sides):
                    return False
        return True

    def _replicated(self, mixture: Mixture) -> None:
        """See what is neither the one version's output nor the other's a second time, before it is believed."""
        found = self.run(mixture, "what does it do alone?")
        known = self.observed[_NOTHING][0].contents, self.target.contents
        new = any(content not in (known[0].get(step), known[1].get(step)) for step, content in found.contents.items())
        if new and not found.failed:
            self.run(mixture, "replicated before it is believed", 2)

    def _alone(self, unit: Mixture) -> Observed:
        return self.run(self._mixture(unit), "what does it do alone?")

    def _without(self, unit: Mixture, matter: Mixture) -> Observed:
        return self.run(self._mixture(matter - unit), "what do the others do without it?")

    # -- dividing

    def _divided(self, step: str, units: Sequence[Mixture], matter: Mixture) -> list[Divided]:
        """The differences of one step's output: number by number, or as a whole."""
        if step in self._unsteady():
            return []
        before, after = (run.numbers.get(step, {}) for run in (self.observed[_NOTHING][0], self.target))
        changed = [path for path in before if path in after and before[path] != after[path]]
        if changed and before.keys() == after.keys():
            return [self._number(step, path, units, matter) for path in changed]
        return [self._whole(step, units, matter)]

    def _number(self, step: str, path: str, units: Sequence[Mixture], matter: Mixture) -> Divided:
        before = self.observed[_NOTHING][0].numbers[step][path]
        after = self.target.numbers[step][path]
        total = after - before
        scale = _CLOSE * max(abs(before), abs(after), abs(total))

        def at(found: Observed) -> float | None:
            return None if found.failed else found.numbers.get(step, {}).get(path)

        shares = []
        for unit in units:
            alone, without = at(self._alone(unit)), at(self._without(unit, matter))
            own = alone - before if alone is not None else None
            last = after - without if without is not None else None
            shares.append(
                Share(
                    factors=unit,
                    alone=own,
                    last=last,
                    brings=own is not None and abs(own - total) <= scale,
                    needed=last is not None and abs(last) > scale,
                    changes=any(effect is not None and abs(effect) > scale for effect in (own, last)),
                )
            )
        off = total - sum(share.alone or 0.0 for share in shares)
        known = all(share.alone is not None for share in shares)
        additive = known and abs(off) <= scale and all(_agree(share.alone, share.last, scale) for share in shares)
        shares = [
            replace(share, share=share.alone if additive else self._share(share, units, matter, at, total))
            for share in shares
        ]
        return Divided(
            step=step,
            metric=path,
            before=before,
            after=after,
            shares=tuple(sorted(shares, key=lambda share: -abs(share.share or 0.0))),
            additive=additive,
            off=0.0 if additive else off,
            either=sum(share.brings for share in shares) > 1,
        )

    def _share(
        self,
        share: Share,
        units: Sequence[Mixture],
        matter: Mixture,
        at: Callable[[Observed], float | None],
        total: float,
    ) -> float | None:
        """The mean effect over the orders in which changes may be made; of more than three, of first and last."""
        if len(units) == 1:
            return total
        effects = [(share.alone, 2), (share.last, 2)]
        if len(units) == ALL_SUBSETS_UP_TO:  # in two of six orders it is the second
            for other in units:
                if other != share.factors:
                    (third,) = (unit for unit in units if unit not in (other, share.factors))
                    both, one = at(self._without(third, matter)), at(self._alone(other))
                    effects.append((both - one if both is not None and one is not None else None, 1))
        known = [(effect, weight) for effect, weight in effects if effect is not None and math.isfinite(effect)]
        weights = sum(weight for _, weight in known)
        return sum(effect * weight for effect, weight in known) / weights if weights else None

    def _whole(self, step: str, units: Sequence[Mixture], matter: Mixture) -> Divided:
        first, second = self.observed[_NOTHING][0].contents[step], self.target.contents[step]
        shares = []
        for unit in units:
            alone, without = self._alone(unit), self._without(unit, matter)
            moved = not alone.failed and alone.contents.get(step) != first
            needed = not without.failed and without.contents.get(step) != second
            brings = not alone.failed and alone.contents.get(step) == second
            shares.append(Share(factors=unit, brings=brings, needed=needed, changes=moved or needed or len(units) == 1))
        return Divided(
            step=step,
            shares=tuple(sorted(shares, key=lambda share: (not share.brings, not share.changes))),
            additive=not any(share.needed and not share.brings for share in shares),
            either=sum(share.brings for share in shares) > 1,
        )


def _agree(left: float | None, right: float | None, scale: float) -> bool:
    return left is None or right is None or abs(left - right) <= scale
