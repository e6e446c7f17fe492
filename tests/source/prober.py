"""Runs in a process of its own: carries out or captures small programs, each in a fork that has imported none of them.

Reads JSON jobs from standard input, one a line, and answers each with a line of JSON.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import sys
import traceback
import types
from pathlib import Path
from typing import Any

from twice.actions.prepare import Installed
from twice.source.snapshot import capture
from twice.values.encode import encode

encode({"warm": [1, 2.0, "up", (None,)]})  # load what every fork needs


def enter(job: dict[str, Any]) -> Path:
    """Go where a program lies, in a function that is over by the time that it is captured: it is no program's own."""
    folder = Path(job["folder"])
    os.chdir(folder)
    os.environ.update(job["variables"])
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True
    return folder


def look(job: dict[str, Any]) -> dict[str, Any]:
    folder = enter(job)
    if job["main"]:
        file = str(folder / job["main"])
        module = types.ModuleType("__main__")
        module.__file__ = file
        sys.modules["__main__"] = module
        exec(compile(Path(file).read_bytes(), file, "exec", dont_inherit=True), module.__dict__)
    else:
        module = importlib.import_module(job["module"])
    if job["answer"]:
        return {"answer": vars(module)[job["answer"]]}
    steps = {name: getattr(module, name) for name in job["steps"]}
    result: dict[str, Any] = {}
    if job["capture"]:
        found = capture(steps, project=folder, cwd=folder, search=sys.path, distributions=Installed())
        result["semantic"] = {name: code.semantic for name, code in found.steps.items()}
        result["textual"] = {name: code.textual for name, code in found.steps.items()}
        result["reaches"] = {name: list(code.reaches) for name, code in found.steps.items()}
        result["notes"] = {node.id: node.note for node in found.nodes.values() if node.note}
        result["files"] = sorted(file.name for file in found.files)
    if job["replay"]:
        from twice import Pipeline

        run = Pipeline(steps=list(steps.values()), name="probed", store=folder / "store").run()
        result["replayed"] = {name: repr(run[name]) for name in run}
    if job["run"]:
        result["output"] = {}
        for name, step in steps.items():
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                value = step()
            result["output"][name] = repr(value) + printed.getvalue()
    return result


def answer(job: dict[str, Any]) -> dict[str, Any]:
    try:
        return look(job)
    except BaseException as problem:
        return {"error": f"{type(problem).__name__}: {problem}", "traceback": traceback.format_exc()}


def serve() -> None:
    for line in sys.stdin:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a program prints is no answer
            with os.fdopen(writing, "w") as file:
                json.dump(answer(json.loads(line)), file)
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as file:
            told = file.read()
        os.waitpid(child, 0)
        print(told, flush=True)


if __name__ == "__main__":
    serve()
