"""From ``flow.py:pipeline`` or ``package.module:pipeline`` to the pipeline that it means.

A file is executed as ``python flow.py`` would, with two exceptions: what stands under ``if __name__ == "__main__":``
is left out, and whoever calls ``run()`` of a pipeline is stopped there, for that call says which pipeline is meant.
Only if neither finds one, the guarded part is executed as well. So nothing is executed twice, and nothing behind the
call of ``run()`` is executed at all.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import difflib
import importlib
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from twice.cli.report import TargetFailed
from twice.errors import DefinitionError, NotFound, TwiceError
from twice.pipeline import FOUND, Params, Pipeline
from twice.source.importer import as_deep_as_a_program
from twice.source.toplevel import is_guard


@dataclass(frozen=True)
class Target:
    """A pipeline that was found.

    Attributes:
        pipeline: The pipeline.
        params: The parameters of the ``run()`` that said which pipeline is meant.
    """

    pipeline: Pipeline
    params: Params | None = None


class _Met(BaseException):
    """A ``run()`` was met. Not an Exception, so that ``except Exception`` in a script does not catch it."""


def find(text: str) -> Target:
    """The pipeline that a target means. Its file is executed as ``__main__`` and stays it.

    Args:
        text: ``flow.py``, ``flow.py:pipeline``, ``package.module`` or ``package.module:pipeline``; the name behind the
            colon may also be that of a function without parameters that returns a pipeline.

    Raises:
        NotFound: There is no such file or module, or nothing of that name in it.
        DefinitionError: It holds no pipeline, or several and none was named.
        TargetFailed: It raised while it was executed.
    """
    place, name = _split(text)
    met: list[Target] = []

    def stop(pipeline: Pipeline, params: Params | None) -> None:
        met.append(Target(pipeline, params))
        raise _Met

    token = FOUND.set(stop)
    try:
        if _is_path(place):
            file = _existing(place)
            module, guarded = _execute_file(file, met)
        else:
            module, guarded, file = _import(place), None, None
        return _choose(module, name, met, guarded, place)
    finally:
        FOUND.reset(token)


def _split(text: str) -> tuple[str, str]:
    place, colon, name = text.rpartition(":")
    return (place, name) if colon and place else (text, "")


def _is_path(place: str) -> bool:
    is_name = all(part.isidentifier() for part in place.split("."))
    return place.endswith(".py") or Path(place).is_file() or (not is_name and (os.sep in place or Path(place).exists()))


def _existing(place: str) -> Path:
    file = Path(place)
    if file.is_file():
        return file
    if file.is_dir():
        raise NotFound(f"{place} is a folder.", hint=f"name a file in it, such as {Path(place, 'flow.py')}")
    folder = file.parent
    there = sorted(found.name for found in folder.glob("*.py")) if folder.is_dir() else []
    if not folder.is_dir():
        raise NotFound(f"there is no file {place}: the folder {folder} does not exist.")
    near = difflib.get_close_matches(file.name, there, n=1)
    hint = f"did you mean {folder / near[0]}?" if near else f"there is {', '.join(there)}" if there else ""
    raise NotFound(f"there is no file {place}.", hint=hint)


def _execute_file(file: Path, met: list[Target]) -> tuple[ModuleType, Callable[[], None]]:
    """Execute a file as ``__main__`` without its guarded part; returns what would execute that."""
    whole = file.absolute()
    try:
        tree = ast.parse(whole.read_bytes(), str(whole))
    except (SyntaxError, ValueError) as problem:
        words = "".join(traceback.format_exception_only(problem)).rstrip()
        raise TargetFailed(f"{file} cannot be read as Python.", words) from None
    guards = [statement for statement in tree.body if is_guard(statement)]
    rest = ast.Module([statement for statement in tree.body if not is_guard(statement)], [])
    flags = _future_flags(tree)
    module = ModuleType("__main__")
    module.__dict__.update(
        __file__=str(whole),
        __builtins__=builtins,
        __loader__=SourceFileLoader("__main__", str(whole)),
        __spec__=None,
        __package__=None,
        __cached__=None,
    )
    sys.modules["__main__"] = module
    sys.argv = [str(file)]
    if not sys.flags.safe_path:
        sys.path[0] = str(whole.resolve().parent)

    def execute(body: ast.Module) -> None:
        code: CodeType = compile(body, str(whole), "exec", flags=flags, dont_inherit=True)
        with _users_code(str(file), met):
            exec(code, module.__dict__)

    execute(rest)
    return module, lambda: execute(ast.Module(guards, []))


def _future_flags(tree: ast.Module) -> int:
    """The compiler flags of a file's ``from __future__`` imports, which its guarded part needs as well."""
    import __future__

    names = [
        alias.name
        for statement in tree.body
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
        for alias in statement.names
    ]
    flags = 0
    for name in names:
        feature = getattr(__future__, name, None)
        flags |= feature.compiler_flag if feature is not None else 0
    return flags


