"""From the names and versions of an environment to files with hashes, through ``uv``."""

from __future__ import annotations

import re
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from twice.environment import uv
from twice.environment.installed import normalised
from twice.environment.wheels import fits
from twice.records.lock import LockedFile, LockedPackage

_UNKNOWN = (
    re.compile(r"\b([A-Za-z0-9][\w.-]*) was not found in"),
    re.compile(r"no version of ([A-Za-z0-9][\w.-]*?)(?:\[[^\]]*\])?[=<>!~]="),
    re.compile(r"Because ([A-Za-z0-9][\w.-]*?)==\S+ (?:has no|was yanked|is not)"),
    re.compile(r"Because only ([A-Za-z0-9][\w.-]*?)[<>=]"),
    re.compile(r"Failed to (?:build|download|fetch).*?`([A-Za-z0-9][\w.-]*?)(?:==[^`]*)?`"),
)
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = re.compile(  # as PEP 440 has it
    r"v?(\d+!)?\d+(\.\d+)*([-_.]?(a|b|c|rc|alpha|beta|pre|preview)[-_.]?\d*)?(-\d+|[-_.]?(post|rev|r)[-_.]?\d*)?"
    r"([-_.]?dev[-_.]?\d*)?(\+[a-z0-9]+([-_.][a-z0-9]+)*)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Resolved:
    """What an index has.

    Attributes:
        packages: Those that it has, by name.
        unknown: Name → why not.
        addresses: File name → where it is; for downloading now, and never stored.
    """

    packages: Mapping[str, LockedPackage]
    unknown: Mapping[str, str]
    addresses: Mapping[str, str]


def lockable(name: str, version: str) -> bool:
    """Whether an index can have such a distribution; broken metadata give names and versions that it cannot."""
    return bool(_NAME.fullmatch(name) and _VERSION.fullmatch(version))


def resolve(pins: Mapping[str, str], python: str, *, everywhere: bool = True) -> Resolved:
    """Look every distribution up, at just this version, with all files that fit the interpreter.

    Args:
        pins: Name → version.
        python: The interpreter's version.
        everywhere: For all platforms; otherwise only the wheel that would be installed on this one.

    Raises:
        EnvironmentUnusable: There is no uv, or no network.
    """
    wanted = dict(pins)
    unknown: dict[str, str] = {}
    while wanted:
        try:
            text = _compile(wanted, python, everywhere)
        except uv.Refused as problem:
            if uv.offline(problem.said):
                raise
            missing = _named(problem.said) & wanted.keys()
            if not missing:
                raise
            for name in missing:
                unknown[name] = f"the index has no {name} {wanted.pop(name)}"
            continue
        packages, addresses = _parsed(text, python)
        return Resolved(packages, unknown, addresses)
    return Resolved({}, unknown, {})


def _compile(pins: Mapping[str, str], python: str, everywhere: bool) -> str:
    with tempfile.TemporaryDirectory() as folder:
        asked, answer = Path(folder) / "pins.in", Path(folder) / "pylock.toml"
        asked.write_text("".join(f"{name}=={version}\n" for name, version in sorted(pins.items())))
        options = ["-q", "--no-deps", "--no-header", "--format", "pylock.toml", "--python-version", python]
        options += ["--universal"] if everywhere else []
        uv.run(
            ["pip", "compile", *options, "-o", str(answer), str(asked)],
            doing="look the installed distributions up",
        )
        return answer.read_text("utf-8")


def _named(said: str) -> set[str]:
    flat = " ".join(said.split())
    return {normalised(found) for pattern in _UNKNOWN for found in pattern.findall(flat)}


def _parsed(text: str, python: str) -> tuple[dict[str, LockedPackage], dict[str, str]]:
    packages, addresses = {}, {}
    for package in tomllib.loads(text).get("packages", []):
        files = {}
        for entry in [*package.get("wheels", ()), *([package["sdist"]] if "sdist" in package else ())]:
            address = str(entry.get("url") or entry.get("path") or "")
            name = str(entry.get("name") or unquote(urlsplit(address).path.rpartition("/")[2]))
            sha256 = entry.get("hashes", {}).get("sha256")
            if name and sha256 and fits(name, python):
                files[name] = LockedFile(name=name, sha256=sha256, size=int(entry.get("size", 0)))
                addresses[name] = address
        if files:
            name = normalised(package["name"])
            packages[name] = LockedPackage(
                name=name, version=package["version"], files=tuple(files[file] for file in sorted(files))
            )
    return packages, addresses


def written(packages: Sequence[LockedPackage], python: str, addresses: Mapping[str, str] | None = None) -> str:
    """The packages as a ``pylock.toml`` (PEP 751).

    Args:
        packages: By name.
        python: The interpreter's version.
        addresses: File name → a URL or a path relative to the file; files without one are left out if others have one.
    """
    lines = [
        'lock-version = "1.0"',
        'created-by = "twice"',
        f'requires-python = "=={".".join(python.split(".")[:2])}.*"',
        "",
    ]
    for package in packages:
        lines += ["[[packages]]", f'name = "{package.name}"', f'version = "{package.version}"']
        described = {
            file.name: text
            for file in package.files
            if (text := _entry(file, (addresses or {}).get(file.name))) is not None
        }
        wheels = [f"    {text},\n" for name, text in described.items() if name.endswith(".whl")]
        lines += [f"sdist = {text}" for name, text in described.items() if not name.endswith(".whl")][:1]
        if wheels:
            lines.append(f"wheels = [\n{''.join(wheels)}]")
        lines.append("")
    return "\n".join(lines)


def _entry(file: LockedFile, address: str | None) -> str | None:
    if address is None:
        return None
    where = f'url = "{address}"' if "://" in address else f'path = "{address}"'
    size = f"size = {file.size}, " if file.size else ""
    return f'{{ name = "{file.name}", {where}, {size}hashes = {{ sha256 = "{file.sha256}" }} }}'


def requirements_text(packages: Sequence[LockedPackage]) -> str:
    """The packages as a requirements file with hashes, which any installer reads; no address is in it."""
    lines = []
    for package in packages:
        hashes = "".join(f" \\\n    --hash=sha256:{file.sha256}" for file in package.files)
        lines.append(f"{package.name}=={package.version}{hashes}\n")
    return "".join(lines)
