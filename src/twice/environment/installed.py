"""One installed distribution, read from the folder that describes it.

Every install leaves such a folder (``*.dist-info``, formerly ``*.egg-info``). Only what the record needs is read, and
nothing in it is trusted to be whole: half-removed and hand-made installs are common, and none of them may stop a run.
Addresses of packages are looked at and never kept, since they may hold passwords.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from twice.records.environment import Distribution

_HEADER_BYTES = 8192
_NAME = re.compile(rb"^name[ \t]*:[ \t]*(\S[^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_VERSION = re.compile(rb"^version[ \t]*:[ \t]*(\S[^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_FOLDER = re.compile(r"(?P<name>[^-]+)(?:-(?P<version>[^-]+).*)?\.(?:dist-info|egg-info|egg)", re.IGNORECASE)
_MODULE_FILE = re.compile(rb"(\w+)(?:\.[\w-]+)*\.(?:py|so|pyd|pyc)$")
_HOLDS_MODULES = rb"/[^,\r\n]*\.(?:py|so|pyd|pyc)\b"
# What editable installs leave beside the real thing.
_HELPERS = re.compile(r"__pycache__|__editable__.*|_editable_impl_.*")
_NOT_OF_THE_WHEEL = re.compile(rb"^\"?\.\.|\.dist-info/|\.pyc,")
_SITES = ("site-packages", "dist-packages")
UNKNOWN_VERSION = "unknown"


@dataclass(frozen=True, slots=True)
class Installed:
    """A distribution, and where its description lies (which is for looking further, and is never recorded).

    Attributes:
        distribution: What is recorded.
        record: Its list of files, if it has one.
    """

    distribution: Distribution
    record: Path | None

    def owns(self, module: str) -> bool:
        """Whether it installed this module or package, by the dotted name; True where its files are not listed."""
        listing = None if self.record is None else read(self.record)
        if listing is None:
            return module.partition(".")[0] in self.distribution.top_level
        written = re.escape(module.replace(".", "/").encode())
        return (
            re.search(rb'^"?' + written + rb"(?:/|\.(?:[\w-]+\.)?(?:py|so|pyd|pyc)\b)", listing, re.MULTILINE)
            is not None
        )


def installed_at(path: Path) -> Installed | None:
    """The distribution that a folder (or, in the oldest form, a file) describes; None for what an uninstall left over.

    Args:
        path: A ``*.dist-info``, ``*.egg-info`` or ``EGG-INFO``.
    """
    folder = path.parent.name if path.name == "EGG-INFO" else path.name
    header = _header(path)
    record = path / "RECORD"
    listing = read(record)
    if header is None and listing is None:
        return None
    said = _FOLDER.fullmatch(folder)
    name = _field(_NAME, header) or (said["name"] if said else "")
    if not name or name.startswith("~"):
        return None
    version = _field(_VERSION, header) or (said["version"] if said else "")
    installer = (read(path / "INSTALLER") or b"").decode("utf-8", "replace").strip()
    return Installed(
        Distribution(
            name=normalised(name),
            version=version or UNKNOWN_VERSION,
            installer=installer.partition(" ")[0],  # some add their own version
            origin=_origin(path, installer),
            top_level=_top_level(path, listing),
            files="" if listing is None else digest_of_files(listing),
        ),
        None if listing is None else record,
    )


def normalised(name: str) -> str:
    """A distribution's name as PEP 503 writes it: ``scikit-learn`` for ``Scikit_Learn``."""
    return re.sub(r"[-_.]+", "-", name).lower()


def digest_of_files(listing: bytes) -> str:
    """The digest of what a distribution installed: the paths and hashes in its list, without what installers add.

    Args:
        listing: Its ``RECORD``.

    Returns:
        32 hexadecimal digits; the same on every machine where the same wheel is installed.
    """
    lines = listing.replace(b"\r\n", b"\n").split(b"\n")
    kept = [line for line in lines if b",sha256=" in line and not _NOT_OF_THE_WHEEL.search(line)]
    return hashlib.sha256(b"\n".join(sorted(kept))).hexdigest()[:32] if kept else ""


def read(path: Path, size: int = -1) -> bytes | None:
    """A file's bytes, or None where it cannot be read."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read(size)
    except OSError:
        return None


def _header(path: Path) -> bytes | None:
    """The fields at the beginning of the description, without the long text that follows them."""
    for file in (path / "METADATA", path / "PKG-INFO", path):
        data = read(file, _HEADER_BYTES)
        if data is None:
            continue
        if len(data) == _HEADER_BYTES and not (_NAME.search(data) and _VERSION.search(data)):
            data = read(file) or data
        return data.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    return None


def _field(pattern: re.Pattern[bytes], header: bytes | None) -> str:
    found = pattern.search(header or b"")
    return found[1].decode("utf-8", "replace").strip() if found else ""


def _origin(path: Path, installer: str) -> str:
    """Where it came from, by PEP 610: an install from anywhere but an index leaves a ``direct_url.json``."""
    data = read(path / "direct_url.json")
    if installer == "conda":  # its direct_url.json tells of the machine that conda's package was made on
        return "index"
    if data is None:
        if path.suffix == ".egg-info" and path.parent.name not in _SITES:
            return "editable"  # the old kind, which puts the project's own folder on sys.path
        return "index" if installer else "unknown"
    try:
        direct = json.loads(data)
        if "vcs_info" in direct:
            return "vcs"
        if "dir_info" in direct:
            return "editable" if direct["dir_info"].get("editable") is True else "local"
        return "local" if str(direct["url"]).startswith("file:") else "unknown"
    except (ValueError, KeyError, TypeError, AttributeError):
        return "unknown"


def _top_level(path: Path, listing: bytes | None) -> tuple[str, ...]:
    names = {line.strip() for line in (read(path / "top_level.txt") or b"").splitlines()}
    if not any(names) and listing is not None:
        names = _listed_modules(listing)
    texts = {name.decode("utf-8", "replace").partition("/")[0] for name in names}
    return tuple(sorted(text for text in texts if text and not _HELPERS.fullmatch(text)))


def _listed_modules(listing: bytes) -> set[bytes]:
    """The importable names in a RECORD, whose lines are ``path,hash,size``."""
    # Thousands of lines, of which most begin alike: so first what they begin with, then a look at each of those.
    beginnings = {line.partition(b"/")[0] for line in listing.splitlines()}
    names = set()
    for beginning in beginnings:
        file = _MODULE_FILE.match(beginning.partition(b",")[0].strip(b'"'))
        if file:
            names.add(file[1])
        elif re.fullmatch(rb"[^\W\d]\w*", beginning) and re.search(
            b"^" + beginning + _HOLDS_MODULES, listing, re.MULTILINE
        ):
            names.add(beginning)
    return names
