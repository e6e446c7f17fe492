"""Which kinds there are, and in which order they are asked.

The first kind that recognises a class serves it. Kinds for libraries are imported when a class of theirs is met, kinds
of strangers (entry points of the group ``twice.kinds``, each a :class:`~twice.values.kind.Kind` or a class of such)
when nothing of ours fits, and last comes the object itself taken apart by the pickle protocol.
"""

from __future__ import annotations

import functools
import importlib
import itertools
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from twice.errors import CaptureError, Damaged
from twice.values.kind import Kind

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

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

    kinds: dict[str, Kind] = {}
    for point in sorted(entry_points(group="twice.kinds"), key=lambda point: point.name):
        kind = _stranger(point)
        if kind.name in kinds or any(ours.name == kind.name for ours in _ours_named(kind.name)):
            raise _unusable(point, f"there is another kind of the name {kind.name!r}")
        kinds[kind.name] = kind
    return tuple(kinds.values())


def _stranger(point: EntryPoint) -> Kind:
    """The kind that a package announces, looked at before any value is trusted to it.

    Raises:
        CaptureError: It cannot be loaded, or lacks what every kind has.
    """
    try:
        kind = point.load()
        kind = kind() if isinstance(kind, type) else kind
    except Exception as problem:
        raise _unusable(point, f"{type(problem).__name__}: {problem}") from problem
    if not isinstance(kind, Kind):
        raise _unusable(point, "it is no twice.values.kind.Kind")
    if not getattr(kind, "name", ""):
        raise _unusable(point, "it has no name")
    for method in ("recognises", "take_apart", "stages" if kind.staged else "put_together"):
        if getattr(type(kind), method) is getattr(Kind, method):
            raise _unusable(point, f"it has no method {method}")
    return kind


def _unusable(point: EntryPoint, why: str) -> CaptureError:
    package = f"{point.dist.name} {point.dist.version}" if point.dist is not None else "an installed package"
    return CaptureError(
        f"the kind of value {point.value}, which {package} announces, cannot be used: {why}.",
        hint="mend the package or uninstall it; the step is not to blame",
    )


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


def _ours_named(name: str) -> Iterator[Kind]:
    """Our kinds that may have that name, each loaded only when the ones before are not it."""
    root = name.partition(".")[0]
    for file in (*(file for served, file in _OURS if served in ("", root)), "objects"):
        yield from _file(file)


@functools.cache
def kind_named(name: str) -> Kind:
    """The kind of that name.

    Raises:
        Damaged: There is none, here.
    """
    for kind in itertools.chain(_ours_named(name), _strangers()):
        if kind.name == name:
            return kind
    raise Damaged(
        f"a stored value is of the kind {name!r}, which nothing here knows.",
        hint="install the package that brings this kind, or a newer Twice",
    )
