"""How two arrays differ: norm-wise first, since no element-wise tolerance tells rounding from change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twice.values.differences import FLOAT32, ORDER, ROUNDING, Difference
from twice.values.kind import library
from twice.values.rounding import MEDIAN_ULPS, bound
from twice.values.terms import LEAVES, Tagged, Term, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twice.values.compare import Comparison
    from twice.values.tolerance import Tolerance

_CHUNK = 1 << 20
"""Items that are looked at at a time, so that comparing takes little memory beside the arrays themselves."""

_ORDERED_UP_TO = 1 << 24
"""Items up to which another order of rows is looked for."""


def array_of(term: Term) -> Any:
    """The NumPy array that a term stands for, or None; makes arrays only, of plain data only."""
    if not isinstance(term, Tagged) or term.kind != "numpy.ndarray":
        return None
    state = plain(term.state)
    if "columns" in state or any(type(item) not in LEAVES for item in state.get("items", ())):
        return None
    try:
        from twice.values.kinds.numpy import array_from
    except ImportError:
        return None
    try:
        return array_from(state)
    except ImportError:
        return None


def arrays_differ(left: Tagged, right: Tagged, comparison: Comparison, path: str) -> Difference | None:
    """What differs between two arrays."""
    before, after = array_of(left), array_of(right)
    if before is None or after is None:
        return comparison.states(left, right, path)
    if before.shape != after.shape:
        what = f"the shape was {before.shape} and is {after.shape}"
        return Difference(path, what, {"shape": (before.shape, after.shape)})
    if before.dtype != after.dtype:
        return _types_differ(before, after, path)
    return figures(before, after, comparison, path)


def _types_differ(before: Any, after: Any, path: str) -> Difference:
    np = library("numpy")

    softer, explained = "", frozenset[str]()
    if before.dtype.kind in "biuf" and after.dtype.kind in "biuf":
        narrow = before.dtype if before.dtype.itemsize <= after.dtype.itemsize else after.dtype
        with np.errstate(all="ignore"):
            if np.array_equal(before, after, equal_nan=before.dtype.kind == "f" == after.dtype.kind):
                softer = "same numbers"
            elif np.array_equal(before.astype(narrow), after.astype(narrow), equal_nan=narrow.kind == "f"):
                softer = f"equal after rounding to {narrow}"
                explained = frozenset({FLOAT32}) if narrow == np.float32 else explained
    detail = {"type": (str(before.dtype), str(after.dtype))}
    what = f"the type was {before.dtype} and is {after.dtype}"
    return Difference(path, what, detail, softer=softer, explained=explained)


def figures(before: Any, after: Any, comparison: Comparison, path: str) -> Difference | None:
    """What differs between two arrays of one shape and type, in figures."""
    np = library("numpy")

    changed = _changed(before, after)
    count = int(np.count_nonzero(changed))
    if not count:
        return None
    first = tuple(int(place) for place in np.unravel_index(int(np.argmax(changed)), changed.shape))
    detail: dict[str, Any] = {"differing": count, "size": before.size, "share": count / before.size, "first": first}
    what = f"{count} of {before.size} items differ ({count / before.size:.2%})"
    within, softer, explained, decisions = False, "", frozenset[str](), False
    numbers = before.dtype.kind in "iufc"
    if numbers:
        allowed = comparison.tolerances.at(path)
        gap = _Gap(before, after, allowed)
        detail.update(gap.figures())
        if "norm_wise" in detail:
            what += f", norm-wise relative error {detail['norm_wise']:.2g}"
        if detail.get("nan") or detail.get("infinite"):
            what += "; missing or infinite numbers changed"
        else:
            within = bool(allowed) and gap.covered
            if gap.rounding:
                explained, softer = frozenset({ROUNDING}), "explained by rounding"
    rows = _same_rows(before, after)
    if rows:
        explained, softer = frozenset({ORDER}), rows
    elif numbers and before.dtype.kind == "f":
        detail.update(_decisions(before, after))
        decisions = _same_decisions(detail)
        if not explained and before.dtype.itemsize == 8 and _equal_as_float32(before, after):
            explained, softer = frozenset({FLOAT32}), "equal after rounding to float32"
    return Difference(path, what, detail, softer=softer, within=within, explained=explained, decisions=decisions)


def _changed(before: Any, after: Any) -> Any:
    """Where two arrays are not the same, bit by bit: NaN is the same as NaN, and 0.0 is not -0.0."""
    np = library("numpy")

    if before.dtype.hasobject or before.dtype.kind == "T":
        pairs = zip(before.ravel(), after.ravel(), strict=True)
        flat = [type(one) is not type(other) or (one != other and one == one) for one, other in pairs]
        return np.array(flat, bool).reshape(before.shape)
    size = before.dtype.itemsize
    if not size:
        return np.zeros(before.shape, bool)
    word = np.dtype(f"u{size}") if size in (1, 2, 4, 8) else None
    left, right = np.ascontiguousarray(before).reshape(-1), np.ascontiguousarray(after).reshape(-1)
    if word is not None:
        return (left.view(word) != right.view(word)).reshape(before.shape)
    bytes_before, bytes_after = (side.view(np.uint8).reshape(-1, size) for side in (left, right))
    return (bytes_before != bytes_after).any(axis=1).reshape(before.shape)


class _Gap:
    """How far two arrays of numbers are apart, found piece by piece.

    Args:
        before: Numbers.
        after: As many, of the same type.
        allowed: The tolerance to be checked.
    """

    def __init__(self, before: Any, after: Any, allowed: Tolerance) -> None:
        np = library("numpy")

        self.dtype, self.size = before.dtype, before.size
        self.allowed = allowed
        self.covered = True
        self.rounding = False
        self._before, self._after = np.ascontiguousarray(before).reshape(-1), np.ascontiguousarray(after).reshape(-1)
        self._wide = {"c": np.complex128, "i": np.longdouble, "u": np.longdouble}.get(self.dtype.kind, np.float64)
        if self.dtype.itemsize > np.dtype(self._wide).itemsize:  # long doubles
            self._wide = self.dtype.type

    def _pieces(self) -> Iterator[tuple[Any, Any]]:
        for start in range(0, self.size, _CHUNK):
            yield self._before[start : start + _CHUNK], self._after[start : start + _CHUNK]

    def figures(self) -> dict[str, Any]:
        """The figures, by name; errors relative to the size of the numbers, and in units of their type."""
        np = library("numpy")

        with np.errstate(all="ignore"):
            return self._figures()

    def _figures(self) -> dict[str, Any]:
        np = library("numpy")

        floating = self.dtype.kind in "fc"
        scale, some = 0.0, False
        for left, right in self._pieces():
            finite = np.abs(left[np.isfinite(left) & np.isfinite(right)].astype(self._wide))
            if finite.size:
                scale, some = max(scale, float(finite.max())), True
        missing = infinite = 0
        sum_gap = sum_size = 0.0
        absolute = relative = 0.0
        ulps: list[Any] = []
        stepped = self.dtype.kind == "f" and self.dtype.itemsize in (2, 4, 8)
        unit = scale or 1.0
        for first, second in self._pieces():
            if floating:
                missing += int(np.count_nonzero(np.isnan(first) != np.isnan(second)))
                infinite += int(np.count_nonzero(np.isinf(first) != np.isinf(second)))
                infinite += int(np.count_nonzero(np.isinf(first) & np.isinf(second) & (first != second)))
            finite = np.isfinite(first) & np.isfinite(second)
            left, right = first[finite].astype(self._wide), second[finite].astype(self._wide)
            gap, size = np.abs(right - left), np.abs(left)
            sum_gap += float(np.sum((gap / unit) ** 2))
            sum_size += float(np.sum((size / unit) ** 2))
            apart = gap > 0
            covered = gap <= self.allowed.atol + self.allowed.rtol * size
            if apart.any():
                absolute = max(absolute, float(gap.max()))
                relative = max(relative, float((gap[apart] / size[apart]).max()))
            if stepped:
                steps = _steps_between(first[finite], second[finite])
                ulps.append(steps[steps > 0])
                covered |= (steps <= self.allowed.ulps) if self.allowed.ulps else False
            self.covered = self.covered and bool(covered.all())
        found: dict[str, Any] = {"nan": missing, "infinite": infinite} if floating else {}
        if not some:
            return found
        norm = float(np.sqrt(sum_size))
        found["norm_wise"] = float(np.sqrt(sum_gap)) / norm if norm else float("inf")
        found["largest_absolute"] = absolute
        found["largest_relative"] = relative
        found["scale"] = scale
        apart_by = np.concatenate(ulps) if ulps else np.empty(0, np.uint64)
        if apart_by.size:
            found["largest_ulp"] = int(apart_by.max())
            found["median_ulp"] = float(np.median(apart_by))
        if floating:
            epsilon = found["epsilon"] = float(np.finfo(self.dtype).eps)
            limit = bound(epsilon, self.size)
            # A single number that changed must not hide behind the norm of many that did not.
            self.rounding = (
                not missing
                and not infinite
                and found["norm_wise"] <= limit
                and absolute <= limit * scale
                and found.get("median_ulp", 0.0) <= MEDIAN_ULPS
            )
        return found


def _steps_between(before: Any, after: Any) -> Any:
    """How many numbers of the type lie between each pair (units in the last place)."""
    np = library("numpy")

    size = before.dtype.itemsize
    signed = np.dtype(f"i{size}")
    native = before.dtype.newbyteorder("=")

    def places(values: Any) -> Any:
        bits = np.ascontiguousarray(values.astype(native)).view(signed).astype(np.int64)
        lowest = np.int64(np.iinfo(signed).min)
        return np.where(bits < 0, lowest - bits, bits)

    first, second = places(before), places(after)
    low, high = np.minimum(first, second), np.maximum(first, second)
    return high.astype(np.uint64) - low.astype(np.uint64)


def _decisions(before: Any, after: Any) -> dict[str, Any]:
    """How many choices changed: the largest of each row, or the places in the ranking and the sides of one half."""
    np = library("numpy")

    if before.size == 0 or before.size > _ORDERED_UP_TO or np.isnan(before).any() or np.isnan(after).any():
        return {}
    if before.ndim == 2 and before.shape[1] > 1:
        return {"largest_changed": int(np.count_nonzero(before.argmax(axis=1) != after.argmax(axis=1)))}
    if before.ndim not in (1, 2):
        return {}
    left, right = before.reshape(-1), after.reshape(-1)
    ranks = np.argsort(left, kind="stable") != np.argsort(right, kind="stable")
    found = {"ranks_changed": int(np.count_nonzero(ranks))}
    if left.min() >= 0 and left.max() <= 1 and right.min() >= 0 and right.max() <= 1:
        found["half_crossed"] = int(np.count_nonzero((left >= 0.5) != (right >= 0.5)))
    return found


def _same_decisions(detail: dict[str, Any]) -> bool:
    return any(detail.get(name) == 0 for name in ("largest_changed", "ranks_changed", "half_crossed"))


def _equal_as_float32(before: Any, after: Any) -> bool:
    np = library("numpy")

    with np.errstate(all="ignore"):
        return bool(np.array_equal(before.astype(np.float32), after.astype(np.float32), equal_nan=True))


def _same_rows(before: Any, after: Any) -> str:
    """Whether two arrays hold the same rows in another order, in words."""
    np = library("numpy")

    if before.shape != after.shape or before.ndim == 0 or before.dtype.hasobject or before.dtype.kind == "T":
        return ""
    if not 1 < before.size <= _ORDERED_UP_TO or before.dtype.itemsize == 0:
        return ""
    width = before[0].size * before.dtype.itemsize
    left, right = (np.ascontiguousarray(side).reshape(len(before), -1).view(np.uint8) for side in (before, after))
    # Rows that are the same have the same sum of bytes in each of their places; that is soon found out.
    if not np.array_equal(left.sum(axis=0, dtype=np.uint64), right.sum(axis=0, dtype=np.uint64)):
        return ""
    row = np.dtype(f"u{width}") if width in (1, 2, 4, 8) else np.dtype((np.void, width))
    if not np.array_equal(np.sort(left.view(row).ravel()), np.sort(right.view(row).ravel())):
        return ""
    return "same items in another order" if before.ndim == 1 else "same rows in another order"