def _import(name: str) -> ModuleType:
    if not all(part.isidentifier() for part in name.split(".")):
        raise NotFound(
            f"there is no file {name}, and it cannot be the name of a module.",
            hint="twice run flow.py, twice run flow.py:pipeline, or twice run package.module:pipeline",
        )
    folder = str(Path.cwd())
    if not sys.flags.safe_path:
        sys.path[0] = folder  # as python -m does
    try:
        with _users_code(name, []):
            return importlib.import_module(name)
    except TargetFailed as problem:
        cause = problem.__cause__
        parents = [".".join(name.split(".")[: index + 1]) for index in range(name.count(".") + 1)]
        if isinstance(cause, ModuleNotFoundError) and cause.name in parents:
            hint = f"did you mean {name}.py?" if Path(f"{name}.py").exists() else f"it is looked for from {folder}"
            raise NotFound(f"there is no module {cause.name}.", hint=hint) from None
        raise


@contextlib.contextmanager
def _users_code(place: str, met: list[Target]) -> Iterator[None]:
    """Around code of the user's: what it raises is told with its own lines, not ours."""
    as_deep_as_a_program()
    try:
        yield
    except _Met:
        return
    except (SystemExit, Exception) as problem:
        if met:
            return  # the script made something else of being stopped
        if isinstance(problem, TwiceError):
            raise  # a pipeline that cannot be made says so itself
        if isinstance(problem, SystemExit):
            raise DefinitionError(
                f"{place} ended itself (sys.exit) before a pipeline was found.",
                hint="make the pipeline at the top level of the file, or name a function that returns it: flow.py:make",
            ) from None
        summary = traceback.format_exception_only(problem)[-1].strip()
        raise TargetFailed(f"{place} could not be executed: {summary}", _traceback(problem)) from problem


def _traceback(problem: BaseException) -> str:
    """The user's part of a traceback: without the frames of this file and of the import system."""
    frames = problem.__traceback__
    while frames is not None and _is_ours(frames.tb_frame.f_code.co_filename):
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(problem), problem, frames)).rstrip()


def _is_ours(file: str) -> bool:
    return file == __file__ or file.startswith("<frozen importlib") or Path(file).parent.name == "importlib"


def _choose(module: ModuleType, name: str, met: list[Target], guarded: Callable[[], None] | None, place: str) -> Target:
    if name:
        return _named(module, name, met, guarded, place)
    if met:
        return met[0]
    found = _pipelines(module)
    if not found and guarded is not None:
        guarded()
        if met:
            return met[0]
        found = _pipelines(module)
    if len(found) == 1:
        return Target(next(iter(found.values())))
    if found:
        raise DefinitionError(
            f"{place} makes several pipelines: {', '.join(found)}.", hint=f"say which: {place}:{next(iter(found))}"
        )
    raise DefinitionError(
        f"there is no pipeline in {place}.",
        hint="make one at its top level: pipeline = Pipeline(steps=[...]); or name a function that returns one: "
        f"{place}:make",
    )


def _named(module: ModuleType, name: str, met: list[Target], guarded: Callable[[], None] | None, place: str) -> Target:
    if not met and not hasattr(module, name.partition(".")[0]) and guarded is not None:
        guarded()
    value: Any = module
    for part in name.split("."):
        value = getattr(value, part, None)
    if value is None:
        raise _nothing_named(module, name, met, place)
    if not isinstance(value, Pipeline) and callable(value):
        before = len(met)
        with _users_code(f"{place}:{name}()", met):
            value = value()
        if met[before:]:  # it ran its pipeline instead of returning it
            return met[before]
    if not isinstance(value, Pipeline):
        raise DefinitionError(
            f"{place}:{name} is no pipeline, but a value of type {type(value).__name__}.",
            hint="name a pipeline, or a function without parameters that returns one",
        )
    return next((target for target in met if target.pipeline is value), Target(value))


def _nothing_named(module: ModuleType, name: str, met: list[Target], place: str) -> NotFound:
    if met:
        return NotFound(
            f"{place} runs the pipeline {met[0].pipeline.name!r} before it makes anything named {name!r}.",
            hint='put that run() under `if __name__ == "__main__":`',
        )
    pipelines = _pipelines(module)
    makers = [key for key, held in vars(module).items() if getattr(held, "__module__", "") == module.__name__]
    near = difflib.get_close_matches(name, [*pipelines, *makers], n=1)
    there = f"its pipelines are {', '.join(pipelines)}" if pipelines else "it has no pipeline"
    return NotFound(
        f"there is nothing named {name!r} in {place}.", hint=f"did you mean {place}:{near[0]}?" if near else there
    )


def _pipelines(module: ModuleType) -> dict[str, Pipeline]:
    """Global names → pipelines; one that has several names is there once."""
    found: dict[str, Pipeline] = {}
    for name, value in vars(module).items():
        if isinstance(value, Pipeline) and all(value is not other for other in found.values()):
            found[name] = value
    return found
