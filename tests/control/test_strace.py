"""What strace writes is read, whatever is in the names; odd lines are no reason to stop."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twice.control.ledger import Ledger, Seen
from twice.control.strace import Strace, note, whole_lines

OWN = 4242
NAMES = [
    b"plain.txt",
    b'quote"d',
    b"back\\slash\\n",
    b"new\nline",
    b"<in angle>",
    b") = -1 ENOENT (No such file or directory)",
    b"O_WRONLY|O_CREAT",
    b'", O_RDONLY) = 3',
    b" <unfinished ...>",
    b"<... openat resumed>",
    "grüße-日本".encode(),
    b"not \xff utf-8 \xfe",
    b"tab\tbell\x07",
    b"x" * 250,
    b"77 +++ exited with 0 +++",
]


def seen_in(*lines: str) -> Seen:
    ledger = Ledger([], lambda _: None)
    for line in whole_lines(lines):
        note(line, OWN, ledger)
    return ledger.seen


def written_by_strace(name: bytes, also: bytes = b"") -> str:
    """A text as strace writes it between quotes."""
    known = {ord("\n"): "\\n", ord("\t"): "\\t", ord("\r"): "\\r", 0x0B: "\\v", 0x0C: "\\f", 34: '\\"', 92: "\\\\"}
    return "".join(
        known[byte] if byte in known else chr(byte) if 32 <= byte < 127 and byte not in also else f"\\{byte:03o}"
        for byte in name
    )


@given(
    name=st.binary(min_size=1, max_size=300).filter(lambda name: b"\0" not in name and b"/" not in name),
    folder=st.binary(min_size=1, max_size=40).filter(lambda name: b"\0" not in name and b"/" not in name),
    result=st.sampled_from(["3<{}>", "-1 ENOENT (No such file or directory)", "? ERESTARTSYS (To be restarted)"]),
    cut=st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_any_name_is_read_back_from_any_open_interrupted_or_not(
    name: bytes, folder: bytes, result: str, cut: bool
) -> None:
    if name in (b".", b"..") or folder in (b".", b".."):
        return
    place = written_by_strace(b"/nowhere/" + folder, b"<>")
    start = f'77 openat(AT_FDCWD<{place}>, "{written_by_strace(name)}", O_RDONLY|O_CLOEXEC'
    end = f") = {result.format(place)}"
    lines = [f"{start} <unfinished ...>", "78 --- SIGCHLD {si_signo=SIGCHLD} ---", f"77 <... openat resumed>{end}"]
    expected = os.fsdecode(b"/nowhere/" + folder + b"/" + name)
    assert seen_in(*(lines if cut else [start + end])).missing == {expected}


@given(
    lines=st.lists(
        st.one_of(
            st.text(max_size=200),
            st.from_regex(r"\d{1,5} +(openat|execve|rename|connect|getdents64|symlinkat|stat)\(.{0,80}"),
            st.sampled_from(
                [
                    '7 openat(AT_FDCWD</x>, "a" <unfinished ...>',
                    "7 <... openat resumed>) = ?",
                    "7 +++ killed by SIGKILL +++",
                    '7 openat(99</x>(deleted), "y", O_RDONLY) = -1 EINTR (Interrupted system call)',
                    '7 openat(AT_FDCWD, "relative", O_RDONLY) = 3',
                    '7 rename("/only one"',
                    "7 execve(0x7ffe, NULL, NULL) = -1 EFAULT (Bad address)",
                    '7 connect(3, {sa_family=AF_INET, sin_port=htons(1), sin_addr=inet_addr("300.1.1.1")}, 16) = 0',
                    '7 openat(AT_FDCWD</x>, "\\777", O_RDONLY) = 3',
                    '7 openat(AT_FDCWD</x>, "' + "y" * 9000 + '"..., O_RDONLY) = -1 ENAMETOOLONG (File name too long)',
                ]
            ),
        ),
        max_size=8,
    )
)
@settings(max_examples=300, deadline=None)
def test_no_line_is_too_odd(lines: Sequence[str]) -> None:
    ledger = Ledger([], lambda _: None)
    for line in whole_lines(lines):
        with contextlib.suppress(OSError, ValueError):  # as whoever reads the lines does
            note(line, OWN, ledger)


def test_links_programs_and_sockets_are_told_from_names_that_look_like_them() -> None:
    seen = seen_in(
        '7 symlinkat("target", AT_FDCWD</x>, "link") = 0',
        '7 execve("/no/such/program", ["a"], 0x7f /* 3 vars */) = -1 ENOENT (No such file or directory)',
        r'7 connect(3<socket:[1]>, {sa_family=AF_UNIX, sun_path="/run/\303\274"}, 110) = 0',
        '7 connect(3, {sa_family=AF_INET6, sin6_port=htons(80), inet_pton(AF_INET6, "::1", &sin6_addr)}, 28) = 0',
    )
    assert seen.written == {"/x/link"}
    assert seen.executed == set()
    assert seen.connected == {"unix:/run/ü", "[::1]:80"}


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_odd_names_are_seen_by_the_real_strace(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/f\xc3\xbc<r>"
    os.mkdir(folder)  # noqa: PTH102
    for name in NAMES:
        with open(folder + b"/" + name, "wb") as file:
            file.write(b"x")
    reader = (
        "import os, sys, threading\n"
        "sys.stdin.readline()\n"
        "names = sorted(os.listdir(b'.'))\n"
        "threads = [threading.Thread(target=lambda name=name: open(name).close()) for name in names]\n"
        "[thread.start() for thread in threads]; [thread.join() for thread in threads]\n"
        "os.path.exists('nothing') or os.close(os.open('written', os.O_CREAT | os.O_WRONLY))\n"
        "try: open(b'miss\\xffing')\n"
        "except OSError: pass\n"
    )
    step = subprocess.Popen([sys.executable, "-c", reader], cwd=folder, stdin=subprocess.PIPE)
    tracer = Strace(step.pid, tmp_path / "lines")
    assert step.stdin is not None
    step.stdin.write(b"\n")
    step.stdin.close()
    assert step.wait() == 0
    seen = tracer.finish(["/usr/", "/proc/", f"{sys.prefix}/", f"{sys.base_prefix}/"], [])
    here = os.fsdecode(folder)
    read = {path for path in seen.read if path.startswith(here)} - seen.written
    assert read == {f"{here}/{os.fsdecode(name)}" for name in NAMES}
    assert seen.written == {f"{here}/written"}
    assert os.fsdecode(folder + b"/miss\xffing") in seen.missing
    assert here in seen.listed
