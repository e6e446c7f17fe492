"""The watcher at the kernel's door, on real processes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from twice.control import syscalls
from twice.control.syscalls import Asked, Supervisor

pytestmark = pytest.mark.skipif(not syscalls.available(), reason="this system cannot hand over system calls")


def watched(work: Callable[[], object], keep: Callable[[str], str | None] = lambda _: None) -> Asked:
    """Do some work in a process of its own, under watch."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        try:
            ours.close()
            syscalls.hand_over(theirs)
            work()
        finally:
            os._exit(0)
    theirs.close()
    with ours:
        listener = syscalls.receive(ours)
    assert listener is not None
    asked = Supervisor(
        listener, pid, ["/proc/", "/usr/", "/lib/", "/etc/", sys.prefix + "/", sys.base_prefix + "/"], keep
    ).serve()
    os.waitpid(pid, 0)
    return asked


def test_a_file_opened_by_native_code_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "data.bin"
    file.write_bytes(b"x")

    def work() -> None:
        import ctypes

        ctypes.CDLL(None).open(os.fsencode(file), os.O_RDONLY)

    assert str(file) in watched(work).read


def test_what_child_processes_read_start_and_miss_is_seen(tmp_path: Path) -> None:
    (tmp_path / "there.txt").write_text("x")

    def work() -> None:
        os.chdir(tmp_path)
        os.system("cat there.txt not-there.txt > copy.txt 2> /dev/null")

    asked = watched(work)
    assert str(tmp_path / "there.txt") in asked.read
    assert str(tmp_path / "not-there.txt") in asked.missing
    assert str(tmp_path / "copy.txt") in asked.written
    assert any(program.endswith("/cat") for program in asked.executed)


def test_threads_are_watched_like_the_process_itself(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.txt" for number in range(20)]
    for file in files:
        file.write_text("x")

    def work() -> None:
        import threading

        threads = [threading.Thread(target=file.read_bytes) for file in files]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert {str(file) for file in files} <= set(watched(work).read)


def test_a_listing_and_a_connection_are_seen(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]

    def work() -> None:
        os.listdir(tmp_path)  # noqa: PTH208
        socket.create_connection(("127.0.0.1", port)).close()

    asked = watched(work)
    server.close()
    assert asked.listed[str(tmp_path)] == ["a"]
    assert f"127.0.0.1:{port}" in asked.connected


def test_what_a_file_held_before_it_is_changed_is_kept(tmp_path: Path) -> None:
    file, copy = tmp_path / "state.txt", tmp_path / "copy"
    file.write_text("before")

    def keep(path: str) -> str:
        copy.write_bytes(Path(path).read_bytes())
        return str(copy)

    asked = watched(lambda: file.write_text(file.read_text() + " after"), keep)
    assert (file.read_text(), copy.read_text()) == ("before after", "before")
    assert asked.before == {str(file): str(copy)}
    assert asked.unstable() == []


def test_a_file_changed_by_somebody_else_meanwhile_is_called_unstable(tmp_path: Path) -> None:
    file = tmp_path / "data.txt"
    file.write_text("before")
    asked = watched(file.read_text)
    file.write_text("after")
    assert asked.unstable() == [str(file)]


def test_serving_ends_though_a_grandchild_lives_on(tmp_path: Path) -> None:
    def work() -> None:
        subprocess.Popen(["sleep", "30"], start_new_session=True)

    asked = watched(work)
    assert any(program.endswith("/sleep") for program in asked.executed)
    subprocess.run(["pkill", "-f", "^sleep 30$"], check=False)
