"""Arrays that lie in the same memory: which of a value's do, and the memory that they get when they come back.

An array that is written to changes what every other array there holds. So where parts of one value share memory, each
is noted as a window on it, beside its own items, which alone are what it means. This needs no array library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from twice.errors import Damaged, ValueNotStorable
from twice.values.kind import library

_PAIRS = 64
"""Windows in one stretch of memory up to which each is held against each; more are taken to share it."""

_WORK = 10_000
"""How long NumPy may think about whether two arrays have an item in common."""


@dataclass(frozen=True)
class Place:
    """Where an array lies.

    Attributes:
        address: Of its first item.
        shape: How many items there are along each dimension.
        strides: How many bytes lie between two of them.
        width: How many bytes an item has.
        written: Whether it can be written to.
        form: ``bytes``, ``objects`` (of Python), or ``fixed``: it cannot be put into memory that others share.
        lone: Whether its strides are to be kept though nothing else lies there.
    """

    address: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    width: int
    written: bool = True
    form: str = "bytes"
    lone: bool = False

    @property
    def bounds(self) -> tuple[int, int]:
        """The first byte, and the one after the last."""
        low, high = reach(self.shape, self.strides, self.width)
        return self.address + low, self.address + high


def reach(shape: Sequence[int], strides: Sequence[int], width: int) -> tuple[int, int]:
    """From the first item: where an array of at least one item begins and ends."""
    steps = [(length - 1) * stride for length, stride in zip(shape, strides, strict=True)]
    return sum(step for step in steps if step < 0), sum(step for step in steps if step > 0) + width


def meets_itself(shape: Sequence[int], strides: Sequence[int], width: int) -> bool:
    """Whether two items may lie in one place; may say so of rare arrays whose items lie between each other."""
    filled = width
    for stride, length in sorted((abs(stride), length) for stride, length in zip(strides, shape, strict=True)):
        if length > 1:
            if stride < filled:
                return True
            filled += (length - 1) * stride
    return False


class Window:
    """Said by a kind in an :class:`~twice.values.kind.Aside`: this part lies in memory, and others may lie there too.

    It comes back as ``(memory, offset, strides)`` if so, else as None.

    Args:
        holder: The array.
        place: Answers where it lies, if that is to be known.
        borrowed: Whether its memory may belong to another object; only if some part's does, any can share it.
    """

    __slots__ = ("borrowed", "holder", "owner", "place")

    def __init__(self, holder: Any, place: Callable[[Any], Place], *, borrowed: bool) -> None:
        self.holder, self.place, self.borrowed = holder, place, borrowed
        self.owner: int | None = None


class Reserved:
    """A part whose memory its owner copies before it writes there, if others see it, as pandas does.

    Where only such parts share memory, nothing is to be kept.

    Args:
        value: The part.
        owner: The object that it is a part of; None if nobody ever writes there.
    """

    __slots__ = ("owner", "value")

    def __init__(self, value: object, owner: object = None) -> None:
        self.value, self.owner = value, owner


class Memory:
    """A stretch of memory that several arrays lie in; made when the first of them comes back.

    Args:
        size: How many bytes it has.
        form: ``bytes`` or ``objects``.
    """

    def __init__(self, size: int, form: str) -> None:
        self.size, self.form = size, form
        self.data: Any = None
        self.filled = False
        self.known: dict[str, Any] = {}

    def adopt(self, data: Any, offset: int, *, whole: bool) -> bool:
        """Become the memory of an array that fills all of it; False if there is another already, or it does not."""
        if not whole or offset or self.data is not None or self.form != "bytes" or memoryview(data).nbytes != self.size:
            return False
        self.data, self.filled = data, True
        return True

    def bytes(self) -> Any:
        """The memory itself."""
        if self.data is None:
            self.data = bytearray(self.size)
        return self.data

    def check(self, shape: Sequence[int], strides: Sequence[int], width: int, offset: int, form: str = "bytes") -> None:
        """Hold a window against the memory's bounds.

        Raises:
            Damaged: It leads out of it.
        """
        low, high = reach(shape, strides, width)
        if form != self.form or offset + low < 0 or offset + high > self.size:
            raise Damaged("an array is said to lie outside of its memory.")


Found = tuple[Window, Place]


def sharing(windows: Iterable[Window]) -> list[list[Found]]:
    """The windows that share memory, each group in the order in which they were given.

    Raises:
        ValueNotStorable: Something that cannot be put into shared memory shares it.
    """
    placed = [(window, window.place(window.holder)) for window in windows]
    order = {id(window): number for number, (window, _) in enumerate(placed)}
    groups: list[list[Found]] = []
    stretch: list[Found] = []
    end = 0
    bounds = sorted(((*found[1].bounds, number) for number, found in enumerate(placed)))
    for low, high, number in bounds:
        found = placed[number]
        if low >= end:
            groups += _groups(stretch)
            stretch = []
        stretch.append(found)
        end = max(end, high)
    groups += _groups(stretch)
    kept = [sorted(group, key=lambda found: order[id(found[0])]) for group in groups if _matters(group)]
    for group in kept:
        _refuse_fixed(group)
    return kept


def _groups(stretch: list[Found]) -> list[list[Found]]:
    """What lies in one stretch of memory, taken apart into groups in which something is shared."""
    if len(stretch) > _PAIRS:
        return _columns(stretch) or [stretch]
    groups: list[list[Found]] = []
    for found in stretch:
        met = [group for group in groups if any(_overlap(found, other) for other in group)]
        groups = [group for group in groups if group not in met]
        groups.append([*(other for group in met for other in group), found])
    return groups


def _columns(stretch: list[Found]) -> list[list[Found]]:
    """The columns of one table that lies in memory row by row; none if the stretch is no such table."""
    step = stretch[0][1].strides
    if len(step) != 1 or not step[0] or any(place.strides != step for _, place in stretch):
        return []
    length = abs(step[0])
    columns: dict[tuple[int, int], list[Found]] = {}
    for window, place in stretch:
        columns.setdefault((place.bounds[0] % length, place.width), []).append((window, place))
    begins = sorted(columns)
    ends = [at + width for at, width in begins]
    if any(
        end > after for end, after in zip(ends, [*(at for at, _ in begins[1:]), begins[0][0] + length], strict=True)
    ):
        return []
    return list(columns.values())


def _overlap(one: Found, other: Found) -> bool:
    """Whether two windows have a byte in common; True if that is not easily known."""
    (_, left), (_, right) = one, other
    (low, high), (after, end) = left.bounds, right.bounds
    if high <= after or end <= low:
        return False
    if len(left.strides) == len(right.strides) == 1 and left.strides == right.strides and left.strides[0]:
        step = abs(left.strides[0])
        apart = (after - low) % step
        return not (left.width <= apart and apart + right.width <= step)
    for holder in (one[0].holder, other[0].holder):
        if type(holder).__module__.partition(".")[0] != "numpy":
            return True
    np = library("numpy")
    try:
        return bool(np.shares_memory(one[0].holder, other[0].holder, max_work=_WORK))
    except np.exceptions.TooHardError:
        return True


def _matters(group: list[Found]) -> bool:
    """Whether it can be noticed that these lie in one memory, or that one lies there as it does."""
    if len(group) == 1:
        return group[0][1].lone
    return any(place.written and window.owner is None for window, place in group)


def _refuse_fixed(group: list[Found]) -> None:
    owners = {window.owner for window, _ in group} - {None}
    forms = {place.form for _, place in group}
    if len(group) > 1 and ("fixed" in forms or len(forms) > 1):
        names = sorted({type(window.holder).__name__ for window, _ in group})
        reason = "and one of them cannot be put into the same memory again"
    elif len(owners) > 1:
        names, reason = ["pandas objects", "array"], "which pandas would no longer know of"
    else:
        return
    raise ValueNotStorable(
        f"parts of it ({' and '.join(names)}) lie in the same memory, {reason}", hint="return a copy of one of them"
    )
