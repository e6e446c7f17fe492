"""The outputs that one step gave from the same inputs, where they are not all the same: how far they are apart."""

from __future__ import annotations

from twice.actions.fetch import term
from twice.compare.noise import spread
from twice.errors import TwiceError
from twice.history.alike import contradict
from twice.present.words import count
from twice.records.trace import Trace
from twice.store.store import Store
from twice.values.measures import measures

_LARGEST, _MOST = 1 << 20, 4


def noise_seen(store: Store, trace: Trace) -> str:
    """How many outputs there are under a trace's key, and the spread of their numbers; empty if they are all the same.

    Args:
        store: The vault.
        trace: The step's trace. Others count that saw the same files and variables.
    """
    alike = [other.output for other in store.traces(trace.key) if not contradict(other.watched, trace.watched)]
    different = {output.content: output for output in alike}
    if len(different) < 2:
        return ""
    try:
        numbers = [measures(term(store, output)) for output in alike if output.size <= _LARGEST]
    except TwiceError:  # one of them is gone or damaged: then they are shown as they were noted
        numbers = []
    told = [f"{name} {mean:.4g} ± {deviation:.2g}".strip() for name, (mean, deviation) in spread(numbers).items()]
    told = told or list(dict.fromkeys(output.preview for output in different.values()))
    shown = f"{', '.join(told[:_MOST])}{' …' if len(told) > _MOST else ''}"
    return f"{len(different)} outputs in {count(len(alike), 'run')} from the same inputs: {shown}"
