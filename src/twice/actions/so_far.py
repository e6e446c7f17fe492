"""What stands behind an output that was the same again: how often it was, and what speaks against the next time."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from twice.actions.noise_seen import noise_seen
from twice.compare.comparison import concluded
from twice.history.alike import contradict
from twice.history.notes import entropy_drawn
from twice.present.words import count
from twice.records.trace import Trace
from twice.records.verdict import StepVerdict, Verdict
from twice.store.store import Store


def so_far(
    store: Store, step: StepVerdict, recorded: Trace, now: Trace, verdicts: Iterable[Verdict], *, allowed: bool
) -> StepVerdict:
    """The same verdict, with how many runs it rests on, and with doubts.

    Args:
        store: The vault.
        step: The verdict on a step that reproduces.
        recorded: Its recorded trace.
        now: The trace that was held against it.
        verdicts: The verdicts on the same record before this one.
        allowed: Its author says that it may differ, so nothing needs to be said about that.
    """
    alike = [
        trace
        for key in dict.fromkeys((recorded.key, now.key))
        for trace in store.traces(key)
        if not contradict(trace.watched, now.watched)
    ]
    agreeing = {recorded.output.content, now.output.content}
    seen = sum(trace.output.content in agreeing for trace in alike)
    doubts = [] if allowed else [*filter(None, [noise_seen(store, now)]), *_verified_before(step.step, verdicts)]
    if not allowed and (drawn := entropy_drawn(now.watched)):
        doubts.append(drawn)
    return replace(step, seen=seen, doubts=tuple(doubts))


def _verified_before(step: str, verdicts: Iterable[Verdict]) -> list[str]:
    """What became of it in the verifications before this one, if it was not always the same."""
    before = [one for verdict in verdicts for one in verdict.steps if one.step == step]
    unlike = [one for one in before if not one.reproduces]
    if not unlike:
        return []
    last = next((one.diagnosis for one in reversed(unlike) if one.diagnosis and one.diagnosis.causes), None)
    why = f": {'; '.join(concluded(last))}" if last is not None else ""
    return [f"{len(unlike)} of {count(len(before), 'verification')} before did not reproduce it{why}"]
