"""The process in which steps run. Standard library only, beside the user's own packages.

Started fresh for a run, with the pinned environment variables; it loads the installed libraries that the steps use and
then forks once for every step, so that each step begins in the same state and none sees what another left behind.

Protocol (version 1): lines of JSON over a socket whose file number is the first argument, or over standard input and
output where a container lies between. The first line is
``{"protocol": 1, "preload": [modules]}``, answered by ``{"ready": …}``; each further line is
``{"task": path of a task file}``, answered by ``{"exit": status}`` when the step's process has ended. What the step
gave is in ``result.json`` beside the task file, and what it asked of the kernel in ``asked.json``. A task says which
protocol it was written for as well, and a worker that does not speak it says so.

The interpreter may be another than the one that asks, with other packages: Twice's own modules are found by their place
(see ``execute.launch``), and those that need more than the standard library are not needed here.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import importlib
import json
import os
import select
import shutil
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Collection, Mapping
from pathlib import Path, PurePath
from typing import Any, ClassVar

from twice.control import strace, syscalls
from twice.control.ledger import Seen
from twice.control.watchers import wanted_watcher
from twice.errors import ControlUnusable
from twice.execute import afresh
from twice.execute.captured import Captured, private_map

_now = time.perf_counter_ns  # before anybody replaces it

PROTOCOL = 1
FORK_SAFE = frozenset(
    {
        "numpy",
        "scipy",
        "pandas",
        "sklearn",
        "matplotlib",
        "PIL",
        "joblib",
        "statsmodels",
        "seaborn",
        "imblearn",
        "patsy",
    }
)
"""Libraries that may be loaded before a fork: importing them starts no thread that a child would miss."""

REFUSED = "refused"
"""The file beside a task to which is written what a strict step was refused."""

LEAVE_WITHIN = 5.0
"""Seconds that a step's process may take to end after its result is written."""

_AT_START = frozenset(name.partition(".")[0] for name in sys.modules)
"""What was loaded before anything of the step's: the interpreter's own, and what ``.pth`` files bring."""

_SEARCH = tuple(sys.path)
"""Where this interpreter finds what is installed for it."""


def main(number: int, foreign: bool = False) -> None:
    """Serve tasks until the other side goes away.

    Args:
        number: The socket that tasks come through.
        foreign: Whether this is another environment than the one that asks, so that it has to say what is its own.
    """
    _end_with_parent()
    if foreign:
        _Here.own = _own_places()
        afresh.stand_in()
    connection = socket.socket(fileno=number)
    lines = connection.makefile("rwb", buffering=0)
    hello = json.loads(lines.readline())
    if hello.get("protocol") != PROTOCOL:
        asked = hello.get("protocol")
        why = f"it speaks protocol {PROTOCOL}, and was spoken to in protocol {asked}; one of the two is another Twice"
        lines.write(json.dumps({"error": why}).encode() + b"\n")
        return
    _preload(hello["preload"], foreign)
    lines.write(json.dumps({"ready": os.getpid(), "protocol": PROTOCOL}).encode() + b"\n")
    while line := lines.readline():
        message = json.loads(line)
        status = _fork(Path(message["task"]), number)
        lines.write(json.dumps({"exit": status}).encode() + b"\n")


def main_piped() -> None:
    """Serve tasks that come through standard input, and end with it, whatever is at work then.

    A container does not end with the program that was started to start it. So the first process in it hands lines on
    between its standard streams and the worker; when nobody writes any more, it ends, and all of the container with it.
    """
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        ours.close()
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(2, 1)
        main(theirs.detach(), True)
        os._exit(0)
    theirs.close()
    ways = {0: ours.fileno(), ours.fileno(): 1}
    while True:
        for ready in select.select(list(ways), [], [])[0]:
            data = os.read(ready, 1 << 16)
            if not data:
                os._exit(0)
            while data:
                data = data[os.write(ways[ready], data) :]


