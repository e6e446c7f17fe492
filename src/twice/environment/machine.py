"""The machine, as far as it can move numbers."""

from __future__ import annotations

import contextlib
import functools
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

from twice.records.environment import Machine

_CPU_FILE = Path("/proc/cpuinfo")


def machine() -> Machine:
    """The machine that runs this."""
    model, flags = cpu()
    return Machine(
        system=platform.system(),
        release=platform.release(),
        architecture=platform.machine(),
        libc=_libc(),
        cpu=model,
        cpu_flags=flags,
        cores=usable_cores(),
        caches=caches(),
        gpus=gpus(),
    )


def usable_cores() -> int:
    """Logical cores that this process may use, which may be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@functools.cache
def caches(system: Path = Path("/sys/devices/system/cpu/cpu0/cache")) -> tuple[str, ...]:
    """The first processor's caches, as ``L1d 32K``; none where the system does not say."""
    found = []
    for index in sorted(system.glob("index*")):
        with contextlib.suppress(OSError):
            level, kind, size = ((index / name).read_text().strip() for name in ("level", "type", "size"))
            found.append(f"L{level}{kind[0].lower() if kind in ('Data', 'Instruction') else ''} {size}")
    return tuple(found)


@functools.cache
def gpus(system: Path = Path("/proc/driver/nvidia")) -> tuple[str, ...]:
    """NVIDIA's processors with the driver's version, as the driver tells them; nothing is started for it."""
    found = []
    with contextlib.suppress(OSError):
        version = re.search(r"Kernel Module(?: for \S+)?\s+(\S+)", (system / "version").read_text())
        driver = version[1] if version else "unknown"
        for about in sorted((system / "gpus").glob("*/information")):
            model = re.search(r"^Model:\s*(.+)$", about.read_text(), re.MULTILINE)
            found.append(f"{model[1].strip() if model else 'NVIDIA'}, driver {driver}")
    return tuple(found)


def container() -> str:
    """What kind of container this process is in, with the image where it says; empty outside."""
    with contextlib.suppress(OSError):
        told = Path("/run/.containerenv").read_text()
        image = re.search(r'^imageid="(.*)"$', told, re.MULTILINE)
        return f"podman {image[1]}".strip() if image else "podman"
    return "docker" if Path("/.dockerenv").exists() else ""


@functools.cache
def cpu() -> tuple[str, tuple[str, ...]]:
    """The processor's model and its features, sorted; empty where the system does not say."""
    if sys.platform == "darwin":
        return _from_sysctl()
    try:
        text = _CPU_FILE.read_text("utf-8", "replace")
    except OSError:
        return platform.processor(), ()
    return parse_cpuinfo(text)


def parse_cpuinfo(text: str) -> tuple[str, tuple[str, ...]]:
    """The model and the features of the first processor in the text of ``/proc/cpuinfo``.

    On ARM there is no model's name: there the implementer's and the part's number stand for it.
    """
    fields: dict[str, str] = {}
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if colon:
            fields.setdefault(key.strip().casefold(), value.strip())
    model = fields.get("model name", "")
    if not model and "cpu implementer" in fields:
        model = f"implementer {fields['cpu implementer']} part {fields.get('cpu part', 'unknown')}"
    flags = fields.get("flags") or fields.get("features") or ""
    return model or fields.get("cpu", ""), tuple(sorted(set(flags.split())))


def _from_sysctl() -> tuple[str, tuple[str, ...]]:
    """The same on macOS, where features are separate switches on ARM, and lists on Intel."""
    try:
        answer = subprocess.run(
            ["/usr/sbin/sysctl", "machdep.cpu", "hw.optional"], capture_output=True, text=True, timeout=5, check=False
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return platform.processor(), ()
    return parse_sysctl(answer)


def parse_sysctl(text: str) -> tuple[str, tuple[str, ...]]:
    """The model and the features in what ``sysctl machdep.cpu hw.optional`` prints."""
    model, flags = "", set()
    for line in text.splitlines():
        key, _, value = line.partition(": ")
        if key == "machdep.cpu.brand_string":
            model = value.strip()
        elif key in ("machdep.cpu.features", "machdep.cpu.leaf7_features"):
            flags.update(value.lower().split())
        elif key.startswith("hw.optional.") and value.strip() == "1":
            flags.add(key.rpartition(".")[2].lower())
    return model, tuple(sorted(flags))


@functools.cache
def _libc() -> str:
    name, version = platform.libc_ver()
    if name:
        return f"{name} {version}".strip()
    if sys.platform == "darwin":
        return f"libSystem of macOS {platform.mac_ver()[0]}"
    # musl tells no version to the programs that it runs; its loader's name at least says that it is musl.
    return "musl" if any(Path("/lib").glob("ld-musl-*")) else ""
