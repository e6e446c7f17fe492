"""Files of an index, brought here and held against their hashes."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from twice.errors import EnvironmentUnusable
from twice.records.lock import LockedFile

if TYPE_CHECKING:
    from urllib.request import HTTPPasswordMgr, OpenerDirector

_INDEXES = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS")


def fetch(files: Sequence[LockedFile], addresses: Mapping[str, str], target: Path) -> list[Path]:
    """Bring files here.

    Args:
        files: Which.
        addresses: Where each is, by its name.
        target: The folder they are written to.

    Raises:
        EnvironmentUnusable: One cannot be reached, or is not what was locked.
    """
    # Imported late: every command would wait for these, and few fetch anything.
    from concurrent.futures import ThreadPoolExecutor
    from urllib.request import HTTPBasicAuthHandler, build_opener

    opener = build_opener(HTTPBasicAuthHandler(_passwords()))
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda file: _one(opener, file, addresses[file.name], target / file.name), files))


def _one(opener: OpenerDirector, file: LockedFile, address: str, target: Path) -> Path:
    try:
        if "://" not in address:
            shutil.copyfile(address, target)
        else:
            with opener.open(address, timeout=60) as answer, open(target, "wb") as out:
                shutil.copyfileobj(answer, out, 1 << 20)
    except OSError as problem:
        raise EnvironmentUnusable(
            f"{file.name} cannot be downloaded: {getattr(problem, 'reason', problem)}.",
            hint="is there a network, and is the index the one that it was installed from?",
        ) from None
    with open(target, "rb") as data:
        found = hashlib.file_digest(data, "sha256").hexdigest()
    if found != file.sha256:
        raise EnvironmentUnusable(
            f"{file.name} is not the file that was locked: its SHA-256 is {found}, and should be {file.sha256}.",
            hint="do not install it before you know why",
        )
    return target


def _passwords() -> HTTPPasswordMgr:
    """The user names and passwords in the addresses of the indexes that uv is told of; they are stored nowhere."""
    from urllib.request import HTTPPasswordMgrWithPriorAuth

    found = HTTPPasswordMgrWithPriorAuth()
    for name in _INDEXES:
        for text in os.environ.get(name, "").split():
            parts = urlsplit(text.partition("=")[2] if "=" in text.partition("://")[0] else text)
            if parts.username is not None and parts.hostname:
                place = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
                user, password = unquote(parts.username), unquote(parts.password or "")
                found.add_password(None, place, user, password, is_authenticated=True)
    return found
