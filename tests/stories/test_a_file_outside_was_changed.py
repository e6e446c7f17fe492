"""A file outside of the project is not what it was, or gone: an experiment shows that this is why."""

from __future__ import annotations

import json
from pathlib import Path

from stories.telling import Project

FLOW = """
    from twice import Pipeline

    def load():
        with open({file!r}) as rows:
            return [float(cell) for cell in rows.read().split(",")]

    def total(load):
        return sum(load)

    pipeline = Pipeline(steps=[load, total])
    """

STATUS_1 = """
import subprocess, sys
done = subprocess.run([sys.executable, "-m", "twice", *sys.argv[1:]], capture_output=True, text=True)
print(done.stdout)
sys.exit(done.returncode != 1 and (sys.stderr.write(done.stderr) or 9))
"""


def test_what_a_changed_file_did_is_proven_with_its_recorded_bytes(tmp_path: Path) -> None:
    data = tmp_path / "data" / "rows.csv"
    data.parent.mkdir()
    data.write_text("1,2,3")
    project = Project(tmp_path / "project")
    project.write(flow_py=FLOW.format(file=str(data)))
    project.python("-m", "twice", "run", "flow.py", "--version", "v1")

    for text, detail in (("9,2,3", "other content, 5 bytes"), (None, "5 bytes → not there")):
        if text is None:
            data.unlink()
        else:
            data.write_text(text)
        found = json.loads(project.python("-c", STATUS_1, "verify", "v1", "--json"))
        load, total = found["steps"]
        assert load["verdict"] == ("different" if text else "fails") and total["verdict"] == "identical"
        assert [(cause["factor"], cause["status"]) for cause in load["causes"]] == [("data", "proven")], load
        assert load["causes"][0]["detail"] == f"{data}: {detail}"
        assert f"not as it was read: {data}: {detail}" in found["not_checked"]
        assert data.exists() == (text is not None), "what is not ours is not touched"
    run = "from twice import Pipeline; Pipeline.load('v1').run()"
    assert "which is not here" in project.python("-c", run, fails=True), "to run it needs the recorded file"

    data.write_text("1,2,3")
    assert "✓ reproducible" in project.python("-m", "twice", "verify", "v1")