def _own_places() -> list[str]:
    """Where this interpreter keeps its own things: reading them is no input of a step."""
    import site
    import sysconfig

    places = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib", "include")}
    places |= {*site.getsitepackages(), site.getusersitepackages(), str(Path(__file__).parent.parent)}
    known = {os.path.join(clean(place), "") for place in places for clean in (os.path.abspath, os.path.realpath)}  # noqa: PTH118
    return [*sorted(known), sys.executable, str(Path(sys.prefix) / "pyvenv.cfg")]


_OWN = (
    "twice.control.bounds",
    "twice.control.deterministic",
    "twice.control.draws",
    "twice.control.held",
    "twice.control.observe",
    "twice.control.own",
    "twice.control.seeds",
    "twice.control.watch",
    "twice.values.decode",
    "twice.values.encode",
)
"""What every step needs of ours: loaded before the fork, once for all of them, and where nobody watches its files."""


def _preload(modules: list[str], foreign: bool) -> None:
    """Load what many steps need, once. What fails here fails again in the step that needs it, with its traceback."""
    for name in _OWN:
        importlib.import_module(name)
    wished = sys.dont_write_bytecode
    if (
        foreign
    ):  # a rebuilt environment is ours: that nothing is to be written beside the user's files says nothing of it
        sys.dont_write_bytecode = False
    for name in modules:
        if name.partition(".")[0] in FORK_SAFE:
            with contextlib.suppress(Exception):
                importlib.import_module(name)
    if "numpy" in sys.modules:  # which loads this only when it is asked for, and that would be in the midst of a step
        importlib.import_module("numpy.random")
    sys.dont_write_bytecode = wished
    from twice.values.registry import load_for

    load_for({name.partition(".")[0] for name in sys.modules})


def _fork(task: Path, connection: int) -> int:
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        status = 70
        try:
            os.close(connection)
            ours.close()
            os.setpgid(0, 0)
            _end_with_parent()
            with theirs:
                _Here.watcher = _put_under_watch(theirs)
            status = carry_out(task)
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(status)
    with contextlib.suppress(OSError):
        os.setpgid(pid, pid)
    theirs.close()
    with ours:
        tracer = _supervise(ours, pid, task)
    _, waited = os.waitpid(pid, 0)
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)  # whatever the step started and did not end
    if tracer is not None:
        told = json.loads(task.read_bytes())
        _tell(task, "strace", tracer.finish([*told["ignore"], *_Here.own], told["known_variables"]))
    return os.waitstatus_to_exitcode(waited)


def _put_under_watch(channel: socket.socket) -> str:
    """In the step's process: let it be watched as well as this machine can; which watcher it is."""
    if wanted_watcher(os.environ) in ("", "seccomp") and syscalls.hand_over(channel):
        return "seccomp"
    if wanted_watcher(os.environ) in ("audit", "strace"):
        channel.sendall(b"n")
    strace.allow()
    return "strace" if channel.recv(1) == b"s" else "audit"


def _supervise(channel: socket.socket, pid: int, task: Path) -> strace.Strace | None:
    """Watch the step's system calls, where this machine can, and write down what was asked.

    Returns:
        A tracer that is still at work when the step begins; otherwise the step's process has ended.
    """
    try:
        listener = syscalls.receive(channel)
    except OSError:  # the step's process is gone already
        return None
    if listener is None:
        tracer = None
        if wanted_watcher(os.environ) in ("", "strace"):
            with contextlib.suppress(OSError):
                tracer = strace.Strace(pid, task.parent / "strace")
        with contextlib.suppress(OSError):
            channel.sendall(b"s" if tracer else b"a")
        return tracer
    from twice.control.held.entropy import for_the_kernel as held_entropy

    told = json.loads(task.read_bytes())
    door = None
    if told["strict"]:
        from twice.control.bounds import Bounds, Refusals
        from twice.control.strict import Door

        ignored = [*told["ignore"], *_Here.own]
        door = Door(Bounds.told(told["strict"]).of(_Here.own), Refusals(task.parent / REFUSED), ignored)
    supervisor = syscalls.Supervisor(
        listener,
        pid,
        [*told["ignore"], *_Here.own],
        Keeper(task.parent, "kept"),
        pinned=told["known_variables"],
        search=told["sys_path"],
        door=door,
        entropy=held_entropy(told["conditions"]),
    )
    _tell(task, "seccomp", supervisor.serve())
    return None


