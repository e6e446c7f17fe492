"""Bytes that lie elsewhere: a store's folder may name a backend that an installed package brings.

The file ``backend`` in the folder is one line, ``<name> <where>``; the entry point of that name in the group
``twice.backends`` is called with *where* and answers a :class:`~twice.store.backend.Backend`. What is found out, and
what is half-written, stays in the folder.
"""

from __future__ import annotations

from pathlib import Path

from twice.errors import StoreUnusable
from twice.store.backend import Backend

FILE = "backend"


def backend_of(place: Path) -> Backend | None:
    """The backend that a store's folder names; None where the bytes are in the folder itself.

    Raises:
        StoreUnusable: No installed package brings it, or it cannot be opened.
    """
    try:
        text = (place / FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    from importlib.metadata import entry_points

    name, _, where = text.strip().partition(" ")
    points = tuple(entry_points(group="twice.backends", name=name))
    if not points:
        raise StoreUnusable(
            f"the store {place} keeps its bytes in a backend named {name!r}, which no installed package brings.",
            hint=f"install the package that does, or see what its file {FILE!r} says",
        )
    try:
        backend: Backend = points[0].load()(where)
    except Exception as problem:
        raise StoreUnusable(
            f"the store {place} keeps its bytes in the backend {name!r}, which cannot be opened: {problem}",
            hint="see whether the place can be reached",
        ) from problem
    return backend
