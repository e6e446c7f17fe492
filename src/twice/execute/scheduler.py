"""Which step can start now? Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence


def ready(
    order: Sequence[str], inputs: Mapping[str, Collection[str]], done: Collection[str], begun: Collection[str]
) -> list[str]:
    """The steps whose inputs are all there and that have not begun, in the author's order.

    Args:
        order: All steps.
        inputs: Step → the steps whose outputs it receives.
        done: Steps whose output is there.
        begun: Steps that have begun, done ones included.
    """
    return [step for step in order if step not in begun and all(source in done for source in inputs[step])]


def cut_off(order: Sequence[str], inputs: Mapping[str, Collection[str]], failed: Collection[str]) -> list[str]:
    """The steps that cannot run because something before them failed."""
    lost = set(failed)
    for step in order:
        if any(source in lost for source in inputs[step]):
            lost.add(step)
    return [step for step in order if step in lost and step not in failed]
