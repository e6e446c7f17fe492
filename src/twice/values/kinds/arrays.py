"""How two arrays differ: norm-wise first, since no element-wise tolerance tells rounding from change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twice.values.compare import Difference, plain
from twice.values.kind import library
from twice.values.terms import LEAVES, Tagged, Term

if TYPE_CHECKING:
    from twice.values.compare import Comparison


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
        return Difference(path, what, {"shape": (before.shape, after.shape)}, softer=_same_rows(before, after))
    if before.dtype != after.dtype:
        return _types_differ(before, after, path)
    return figures(before, after, comparison, path)


def _types_differ(before: Any, after: Any, path: str) -> Difference:
    np = library("numpy")

    softer = ""
    if before.dtype.kind in "biuf" and after.dtype.kind in "biuf":
        narrow = before.dtype if before.dtype.itemsize <= after.dtype.itemsize else after.dtype
        with np.errstate(all="ignore"):
            if np.array_equal(before, after, equal_nan=before.dtype.kind == "f" == after.dtype.kind):
                softer = "same numbers"
            elif np.array_equal(before.astype(narrow), after.astype(narrow)):
                softer = f"equal after rounding to {narrow}"
    detail = {"type": (str(before.dtype), str(after.dtype))}
    return Difference(path, f"the type was {before.dtype} and is {after.dtype}", detail, softer=softer)


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
    within = False
    if before.dtype.kind in "biufc":
        detail.update(_numeric(before, after))
        if "norm_wise" in detail:
            what += f", norm-wise relative error {detail['norm_wise']:.2g}"
        if detail.get("nan") or detail.get("infinite"):
            what += "; missing or infinite numbers changed"
        elif comparison.rtol or comparison.atol:
            within = _within(before, after, comparison)
    return Difference(path, what, detail, softer=_softer(before, after), within=within)


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
    bytes_before = np.ascontiguousarray(before).reshape(-1).view(np.uint8).reshape(-1, size)
    bytes_after = np.ascontiguousarray(after).reshape(-1).view(np.uint8).reshape(-1, size)
    return (bytes_before != bytes_after).any(axis=1).reshape(before.shape)


def _numeric(before: Any, after: Any) -> dict[str, Any]:
    np = library("numpy")

    kind = before.dtype.kind
    if kind == "b":
        return {}
    wide = np.complex128 if kind == "c" else np.longdouble if kind in "iu" else np.float64
    left, right = before.astype(wide).ravel(), after.astype(wide).ravel()
    finite = np.isfinite(left) & np.isfinite(right)
    detail: dict[str, Any] = {}
    if kind in "fc":
        detail["nan"] = int(np.count_nonzero(np.isnan(left) != np.isnan(right)))
        detail["infinite"] = int(np.count_nonzero(np.isinf(left) != np.isinf(right)))
    left, right = left[finite], right[finite]
    if not left.size:
        return detail
    with np.errstate(all="ignore"):
        gap, size = np.abs(right - left), np.abs(left)
        largest = float(size.max())
        scale = largest if largest else 1.0
        norm = float(np.sqrt(np.sum((size / scale) ** 2)))
        detail["norm_wise"] = float(np.sqrt(np.sum((gap / scale) ** 2))) / norm if norm else float("inf")
        detail["largest_absolute"] = float(gap.max())
        nonzero = gap > 0
        relative = np.divide(gap, size, out=np.full(gap.shape, np.inf), where=size > 0)[nonzero]
        detail["largest_relative"] = float(relative.max()) if relative.size else 0.0
        detail["scale"] = largest
    if kind == "f" and before.dtype.itemsize in (2, 4, 8):
        steps = _steps_between(before.ravel()[finite], after.ravel()[finite])
        steps = steps[steps > 0]
        if steps.size:
            detail["largest_ulp"] = int(steps.max())
            detail["median_ulp"] = float(np.median(steps))
        detail["epsilon"] = float(np.finfo(before.dtype).eps)
    return detail


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


def _within(before: Any, after: Any, comparison: Comparison) -> bool:
    np = library("numpy")

    wide = np.complex128 if before.dtype.kind == "c" else np.float64
    left, right = before.astype(wide), after.astype(wide)
    with np.errstate(all="ignore"):
        gap = np.abs(right - left)
        covered = (gap <= comparison.atol + comparison.rtol * np.abs(left)) | (left == right)
        covered |= np.isnan(left) & np.isnan(right)
    return bool(covered.all())


def _softer(before: Any, after: Any) -> str:
    np = library("numpy")

    rows = _same_rows(before, after)
    if rows:
        return rows
    if before.dtype.kind == "f" and before.dtype.itemsize == 8:
        with np.errstate(all="ignore"):
            if np.array_equal(before.astype(np.float32), after.astype(np.float32), equal_nan=True):
                return "equal after rounding to float32"
    return ""


def _same_rows(before: Any, after: Any) -> str:
    np = library("numpy")

    if before.shape != after.shape or before.ndim == 0 or before.dtype.hasobject or before.dtype.kind == "T":
        return ""
    if before.size == 0 or before.dtype.itemsize == 0:
        return ""
    width = before[0].size * before.dtype.itemsize
    row = np.dtype((np.void, width))
    left = np.sort(np.ascontiguousarray(before).reshape(len(before), -1).view(row).ravel())
    right = np.sort(np.ascontiguousarray(after).reshape(len(after), -1).view(row).ravel())
    if not np.array_equal(left, right):
        return ""
    return "same items in another order" if before.ndim == 1 else "same rows in another order"
