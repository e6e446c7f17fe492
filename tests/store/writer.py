"""A process that writes to a store and says what it has done, line by line, until it is killed."""

from __future__ import annotations

import sys
from itertools import count

from store.building import put_run, ref_to
from twice.store import Store


def main(path: str, number: int) -> None:
    """Write for ever; a line is printed only when what it names has been reported as done."""
    store = Store.open(path)
    print("started", flush=True)
    for turn in count():
        text = f"{number} {turn} "
        for digest in store.put_many([(text + str(part)).encode() * 50 for part in range(20)]):
            print("object", digest, flush=True)
        spool = store.spool()
        for part in range(5):
            (spool / str(part)).write_text(f"{text} adopted {part}" * 1000)
        for digest in store.adopt_many(sorted(spool.iterdir())):
            print("object", digest, flush=True)
        done = put_run(store, f"pipeline {number}", seed=turn, started=turn)
        print("run", done.run, flush=True)
        label = f"v{turn}"
        store.set_label(f"pipeline {number}", label, ref_to(done, f"pipeline {number}", label))
        print("label", f"pipeline {number}@{label}", flush=True)
        print("trace", done.trace, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
