"""What a store goes through in the walks: how it is before, what happens, and what must hold when it is cut short."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from store.building import NOON, put_run, ref_to
from twice.records.digest import Digest
from twice.records.run import RunRecord
from twice.store import Store

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


STORIES = {"day": Story(lambda store: None, day, held)}
