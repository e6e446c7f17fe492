"""Wheels: which interpreters and platforms a file is for, and a wheel made again from what is installed."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path

from twice.environment.installed import normalised
from twice.errors import EnvironmentUnusable

PLATFORMS = (
    ("linux x86_64", re.compile(r"(many)?linux.*_x86_64")),
    ("linux aarch64", re.compile(r"(many)?linux.*_aarch64")),
    ("macos arm64", re.compile(r"macosx_.*_(arm64|universal2)")),
    ("macos x86_64", re.compile(r"macosx_.*_(x86_64|universal2|intel)")),
    ("windows amd64", re.compile(r"win_amd64")),
)
_BEFORE = (1980, 1, 1, 0, 0, 0)
_WRITTEN_BY_INSTALLERS = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json")


def tags(name: str) -> tuple[set[str], set[str], set[str]] | None:
    """The interpreters, ABIs and platforms that a wheel's name tells; None for another file."""
    if not name.endswith(".whl"):
        return None
    parts = name[:-4].split("-")
    if len(parts) < 5:
        return None
    python, abi, platform = (set(part.split(".")) for part in parts[-3:])
    return python, abi, platform


def fits(name: str, python: str) -> bool:
    """Whether a file can be installed for a CPython of this version, on some platform; a source archive always."""
    told = tags(name)
    if told is None:
        return name.endswith((".tar.gz", ".zip"))
    major, minor = (int(part) for part in python.split(".")[:2])
    interpreters, abis, _ = told
    for tag in interpreters:
        if tag in (f"py{major}", f"py{major}{minor}"):
            return True
        match = re.fullmatch(rf"cp{major}(\d+)", tag)
        if match and (int(match[1]) == minor and abis & {f"cp{major}{minor}", "none", "abi3"}):
            return True
        if match and int(match[1]) <= minor and "abi3" in abis:
            return True
        match = re.fullmatch(rf"py{major}(\d+)", tag)
        if match and int(match[1]) <= minor:
            return True
    return False


def platforms(packages: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """The platforms on which every package has a wheel.

    Args:
        packages: For each package the names of its files, for one interpreter.
    """
    left = [name for name, _ in PLATFORMS]
    for files in packages:
        told = [platform for file in files if (found := tags(file)) for platform in found[2]]
        if "any" in told:
            continue
        having = {name for name, pattern in PLATFORMS if any(pattern.fullmatch(platform) for platform in told)}
        left = [name for name in left if name in having]
    return tuple(left)


def repacked(described: Path, target: Path) -> Path:
    """Make a wheel of an installed distribution, from the files that its RECORD lists, as they are now.

    For what came from no index: an install from a folder or a repository. Its name and bytes depend on nothing but
    these files.

    Args:
        described: Its ``dist-info`` folder.
        target: The folder that the wheel is written to.

    Raises:
        EnvironmentUnusable: It has no RECORD, or lists a file that is not there.
    """
    site = described.parent
    own = described.name
    try:
        listing = (described / "RECORD").read_text("utf-8")
        about = (described / "WHEEL").read_text("utf-8")
    except OSError as problem:
        missing = Path(problem.filename or "").name
        raise EnvironmentUnusable(
            f"{own.removesuffix('.dist-info')} cannot be made into a wheel: its {missing} is not there."
        ) from None
    told = re.findall(r"^Tag: *(\S+)", about, re.MULTILINE) or ["py3-none-any"]
    parts = [".".join(sorted({tag.split("-")[place] for tag in told})) for place in range(3)]
    name, _, version = own.removesuffix(".dist-info").partition("-")
    wheel = target / f"{name}-{version}-{'-'.join(parts)}.whl"
    rows: list[tuple[str, str, str]] = []
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:

        def add(path: str, data: bytes) -> None:
            entry = zipfile.ZipInfo(path, _BEFORE)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            rows.append((path, f"sha256={digest}", str(len(data))))

        for path in sorted({row[0] for row in csv.reader(io.StringIO(listing)) if row}):
            if path.startswith(("..", "/")) or path.endswith(".pyc"):
                continue  # scripts, which an installer makes anew from the entry points, and compiled copies
            if path.startswith(f"{own}/") and path.partition("/")[2] in _WRITTEN_BY_INSTALLERS:
                continue
            try:
                add(path, (site / path).read_bytes())
            except OSError:
                raise EnvironmentUnusable(f"{name} cannot be made into a wheel: {path} is not there.") from None
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([*rows, (f"{own}/RECORD", "", "")])
        entry = zipfile.ZipInfo(f"{own}/RECORD", _BEFORE)
        entry.external_attr = 0o644 << 16
        archive.writestr(entry, text.getvalue())
    return wheel


def source_of(described: Path) -> Path | None:
    """The folder that an editable install points to, if it is there."""
    try:
        url = str(json.loads((described / "direct_url.json").read_bytes())["url"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    from urllib.parse import unquote, urlsplit

    folder = Path(unquote(urlsplit(url).path))
    return folder if url.startswith("file:") and folder.is_dir() else None


def wheel_of(name: str, version: str, folder: Path) -> Path | None:
    """The wheel of a distribution in a folder."""
    for file in sorted(folder.glob("*.whl")):
        parts = file.name.split("-")
        if normalised(parts[0]) == name and (not version or parts[1] == version):
            return file
    return None
