"""An instance of a class that a script defines is asked for where that script does not run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from source.programs import write

FLOW = """
from dataclasses import dataclass
import helpers
from twice import Pipeline

@dataclass
class Model:
    w: float
    def predict(self, x):
        return scale(x) * self.w

def scale(x):
    return x * helpers.K

def load():
    return Model(2.0)

def fit(load):
    return [load, helpers.Kept(load.predict(3))]

pipeline = Pipeline(steps=[load, fit], version="v1")
if __name__ == "__main__":
    pipeline.run()
    pipeline.save()
"""
OTHER = """
import sys
from twice import Pipeline, TwiceError

class Model:
    "Another one, that happens to have the same name."

run = Pipeline.load("v1").run()
main = sys.modules["__main__"]
model, (same, kept) = run["load"], run["fit"]
print(model, model.predict(1), type(model) is type(same) is not Model, kept)
print(sys.modules["__main__"] is main, sys.argv)
import helpers
print(helpers.K, model.predict(1))
"""


def test_it_comes_back_as_that_class_with_the_code_that_was_captured(tmp_path: Path) -> None:
    helpers = "from dataclasses import dataclass\nK = 10\n@dataclass\nclass Kept:\n    x: float\n"
    write(tmp_path, {"flow.py": FLOW, "helpers.py": helpers, "other.py": OTHER})

    def python(file: str) -> str:
        done = subprocess.run(
            [sys.executable, file], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    python("flow.py")
    (tmp_path / "flow.py").unlink()
    (tmp_path / "helpers.py").write_text("K = 'edited'\n")
    told = python("other.py").splitlines()
    assert told[0] == "Model(w=2.0) 20.0 True Kept(x=60.0)"
    assert told[1] == "True ['other.py']"
    assert told[2] == "edited 20.0"
