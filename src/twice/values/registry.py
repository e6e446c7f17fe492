"""Which kinds there are, and in which order they are asked.

The first kind that recognises a class serves it. Kinds for libraries are imported when a class of theirs is met, kinds
of strangers (entry points of the group ``twice.kinds``, each a :class:`~twice.values.kind.Kind` or a class of such)
when nothing of ours fits, and last comes the object itself taken apart by the pickle protocol.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Collection, Iterable

from twice.errors import Damaged
from twice.values.kind import Kind

_OURS: tuple[tuple[str, str], ...] = (
    # Top-level module whose classes the file serves (empty: of any module), and the file.
    ("", "references"),
    ("", "plain"),
    ("", "containers"),
    ("", "files"),
    ("", "memory"),
    ("numpy", "numpy"),
    ("numpy", "numpy_types"),
    ("numpy", "numpy_random"),
    ("pandas", "pandas"),
    ("scipy", "scipy"),
    ("sklearn", "sklearn"),
    ("matplotlib", "matplotlib"),
    ("mpl_toolkits", "matplotlib"),
    ("PIL", "pillow"),
    ("pyarrow", "arrow"),
    ("polars", "polars"),
    ("torch", "torch"),
    ("xgboost", "boosters"),
    ("lightgbm", "boosters"),
    ("catboost", "boosters"),
    ("onnx", "onnx"),
    ("pydantic", "pydantic"),
)


@functools.cache
def _file(name: str) -> tuple[Kind, ...]:
    module = importlib.import_module(f"twice.values.kinds.{name}")
    kinds: tuple[Kind, ...] = module.KINDS
    return kinds


def load_for(roots: Collection[str]) -> None:
    """Load our kinds for plain values and for libraries, before they are needed.

    Args:
        roots: The libraries: top-level modules.
    """
    for root, name in _OURS:
        if not root or root in roots:
            _file(name)
    _file("objects")


@functools.cache
def _strangers() -> tuple[Kind, ...]:
    from importlib.metadata import entry_points

    found = sorted(entry_points(group="twice.kinds"), key=lambda point: point.name)
    loaded = (point.load() for point in found)
    return tuple(kind() if isinstance(kind, type) else kind for kind in loaded)


def roots_of(cls: type) -> frozenset[str]:
    """The top-level modules that a class and its bases come from."""
    return frozenset(str(base.__module__).partition(".")[0] for base in cls.__mro__)


def candidates(cls: type) -> Iterable[Kind]:
    """The kinds that recognise a class, in the order in which they are to be asked."""
    roots = roots_of(cls)
    seen: set[str] = set()
    for root, name in _OURS:
        if (root and root not in roots) or name in seen:
            continue
        seen.add(name)
        yield from (kind for kind in _file(name) if kind.recognises(cls))
    yield from (kind for kind in _strangers() if (not kind.roots or kind.roots & roots) and kind.recognises(cls))
    yield from (kind for kind in _file("objects") if kind.recognises(cls))


class KindFinder:
    """Remembers for one value which kinds its parts are of."""

    def __init__(self) -> None:
        self._known: dict[type, list[Kind]] = {}
        self._pending: dict[type, Iterable[Kind]] = {}

    def kinds_of(self, cls: type) -> Iterable[Kind]:
        """The kinds that recognise a class, the best first; later ones are only looked for when asked for."""
        known = self._known.get(cls)
        if known is None:
            pending = iter(candidates(cls))
            first = next(pending)
            known = self._known[cls] = [first]
            self._pending[cls] = pending
        yield from known
        for kind in self._pending[cls]:
            known.append(kind)
            yield kind


@functools.cache
def kind_named(name: str) -> Kind:
    """The kind of that name.

    Raises:
        Damaged: There is none, here.
    """
    root = name.partition(".")[0]
    for file in (*(file for served, file in _OURS if served in ("", root)), "objects"):
        for kind in _file(file):
            if kind.name == name:
                return kind
    for kind in _strangers():
        if kind.name == name:
            return kind
    raise Damaged(
        f"a stored value is of the kind {name!r}, which nothing here knows.",
        hint="install the package that brings this kind, or a newer Twice",
    )
