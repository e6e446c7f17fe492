"""How two pictures differ: which share of the pixels, and by how much at most."""

from __future__ import annotations

from typing import Any

from twice.values.differences import Difference
from twice.values.terms import Bytes, Tagged

_CHUNK = 1 << 22


def pictures_differ(left: Tagged, right: Tagged, path: str, bands: int = 4) -> Difference | None:
    """What differs between two pictures of ``width``, ``height`` and ``pixels`` of so many bytes each."""
    sizes = [f"{picture.part('width')!r} × {picture.part('height')!r}" for picture in (left, right)]
    if sizes[0] != sizes[1]:
        return Difference(path, f"the size was {sizes[0]} pixels and is {sizes[1]}", {"size": tuple(sizes)})
    first, second = left.part("pixels"), right.part("pixels")
    before, after = _data(first), _data(second)
    if before is None or after is None:
        return Difference(path, "one of them has no pixels")
    if before == after:
        return None
    detail = pixel_figures(before, after, bands)
    what = f"{detail['share']:.2%} of the pixels differ, by at most {detail['largest']} of 255"
    return Difference(path, what, detail)


def _data(pixels: Any) -> bytes | None:
    if isinstance(pixels, Bytes):
        return bytes(pixels.view())
    return pixels if isinstance(pixels, bytes) else None


def pixel_figures(before: bytes, after: bytes, bands: int = 4) -> dict[str, Any]:
    """Count and share of the differing pixels, and the largest step of a colour (0 to 255)."""
    count, largest = 0, 0
    step = _CHUNK // bands * bands
    for at in range(0, len(before), step):
        one, other = before[at : at + step], after[at : at + step]
        if one != other:
            some, most = _figures(one, other, bands)
            count, largest = count + some, max(largest, most)
    return {
        "differing": count,
        "pixels": len(before) // bands,
        "share": bands * count / len(before),
        "largest": largest,
    }


def _figures(one: bytes, other: bytes, bands: int) -> tuple[int, int]:
    try:
        import numpy as np
    except ImportError:
        steps = [abs(left - right) for left, right in zip(one, other, strict=True)]
        return sum(any(steps[pixel : pixel + bands]) for pixel in range(0, len(steps), bands)), max(steps)
    left, right = (np.frombuffer(side, np.uint8).astype(np.int16) for side in (one, other))
    gap = np.abs(left - right).reshape(-1, bands)
    return int(np.count_nonzero(gap.any(axis=1))), int(gap.max())
