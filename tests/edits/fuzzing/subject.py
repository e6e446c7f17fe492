"""One program, looked at in this process: its key, what it gives, and what its snapshot gives when its tree is gone."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import importlib
import importlib.machinery
import io
import json
import linecache
import os
import re
import resource
import shutil
import signal
import sys
import traceback
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twice.actions.prepare import Installed
from twice.errors import TwiceError
from twice.records.code import COMPUTED_IMPORT
from twice.records.digest import Digest
from twice.source.importer import Module
from twice.source.loader import Code
from twice.source.memory import Memory
from twice.source.pieces import Known
from twice.source.snapshot import Capture, capture
from twice.values.decode import decode
from twice.values.encode import encode

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
_LOADER = re.compile(r"<[\w.]+\.(SourceFileLoader|SnapshotImporter) object>")
"""What a module was loaded by is another thing in a worker, and says so where somebody prints it."""

SECONDS = 1.0
"""Processor time that one program may take."""


TOUCHED = (
    *("abc", "asyncio", "builtins", "collections", "contextlib", "dataclasses", "enum", "functools", "importlib"),
    *("inspect", "itertools", "math", "operator", "pathlib", "sys", "types", "typing"),
)
"""Modules that programs import, and so may change; each program gets them as they were."""


@dataclass(frozen=True)
class Looked:
    """What was seen of a program.

    Attributes:
        key: What its key is made of: the meaning of its code, and the files that it was seen to read. Empty if the
            capture refused it.
        output: What its step gave, or the kind of error that it raised.
        fails: Why there is nothing to compare: it cannot be imported, takes too long, or was refused.
        replayed: What its snapshot gave, if that was asked for.
        notes: What the capture noted.
    """

    key: str = ""
    output: str = ""
    fails: str = ""
    replayed: str | None = None
    notes: tuple[str, ...] = ()


class TooLong(BaseException):
    """A program does not come to its end."""


class Kept(Memory):
    """What is known of sources, kept in this process: an edit changes one of several files."""

    def __init__(self) -> None:
        super().__init__()
        self._held: dict[Digest, Known] = {}

    def known(self, digest: Digest) -> Known | None:
        return self._held.get(digest)

    def keep(self, sources: Mapping[Digest, Known], learned: Iterable[Digest]) -> None:
        del learned
        self._held.update(sources)


_kept = Kept()
_lying: dict[str, str] = {}
_out_of_sight: list[types.ModuleType] = []
_own: set[str] = set()
_compiled: dict[tuple[bytes, str], types.CodeType] = {}
_untouched: dict[types.ModuleType, dict[str, Any]] = {}
_opened: set[str] = set()
_watched: list[str] = []


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and _watched and isinstance(arguments[0], str):
        # Programs run in their folder, and may name a file from there; they may also have changed what Path does.
        file = os.path.join(_watched[0], arguments[0])  # noqa: PTH118
        if file.startswith(_watched[0]):
            _opened.add(file)


def prepare(folder: Path) -> None:
    """Make this process ready to look at programs in a folder; once, before the first."""
    sys.dont_write_bytecode = True
    sys.addaudithook(_hear)
    installed.owner("blake3")
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    signal.signal(signal.SIGVTALRM, _stop)
    _out_of_sight[:] = [sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "edits"]
    sys.modules["__main__"] = types.ModuleType("__main__")  # what tries a program is no part of it
    encode({"warm": [1, 2.0, "up", (None,)]})
    importlib.machinery.SourceFileLoader.source_to_code = _code  # type: ignore[method-assign, assignment]
    for name in TOUCHED:
        module = importlib.import_module(name)
        _untouched[module] = dict(vars(module))
    folder.mkdir(parents=True, exist_ok=True)
    gc.collect()
    gc.freeze()


installed = Installed()


def _stop(*_: object) -> None:
    raise TooLong


def _code(loader: object, data: Any, path: Any, *, _optimize: int = -1) -> types.CodeType:
    """Compile a module once, however often it is imported."""
    del loader, _optimize
    key = (bytes(data), str(path))
    if key not in _compiled:
        _compiled[key] = compile(data, path, "exec", dont_inherit=True)
    return _compiled[key]


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def look(
    files: Mapping[str, str], folder: Path, *, script: bool, replay: bool = False, only_run: bool = False
) -> Looked:
    """Write a program down, import it, capture its step, and call it.

    Args:
        files: The program.
        folder: Where; what lies there is brought to this state.
        script: ``flow.py`` is run as a script.
        only_run: Do not capture it.
        replay: Then delete the tree, and call the step again from what was captured.
    """
    _write(files, folder)
    _forget()
    before = set(sys.modules)
    _opened.clear()
    _watched[:] = [str(folder)]
    os.chdir(folder)
    main_before = sys.modules.get("__main__")
    sys.path.insert(0, str(folder))
    printed = io.StringIO()
    captured: Capture | None = None
    stored: list[tuple[bytes, list[Any], bytes, list[Any], bool]] = []
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()), _limited():
            try:
                main = _import(folder, script)
                step = main.step
            except Exception as problem:
                return Looked(fails=f"import: {type(problem).__name__}")
            if only_run:
                return Looked(output=_called(step, printed))
            try:
                captured = capture(
                    {"step": step}, project=folder, cwd=folder, search=sys.path, distributions=installed, memory=_kept
                )
                stored = _stored(captured) if replay else []
            except TwiceError as problem:
                return Looked(fails=f"refused: {problem.message}")
            except Exception as problem:
                at = traceback.extract_tb(problem.__traceback__)[-1]
                return Looked(fails=f"crash: {type(problem).__name__}: {problem} ({at.name}, {at.line})")
            printed.truncate(0)
            known = set(sys.modules)
            _opened.difference_update([name for name in _opened if name.endswith((".py", ".pyc"))])
            output = _called(step, printed)
            files_seen = _seen(captured) | _came_in(captured, known)
            key = _key(captured, files_seen)
    except TooLong:
        return Looked(fails="too long")
    except MemoryError:
        return Looked(fails="memory")
    finally:
        sys.path.remove(str(folder))
        _forget()
        for name in set(sys.modules) - before:
            if name in _own:
                del sys.modules[name]
        _watched.clear()
        if main_before is not None:
            sys.modules["__main__"] = main_before
    notes = tuple(
        f"{node.id}: {node.note}" for node in captured.nodes.values() if node.note or node.id.endswith("(whole)")
    )
    replayed = _replayed(captured, stored, folder, files_seen) if replay else None
    return Looked(key, output, replayed=replayed, notes=notes)


def _import(folder: Path, script: bool) -> types.ModuleType:
    if not script:
        return importlib.import_module("flow")
    file = str(folder / "flow.py")
    module = types.ModuleType("__main__")
    module.__file__ = file
    sys.modules["__main__"] = module
    exec(compile(Path(file).read_bytes(), file, "exec", dont_inherit=True), module.__dict__)
    return module


def _called(step: Any, printed: io.StringIO) -> str:
    try:
        return _LOADER.sub("<loader>", _ADDRESS.sub("", f"{step()!r} {printed.getvalue()}"))
    except (TooLong, MemoryError):
        raise
    except BaseException as problem:
        return f"raises {type(problem).__name__}"


def _seen(captured: Capture) -> set[str]:
    """Files that were opened, other than those whose code comes from the snapshot."""
    from_snapshot = {
        f"{captured.roots.folders[f.root]}/{f.path}" for f in captured.files if f.root in captured.roots.folders
    }
    return _opened - from_snapshot


def _came_in(captured: Capture, before: set[str]) -> set[str]:
    """Files of modules that came in otherwise than foreseen; a worker counts them like files that were read."""
    anything = any(COMPUTED_IMPORT in node.note for node in captured.nodes.values())
    foreseen = {file.name for file in captured.files}
    found = [name for name in _own & set(sys.modules) if anything or (name not in before and name not in foreseen)]
    return {str(vars(sys.modules[name]).get("__file__") or "") for name in found}


def _key(captured: Capture, files: set[str]) -> str:
    seen = [str(captured.steps["step"].semantic)]
    for file in sorted(filter(None, files)):
        with contextlib.suppress(OSError):
            seen.append(f"{file} {hashlib.sha256(Path(file).read_bytes()).hexdigest()}")
    return "\n".join(seen)


def _write(files: Mapping[str, str], folder: Path) -> None:
    """Bring a folder to a state; the first time in a process, from nothing."""
    if not _lying:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    for name in set(_lying) - set(files):
        (folder / name).unlink(missing_ok=True)
        del _lying[name]
    for name, text in files.items():
        if _lying.get(name) != text:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            _lying[name] = text
            if name.endswith(".py"):
                module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
                _own.update((module, module.partition(".")[0]))


_MODULES = sys.modules


def _forget() -> None:
    sys.modules = _MODULES  # a program may have put something else there
    for name in _own:
        sys.modules.pop(name, None)
    for module, names in _untouched.items():  # a program may have changed what all others need
        held = vars(module)
        if held != names:  # of ``builtins``, too, without which nothing here could be called
            held.update(names)
            for name in [name for name in held if name not in names]:
                del held[name]
    for path in [path for path in sys.path_importer_cache if _watched and path.startswith(_watched[0])]:
        del sys.path_importer_cache[path]
    importlib.invalidate_caches()
    linecache.clearcache()
    gc.collect(0)


# -- the way back


def _stored(captured: Capture) -> list[tuple[bytes, list[Any], bytes, list[Any], bool]]:
    found = []
    for value in captured.state.values:
        encoded = encode(value, describe="a captured value", hook=captured.reach.values.hook)
        buffers, aside = ([bytes(part) for part in parts] for parts in (encoded.buffers, encoded.aside_buffers))  # type: ignore[arg-type]
        found.append((bytes(encoded.skeleton), buffers, bytes(encoded.aside), aside, encoded.executes))
    return found


def _replayed(
    captured: Capture, stored: list[tuple[bytes, list[Any], bytes, list[Any], bool]], folder: Path, kept: set[str]
) -> str:
    """What the step gives from its snapshot alone, and from the files that it was seen to read."""
    for name in list(_lying):
        if str(folder / name) not in kept and "open(__file__)" not in _lying[name]:
            (folder / name).unlink()
            del _lying[name]
    roots = {name: str(place) for name, place in captured.roots.folders.items()}
    modules = [
        Module(file.name, f"{roots.get(file.root, str(folder))}/{file.path}", file.data, file.package, file.namespace)
        for file in captured.files
    ]
    outline = json.loads(json.dumps(captured.state.outline))

    def bring_back(number: int) -> object:
        skeleton, buffers, aside, aside_buffers, executes = stored[number]
        hooks = {
            **code.hooks,
            "twice.place": lambda at: f"{roots[at[0]]}{at[1]}" if at[2] else Path(roots[at[0]]) / at[1],
        }
        return decode(skeleton, buffers, aside, aside_buffers, hooks=hooks, calls=executes)

    code = Code(modules, outline, bring_back)
    printed = io.StringIO()
    before, main_before = list(sys.meta_path), sys.modules.get("__main__")
    sys.path.insert(0, str(folder))
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()), _limited():
            try:
                code.install()
                code.prepare("step")
                step = code.step("step")
            except Exception as problem:
                return f"cannot be brought back: {type(problem).__name__}: {problem}"
            return _called(step, printed)
    except TooLong:
        return "too long"
    finally:
        sys.meta_path[:] = before
        sys.path.remove(str(folder))
        if main_before is not None:
            sys.modules["__main__"] = main_before
        _forget()
