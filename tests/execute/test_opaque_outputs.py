"""What only the pickle protocol can take apart is named in two processes, and marked where the names disagree."""

from __future__ import annotations

from pathlib import Path

from execute.test_steps_in_processes import run_script

SCRIPT = """
import json
from twice import Pipeline

class Steady:
    def __init__(self, names):
        self.names = names

    def __reduce__(self):
        return Steady, (sorted(self.names),)

class ByHash(Steady):
    def __reduce__(self):
        return ByHash, (list(set(self.names)),)

class ByAddress(Steady):
    def __reduce__(self):
        return ByAddress, ([str(id(self))],)

class Lost(Steady):
    def __reduce__(self):
        return lost, ()

def lost():
    raise OSError("gone")

NAMES = [f"name {number}" for number in range(20)]

def steady(): return Steady(NAMES)
def by_hash(): return {"model": ByHash(NAMES)}
def by_address(): return ByAddress([])
def lost_one(): return Lost([])
def plain(): return NAMES

STEPS = [steady, by_hash, by_address, lost_one, plain]
run = Pipeline(steps=STEPS).run()
traces = {name: run.trace(name) for name in run.step_names}
again = Pipeline(steps=STEPS).run()
print(json.dumps({
    "marked": {name: trace.output.unstable for name, trace in traces.items()},
    "executes": {name: trace.output.executes for name, trace in traces.items()},
    "how": [step.how for step in again.record.steps],
}))
"""


def test_an_opaque_output_that_other_processes_name_otherwise_is_marked(tmp_path: Path) -> None:
    answer = run_script(tmp_path, SCRIPT)
    assert answer["executes"] == dict.fromkeys(["steady", "by_hash", "by_address", "lost_one"], True) | {"plain": False}
    assert answer["marked"] == {
        "steady": False, "by_hash": True, "by_address": True, "lost_one": True, "plain": False,
    }  # fmt: skip
    assert answer["how"] == ["reused"] * 5
