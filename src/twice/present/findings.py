"""What `twice diff` and `twice check` find: what is drawn, and what ``--json`` prints.

As in ``present.views``, the names of the attributes are the keys of the JSON.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from twice.records.verdict import Finding


@dataclass(frozen=True, kw_only=True)
class ChangeView:
    """One thing that differs between two versions.

    Attributes:
        what: ``step``, ``wiring``, ``option``, ``code``, ``cosmetic`` (code that means the same), ``parameter``,
            ``seed``, ``setting``, ``file``, ``interpreter``, ``machine``, ``distribution``, ``variable`` or
            ``pipeline``.
        name: Which one.
        before: As it was; empty if it was not there. For code, where it was.
        after: As it is; empty if it is not there any more.
        steps: The steps that it reaches, or that reach it.
        via: For code, the way from a step to it.
        sentence: All that in a line.
        patch: For code, and files of text, the change of the text as a unified diff.
        detail: For a file, folder or value, what differs inside it, in words.
    """

    what: str
    name: str
    before: str
    after: str
    steps: tuple[str, ...]
    via: tuple[str, ...]
    sentence: str
    patch: str = ""
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class OutputChange:
    """A step's output in two runs.

    Attributes:
        step: The step.
        same: Whether the contents are the same.
        before: In a few words; empty if there is none.
        after: Likewise.
        difference: What differs, in one line in the terms of the type; empty if nothing does, or one is missing.
    """

    step: str
    same: bool
    before: str
    after: str
    difference: str = ""


@dataclass(frozen=True, kw_only=True)
class Side:
    """One side of a diff.

    Attributes:
        name: What was asked for.
        version: The version's digest.
        names: What it can be loaded by.
        run: The run whose outputs are shown; empty if there is none.
    """

    name: str
    version: str
    names: tuple[str, ...]
    run: str


@dataclass(frozen=True, kw_only=True)
class ExperimentView:
    """Runs under the same conditions.

    Attributes:
        conditions: What was changed, held still, or set as recorded, in words.
        outcomes: What came out, run by run.
        traces: The traces of the runs that did not fail, by their digests.
        recorded: How many of the outcomes count as what was recorded.
        numbers: The numbers that came out, by step and name.
    """

    conditions: tuple[str, ...]
    outcomes: tuple[str, ...]
    traces: tuple[str, ...] = ()
    recorded: int = 0
    numbers: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CauseView:
    """What is known of one factor.

    Attributes:
        factor: Its name: ``code``, ``parameters``, ``clock`` …
        detail: What exactly.
        location: Where it enters, as ``flow.py:12``; empty if that is not known.
        status: ``proven``, ``consistent with``, ``ruled out`` or ``not tested``.
        reason: What was tried and what came of it, or why nothing was.
        fix: What to do about it.
        share: Its part of a number's difference; None where it is not a part of a number.
        alone: What it does to the number alone.
        last: What it does to the number after all other changes.
        evidence: The experiments that show it.
    """

    factor: str
    detail: str
    location: str
    status: str
    reason: str
    fix: str = ""
    share: float | None = None
    alone: float | None = None
    last: float | None = None
    evidence: tuple[ExperimentView, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DifferenceView:
    """One difference between two versions' outputs, divided among its causes.

    Attributes:
        name: The step.
        metric: The name of the number; empty for a single number, or where it is none.
        before: The number; None where it is none.
        after: The other.
        difference: Both in words.
        additive: What each cause does alone adds up to the whole.
        off: How much more than that sum the whole is.
        either: Several causes do it all, each by itself.
        causes: What made the difference, by size.
    """

    name: str
    metric: str
    before: float | None
    after: float | None
    difference: str
    additive: bool
    off: float
    either: bool
    causes: tuple[CauseView, ...]


@dataclass(frozen=True, kw_only=True)
class WhyView:
    """Which changes between two versions made their outputs differ.

    Attributes:
        differences: Output by output, number by number.
        ruled_out: Changes that might have mattered and do not.
        not_checked: What was not checked, in words.
        runs: How many runs of steps were made for it.
        experiments: All experiments.
    """

    differences: tuple[DifferenceView, ...]
    ruled_out: tuple[CauseView, ...]
    not_checked: tuple[str, ...]
    runs: int
    experiments: tuple[ExperimentView, ...]


@dataclass(frozen=True, kw_only=True)
class DiffView:
    """What differs between two versions.

    Attributes:
        before: One side.
        after: The other.
        same: Whether nothing differs that steps reach, and no output.
        changes: What differs.
        outputs: The outputs of the steps that both have.
        unreached: Source files that differ only where no step reaches.
        why: Which of the changes made the outputs differ, if that was asked for.
    """

    before: Side
    after: Side
    same: bool
    changes: tuple[ChangeView, ...]
    outputs: tuple[OutputChange, ...]
    unreached: tuple[str, ...]
    why: WhyView | None = None


@dataclass(frozen=True, kw_only=True)
class ProblemView:
    """Something wrong in a store.

    Attributes:
        what: ``missing``, ``damaged`` or ``unreadable``; of a verdict ``unfounded``.
        kind: ``object``, ``version``, ``trace``, ``run``, ``code``, ``environment``, ``verdict`` or ``ref``.
        name: Its digest or name.
        detail: What was found.
        versions: The versions that need it, by their names where they have one.
        steps: The steps of theirs that need it; empty where all do.
    """

    what: str
    kind: str
    name: str
    detail: str
    versions: tuple[str, ...]
    steps: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class GcView:
    """What clearing out the store frees.

    Attributes:
        store: The store's folder.
        state: ``would be freed``, ``moved aside`` or ``freed``.
        size: In bytes.
        counts: How many things of each kind.
        runs: The runs among them.
        kept_runs: How many runs stay.
    """

    store: str
    state: str
    size: int
    counts: dict[str, int]
    runs: tuple[str, ...]
    kept_runs: int


@dataclass(frozen=True, kw_only=True)
class CheckView:
    """What a check of a store found.

    Attributes:
        store: The store's folder.
        whole: Whether nothing is wrong.
        problems: What is wrong.
        deep: Whether the bytes of objects were read, or only their presence was looked at.
        objects: How many there are.
        size: Their bytes together.
        records: How many there are.
        names: How many labels and saved names there are.
        unreferenced: Objects that nothing mentions; harmless.
        leftovers: Half-written things, and files that are none of the store's; harmless.
        mended: Objects that were damaged or missing and were made again.
        verdicts: How many verdicts were judged again from their evidence.
    """

    store: str
    whole: bool
    problems: tuple[ProblemView, ...]
    deep: bool
    objects: int
    size: int
    records: int
    names: int
    unreferenced: int
    leftovers: tuple[str, ...]
    mended: tuple[str, ...] = ()
    verdicts: int = 0


@dataclass(frozen=True, kw_only=True)
class ExplainedStep:
    """Why a step ran, or was reused.

    Attributes:
        step: The step.
        how: ``ran``, ``reused``, ``failed`` or ``skipped``; of a run that was not made ``would run``,
            ``would be reused`` or ``may run``.
        reason: In words.
        against: The run that it is held against: the one that was named, or the earlier one that was most like this
            one; empty if there is none, or it was reused.
        since: How long ago that was.
        ingredients: The parts of the key that differ from that run's → before and now.
        changes: What differs between the two, ingredient by ingredient.
        output: What became of the output: ``the same``, ``differs``, or the two in short.
        checked: How much was checked before it was reused, besides its key: ``3 files``, ``1 variable``.
        assumed: What was checked, one by one.
        unchecked: What nobody could check.
    """

    step: str
    how: str
    reason: str
    against: str = ""
    since: str = ""
    ingredients: dict[str, tuple[str, str]] = field(default_factory=dict)
    changes: tuple[ChangeView, ...] = ()
    output: str = ""
    checked: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Why the steps of a run ran, or did not; or what a run would do now.

    Attributes:
        name: What was asked for.
        run: The run; empty if it was not made.
        version: Its version; likewise.
        steps: Step by step.
    """

    name: str
    run: str
    version: str
    steps: tuple[ExplainedStep, ...]


