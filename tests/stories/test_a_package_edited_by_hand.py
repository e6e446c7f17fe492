"""Somebody changes a line in an installed package: the next run notices, and the drift names the file."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from environment.indexes import wheel
from stories.telling import Project
from twice.environment import uv

# Its function is wrapped by one that knows itself, as NumPy's were until 1.24.
ALPHA = """
import functools

def dispatched(implementation):
    @functools.wraps(implementation)
    def public():
        public.asked = True
        return implementation()
    return public

@dispatched
def number():
    return 1
"""

FLOW = """
import json, sys
from twice import Pipeline
import alpha

def load():
    return 1

def fit(load):
    return load + alpha.number()

pipeline = Pipeline(steps=[load, fit], version="v1")
if __name__ == "__main__":
    for _ in range(2):
        run = pipeline.run()
        print(json.dumps([run.output, {s.step: s.how for s in run.record.steps}]))
    if sys.argv[1:]:
        from twice.cli.main import main
        main(sys.argv[1:])
    else:
        pipeline.save()
"""


def test_a_hand_edited_package_is_noticed_and_named(tmp_path: Path) -> None:
    site = tmp_path / "lib" / "site-packages"
    made = wheel(tmp_path, "alpha", "1.0", ALPHA)
    uv.run(
        ["pip", "install", "-q", "--no-deps", "-p", sys.executable, "--target", str(site), str(made)], doing="install"
    )
    project = Project(tmp_path / "project")
    project.write(flow_py=FLOW)
    first = project.python("flow.py", PYTHONPATH=str(site))
    assert first.startswith('[2, {"load": "ran", "fit": "ran"}]\n[2, {"load": "reused", "fit": "reused"}]\n')
    # The edit keeps the size, as a number does that somebody tried.
    text = (site / "alpha.py").read_text()
    (site / "alpha.py").write_text(text.replace("1", "7"))
    later = (site / "alpha-1.0.dist-info" / "RECORD").stat().st_mtime + 60
    os.utime(site / "alpha.py", (later, later))
    again = project.python("flow.py", "env", "diff", "v1", PYTHONPATH=str(site))
    assert again.startswith('[8, {"load": "reused", "fit": "ran"}]\n')  # no stale result
    assert "alpha 1.0 as installed → 1.0 edited by hand (alpha.py)" in again
    told = project.python("-c", "from twice import Pipeline; print(Pipeline.load('v1').verify())", PYTHONPATH=str(site))
    assert "alpha 1.0 as installed → 1.0 edited by hand (alpha.py)" in told
    assert "different" in told.lower()
    # The edit taken back, everything is as it was.
    (site / "alpha.py").write_text(text)
    back = project.python("flow.py", "env", "diff", "v1", PYTHONPATH=str(site))
    assert back.startswith('[2, {"load": "reused", "fit": "reused"}]\n')
    assert "no difference is known" in back
