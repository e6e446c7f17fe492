"""Which levers there are for one step, and what speaks for each before anything was tried. Pure.

What was seen while the step ran (entropy, clocks, folders listed, connections) and what differs between the recorded
trace and this machine say where to look first; they prove nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from twice.compare.diagnosis.case import Case, Lever
from twice.compare.diagnosis.collected import Collected, at, first
from twice.compare.diagnosis.restoring import restoring
from twice.compare.diagnosis.steadying import UNWRITTEN, steadying
from twice.control.conditions import Conditions
from twice.environment.drift import Drift
from twice.records.environment import Environment
from twice.records.trace import Trace, Watched

FIXES = {
    "entropy": "pass a seed: default_rng(seed), Random(seed); or take the value from a parameter",
    "groups": "sort groups, or ask for their order: group_by(…, maintain_order=True)",
    "clock": "take the moment from a parameter or from the data, and keep it out of what comes out",
    "threads": "sort what comes back from threads, or use one; POLARS_MAX_THREADS=1, or maintain_order=True",
    "directory-order": "sort the names: sorted(os.listdir(folder))",
    "memory-addresses": "keep id(), hash() and repr() of plain objects out of what comes out",
    "unwritten memory": "write to all of what numpy.empty gives, or ask for numpy.zeros",
    "path": "use names that do not change, and keep paths out of what comes out",
    "user-environment": "make it a parameter, or keep it out of what comes out",
    "environment": "pin the recorded version, or save a new one and say that it differs",
    "hardware": "pin a code path that both machines have (OPENBLAS_CORETYPE, …), or let rounding count as the same",
    "network": "bring the answer into the data: save it once, and read the file",
    "data": "bring the files back to what they were; let no run leave behind what the next one meets",
    "timezone": "use UTC, or pass the zone",
    "locale": "sort and format without the locale",
    "hash-seed": "sort sets before they come out",
    "seed": "a measurement, not a fault: state the spread beside the number",
    "code": "",
    "parameters": "",
    "input-mutation": "copy the input before changing it",
    "unknown": "",
}
"""Factor, or lever that knows better → what to do about it."""


_ADDRESS = re.compile(rb"0x[0-9a-f]{8,}")
"""As in what plain objects are printed as."""

_SHOWS = {"entropy": "entropy", "clock": "clock", "names": "temporary name", "identity": "identity"}
"""Lever → what is observed where it may help."""


@dataclass(frozen=True)
class Bench:
    """A case, and the conditions that each of its levers stands for.

    Attributes:
        case: The case.
        conditions: Lever → conditions.
        words: Lever → what it does, in words.
    """

    case: Case
    conditions: Mapping[str, Conditions] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)

    def together(self, levers: Iterable[str]) -> Conditions:
        """The conditions of several levers."""
        whole = Conditions()
        for name in sorted(levers):
            whole = whole.with_(self.conditions[name])
        return whole

    def having_seen(self, watched: Watched) -> Bench:
        """The same, with what was seen while an experiment ran, of levers that nothing spoke for until now."""

        def seen(lever: Lever) -> Lever:
            one = first(watched, _SHOWS.get(lever.like or lever.name, ""))
            if one is None or lever.location:
                return lever
            return replace(lever, detail=lever.detail or one.which, location=at(one), suspicion=max(lever.suspicion, 1))

        steadying, otherwise = (tuple(map(seen, one)) for one in (self.case.steadying, self.case.otherwise))
        return replace(self, case=replace(self.case, steadying=steadying, otherwise=otherwise))

    def said(self, levers: Collection[str]) -> tuple[str, ...]:
        """What several levers do, in words."""
        return tuple(self.words[name] for name in sorted(levers))


def bench(
    recorded: Trace,
    usual: Trace,
    then: Environment,
    here: Environment,
    *,
    reached: Collection[str],
    seed: int,
    variable_here: Callable[[str], object],
    limits: Mapping[str, str],
    doubt: float = 0.02,
    most: int = 200,
    loaded: Collection[str] = (),
    hints: Mapping[str, tuple[str, str]] | None = None,
    swaps: Mapping[str, tuple[str, str]] | None = None,
    text: bytes = b"",
    changed: Mapping[str, tuple[str, str]] | None = None,
) -> Bench:
    """The levers of one step.

    Args:
        recorded: Its recorded trace.
        usual: A trace of it here, unchanged.
        then: What the recorded trace ran on.
        here: What it runs on here.
        reached: Distributions that the step reaches.
        seed: The pipeline's seed.
        variable_here: The digest of a variable's value here; None if it is not set.
        limits: Condition → what it cannot reach.
        doubt: The greatest probability of chance that is let pass.
        most: How many trials may be made.
        loaded: Distributions that are at work in the step, reached or not.
        swaps: Distribution → its recorded version and the one here, for those that can be exchanged.
        text: What is stored of its output here, where its preview does not show all of it.
        changed: Files that were others → what became of them, and where their recorded bytes are.
        hints: Factor, or lever → the first call in its code that it may enter through, and where that is.
    """
    made = Collected()
    steadying(made, recorded, usual, seed, limits, reached, loaded)
    for name, (before, now) in sorted((swaps or {}).items()):
        made.add(
            made.restoring,
            Lever(f"distribution {name}", "environment", str(Drift("distribution", name, before, now)), "", 3),
            Conditions(distributions={name: before or "not installed"}),
            f"{name} {before or 'not installed'}",
        )
    hinted, evident = dict(hints or {}), frozenset[str]()
    if _ADDRESS.search(usual.output.preview.encode()) or _ADDRESS.search(text):
        _, where = hinted.get("memory-addresses") or hinted.get("printed", ("", ""))
        hinted["memory-addresses"] = ("an address in what comes out", where)
        evident = frozenset({"memory-addresses"})
    addressed = "memory-addresses" in hinted
    restoring(made, recorded, usual, then, here, reached, variable_here, limits, addressed, changed or {})
    case = Case(
        steadying=_hinted(made.steadying, hinted, evident),
        otherwise=_hinted(made.otherwise, hinted, evident),
        restoring=_hinted(made.restoring, hinted, evident),
        moving=_hinted(made.moving, hinted, evident),
        untested=_hinted(made.untested, hinted, evident),
        unheld=_hinted(made.unheld, hinted, evident),
        doubt=doubt,
        most=most,
    )
    return Bench(case, made.conditions, made.words)


def _hinted(
    levers: Iterable[Lever], hints: Mapping[str, tuple[str, str]], evident: Collection[str]
) -> tuple[Lever, ...]:
    """The same, with what the text of the code, or what comes out, speaks for; what was seen as it ran says more."""
    found = []
    for lever in levers:
        call, where = hints.get(lever.name) or hints.get(lever.factor, ("", ""))
        if call and not lever.location:
            own = lever.name in hints and lever.name not in (lever.factor, UNWRITTEN)  # which most code writes to
            suspicion = max(lever.suspicion, 4 if own else 2 if lever.factor in evident else 1)
            lever = replace(lever, detail=lever.detail or call, location=where, suspicion=suspicion)
        found.append(lever)
    return tuple(found)
