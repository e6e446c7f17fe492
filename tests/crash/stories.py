"""What a store goes through in the walks: how it is before, what happens, and what must hold when it is cut short."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from unittest import mock

from store.building import NOON, put_run, ref_to
from twice.records.digest import Digest
from twice.records.run import RunRecord
from twice.records.trace import Trace
from twice.store import Store, intake, objects, stretches
from twice.store import large as large_
from twice.store.needed import Policy

Say = Callable[[str, str], object]
"""Reports that something is done."""
Reported = list[tuple[str, str]]


@dataclass(frozen=True)
class Story:
    """One of them.

    Attributes:
        before: What the store holds at the beginning.
        told: What happens; can be told again after it was cut short.
        held: Whether what was reported is so.
    """

    before: Callable[[Store], object]
    told: Callable[[Store, Say], object]
    held: Callable[[Store, Reported], object]


def day(store: Store, say: Say) -> None:
    """Objects put and adopted, two runs filed and saved."""
    for digest in store.put_many([b"%d" % number * 40 for number in range(4)]):
        say("object", digest)
    outside = store.path.parent / "outside"
    outside.write_bytes(b"a file of the user's")
    say("object", store.put_file(outside))
    spooled = store.spool() / "output"
    spooled.write_bytes(b"an output")
    say("object", store.adopt(spooled))
    first = put_run(store)
    say("run", first.run)
    store.set_label("churn", "v1.0", ref_to(first))
    say("name", "churn@v1.0")
    second = put_run(store, seed=1, started=NOON + 1)
    say("run", second.run)
    store.set_name("best", ref_to(second))
    say("name", "best")


def held(store: Store, reported: Reported) -> None:
    """All that was reported is there; every name leads to a whole run."""
    runs = {digest for digest, _ in store.runs()}
    for kind, name in reported:
        match kind:
            case "object":
                store.get(Digest(name))
            case "run":
                assert name in runs, name
            case "name":
                assert store.resolve(name).run is not None
    for ref in (*store.refs(), *store.names().values()):
        assert store.load(ref.run, RunRecord).version == ref.version


_NOISE = random.Random(1).randbytes(300_000)


def _with_small_ones_large(story: Callable[[Store, Say], object]) -> Callable[[Store, Say], object]:
    def told(store: Store, say: Say) -> None:
        with ExitStack() as patched:
            for module in (intake, large_, objects, stretches):
                patched.enter_context(mock.patch.object(module, "LARGE", 64 << 10))
            story(store, say)

    return told


def large(store: Store, say: Say) -> None:
    """A large file, two more that are like it, and an output that is; the last ones by recipes."""
    outside = store.path.parent / "outside"
    outside.write_bytes(_NOISE)
    say("object", store.put_file(outside))
    for number in range(2):
        outside.write_bytes(b"put in %d" % number + _NOISE)
        say("object", store.put_file(outside))
    spooled = store.spool() / "output"
    spooled.write_bytes(_NOISE[:200_000] + b"something else" + _NOISE[200_000:])
    digest = store.adopt(spooled)
    say("object", digest)
    assert store.file(digest).stat().st_size == len(_NOISE) + 14


def before_clearing(store: Store) -> None:
    """Runs of which some can go, and small objects that nothing needs."""
    for seed in range(3):
        done = put_run(store, seed=seed, started=NOON + seed)
        if seed == 0:
            store.set_label("churn", "v1.0", ref_to(done))
    store.put_many([b"%d" % number * 40 for number in range(20)])


def clear(store: Store, say: Say) -> None:
    """All is taken away that can go."""
    store.collector.set_aside(Policy(keep_runs=1, since=None, traces_since=1 << 62))
    say("aside", "")
    store.collector.delete()
    say("gone", "")


def kept(store: Store, reported: Reported) -> None:
    """What is needed is there and whole; what was reported as gone is gone; else all of it can be brought back."""
    assert store.resolve("v1.0").run is not None
    assert store.resolve("latest").run is not None
    if ("gone", "") in reported:
        assert store.check().unreferenced == 0
        assert store.collector.aside() == 0
    elif store.collector.aside() and not list((store.path / "aside").glob("*.deleting")):
        store.collector.undo()
        assert len(store.runs()) == 3
        for digest, run in store.runs():
            for result in run.steps:
                assert result.trace is not None
                store.get(store.load(result.trace, Trace).output.skeleton)
            store.load(digest, RunRecord)


STORIES = {
    "day": Story(lambda store: None, day, held),
    "large": Story(lambda store: None, _with_small_ones_large(large), held),
    "clear": Story(before_clearing, clear, kept),
}
