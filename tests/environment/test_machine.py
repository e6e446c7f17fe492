from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from twice.environment.libraries import _owned, libraries
from twice.environment.machine import machine, parse_cpuinfo, parse_sysctl, usable_cores


def test_this_machine_is_described() -> None:
    here = machine()
    assert (here.system, here.architecture, here.release) == (
        platform.system(),
        platform.machine(),
        platform.release(),
    )
    assert here.cpu_flags == tuple(sorted(set(here.cpu_flags)))
    assert here.cores >= 1
    assert here == machine()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity")
def test_cores_that_a_process_may_not_use_do_not_count() -> None:
    script = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))});"
        "from twice.environment.machine import usable_cores; print(usable_cores())"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "1"
    assert usable_cores() == len(os.sched_getaffinity(0))


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="this system has no /proc/cpuinfo")
def test_the_features_of_this_processor_are_those_the_kernel_lists() -> None:
    text = Path("/proc/cpuinfo").read_text()
    assert machine().cpu_flags
    assert all(flag in text.split() for flag in machine().cpu_flags)


def test_an_x86_processor_is_read() -> None:
    text = (
        "processor\t: 0\nmodel name\t: Some CPU @ 2.00GHz\nflags\t\t: fpu avx2 avx avx2\n\n"
        "processor\t: 1\nmodel name\t: Another\nflags\t\t: fpu\n"
    )
    assert parse_cpuinfo(text) == ("Some CPU @ 2.00GHz", ("avx", "avx2", "fpu"))


def test_an_arm_processor_is_read() -> None:
    text = "processor\t: 0\nFeatures\t: fp asimd sve\nCPU implementer\t: 0x41\nCPU part\t: 0xd40\n"
    assert parse_cpuinfo(text) == ("implementer 0x41 part 0xd40", ("asimd", "fp", "sve"))


def test_an_unknown_processor_is_no_error() -> None:
    assert parse_cpuinfo("") == ("", ())
    assert parse_cpuinfo("nothing that is known\n:\n") == ("", ())


def test_a_mac_is_read() -> None:
    text = "machdep.cpu.brand_string: Apple M2\nhw.optional.arm.FEAT_BF16: 1\nhw.optional.arm.FEAT_SME: 0\n"
    assert parse_sysctl(text) == ("Apple M2", ("feat_bf16",))
    intel = "machdep.cpu.brand_string: Intel(R) Core\nmachdep.cpu.features: FPU SSE4.2\nhw.optional.avx2_0: 1\n"
    assert parse_sysctl(intel) == ("Intel(R) Core", ("avx2_0", "fpu", "sse4.2"))


def test_libraries_of_the_system_have_their_package_whether_it_is_looked_up_or_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    lines = Path("/proc/self/maps").read_text().splitlines()
    mapped = {line[line.index("/") :] for line in lines if "/" in line and ".so" in line}
    told = []
    for damaged in (False, False, True):
        if damaged:
            (tmp_path / "twice" / "owners.json").write_text("{")
        _owned.cache_clear()
        told.append(libraries(mapped))
    assert told[0] == told[1] == told[2]
    [libc] = [library for library in told[0] if library.name.startswith("libc.so")]
    assert (libc.package == "libc6") == Path("/var/lib/dpkg/info/libc6:amd64.list").exists()
