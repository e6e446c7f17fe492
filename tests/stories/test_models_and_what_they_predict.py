"""Verifying a model that comes out otherwise says how far its predictions are apart, on the recorded data."""

from __future__ import annotations

from pathlib import Path

from stories.telling import Project

FLOW = """
    import os
    import numpy as np
    import pandas as pd
    from sklearn.linear_model import SGDClassifier
    from twice import Pipeline

    class Threshold:
        def __init__(self, at):
            self.at = at
        def predict(self, rows):
            return rows["a"].to_numpy() > self.at

    def load():
        numbers = np.random.default_rng(0).normal(size=(1000, 2))
        return pd.DataFrame(numbers, columns=["a", "b"]).assign(y=(numbers[:, 0] > 0).astype(int))

    def fit(load):
        chance = int.from_bytes(os.urandom(4), "big")
        model = SGDClassifier(random_state=chance, max_iter=1, tol=None).fit(load[["a", "b"]], load["y"])
        return {"model": model, "rule": Threshold(chance / 2**32)}

    def count(load, fit):
        return len(load)

    if __name__ == "__main__":
        pipeline = Pipeline(steps=[load, fit, count], name="flow", version="v1")
        pipeline.run()
        pipeline.save()
"""

CHECK = """
    import json
    from twice import Pipeline
    found = Pipeline.load("v1").verify(budget=0).steps["fit"]
    print(json.dumps([found.verdict, found.summary, [[one.path, one.what] for one in found.finding.children]]))
"""


def test_a_verdict_on_a_model_says_how_its_predictions_differ(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(flow_py=FLOW, pyproject_toml="")
    project.python("flow.py")
    verdict, summary, parts = project.tell(CHECK)
    assert verdict == "different"
    told = dict(part for part in parts if part[1].startswith("predictions"))
    assert told.keys() == {"['model']", "['rule']"}
    assert all("predictions on the recorded input 'load': " in what for what in told.values())
    assert all("of 1,000 labels" in what for what in told.values())
    assert told["['rule']"] in summary
