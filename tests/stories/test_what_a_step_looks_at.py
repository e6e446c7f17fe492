"""Whatever a step looks at counts, in whichever way it looks: each is disturbed, and the step has to run again."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from stories.telling import Project

FLOW = """
    import json, mmap, os, shutil, subprocess, sys, time
    from pathlib import Path
    from twice import Pipeline

    HERE = Path(__file__).parent

    def entry_size(): return sum(entry.stat().st_size for entry in os.scandir("entries"))
    def entry_time(): return [entry.stat().st_mtime_ns for entry in os.scandir("times")]
    def file_time(): return os.path.getmtime("touched.txt")
    def link(): return os.readlink("link")
    def resolved(): return Path("way/data.txt").resolve().read_text()
    def attribute(): return os.getxattr("marked.txt", "user.colour").decode()
    def child_looks(): return subprocess.run(["sh", "-c", "test -f flag.txt && echo yes"], stdout=-1).stdout
    def child_measures(): return subprocess.run(["wc", "-c", "large.txt"], stdout=-1).stdout
    def child_dates(): return subprocess.run(["stat", "-c", "%Y", "dated.txt"], stdout=-1).stdout
    def child_lists(): return subprocess.run(["ls", "named"], stdout=-1).stdout
    def child_links(): return subprocess.run(["readlink", "link"], stdout=-1).stdout
    def child_reads_variable(): return subprocess.run(["sh", "-c", "echo $COLOUR"], stdout=-1).stdout
    def child_without(): return subprocess.run(["sh", "-c", "echo $COLOUR"], stdout=-1, env={"A": "1"}).stdout
    def copies(): return dict(os.environ).get("COLOUR")
    def copies_method(): return os.environ.copy().get("COLOUR")
    def raw(): return b"COLOUR=blue" in Path("/proc/self/environ").read_bytes()
    def new_variable(): return "SHAPE" in list(os.environ)
    def tool(): return subprocess.run(["./tool"], stdout=-1).stdout
    def access(): return os.access("allowed.txt", os.R_OK)
    def outside(): return Path(OUTSIDE + "/not-there.txt").exists()
    def outside_names(): return sorted(os.listdir(OUTSIDE))
    def mapped():
        with open("mapped.bin", "rb") as file:
            code = "import mmap, sys; print(mmap.mmap(int(sys.argv[1]), 0, access=1)[:])"
            number = str(file.fileno())
            return subprocess.run([sys.executable, "-c", code, number], pass_fds=[file.fileno()], stdout=-1).stdout
    def forked():
        back, forth = os.pipe()
        if os.fork() == 0:
            os.write(forth, os.environ.get("COLOUR", "").encode() + b".")
            os._exit(0)
        return os.read(back, 100).decode()
    def rewritten():
        text = Path("state.txt").read_text()
        Path("state.tmp").write_text(text + "+")
        os.replace("state.tmp", "state.txt")
        return text

    OUTSIDE = os.environ["OUTSIDE"]
    steps = [
        entry_size, entry_time, file_time, link, resolved, attribute, child_looks, child_measures, child_dates,
        child_lists, child_links, child_reads_variable, child_without, copies, copies_method, raw, new_variable, tool,
        access, outside, outside_names, mapped, forked, rewritten,
    ]
    run = Pipeline(steps=steps).run()
    print(json.dumps({step.step: [step.how, step.reason] for step in run.record.steps}))
"""

BY_VARIABLES = {"child_reads_variable", "copies", "copies_method", "raw", "new_variable", "forked"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "work"
    outside = tmp_path / "outside"
    for made in ("entries", "times", "named", "one", "two"):
        (folder / made).mkdir(parents=True)
    outside.mkdir()
    for name in ("touched", "marked", "large", "dated", "allowed", "state", "entries/a", "times/a", "one/data"):
        (folder / f"{name}.txt").write_text("one")
    (folder / "two/data.txt").write_text("two")
    (folder / "mapped.bin").write_bytes(b"one")
    (folder / "link").symlink_to("one")
    (folder / "way").symlink_to("one")
    os.setxattr(folder / "marked.txt", "user.colour", b"red")
    shutil.copyfile("/bin/echo", folder / "tool")
    (folder / "tool").chmod(0o755)
    project = Project(folder)
    project.write(flow_py=FLOW)
    return project


def test_every_way_to_look_at_something_counts(project: Project, tmp_path: Path) -> None:
    outside = str(tmp_path / "outside")

    def fared(COLOUR: str, **more: str) -> dict[str, list[str]]:  # noqa: N803
        variables: dict[str, Any] = {"OUTSIDE": outside, "COLOUR": COLOUR, **more}
        told: dict[str, list[str]] = json.loads(project.python("flow.py", **variables).splitlines()[-1])
        return told

    fared(COLOUR="red")
    told = fared(COLOUR="red", TERM="another")
    # What a step itself rewrote is another thing by now; all else is as it was.
    assert {name for name, (how, _) in told.items() if how != "reused"} == {"rewritten"}, told

    folder = project.folder
    (folder / "entries/a.txt").write_text("longer")
    for name in ("times/a", "touched", "dated"):
        os.utime(folder / f"{name}.txt", (1, 1))
    for name in ("link", "way"):
        (folder / name).unlink()
        (folder / name).symlink_to("two")
    os.setxattr(folder / "marked.txt", "user.colour", b"blue")
    (folder / "flag.txt").touch()
    (folder / "large.txt").write_text("larger than before")
    (folder / "named/new").touch()
    shutil.copyfile("/bin/true", folder / "tool")
    (folder / "allowed.txt").unlink()
    (tmp_path / "outside/not-there.txt").touch()
    (folder / "mapped.bin").write_bytes(b"two")
    (folder / "state.txt").write_text("other")
    told = fared(COLOUR="red")
    assert {name for name, (how, _) in told.items() if how != "ran"} == BY_VARIABLES | {"child_without"}, told

    told = fared(COLOUR="blue")
    assert BY_VARIABLES - {"new_variable"} <= {name for name, (how, _) in told.items() if how == "ran"}, told
    assert told["child_without"][0] == "reused"
    told = fared(COLOUR="blue", SHAPE="round")
    assert told["new_variable"][0] == "ran"
