"""What a step declares about how far its output may be off is kept in the version, and holds when it is verified."""

from __future__ import annotations

from pathlib import Path

from stories.telling import Project

FLOW = """
    import os
    from twice import Pipeline, step
    from rules import LIMIT

    def noise():
        return int.from_bytes(os.urandom(4), "big") / 2**32 + 1

    @step(tolerance={"metrics.auc": {"atol": 1e-3}}, rtol=1e-6)
    def exact():
        return {"metrics": {"auc": 0.9 + noise() * 1e-5}, "loss": 1.0 + noise() * 1e-8}

    @step(tolerance={"metrics.loss": 1.0})
    def elsewhere():
        return {"metrics": {"auc": noise()}}

    def near(recorded, now, limit=LIMIT):
        assert os.getpid() != PARENT
        return abs(now - recorded) < limit

    @step(compare=near)
    def judged():
        return noise()

    @step(compare=lambda a, b: "yes")
    def badly_judged():
        return noise()

    PARENT = os.getpid()
    if __name__ == "__main__":
        pipeline = Pipeline(steps=[exact, elsewhere, judged, badly_judged], name="flow", version="v1")
        pipeline.run()
        pipeline.save()
"""

CHECK = """
    import json
    from twice import Pipeline
    found = Pipeline.load("v1").verify()
    print(json.dumps({name: [step.verdict, step.grade, step.reason] for name, step in found.steps.items()}))
"""


def test_tolerances_and_comparisons_are_part_of_the_version(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(flow_py=FLOW, rules_py="LIMIT = 10.0\n", pyproject_toml="")
    project.python("flow.py")
    project.write(rules_py="LIMIT = 0.0\n")  # the version has its own
    found = project.tell(CHECK)
    assert found["exact"][:2] == ["equivalent", "tolerance"]
    assert found["elsewhere"][0] == "different"
    assert found["judged"][:2] == ["equivalent", "tolerance"]
    assert found["badly_judged"][0] == "inconclusive"
    assert "answered" in found["badly_judged"][2]
