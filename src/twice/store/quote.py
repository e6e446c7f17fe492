"""Names that people choose, as names of files."""

from __future__ import annotations

import re

from twice.errors import StoreError

LONGEST = 255
"""Bytes that a file name may have on the file systems we know."""

_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_.")


def quote(text: str, what: str) -> str:
    """The file name that stands for a text; different texts have different ones, whatever the file system.

    Capitals are quoted too, since some file systems take ``V1`` and ``v1`` for one name, and so is everything beyond
    ASCII, since some store it in another normal form than they were given.

    Args:
        text: Any text without ``/``, other than ``.`` and ``..``.
        what: What the text names, for the error.

    Raises:
        StoreError: The text cannot be a name.
    """
    problem = ""
    if not text.strip():
        problem = "it is empty"
    elif "/" in text:
        problem = "it contains a slash"
    elif text in (".", ".."):
        problem = "it means a folder to every program"
    try:
        data = text.encode()
    except UnicodeEncodeError:
        data, problem = b"", "it is not valid Unicode"
    last = len(data) - 1
    quoted = "".join(
        chr(byte) if byte in _PLAIN and not (byte == ord(".") and place in (0, last)) else f"%{byte:02x}"
        for place, byte in enumerate(data)
    )
    if len(quoted) > LONGEST:
        problem = f"it is too long by {len(quoted) - LONGEST} bytes (capitals and what is not ASCII count three each)"
    if problem:
        raise StoreError(f"{text!r} cannot be the name of a {what}: {problem}.", hint="choose a name such as v1.0")
    return quoted


def unquote(name: str) -> str | None:
    """The text that a file name stands for; None if :func:`quote` does not make such names."""
    data = re.sub(rb"%([0-9a-f]{2})", lambda found: bytes([int(found[1], 16)]), name.encode("utf-8", "replace"))
    try:
        text = data.decode()
        return text if quote(text, "name") == name else None
    except (UnicodeDecodeError, StoreError):
        return None
