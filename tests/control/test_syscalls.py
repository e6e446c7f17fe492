"""The watcher at the kernel's door, on real processes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from twice.control import filter as filters
from twice.control import syscalls
from twice.control.ledger import Seen
from twice.control.syscalls import Supervisor

pytestmark = pytest.mark.skipif(not filters.available(), reason="this system cannot hand over system calls")


def watched(work: Callable[[], object], keep: Callable[[str], str | None] = lambda _: None) -> Seen:
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


def test_looks_of_children_are_seen_and_those_of_this_interpreter_are_left_to_its_own_watcher(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("x")

    def work() -> None:
        os.chdir(tmp_path)
        os.stat("there")  # noqa: PTH116
        os.system("test -f not-there; test -f there")

    seen = watched(work)
    assert str(tmp_path / "not-there") in seen.missing
    assert ("size", str(tmp_path / "there")) in seen.facts
    assert seen.read == {}
    assert watched(lambda: os.path.exists(tmp_path / "never")).missing == set()  # noqa: PTH110


def test_a_file_read_and_then_replaced_or_removed_counts_with_what_it_held(tmp_path: Path) -> None:
    kept: list[str] = []
    for name in ("replaced", "removed", "cut"):
        (tmp_path / name).write_text(f"{name} before")
    (tmp_path / "moved").write_text("moved before")

    def keep(path: str) -> str:
        copy = tmp_path / f"kept-{len(kept)}"
        copy.write_bytes(Path(path).read_bytes())
        kept.append(path)
        return str(copy)

    def work() -> None:
        os.chdir(tmp_path)
        for name in ("replaced", "removed", "cut"):
            Path(name).read_text()
        Path("new").write_text("new")
        Path("new").replace("replaced")
        Path("removed").unlink()
        os.truncate("cut", 3)
        Path("moved").rename("elsewhere")
        Path("elsewhere").read_text()

    seen = watched(work, keep)
    held = {Path(path).name: Path(copy).read_text() for path, copy in seen.before.items()}
    assert held == {name: f"{name} before" for name in ("replaced", "removed", "cut", "moved")}
    assert seen.unstable() == []
    assert str(tmp_path / "elsewhere") not in seen.read


def test_hundreds_of_forks_and_every_way_to_start_a_program_are_followed(tmp_path: Path) -> None:
    for number in range(8):
        (tmp_path / f"{number}").write_text("x")

    def work() -> None:
        os.chdir(tmp_path)
        for _ in range(300):
            if (pid := os.fork()) == 0:
                os._exit(0)
            os.waitpid(pid, 0)
        if os.fork() == 0:
            os.close(os.open("0", os.O_RDONLY))
            os._exit(0)
        os.wait()
        subprocess.run(["cat", "1"], stdout=subprocess.DEVNULL)  # vfork
        os.waitpid(os.posix_spawn("/bin/cat", ["cat", "2"], {}), 0)
        os.system("cat 3")
        subprocess.run([sys.executable, "-c", "open('4').read()"])
        subprocess.run("cat 5 | cat | (sleep 0; cat 6)", shell=True)

    assert {Path(path).name for path in watched(work).read if path.startswith(str(tmp_path))} == set("0123456")


def test_signals_while_a_call_is_looked_at_lose_nothing(tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / f"{number}").write_text("x")

    def work() -> None:
        import signal

        heard = []
        signal.signal(signal.SIGALRM, lambda *_: heard.append(1))
        signal.setitimer(signal.ITIMER_REAL, 0.0003, 0.0003)
        for number in range(300):
            assert (tmp_path / f"{number}").read_text() == "x"
        signal.setitimer(signal.ITIMER_REAL, 0)
        (tmp_path / ("heard" if heard else "silent")).touch()

    seen = watched(work)
    assert len([path for path in seen.read if path.startswith(str(tmp_path))]) == 300
    assert str(tmp_path / "heard") in seen.written


def test_where_somebody_watches_already_the_watch_is_refused_and_the_work_goes_on(tmp_path: Path) -> None:
    def work() -> None:
        assert not syscalls.works()
        ours, theirs = socket.socketpair()
        assert not syscalls.hand_over(theirs)
        assert syscalls.receive(ours) is None
        (tmp_path / "done").touch()

    assert str(tmp_path / "done") in watched(work).written
    assert syscalls.works()


def test_what_cannot_be_followed_is_named(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def work() -> None:
        import ctypes

        if os.fork() == 0:
            pipe.write_text("x")
            os._exit(0)
        pipe.read_text()
        ctypes.CDLL(None).syscall(425, 1, None)  # io_uring_setup, the same number on every machine
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.sendto(b"x", ("127.0.0.1", 9))

    seen = watched(work)
    assert seen.unseen == {"io_uring", f"fifo:{pipe}"}
    assert seen.connected == {"127.0.0.1:9"}
    assert seen.read == {}


def test_a_program_counts_with_what_it_is_made_of_and_with_the_environment_that_it_is_given(tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    tool.write_bytes(Path("/bin/true").read_bytes())
    tool.chmod(0o755)
    os.environ["COLOUR"] = "red"
    try:
        given = watched(lambda: subprocess.run([str(tool)]))
        made_up = watched(lambda: subprocess.run([str(tool)], env={"COLOUR": "green"}))
    finally:
        del os.environ["COLOUR"]
    assert str(tool) in given.read
    assert {"COLOUR", "*"} <= given.variables.keys()
    assert made_up.variables == {}


def test_entropy_of_native_code_is_counted_while_the_steps_own_code_runs(tmp_path: Path) -> None:
    def work() -> None:
        import ctypes

        library, buffer = ctypes.CDLL(None), ctypes.create_string_buffer(8)
        library.getrandom(buffer, 8, 0)
        library.getrandom(None, 0, syscalls.MARKS[0])
        for _ in range(3):
            library.getrandom(buffer, 8, 0)
        library.getrandom(None, 0, syscalls.MARKS[1])
        library.getrandom(buffer, 8, 0)

    assert watched(work).entropy == 3