def _tell(task: Path, watcher: str, seen: Seen) -> None:
    (task.parent / "asked.json").write_text(json.dumps({"watcher": watcher, **seen.told()}), encoding="utf-8")


class _Here:
    """Which step this process runs, if it is a step's process; whether it is watched; places that are the worker's."""

    step = ""
    watcher = "audit"
    own: ClassVar[list[str]] = []


def step_at_work() -> str:
    """The name of the step that runs in this process; empty in any other process."""
    return _Here.step


class Keeper:
    """Copies files aside before they are changed.

    Args:
        folder: Where to.
        prefix: What the copies' names begin with.
    """

    def __init__(self, folder: Path, prefix: str) -> None:
        self._folder = folder
        self._prefix = prefix
        self._count = 0

    def __call__(self, path: str) -> str | None:
        """Copy one file; where to, or None if it cannot be."""
        self._count += 1
        target = self._folder / f"{self._prefix}-{self._count}"
        try:
            shutil.copyfile(path, target)
        except OSError:
            return None
        return str(target)


def _end_with_parent() -> None:
    """Ask the kernel (Linux) to end this process when its parent does, so that nothing runs on unseen."""
    with contextlib.suppress(Exception):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


# -- one step, in a process of its own


def carry_out(task_file: Path) -> int:
    """Run one step and write its result beside its task.

    Returns:
        0 if there is a result, also if it is that the step failed.
    """
    task: dict[str, Any] = json.loads(task_file.read_bytes())
    spool = task_file.parent
    _redirect(spool)
    result: dict[str, Any]
    _Here.step = task["step"]
    try:
        if wanted_watcher(os.environ) not in ("", _Here.watcher):
            raise ControlUnusable(
                f"TWICE_WATCHER asks for {wanted_watcher(os.environ)}, which does not work here.",
                hint="leave it unset: then the best that works here is used, and the record says which",
            )
        if task["protocol"] != PROTOCOL:
            raise RuntimeError(
                f"this task is written for protocol {task['protocol']}, and the worker speaks {PROTOCOL}"
            )
        result = _Step(task, spool).run()
    except BaseException as problem:
        result = {"status": "failed", "error": _told(problem)}
    partial = spool / "result.partial"
    partial.write_text(json.dumps(result), encoding="utf-8")
    partial.replace(spool / "result.json")
    _leave()
    return 0


def _leave() -> None:
    """Do what an interpreter does at its end: pools of processes and threads are told to stop, and clean up.

    The result is written by now, so whoever does not come to an end is not waited for.
    """
    last = threading.Timer(LEAVE_WITHIN, os._exit, [0])
    last.daemon = True
    last.start()
    with contextlib.suppress(BaseException):
        threading._shutdown()  # type: ignore[attr-defined]
    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()
    last.cancel()


