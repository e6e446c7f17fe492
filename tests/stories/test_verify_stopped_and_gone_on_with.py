"""A verification is interrupted twice, by real signals: what was learnt is kept, and nothing is run again."""

from __future__ import annotations

import json
from pathlib import Path

from stories.telling import Project, stopped

FLOW = """
    import os, sys, time
    from twice import Pipeline

    def load():
        return 1

    def slow(load):
        print("slow begins", file=sys.stderr, flush=True)
        time.sleep(float(os.environ.get("SLOW", "0")))
        return load

    def draw(slow):
        time.sleep(0.5)
        return int.from_bytes(os.urandom(6), "big") + 1

    def halve(draw):
        return draw / 2

    def sign(draw):
        return draw > 0

    def after(sign):
        return not sign

    pipeline = Pipeline(steps=[load, slow, draw, halve, sign, after])
    """


def runs_of(project: Project, step: str) -> int:
    """How many traces of a step there are."""
    records = (
        json.loads(file.read_bytes()) for file in (project.folder / ".twice").rglob("trace/**/*") if file.is_file()
    )
    return sum(record.get("step") == step for record in records)


def test_stopped_while_steps_run_and_while_a_cause_is_looked_for(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(flow_py=FLOW)
    project.python("-m", "twice", "run", "flow.py", "--version", "v1", "--jobs", "2")
    before = {step: runs_of(project, step) for step in ("load", "slow", "draw")}
    assert before == {"load": 1, "slow": 1, "draw": 1}

    status, out, said = stopped(project, "slow begins", "verify", "v1", SLOW="60")
    assert status == 130 and "interrupted" in said and not out, said + out
    assert runs_of(project, "load") == 2 and runs_of(project, "slow") == 1

    status, out, said = stopped(project, "held still?", "verify", "v1")
    assert status == 130 and "interrupted" in said, said + out
    assert "going on from where it was interrupted: load ran already" in said
    assert "not settled: it was interrupted; verify again to go on from here" in out
    assert runs_of(project, "load") == 2, "it was not run again"

    whole = json.loads(project.python("-c", _STATUS_1, "verify", "v1", "--json"))
    steps = {step["name"]: step for step in whole["steps"]}
    assert [cause["factor"] for cause in steps["draw"]["causes"]] == ["entropy"]
    assert steps["draw"]["spreads"].startswith("it goes on: fed with it, halve (")
    assert steps["draw"]["spreads"].endswith(" differs; sign gave what was recorded")
    assert runs_of(project, "load") == 2 and runs_of(project, "slow") == 2
    # The record, the verification, and as many experiments as the verdict rests on: none was made twice.
    assert runs_of(project, "draw") == 2 + steps["draw"]["runs"]

    shown = json.loads(project.python("-m", "twice", "show", "v1", "--json"))
    assert [one["verdict"] for one in shown["verified"]] == ["different", "different"]
    fresh = json.loads(project.python("-c", _STATUS_1, "verify", "v1", "--step", "load", "--json"))
    assert [step["name"] for step in fresh["steps"]] == ["load"]
    assert runs_of(project, "load") == 3, "after a whole verdict, a verification begins anew"


COUNTING = """
    import os
    from twice import Pipeline

    def count():
        with open(os.environ["TALLY"], "a+") as tally:
            tally.write(".")
            return tally.tell() < 3

    def b(): return 2
    def c(): return 3
    def d(): return 4

    pipeline = Pipeline(steps=[count, b, c, d])
    """


def test_levels_look_at_some_steps_at_all_and_at_all_three_times(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    project.write(flow_py=COUNTING)
    tally = str(tmp_path / "tally")

    def verify(*options: str) -> list[str]:
        out = project.python("-c", _STATUS_1, "verify", "v1", "--budget", "0", "--json", *options, TALLY=tally)
        found = json.loads(out)
        assert found["level"] == options[1]
        if options[1] == "quick":
            assert found["not_checked"][0].endswith("a quick look is at a sample (--level full looks at all)")
        return [f"{step['name']} {step['verdict']}" for step in found["steps"]]

    project.python("-m", "twice", "run", "flow.py", "--version", "v1", TALLY=tally)
    same = [f"{name} identical" for name in "bcd"]
    assert verify("--level", "full", "--step", "b") == same[:1]
    assert verify("--level", "quick") == ["count identical", "c identical"], "those that were never looked at"
    assert verify("--level", "quick") == ["b identical", "d identical"]
    Path(tally).write_text(".")
    assert verify("--level", "full") == ["count identical", *same]
    assert verify("--level", "paranoid") == ["count different", *same]


_STATUS_1 = """
import subprocess, sys
done = subprocess.run([sys.executable, "-m", "twice", *sys.argv[1:]], capture_output=True, text=True)
print(done.stdout)
sys.exit(done.returncode not in (0, 1) and (sys.stderr.write(done.stderr) or 9))
"""
