"""The parent's side of worker processes: started when needed, one step each at a time, ended with the run."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from twice.errors import WorkerLost
from twice.execute.launch import HERE, Launch
from twice.execute.worker import PROTOCOL

Echo = Callable[[str, bytes], None]
"""Gets what a step prints while it runs: ``stdout`` or ``stderr``, and the bytes."""


class Workers:
    """Worker processes of one run.

    Args:
        environment: Their environment variables, pins included.
        preload: Modules of installed libraries that steps use.
        launch: How they are started.
    """

    def __init__(self, environment: Mapping[str, str], *, preload: Sequence[str] = (), launch: Launch = HERE) -> None:
        self._environment = launch.environ(environment)
        self._others: dict[str, Workers] = {}
        self._preload = list(preload)
        self._launch = launch
        self._idle: list[_Worker] = []
        self._all: list[_Worker] = []
        self._lock = threading.Lock()
        self._closed = False

    def run(self, task: Path, echo: Echo | None = None) -> dict[str, Any]:
        """Carry out a task file; blocks until its process has ended.

        Args:
            task: The task file, in a spool folder of its own.
            echo: Gets what the step prints.

        Returns:
            What the worker wrote down: see ``execute.worker``.

        Raises:
            WorkerLost: The process ended without an answer.
        """
        worker = self._take()
        with _Tail(task.parent, echo):
            status = worker.carry_out(task)
        result = task.parent / "result.json"
        if status is None or not result.exists():
            with self._lock:
                self._all = [other for other in self._all if other is not worker]
            worker.end()
            raise _lost(status)
        with self._lock:
            self._idle.append(worker)
        found: dict[str, Any] = json.loads(result.read_bytes())
        return found

    def _take(self) -> _Worker:
        with self._lock:
            if self._closed:
                raise WorkerLost("the run was stopped.")
            if self._idle:
                return self._idle.pop()
        worker = _Worker(self._launch, self._environment, self._preload)  # several may start at the same time
        with self._lock:
            self._all.append(worker)
        if self.closed:  # in the meantime, without this one
            worker.end()
            raise WorkerLost("the run was stopped.")
        return worker

    @property
    def closed(self) -> bool:
        """Whether they were ended."""
        return self._closed

    def with_hash_seed(self, seed: int) -> Workers:
        """Workers like these but for the hash seed; they end with these."""
        with self._lock:
            if str(seed) not in self._others:
                others = Workers(self._environment, preload=self._preload, launch=self._launch)
                others._environment = {**self._environment, "PYTHONHASHSEED": str(seed)}
                self._others[str(seed)] = others
            return self._others[str(seed)]

    def close(self) -> None:
        """End all workers, and with them whatever they are doing."""
        for others in self._others.values():
            others.close()
        with self._lock:
            self._closed = True
            workers, self._all, self._idle = self._all, [], []
        for worker in workers:
            worker.end()

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Worker:
    def __init__(self, launch: Launch, environment: dict[str, str], preload: list[str]) -> None:
        ours, theirs = socket.socketpair()
        self._socket = ours
        self._lines = ours.makefile("rwb", buffering=0)
        command, self._stop = launch.command(theirs.fileno(), optimize=sys.flags.optimize)
        try:
            self._process = subprocess.Popen(
                command,
                env=environment,
                pass_fds=[] if launch.piped else [theirs.fileno()],
                stdin=theirs.fileno() if launch.piped else subprocess.DEVNULL,
                stdout=theirs.fileno() if launch.piped else None,
                start_new_session=True,  # Ctrl-C goes to the parent, which decides what ends
            )
        except OSError as problem:
            ours.close()
            raise WorkerLost(
                f"no worker process could be started: {command[0]}: {problem.strerror}.",
                hint="is it installed, and is it a program?",
            ) from None
        finally:
            theirs.close()
        self._send({"protocol": PROTOCOL, "preload": preload})
        answer = self._receive()
        if answer is None or "ready" not in answer:
            self.end()
            why = answer["error"] if answer else f"{command[0]} could not start it"
            raise WorkerLost(f"no worker process could be started: {why}.", hint="what it printed is above")

    def carry_out(self, task: Path) -> int | None:
        """The exit status of the step's process; None if the worker itself is gone."""
        self._send({"task": str(task)})
        answer = self._receive()
        return None if answer is None else int(answer["exit"])

    def _send(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):
            self._lines.write(json.dumps(message).encode() + b"\n")

    def _receive(self) -> dict[str, Any] | None:
        try:
            line = self._lines.readline()
        except (OSError, ValueError):
            return None
        return json.loads(line) if line else None

    def end(self) -> None:
        """End the process and the step in it."""
        with contextlib.suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        if self._stop:
            subprocess.run(self._stop, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        self._process.wait()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._lines.close()
        self._socket.close()


def _lost(status: int | None) -> WorkerLost:
    if status is None:
        return WorkerLost("the worker process ended without an answer.", hint="run again: finished steps are kept")
    if status < 0:
        name = signal.Signals(-status).name
        hint = "run again: finished steps are kept"
        if -status == signal.SIGKILL:
            return WorkerLost(
                f"the step's process was killed ({name}): out of memory, or by somebody.",
                hint=f"give it more memory or smaller data; {hint}",
            )
        return WorkerLost(f"the step's process crashed ({name}), most likely in native code.", hint=hint)
    return WorkerLost(
        f"the step's process ended by itself with status {status}, without an answer.",
        hint="does it call os._exit()?",
    )


class _Tail:
    """Hands on what a step prints while it prints it."""

    def __init__(self, spool: Path, echo: Echo | None) -> None:
        self._spool = spool
        self._echo = echo
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True) if echo is not None else None
        self._read = {"stdout": 0, "stderr": 0}

    def __enter__(self) -> None:
        if self._thread is not None:
            self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        if self._thread is not None:
            self._thread.join()

    def _follow(self) -> None:
        while not self._done.wait(0.05):
            self._hand_on()
        self._hand_on()

    def _hand_on(self) -> None:
        assert self._echo is not None
        for stream, offset in self._read.items():
            with contextlib.suppress(OSError), open(self._spool / stream, "rb") as file:
                file.seek(offset)
                if data := file.read():
                    self._read[stream] = offset + len(data)
                    self._echo(stream, data)
