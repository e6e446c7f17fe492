"""Interpreters that a step starts anew for its work get the captured code, as the step itself did.

Pools of processes that are not forked (``spawn``, ``forkserver``, joblib's ``loky``) tell each new interpreter what to
make ready: by itself it would run the script and import local modules from where they lie, which may be edited, moved
or gone by now, and a pool whose processes cannot begin waits for ever. What it is told is pickled, so the first thing
in it is something that makes the captured code importable, and the captured script its ``__main__``, when unpickled.

Standard library only.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from twice.execute.captured import Captured

_OWN = Path(__file__).parents[1]
# Twice need not be installed where the step runs; then its modules are found by their place, as the worker found them.
_BEGIN = """\
import sys, importlib.util as util
if "twice" not in sys.modules:
    spec = util.spec_from_file_location("twice", {file!r}, submodule_search_locations=[{folder!r}])
    module = sys.modules["twice"] = util.module_from_spec(spec)
    spec.loader.exec_module(module)
from twice.execute.afresh import begin
begin({task!r}, foreign={foreign}, main={main})
"""
_MAIN = ("init_main_from_name", "init_main_from_path")

_replaced: list[ModuleType] = []
"""What was ``__main__`` before; its code is still at work."""


def controls(task: Path, *, foreign: bool) -> Mapping[str, Callable[[Any], None]]:
    """Modules that start interpreters → what has them bring the captured code along.

    Args:
        task: The task file of the step that runs here.
        foreign: Whether this is another environment than the one that asks.
    """

    def see_to(module: Any) -> None:
        told: Callable[..., dict[str, Any]] = module.get_preparation_data

        def get_preparation_data(*arguments: Any, **keywords: Any) -> dict[str, Any]:
            data = told(*arguments, **keywords)
            main = any(key in data for key in _MAIN)
            # First, so that all the rest is unpickled where the captured code is known.
            return {"twice": _Begin(task, foreign, main), **{key: data[key] for key in data if key not in _MAIN}}

        module.get_preparation_data = get_preparation_data

    return dict.fromkeys(("multiprocessing.spawn", "joblib.externals.loky.backend.spawn", "loky.backend.spawn"), see_to)


class _Begin:
    """Unpickled in a new interpreter, it makes the captured code ready there."""

    def __init__(self, task: Path, foreign: bool, main: bool) -> None:
        self._said = _BEGIN.format(
            file=str(_OWN / "__init__.py"), folder=str(_OWN), task=str(task), foreign=foreign, main=main
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (self._said, {})


def begin(task: str, *, foreign: bool, main: bool) -> None:
    """In a new interpreter: bring back the code of the step that started it.

    Args:
        task: Its task file.
        foreign: Whether the environment is another than the one that asked for the step.
        main: Whether all that the script would have made ready is wanted, and not only what is asked for by name.
    """
    if foreign:
        stand_in()
    path = Path(task)
    told: dict[str, Any] = json.loads(path.read_bytes())
    _replaced.append(sys.modules["__main__"])
    code = Captured(told, path.parent / f"files-{os.getpid()}").code
    arguments = sys.argv
    code.install()
    sys.argv = arguments
    sys.modules["__mp_main__"] = sys.modules["__main__"]
    # It may start others in its turn.
    for name, see_to in controls(path, foreign=foreign).items():
        if name in sys.modules:
            see_to(sys.modules[name])
    if main:
        with contextlib.suppress(Exception):  # what fails here fails again where it is used
            code.prepare(told["step"])


def stand_in() -> None:
    """Let local modules that make pipelines be imported also where what running one needs is not installed."""
    if any(importlib.util.find_spec(name) is None for name in ("blake3", "msgspec", "rich")):
        sys.modules["twice.pipeline"] = importlib.import_module("twice.execute.stand_in")
