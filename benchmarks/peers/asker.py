"""Asks one tool for a step's result, and says whether the step's code ran; runs in the tool's own environment.

Reads jobs as lines of JSON from standard input. Each is carried out in a fork that has the tool imported already, and
nothing of the program: as if a user had started Python again after an edit. It knows nothing of the cases, and nothing
of Twice but how to call it, like any other tool.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

Step = Callable[[], Any]
Asked = Callable[[Path, Step], tuple[Any, "bool | None"]]
"""Takes the folder of the program and its step; gives the result, and whether it ran if the tool itself says so."""


def the_code_of(step: Any) -> Any:
    """The code object that runs whenever a step runs."""
    while not hasattr(step, "__code__"):
        if isinstance(step, functools.partial):
            step = step.func
        elif hasattr(step, "__wrapped__"):  # a function behind functools.lru_cache
            step = step.__wrapped__
        elif hasattr(step, "__func__"):
            step = step.__func__
        else:
            step = type(step).__call__
    return step.__code__


def with_joblib() -> Asked:
    """``Memory(folder).cache(step)``, as on the first page of its documentation."""
    import numpy  # noqa: F401 - imported by joblib when it hashes
    from joblib import Memory

    return lambda folder, step: (Memory(folder / ".joblib", verbose=0).cache(step)(), None)


def with_hamilton() -> Asked:
    """A driver with ``with_cache``; the step is a node. Hamilton asks for annotations, so a step is given ``Any``."""
    from hamilton import ad_hoc_utils, driver

    def ask(folder: Path, step: Any) -> tuple[Any, bool | None]:
        names = [*inspect.signature(step).parameters, "return"]
        step.__annotations__ = dict.fromkeys(names, Any) | getattr(step, "__annotations__", {})
        nodes = ad_hoc_utils.create_temporary_module(step, module_name="nodes")
        built = driver.Builder().with_modules(nodes).with_cache(path=folder / ".hamilton").build()
        return built.execute([step.__name__])[step.__name__], None

    return ask


def with_redun() -> Asked:
    """``@task()`` around the step, a scheduler with a database beside the program."""
    from redun import Scheduler, task
    from redun.config import Config

    def ask(folder: Path, step: Step) -> tuple[Any, bool | None]:
        database = folder / ".redun.db"
        if not database.exists() and EMPTY.exists():  # making its tables takes longer than all the rest
            shutil.copyfile(EMPTY, database)
        scheduler = Scheduler(config=Config({"backend": {"db_uri": f"sqlite:///{database}"}}))
        scheduler.load(migrate=not database.exists())
        if not EMPTY.exists():
            shutil.copyfile(database, EMPTY)
        return scheduler.run(task(name="step", namespace="flow")(step)()), None

    return ask


def with_dvc() -> Asked:
    """A stage whose ``deps`` are everything that lay there when it was written: each file, and each folder whole."""
    os.environ["DVC_NO_ANALYTICS"] = "1"
    from dvc.repo import Repo

    stage = """\
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, ".")
open(".ran", "a").write("x")
import flow
open("out.txt", "w").write(repr(flow.step()))
"""

    def ask(folder: Path, _: Step) -> tuple[Any, bool | None]:
        os.environ["DVC_SITE_CACHE_DIR"] = str(folder / ".dvc-site")
        if not (folder / "dvc.yaml").exists():
            deps = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
            (folder / ".stage.py").write_text(stage)
            Repo.init(str(folder), no_scm=True).close()
            command = f"{sys.executable} .stage.py"
            stages = {"stages": {"step": {"cmd": command, "deps": deps, "outs": ["out.txt"]}}}
            (folder / "dvc.yaml").write_text(json.dumps(stages))
            (folder / ".dvcignore").write_text("__pycache__\n")
        log = folder / ".ran"
        before = log.stat().st_size if log.exists() else 0
        with Repo(str(folder)) as repo:
            repo.reproduce()
        return (folder / "out.txt").read_text(), log.stat().st_size > before

    return ask


def with_twice() -> Asked:
    """``Pipeline(steps=[step]).run()``."""
    from twice import Pipeline
    from twice.values.encode import encode

    encode({"warm": [1, 2.0, "up", (None,)]})

    def ask(folder: Path, step: Step) -> tuple[Any, bool | None]:
        run = Pipeline(steps=[step], name="flow", store=folder / ".twice").run()
        return run.output, run.record.steps[0].how == "ran"

    return ask


TOOLS = {
    "joblib": with_joblib,
    "Hamilton": with_hamilton,
    "redun": with_redun,
    "DVC": with_dvc,
    "Twice": with_twice,
}
SEES_ITSELF = ("DVC", "Twice")  # they run the step in another process, and say themselves whether they did


WARM = Path(tempfile.mkdtemp(prefix="edits-warm-"))
EMPTY = WARM / "empty.db"


def warm_up(ask: Asked, tool: str) -> None:
    """Import what the tool imports only when it is used, so that not every fork has to: the names come from a fork."""
    folder = WARM / "program"
    folder.mkdir()
    (folder / "flow.py").write_text("def step():\n    return 1\n")
    told = in_a_fork(ask, tool, {"folder": str(folder), "variables": {}, "loaded": True})
    for name in told.get("loaded", ()):
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    sys.modules.pop("flow", None)


def carry_out(ask: Asked, tool: str, job: dict[str, Any]) -> dict[str, Any]:
    folder = Path(job["folder"])
    os.chdir(folder)
    os.environ.update(job["variables"])
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(folder))
    signal.alarm(120)
    if tool == "DVC":
        output, ran = ask(folder, lambda: None)
        return {"output": output, "ran": ran}
    step = importlib.import_module("flow").step
    seen: list[int] = []
    if tool not in SEES_ITSELF:
        code = the_code_of(step)

        def watch(frame: Any, event: str, _: Any) -> None:
            if event == "call" and frame.f_code is code:
                seen.append(1)

        threading.setprofile(watch)
        sys.setprofile(watch)
    output, ran = ask(folder, step)
    sys.setprofile(None)
    return {"output": repr(output), "ran": bool(seen) if ran is None else ran}


def in_a_fork(ask: Asked, tool: str, job: dict[str, Any]) -> dict[str, Any]:
    """What came of a job, which leaves nothing in this process."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        try:
            told = carry_out(ask, tool, job)
        except BaseException as problem:
            where = traceback.format_exc()[-1500:]
            told = {"error": f"{type(problem).__name__}: {problem}"[:300], "traceback": where}
        if job.get("loaded"):
            told["loaded"] = [name for name in sys.modules if name not in ("flow", "__main__")]
        with os.fdopen(writing, "w") as file:
            json.dump(told, file)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        text = file.read()
    os.waitpid(child, 0)
    return dict(json.loads(text)) if text else {"error": "ended without a word"}


def serve(tool: str) -> None:
    ask = TOOLS[tool]()
    warm_up(ask, tool)
    for line in sys.stdin:
        print(json.dumps(in_a_fork(ask, tool, json.loads(line))), flush=True)
    shutil.rmtree(WARM, ignore_errors=True)


if __name__ == "__main__":
    serve(sys.argv[1])
