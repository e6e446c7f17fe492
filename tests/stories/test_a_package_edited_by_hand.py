"""Somebody changes a line in an installed package: the next run notices, and the drift names the file."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from environment.indexes import wheel
from stories.telling import Project
from twice.environment import uv


def test_a_hand_edited_package_is_noticed_and_named(tmp_path: Path) -> None:
    site = tmp_path / "lib" / "site-packages"
    made = wheel(tmp_path, "alpha", "1.0", "def number():\n    return 1\n")
    uv.run(
        ["pip", "install", "-q", "--no-deps", "-p", sys.executable, "--target", str(site), str(made)], doing="install"
    )
    project = Project(tmp_path / "project")
    project.write(
        flow_py="""
            import json
            from twice import Pipeline
            import alpha
            def load():
                return 1
            def fit(load):
                return load + alpha.number()
            pipeline = Pipeline(steps=[load, fit], version="v1")
            run = pipeline.run()
            print(json.dumps([run.output, {s.step: s.how for s in run.record.steps}]))
            if __name__ == "__main__" and run.output == 2:
                pipeline.save()
            """,
    )
    first = project.python("flow.py", PYTHONPATH=str(site))
    assert '[2, {"load": "ran", "fit": "ran"}]' in first
    assert '{"load": "reused", "fit": "reused"}' in project.python("flow.py", PYTHONPATH=str(site))
    # The edit keeps the size, as a number does that somebody tried.
    text = (site / "alpha.py").read_text()
    (site / "alpha.py").write_text(text.replace("1", "7"))
    later = (site / "alpha-1.0.dist-info" / "RECORD").stat().st_mtime + 60
    os.utime(site / "alpha.py", (later, later))
    again = project.python("flow.py", PYTHONPATH=str(site))
    assert '[8, {"load": "reused", "fit": "ran"}]' in again  # no stale result
    shown = project.python("-m", "twice", "env", "diff", "v1", PYTHONPATH=str(site))
    assert "alpha 1.0 as installed → 1.0 edited by hand (alpha.py)" in shown
    told = project.python("-c", "from twice import Pipeline; print(Pipeline.load('v1').verify())", PYTHONPATH=str(site))
    assert "alpha 1.0 as installed → 1.0 edited by hand (alpha.py)" in told
    assert "different" in told.lower()
    # The edit taken back, everything is as it was.
    (site / "alpha.py").write_text(text)
    assert '{"load": "reused", "fit": "reused"}' in project.python("flow.py", PYTHONPATH=str(site))
    assert "no difference is known" in project.python("-m", "twice", "env", "diff", "v1", PYTHONPATH=str(site))
    shutil.rmtree(site)