TIME_IS_UP = "the time is up"
STOPPED = "it was interrupted"
"""Why a variation was not tried; run again, it is."""


@dataclass(frozen=True, kw_only=True)
class StressCell:
    """What one variation did to one step.

    Attributes:
        variation: What was varied.
        factor: The factor that it belongs to.
        effect: ``unaffected``, ``order``, ``rounding``, ``tolerance``, ``different``, ``fails``, ``inconclusive`` or
            ``not tried``.
        detail: In words.
        location: Where the factor enters, as ``flow.py:12``; empty if that was not seen.
        runs: How many runs were made.
        finding: How the output differs, if it does.
    """

    variation: str
    factor: str
    effect: str
    detail: str = ""
    location: str = ""
    runs: int = 0
    finding: Finding | None = None


@dataclass(frozen=True, kw_only=True)
class StressedStep:
    """How one step bore it.

    Attributes:
        step: The step.
        reproducibility: The class that later verdicts may expect.
        held: Factors that were held still throughout, since it disagrees with itself without; usually none.
        cells: Variation by variation.
        pins: Factor that it minds → what to pin, or to do, so that it gives the same elsewhere.
    """

    step: str
    reproducibility: str
    held: tuple[str, ...] = ()
    cells: tuple[StressCell, ...]
    pins: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StressView:
    """Steps against variations.

    Attributes:
        name: What was asked for.
        run: The run that is its record.
        variations: What was varied, in order.
        steps: Step by step.
        interrupted: Somebody stopped it; what was learnt by then is here.
    """

    name: str
    run: str
    variations: tuple[str, ...]
    steps: tuple[StressedStep, ...]
    interrupted: bool = False
