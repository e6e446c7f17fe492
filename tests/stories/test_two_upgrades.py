"""pandas and scikit-learn are upgraded, and numbers differ: which of the two it is, is found out by experiment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import twice
from stories.telling import Project, clean_environment
from twice.environment import uv

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
    python = str(tmp_path / "own" / "bin" / "python")
    project = Project(tmp_path / "project")
    project.write(flow_py=FLOW)
    variables = {
        **clean_environment(),
        "PYTHONPATH": str(Path(twice.__file__).parent.parent),
        "PATH": f"{Path(uv.program()).parent}{os.pathsep}{os.environ['PATH']}",
    }
    variables.pop("PYTHONDONTWRITEBYTECODE", None)  # every experiment imports both

    def say(*arguments: str, status: int = 0) -> str:
        done = subprocess.run(
            [python, *arguments], cwd=project.folder, env=variables, capture_output=True, text=True, timeout=500
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    uv.run(["venv", "-q", "-p", sys.executable, str(tmp_path / "own")], doing="make an environment")
    install = ["pip", "install", "-q", "-p", python]
    uv.run([*install, *THEN, "blake3", "click", "msgspec", "rich"], doing="install")
    say("flow.py")
    uv.run([*install, *NOW], doing="upgrade")

    here = json.loads(say("-m", "twice", "verify", "v1", "--json", status=1))
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
    rebuilt = json.loads(say("-m", "twice", "verify", "v1", "--env", "venv", "--json"))
    assert rebuilt["verdict"] == "identical"

    place = project.folder / ".twice" / "environments"
    assert any(place.glob("*/bin/python"))
    freed = json.loads(say("-m", "twice", "gc", "--older-than", "0s", "--json"))
    assert freed["counts"]["rebuilt environment"] >= 3  # as recorded, and one for each experiment
    assert not any(place.glob("*/bin/python"))
