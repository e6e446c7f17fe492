"""Where the kernel hands nothing over, steps are watched less well, and the record says so."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from stories.telling import Project

FLOW = """
    import ctypes, json, os, subprocess
    from pathlib import Path
    from twice import Pipeline
    from twice.records.trace import Trace

    def native():
        return ctypes.CDLL(None).open(b"native.txt", os.O_RDONLY) > 0
    def child():
        return subprocess.run(["cat", "child.txt"], stdout=-1).stdout
    def python():
        text = Path("python.txt").read_text()
        Path("python.txt").write_text(text)
        return text
    def looks():
        return subprocess.run(["sh", "-c", "test -f gone.txt"]).returncode

    pipeline = Pipeline(steps=[native, child, python, looks])
    told = {}
    for step in pipeline.run().record.steps:
        seen = pipeline.project.store.load(step.trace, Trace).watched
        files = sorted(f"{file.what} {file.path}" for file in seen.files if file.path.endswith(".txt"))
        told[step.step] = [step.how, seen.watcher, files, list(seen.unstable)]
    print(json.dumps(told))
"""
SEEN = {
    "native": ["file native.txt"],
    "child": ["file child.txt"],
    "python": ["file python.txt"],
    "looks": ["missing gone.txt"],
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path / "work")
    project.write(flow_py=FLOW)
    for name in ("native", "child", "python"):
        (project.folder / f"{name}.txt").write_text(name)
    return project


def told(project: Project, watcher: str) -> Any:
    answer: Any = json.loads(project.python("flow.py", TWICE_WATCHER=watcher).splitlines()[-1])
    return answer


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_strace_sees_what_native_code_and_children_open(project: Project) -> None:
    first = told(project, "strace")
    assert {step: found[1:] for step, found in first.items()} == {
        step: ["audit and strace", files, []] for step, files in SEEN.items()
    }
    assert {found[0] for found in told(project, "strace").values()} == {"reused"}
    (project.folder / "native.txt").write_text("other")
    (project.folder / "gone.txt").touch()
    again = {step: found[0] for step, found in told(project, "strace").items()}
    assert again == {"native": "ran", "child": "reused", "python": "reused", "looks": "ran"}


def test_the_interpreters_own_watcher_sees_less_and_every_view_says_so(project: Project) -> None:
    first = told(project, "audit")
    assert {found[1] for found in first.values()} == {"audit"}
    assert [found[2] for found in first.values()] == [[], [], ["file python.txt"], []]
    shown = project.python("-m", "twice", "show", "latest", "native")
    assert "Arrow" in shown
    assert "child processes" in shown


def test_a_watcher_that_is_asked_for_by_a_name_that_does_not_exist_is_refused(project: Project) -> None:
    assert "TWICE_WATCHER is one of seccomp, strace, audit" in project.python("flow.py", fails=True, TWICE_WATCHER="x")


def test_a_watcher_that_is_asked_for_and_does_not_work_here_is_said_to(project: Project) -> None:
    empty = project.folder / "empty"
    empty.mkdir()
    told = project.python("flow.py", fails=True, TWICE_WATCHER="strace", PATH=str(empty))
    assert "ControlUnusable: step 'native': TWICE_WATCHER asks for strace, which does not work here." in told
    assert "hint: leave it unset" in told
    assert "RuntimeError" not in told


WORLD = """
    import json, os, socket, subprocess, sys
    from twice import Pipeline

    def looks_around(port=0):
        with socket.create_connection(("127.0.0.1", port)):
            pass
        subprocess.run(["/bin/sh", "-c", "exit 0"], check=True)
        return sorted(os.listdir("folder"))

    pipeline = Pipeline(steps=[looks_around], name="world")
    if __name__ == "__main__":
        with socket.create_server(("127.0.0.1", 0)) as server:
            params = {"port": server.getsockname()[1]}
            runs = [pipeline.run(params), pipeline.run(params)]
        seen = runs[0].trace("looks_around").watched
        print(json.dumps([
            seen.watcher, [file.path for file in seen.files if file.what == "listing"],
            [path.rpartition("/")[2] for path in seen.executed], list(seen.connected), params["port"],
            runs[1].record.steps[0].how,
        ]))
"""


@pytest.mark.parametrize("watcher", ["seccomp", "strace", "audit"])
def test_listings_programs_and_connections_are_recorded_shown_and_explained_by_every_watcher(
    tmp_path: Path, watcher: str
) -> None:
    if watcher == "strace" and shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    project = Project(tmp_path)
    project.write(flow_py=WORLD, folder__a_txt="x")
    name, listed, executed, connected, port, how = told(project, watcher)
    assert (name, how) == ("audit" if watcher == "audit" else f"audit and {watcher}", "reused")
    assert "folder" in listed
    assert {"sh", "dash", "bash"} & set(executed)
    assert f"127.0.0.1:{port}" in connected
    shown = " ".join(project.python("-m", "twice", "show", "latest", "looks_around").split())
    assert "Folders that it listed folder" in shown
    assert f"Addresses that it connected to 127.0.0.1:{port}" in shown
    assert "Programs that it started /" in shown
    explained = " ".join(project.python("-m", "twice", "explain", "latest", "looks_around").split())
    assert f"127.0.0.1:{port} would answer the same (not checked)" in explained
    assert "the names in folder are the same" in explained
    assert "it belongs to the system (not checked)" in explained