def _redirect(spool: Path) -> None:
    """What the step prints goes into files, whoever prints it."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    for number, name in ((1, "stdout"), (2, "stderr")):
        descriptor = os.open(spool / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.close(nothing)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]


class _Step:
    def __init__(self, task: Mapping[str, Any], spool: Path) -> None:
        self.task = task
        self.spool = spool
        self.captured = Captured(task, spool / "files")
        self.code = self.captured.code
        self.bring_back = self.captured.bring_back
        self.hook = self.captured.hook
        self.printed: Callable[[bytes], bytes] = lambda data: data

    def run(self) -> dict[str, Any]:
        """Bring the code back, call the step, and write down what came out."""
        from twice.control.deterministic import CONTROLS
        from twice.control.draws import CONDITION as DRAWS
        from twice.control.draws import Draws
        from twice.control.observe import Observer
        from twice.control.own import OwnCode
        from twice.control.seeds import plant, plant_on_import
        from twice.control.watch import Watch
        from twice.source.importer import as_deep_as_a_program

        os.chdir(self.task["cwd"])
        sys.path[:] = [*self.task["sys_path"], *(_SEARCH if self.task["search_own"] else ())]
        sys.argv = [""]
        ignored = [*self.task["ignore"], *_Here.own]
        files = OwnCode([module["file"] for module in self.task["modules"]], self.task["roots"].values(), ignored)
        confined = self.confine(files)
        watch = Watch(
            ignored,
            self.task["known_variables"],
            Keeper(self.spool, "before"),
            opens=_Here.watcher != "seccomp",
            alone=_Here.watcher == "audit",
            code=files,
            elsewhere=self.spool / "elsewhere",
        )
        watch.start()
        observer = Observer(files, self.spool / "observed")
        watch.tell = observer.variable
        conditions = dict(self.task.get("conditions", {}))
        logs_operators = conditions.pop("torch operators", "")
        draws = Draws(files) if conditions.pop(DRAWS, "") else None
        if conditions:
            from twice.control.held import addresses, hold

            hold(conditions, files)
            observer.all_clocks = True
            if "addresses" in conditions:
                self.printed = addresses.count_printed()
        task = self.spool / "task.json"
        controls = {
            **(CONTROLS if self.task.get("deterministic") else {}),
            **afresh.controls(task, foreign=bool(_Here.own)),
        }
        plant(self.task["seed"], controls)
        plant_on_import(self.task["seed"], controls)
        as_deep_as_a_program()
        self.code.install()
        self.code.prepare(self.task["step"])
        function = self.code.step(self.task["step"])
        arguments = {name: self.bring_back(found) for name, found in self.task["inputs"].items()}
        arguments |= {name: self.bring_back(found) for name, found in self.task["parameters"].items()}
        plant(self.task["seed"])
        before = set(sys.modules)
        observer.start(self._namespaces(files))
        if _Here.watcher == "seccomp":
            syscalls.mark(True)
        if draws is not None:
            draws.start()
        started = _now()
        # What is only to be named again in another process is no call of the step.
        again = self.task.get("again")
        operators: list[Any] = []
        if logs_operators:
            from twice.control.operators import logged

            value, operators = logged(function, arguments, files)
        elif self.task.get("predictions"):  # what models answer is asked for, and the step is not called
            from twice.values.predictions import predictions

            value = predictions({name: arguments[name] for name in self.task["inputs"]})
        else:
            value = function(**arguments) if again is None else self.bring_back(again)
        duration = _now() - started
        drawn = draws.stop() if draws is not None else []
        if _Here.watcher == "seccomp":
            syscalls.mark(False)
        observed = observer.stop()
        output = self.put_down(value)
        for file in self.imported(before):
            watch.read(file)
        seen = watch.stop()
        modules = sorted({name.partition(".")[0] for name in sys.modules} - _AT_START)
        numeric = _numeric()  # imports something, so it comes before what was searched is told
        return {
            "status": "done",
            "duration": duration,
            "output": output,
            "mutated": [name for name in self.task["inputs"] if self.changed(name, arguments[name])],
            "watched": {
                **seen.told(),
                "modules": modules,
                "observed": [*observed, *drawn],
                "confined": confined,
                "asked": observer.asked,
            },
            "operators": operators,
            "numeric": numeric,
            "mapped": _mapped(),
        }

    def _namespaces(self, files: Collection[str]) -> list[dict[str, Any]]:
        """The variables of the user's modules, and of whatever else the step's functions look names up in."""
        loaded = [getattr(module, "__dict__", {}) for module in list(sys.modules.values())]
        own = [variables for variables in loaded if isinstance(variables, dict) and variables.get("__file__") in files]
        made = [getattr(found, "__globals__", None) for found in self.code.made.values()]
        return [*own, *(variables for variables in made if variables is not None)]

    def confine(self, files: Collection[str]) -> str:
        """If the step is strict, hold it to what it declares, from before its code is loaded; by what."""
        told = self.task["strict"]
        if not told:
            return ""
        from twice.control import strict
        from twice.control.bounds import Bounds, Refusals

        # What it may touch is opened to say so to the kernel; that is no input of the step.
        with syscalls.aside() if _Here.watcher == "seccomp" else contextlib.nullcontext():
            version = strict.begin(Bounds.told(told).of(_Here.own), Refusals(self.spool / REFUSED), files)
        return f"landlock {version}"

    def imported(self, before: set[str]) -> list[str]:
        """Files of modules whose code came in otherwise than the capture foresaw; they count like files that were read.

        Their source need not have been opened: a compiled copy of it may lie beside it.

        Args:
            before: The modules that were there before the step's own code ran.
        """
        found = []
        for name, module in list(sys.modules.items()):
            if module is self.code.main and name != "__main__":
                continue  # multiprocessing gives the script another name
            file = getattr(module, "__dict__", {}).get("__file__")
            foreseen = name in self.code.modules and not self.task["imports_anything"]
            if isinstance(file, str) and not (foreseen and (name in before or name in self.task["foreseen"])):
                found.append(file)
        return found

    # -- values

    def put_down(self, value: object) -> dict[str, Any]:
        """Write a value into the spool."""
        from twice.values.encode import encode

        encoded = encode(value, hook=self.hook, describe="output")
        written: dict[int, str] = {}
        return {
            "kind": encoded.kind,
            "preview": encoded.preview,
            "references": [*encoded.references],
            "executes": encoded.executes,
            "skeleton": self._spooled(encoded.skeleton, written),
            "buffers": [self._spooled(buffer, written) for buffer in encoded.buffers],
            "aside": self._spooled(encoded.aside, written) if encoded.aside else None,
            "aside_buffers": [self._spooled(buffer, written) for buffer in encoded.aside_buffers],
        }

    def _spooled(self, source: Any, written: dict[int, str]) -> str:
        if id(source) in written:
            return written[id(source)]
        name = f"part-{len(written)}"
        written[id(source)] = name
        target = self.spool / name
        if hasattr(source, "path"):
            shutil.copyfile(source.path, target)
        else:
            target.write_bytes(self.printed(source))
        return name

    def changed(self, name: str, value: object) -> bool:
        """Whether a step changed an input in place."""
        from twice.values.encode import encode

        stored = self.task["inputs"][name]
        if stored["size"] > self.task["check_inputs_up_to"] or stored["executes"]:
            return False
        try:
            encoded = encode(value, hook=self.hook)
        except Exception:
            return True
        if encoded.skeleton != Path(stored["skeleton"]).read_bytes():
            return True
        return any(
            not hasattr(now, "path") and memoryview(now).cast("B") != private_map(before)
            for now, before in zip(encoded.buffers, stored["buffers"], strict=True)
        )


def _numeric() -> list[dict[str, Any]]:
    """What ``threadpoolctl`` says of the BLAS and OpenMP libraries in this process, where it is installed."""
    with contextlib.suppress(Exception):
        info: Callable[[], list[dict[str, Any]]] = importlib.import_module("threadpoolctl").threadpool_info
        return [{key: value for key, value in found.items() if key != "filepath"} for found in info()]
    return []


def _mapped() -> list[str]:
    """The shared libraries that this process has loaded, by their files."""
    with contextlib.suppress(OSError):
        lines = Path("/proc/self/maps").read_text("utf-8", "replace").splitlines()
        return sorted({line[line.index("/") :] for line in lines if "/" in line and ".so" in line})
    return []


def _told(problem: BaseException) -> dict[str, str]:
    """An exception in words: the user's own traceback, without the frames of this house."""
    own = str(PurePath(__file__).parent.parent) + os.sep
    start = problem.__traceback__
    while start is not None and start.tb_frame.f_code.co_filename.startswith(own):
        start = start.tb_next
    told = traceback.TracebackException(type(problem), problem, start if start is not None else None)
    if isinstance(problem, SystemExit):
        summary = f"the step called sys.exit({problem.code!r})"
    else:
        summary = "".join(told.format_exception_only()).strip()
    path = getattr(problem, "path", "") if type(problem).__module__.startswith("twice.") else ""
    hint = getattr(problem, "hint", "") if type(problem).__module__.startswith("twice.") else ""
    unusable = problem.message if isinstance(problem, ControlUnusable) else ""
    return {
        "summary": summary,
        "traceback": "".join(told.format()),
        "path": str(path),
        "hint": str(hint),
        "unusable": unusable,
    }
