"""The filter that the kernel is given, carried out here on paper: also for a machine that this is not."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from twice.control import syscalls
from twice.control.filter import ALLOW, MACHINES, NOTIFY, Machine, program

OWN = (0x7F12_0000_1000, 0x7F12_0010_0000)
FOREIGN = 0x5555_0000_1000


def decided(
    instructions: bytes, audit: int, number: int, *, instruction: int = FOREIGN, arguments: tuple[int, ...] = ()
) -> int:
    """What a filter says of one call; only the instructions that ours uses."""
    data = struct.pack("<IIQ6Q", number, audit, instruction, *(*arguments, *[0] * 6)[:6])
    lines = [struct.unpack_from("<HBBI", instructions, at) for at in range(0, len(instructions), 8)]
    at, held = 0, 0
    while True:
        code, yes, no, value = lines[at]
        at += 1
        if code == 0x20:
            (held,) = struct.unpack_from("<I", data, value)
        elif code == 0x06:
            return int(value)
        else:
            test = {0x15: held == value, 0x45: held & value != 0, 0x35: held >= value, 0x25: held > value}[code]
            at += yes if test else no


@pytest.fixture(params=sorted(MACHINES))
def machine(request: pytest.FixtureRequest) -> Machine:
    return MACHINES[request.param]


def number(machine: Machine, name: str) -> int:
    return next(number for number, called in machine.calls.items() if called == name)


def test_every_watched_call_is_handed_over_and_no_other(machine: Machine) -> None:
    filter_ = program(machine, OWN)
    for called in range(460):
        arguments = (0, 0, 0, 0, 0xFFFF_0000_0000, 16)  # with an address, as for sendto
        expected = NOTIFY if called in machine.calls else ALLOW
        assert decided(filter_, machine.audit, called, arguments=arguments) == expected, called
    assert decided(filter_, machine.audit ^ 1, number(machine, "openat")) == ALLOW


def test_only_what_asks_from_elsewhere_has_its_stat_handed_over(machine: Machine) -> None:
    filter_, stat = program(machine, OWN), number(machine, "newfstatat")
    inside = [OWN[0], OWN[0] + 12, OWN[1] - 1]
    outside = [OWN[0] - 1, OWN[1], OWN[0] + (1 << 32), FOREIGN]
    assert {decided(filter_, machine.audit, stat, instruction=at) for at in inside} == {ALLOW}
    assert {decided(filter_, machine.audit, stat, instruction=at) for at in outside} == {NOTIFY}
    assert decided(program(machine, None), machine.audit, stat) == ALLOW


def test_what_is_asked_of_an_open_file_goes_on(machine: Machine) -> None:
    filter_, empty_path = program(machine, OWN), 0x1000
    assert decided(filter_, machine.audit, number(machine, "newfstatat"), arguments=(3, 0, 0, empty_path)) == ALLOW
    assert decided(filter_, machine.audit, number(machine, "statx"), arguments=(3, 0, empty_path)) == ALLOW
    assert decided(filter_, machine.audit, number(machine, "statx"), arguments=(3, 0, 0)) == NOTIFY
    assert decided(filter_, machine.audit, number(machine, "sendto"), arguments=(3, 0, 0, 0, 0)) == ALLOW


@pytest.mark.parametrize("name, header", [("x86_64", "asm/unistd_64.h"), ("aarch64", "asm-generic/unistd.h")])
def test_the_numbers_are_those_of_the_kernels_headers(name: str, header: str) -> None:
    places = [*Path("/usr/include").glob(header), *Path("/usr/include").glob(f"*-linux-gnu/{header}")]
    if not places:
        pytest.skip(f"no kernel headers here ({header})")
    told = {}
    for line in places[0].read_text().splitlines():
        words = line.split()
        if len(words) == 3 and words[0] == "#define" and words[1].startswith("__NR") and words[2].isdigit():
            told[int(words[2])] = words[1].removeprefix("__NR3264_").removeprefix("__NR_")
    same = {"fstatat": "newfstatat"}
    for called, expected in MACHINES[name].calls.items():
        assert same.get(told[called], told[called]) == expected


DROPPED = {"open", "stat", "lstat", "access", "readlink", "creat", "rename", "unlink", "link", "symlink", "getdents"}
"""Calls that newer architectures do without: each has a relative that takes a folder as well."""


def test_every_call_of_every_architecture_is_answered_and_none_is_forgotten_on_one_of_them() -> None:
    intel, arm = (set(MACHINES[name].calls.values()) for name in ("x86_64", "aarch64"))
    assert intel - arm == DROPPED
    assert arm <= intel
    assert all(hasattr(syscalls.Supervisor, f"_{name}") for name in intel)
    assert all(len(set(here.calls.values())) == len(here.calls) for here in MACHINES.values())
