"""SciPy: sparse matrices and arrays by their parts; distributions and the like by their own reduction."""

# ruff: noqa: ARG002, D102 - the methods and their arguments are described by Kind
from __future__ import annotations

from typing import Any

from twice.values.kind import Kind, Making, library
from twice.values.kinds.objects import LibraryObjectKind

_PARTS = {
    "csr": ("data", "indices", "indptr"),
    "csc": ("data", "indices", "indptr"),
    "bsr": ("data", "indices", "indptr"),
    "dia": ("data", "offsets"),
}


class SparseKind(Kind):
    """A sparse matrix or array in compressed, coordinate or diagonal form."""

    name = "scipy.sparse"
    roots = frozenset({"scipy"})

    def recognises(self, cls: type) -> bool:
        form, _, what = cls.__name__.partition("_")
        return cls.__module__.startswith("scipy.sparse.") and what in ("matrix", "array") and form in {*_PARTS, "coo"}

    def take_apart(self, value: Any) -> object:
        parts = {name: getattr(value, name) for name in _PARTS.get(value.format, ())}
        if value.format == "coo":
            coords = getattr(value, "coords", None) or (value.row, value.col)
            parts = {"data": value.data, "coords": tuple(coords)}
        return {"class": type(value).__name__, "shape": tuple(int(length) for length in value.shape), **parts}

    def put_together(self, state: Any, making: Making) -> object:
        sparse = library("scipy.sparse")

        form, _, what = state["class"].partition("_")
        if what not in ("matrix", "array") or form not in {*_PARTS, "coo"}:
            raise AttributeError(f"SciPy has no sparse {state['class']}")
        cls = getattr(sparse, state["class"])
        if form == "coo":
            return cls((state["data"], state["coords"]), shape=state["shape"])
        return cls(tuple(state[name] for name in _PARTS[form]), shape=state["shape"])

    def preview(self, value: Any) -> str:
        return f"{type(value).__name__} {value.dtype} {' × '.join(map(str, value.shape))}, {value.nnz} stored"


KINDS: tuple[Kind, ...] = (
    SparseKind(),
    LibraryObjectKind("scipy.object", frozenset({"scipy"}), frozenset({"numpy"})),
)
