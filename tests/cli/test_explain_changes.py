"""``twice explain`` shows what changed, whatever it is: each step here has a change of its own kind."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from typing import Any

import pytest

from stories.telling import Project

FLOW = """
    import os, sys
    from pathlib import Path
    import helpers, pack, handmade
    from twice import Pipeline

    class Model:
        def score(self, x):
            return x + 1

    NAMES = [1, 2]
    NAMES.append(len(sys.argv))

    def helper():
        return helpers.mean([1, 2, 3])

    def constant():
        return helpers.LIMITS["low"]

    def variable_of_the_script():
        return NAMES

    def parameter(depth=2):
        return depth

    def received(parameter):
        return parameter + 1

    def makes():
        return Model()

    def takes(makes):
        return makes.score(1)

    def text():
        return len(Path("notes.txt").read_text())

    def table():
        return Path("d.csv").read_text()[:3]

    def declared():
        return Path("declared.txt").read_text()

    def binary():
        return len(Path("b.bin").read_bytes())

    def folder():
        return len(os.listdir("extra"))

    def appears():
        return os.path.exists("flag.txt")

    def environment():
        return os.environ.get("MODE", "")

    def package():
        return pack.f()

    def by_hand():
        return handmade.f()

    def arguments():
        return sys.argv[1:]

    def nothing_else():
        return open("/proc/self/comm").read() and os.environ.get("HOME") and 1

    import twice
    declared = twice.step(declared, inputs=["declared.txt"])
    steps = [helper, constant, variable_of_the_script, parameter, received, makes, takes, text, table, declared, binary,
             folder, appears, environment, package, by_hand, arguments, nothing_else]
    pipeline = Pipeline(steps=steps, name="all")
    if __name__ == "__main__":
        run = pipeline.run()
        print(run.explain("text"))
"""
HELPERS = "LIMITS = {'low': 0}\n\ndef mean(x):\n    return sum(x) / len(x)\n"
PACKAGE = "def f():\n    return 1\n"
DIST = "Metadata-Version: 2.1\nName: {}\nVersion: {}\n"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The second run's explanation, step by step, after everything was changed at once."""
    folder = tmp_path_factory.mktemp("explained")
    project = Project(folder)
    project.write(flow_py=FLOW, helpers_py=HELPERS, d_csv="a,b\n1,2\n3,4\n")
    site = folder / "site-packages"
    (folder / "extra").mkdir()
    for name, text in {"notes.txt": "one\ntwo\n", "declared.txt": "x\n", "extra/a.txt": "", "extra/b.txt": ""}.items():
        (folder / name).write_text(text)
    (folder / "b.bin").write_bytes(b"\0\1\2" * 10)
    path = os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])
    for name in ("pack", "handmade"):
        info = site / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (site / f"{name}.py").write_text(PACKAGE)
        (info / "METADATA").write_text(DIST.format(name, "1.0"))
        digest = base64.urlsafe_b64encode(hashlib.sha256(PACKAGE.encode()).digest()).rstrip(b"=").decode()
        (info / "RECORD").write_text(f"{name}.py,sha256={digest},{len(PACKAGE)}\n{info.name}/METADATA,,\n")
    project.python("flow.py", "one", PYTHONPATH=path)

    project.edit("helpers.py", "/ len(x)", "/ (len(x) + 1)")
    project.edit("helpers.py", "'low': 0", "'low': 1")
    project.edit("flow.py", "depth=2", "depth=3")
    project.edit("flow.py", "return x + 1", "return x + 2")
    (folder / "notes.txt").write_text("one\nthree\n")
    (folder / "declared.txt").write_text("y\n")
    (folder / "d.csv").write_text("a,b,c\n1,2,3\n3,4,5\n5,6,7\n")
    (folder / "b.bin").write_bytes(b"\0\1\3" * 11)
    (folder / "extra" / "c.txt").touch()
    (folder / "extra" / "a.txt").unlink()
    (folder / "flag.txt").touch()
    (site / "pack-1.0.dist-info" / "METADATA").write_text(DIST.format("pack", "1.1"))
    (site / "handmade.py").write_text("def f():\n    return 22\n")
    shown = project.python("flow.py", "one", "two", PYTHONPATH=path, MODE="long")
    data = json.loads(project.python("-m", "twice", "explain", "--json", PYTHONPATH=path))
    return {**{step["step"]: step for step in data["steps"]}, "shown": shown}


CHANGES = {
    "helper": ("code", "helpers:mean", "", "+    return sum(x) / (len(x) + 1)"),
    "constant": ("code", "helpers:LIMITS", "", "+LIMITS = {'low': 1}"),
    "variable_of_the_script": ("code", "__main__:NAMES", "[1, 2, 2] → [1, 2, 3]", ""),
    "takes": ("code", "__main__:Model", "", "+        return x + 2"),
    "arguments": ("code", "the program's arguments", "['flow.py', 'one'] → ['flow.py', 'one', 'two']", ""),
    "parameter": ("parameter", "parameter.depth", "2 → 3", ""),
    "received": ("input", "input parameter", "2 → 3", ""),
    "text": ("file", "notes.txt", "8 B", "-two\n+three"),
    "table": ("file", "d.csv", "columns + c; 2 → 3 rows", "+a,b,c"),
    "declared": ("file", "declared.txt", "2 B", "-x\n+y"),
    "binary": ("file", "b.bin", "33 B", ""),
    "folder": ("folder", "extra/", "+ c.txt, - a.txt", ""),
    "appears": ("file", "flag.txt", " → there", ""),
    "environment": ("variable", "MODE", "not set → a value", ""),
    "package": ("distribution", "pack", "1.0 → 1.1", ""),
    "by_hand": ("distribution", "handmade", "1.0 → 1.0 (edited by hand: handmade.py)", ""),
}


@pytest.mark.parametrize("step", CHANGES)
def test_a_change_is_shown_as_what_it_is(told: dict[str, Any], step: str) -> None:
    what, name, said, patch = CHANGES[step]
    found = [change for change in told[step]["changes"] if change["what"] == what]
    assert [change["name"] for change in found] == [name]
    assert said in f"{found[0]['before']} → {found[0]['after']} {found[0]['detail']}"
    assert patch in found[0]["patch"]
    others = {change["what"] for change in told[step]["changes"]} - {what}
    assert others <= {"code"} if step == "parameter" else not others


def test_the_reason_names_things_as_people_do_and_the_output_is_told(told: dict[str, Any]) -> None:
    assert told["declared"]["reason"] == "declared.txt has changed"
    assert told["takes"]["reason"] == "the code of Model, which an input holds, has changed"
    assert "the package handmade has changed" in told["by_hand"]["reason"]
    assert (told["helper"]["output"], told["makes"]["output"]) == ("2.0 → 1.5", "the same")
    assert told["nothing_else"]["how"] == "reused"
    assert told["nothing_else"]["checked"] == ["1 variable"]


def test_a_run_explains_itself_in_the_same_words(told: dict[str, Any]) -> None:
    assert told["shown"].startswith("text: ran: notes.txt has changed\n  against run ")
    assert "\n    -two\n    +three\n" in told["shown"]
