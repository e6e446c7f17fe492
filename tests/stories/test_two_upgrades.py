"""pandas and scikit-learn are upgraded, and numbers differ: which of the two it is, is found out by experiment."""

from __future__ import annotations

import json
from pathlib import Path

from stories.telling import Upgraded

THEN = ("pandas==2.3.3", "scikit-learn==1.8.0", "numpy==2.3.5", "scipy==1.16.3")
NOW = ("pandas==3.0.1", "scikit-learn==1.9.1")
FLOW = """
import warnings
import pandas
from sklearn.preprocessing import Binarizer, KBinsDiscretizer
from twice import Pipeline

warnings.simplefilter("ignore")

def load():
    return {"grower": ["a", "b", "a", "c", "b"], "acid": [1.5, 2.0, 2.5, 3.5, 7.0]}

def sour(load):
    frame = pandas.DataFrame(load)
    texts = int((frame.dtypes == object).sum())  # in pandas 3 texts are no objects any more
    return Binarizer(threshold=3).fit_transform(frame[["acid"]].to_numpy() * texts)

def edges(load):
    acid = pandas.DataFrame(load)[["acid"]].to_numpy()
    return KBinsDiscretizer(3, strategy="quantile").fit(acid).bin_edges_[0]  # by another method in scikit-learn 1.9

pipeline = Pipeline(steps=[load, sour, edges], version="v1")
if __name__ == "__main__":
    pipeline.run()
    pipeline.save()
"""


def test_of_two_upgrades_the_one_that_moved_a_number_is_named_and_the_recorded_ones_give_it_back(
    tmp_path: Path,
) -> None:
    upgraded = Upgraded(tmp_path, FLOW, THEN)
    upgraded.say("flow.py")
    upgraded.install(NOW)

    here = json.loads(upgraded.say("-m", "twice", "verify", "v1", "--json", status=1))
    assert here["verdict"] == "different"
    proven = {
        step["name"]: [(cause["factor"], cause["detail"]) for cause in step["causes"]]
        for step in here["steps"]
        if step["nature"]
    }
    assert proven == {
        "sour": [("environment", "pandas 2.3.3 → 3.0.1")],
        "edges": [("environment", "scikit-learn 1.8.0 → 1.9.1")],
    }
    rebuilt = json.loads(upgraded.say("-m", "twice", "verify", "v1", "--env", "venv", "--json"))
    assert rebuilt["verdict"] == "identical"

    place = upgraded.project.folder / ".twice" / "environments"
    assert any(place.glob("*/bin/python"))
    freed = json.loads(upgraded.say("-m", "twice", "gc", "--older-than", "0s", "--json"))
    assert freed["counts"]["rebuilt environment"] >= 3  # as recorded, and one for each experiment
    assert not any(place.glob("*/bin/python"))
