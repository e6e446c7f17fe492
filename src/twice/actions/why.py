"""Which of the changes between two versions made their outputs differ: mixtures are run until the courtroom can say."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing

from twice.actions.fetch import term
from twice.actions.mixing import Mixing
from twice.actions.mixtures import Mixtures, side_of
from twice.compare.division import Divided, Division, Factor, Mixture, Observed, Share, Try, consider
from twice.errors import StepFailed, TwiceError
from twice.execute.events import Experimenting, Listener
from twice.present.findings import CauseView, DifferenceView, ExperimentView, WhyView
from twice.records.digest import Digest
from twice.records.trace import Trace
from twice.store.store import Store
from twice.values.measures import measures


def why(
    store: Store, before: Digest, after: Digest, names: tuple[str, str], budget: float, listener: Listener
) -> WhyView:
    """Divide the differences between two recorded runs among the changes between their versions.

    Args:
        store: The vault.
        before: The first run.
        after: The second.
        names: What people call them.
        budget: Seconds that experiments may take.
        listener: Is told what is tried.

    Raises:
        InputChanged: A file that one of them reads cannot be brought back.
        KeyboardInterrupt: It was interrupted; what was run is kept, and the next time goes on from there.
    """
    sides = side_of(store, before, names[0]), side_of(store, after, names[1])
    inquiry = _Why(store, Mixtures(store, *sides), names, time.monotonic() + budget, listener)
    with closing(inquiry.mixing):
        return inquiry.hold()


class _Why:
    def __init__(
        self, store: Store, mixtures: Mixtures, names: tuple[str, str], until: float, listener: Listener
    ) -> None:
        self.store = store
        self.mixtures = mixtures
        self.names = names
        self.until = until
        self.listener = listener
        self.factors = {factor.name: factor for factor in mixtures.factors}
        self.observed: dict[Mixture, list[Observed]] = {}
        self.mixing = Mixing(store, mixtures)

    def hold(self) -> WhyView:
        """Run what is asked for until the differences are divided, or there is no more time."""
        unsettled = ""
        while True:
            answer = consider(self.mixtures.factors, self.observed)
            if isinstance(answer, Division):
                break
            if time.monotonic() + self.mixing.seconds >= self.until and self.mixing.made:
                unsettled = (
                    f"the budget for experiments was used up; next would have been: {self._said(answer.mixture)}"
                )
                answer = Division()
                break
            self._make(answer)
        return self._view(answer, unsettled)

    def _make(self, asked: Try) -> None:
        made = self.observed.setdefault(asked.mixture, [])
        told = Experimenting(
            self.mixing.common[-1], self._said(asked.mixture), asked.why, asked.runs - len(made), self.mixing.seconds
        )
        self.listener(told)
        while len(made) < asked.runs:
            made.append(self._run(asked.mixture, len(made)))

    def _said(self, mixture: Mixture) -> str:
        if not mixture:
            return f"all as in {self.names[0]}"
        if mixture == self.factors.keys():
            return f"all as in {self.names[1]}"
        words = ", ".join(sorted(self.factors[name].detail or name for name in mixture))
        return f"as in {self.names[1]}: {words}"

    # -- one run of one mixture

    def _run(self, mixture: Mixture, turn: int) -> Observed:
        """The outputs of a mixture: from the vault if it ran often enough before, else run now."""
        try:
            outputs = self.mixing.outputs(mixture, turn)
        except StepFailed as problem:
            return Observed(failed=f"step {problem.step}: {problem.exception}")
        except TwiceError as problem:
            return Observed(failed=problem.message)
        found = {step: outputs[step] for step in self.mixing.common if step in outputs}
        return Observed(
            contents={step: str(output.content) for step, output in found.items()},
            numbers={step: measures(term(self.store, output)) for step, output in found.items()},
        )

    # -- in words

    def _view(self, found: Division, unsettled: str) -> WhyView:
        return WhyView(
            differences=tuple(self._difference(one) for one in found.divided),
            ruled_out=tuple(self._cause_of(self.factors[name], "ruled out") for name in found.ruled_out),
            not_checked=(
                *(f"{factor}: {detail}: {reason}" for factor, detail, reason in self.mixtures.untested),
                *(
                    f"step {step} disagrees with itself here: `twice verify` looks for the reason"
                    for step in found.unsteady
                ),
                *self._otherwise(found),
                *([found.broken] if found.broken else []),
                *([unsettled] if unsettled else []),
            ),
            runs=self.mixing.made,
            experiments=tuple(self._experiment(mixture) for mixture in self.observed),
        )

    def _experiment(self, mixture: Mixture) -> ExperimentView:
        runs = self.observed[mixture]
        return ExperimentView(
            conditions=(self._said(mixture),),
            outcomes=tuple(
                run.failed or ", ".join(f"{step} {content[:19]}" for step, content in run.contents.items())
                for run in runs
            ),
            numbers={
                f"{step}.{path}" if path else step: number
                for step, numbers in runs[0].numbers.items()
                for path, number in numbers.items()
            },
        )

    def _otherwise(self, found: Division) -> list[str]:
        """Outputs that are here not as they were recorded, which no change between the versions explains."""
        lines: list[str] = []
        every = frozenset(self.factors)
        if not every:  # nothing could be changed, so only one side was run
            return lines
        for mixture, recorded, name in (
            (frozenset(), self.mixing.recorded[0], self.names[0]),
            (every, self.mixing.recorded[1], self.names[1]),
        ):
            runs = self.observed.get(mixture, [])
            if not runs or runs[0].failed:
                continue
            other = [
                step
                for step, content in runs[0].contents.items()
                if step in recorded and content != recorded[step].output.content and step not in found.unsteady
            ]
            if other:
                lines.append(
                    f"{', '.join(other)}: run here, {name} does not give what was recorded of it, so what is divided "
                    f"is the difference between both as they run here; see `twice verify {name}`"
                )
        return lines

    def _difference(self, found: Divided) -> DifferenceView:
        first, second = (self.mixing.recorded[side].get(found.step) for side in (0, 1))
        return DifferenceView(
            name=found.step,
            metric=found.metric,
            before=found.before,
            after=found.after,
            difference=_moved(found, first, second),
            additive=found.additive,
            off=found.off,
            either=found.either,
            causes=tuple(self._shared(share, found) for share in found.shares if share.changes),
        )

    def _shared(self, share: Share, of: Divided) -> CauseView:
        members = [self.factors[name] for name in sorted(share.factors)]
        first = members[0]
        reason = _reason(share, of, self.names)
        matter = frozenset().union(*(one.factors for one in of.shares))
        evidence = tuple(
            self._experiment(one) for one in (share.factors, matter - share.factors) if one in self.observed
        )
        return CauseView(
            factor=first.factor,
            detail=" and ".join(member.detail or member.name for member in members),
            location=", ".join(member.location for member in members if member.location),
            status="proven",
            reason=reason,
            share=share.share,
            alone=share.alone,
            last=share.last,
            evidence=evidence,
        )

    @staticmethod
    def _cause_of(factor: Factor, status: str) -> CauseView:
        reason = "without it the outputs differ in just the same way"
        return CauseView(
            factor=factor.factor,
            detail=factor.detail or factor.name,
            location=factor.location,
            status=status,
            reason=reason,
        )


def _moved(found: Divided, first: Trace | None, second: Trace | None) -> str:
    """A difference in words: ``accuracy fell by 0.8: 0.95 → 0.15``."""
    if found.before is None or found.after is None:
        previews: Sequence[str] = [trace.output.preview if trace is not None else "" for trace in (first, second)]
        return f"{previews[0]} → {previews[1]}" if previews[0] != previews[1] else "it differs"
    change = found.after - found.before
    verb = "rose" if change > 0 else "fell"
    return f"{found.metric or found.step} {verb} by {abs(change):.4g}: {found.before:.6g} → {found.after:.6g}"


def _reason(share: Share, of: Divided, names: tuple[str, str]) -> str:
    """What its experiments showed, in words."""
    if of.before is None:
        alone = (
            f"made alone, it gives {names[1]}'s output" if share.brings else "made alone, it does not give that output"
        )
        needed = f"without it, the others do not give {names[1]}'s" if share.needed else "without it, the others do too"
        return f"{alone}; {needed}" if len(of.shares) > 1 else "it is the only change that reaches it"
    if len(of.shares) == 1:
        return "it is the only change that matters"
    told = {"made alone": share.alone, "made last": share.last}
    return ", ".join(f"{words} {effect:+.4g}" for words, effect in told.items() if effect is not None)
