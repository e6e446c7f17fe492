"""How two pictures differ: which share of the pixels, and by how much at most."""

from __future__ import annotations

from typing import Any

from twice.values.compare import Difference
from twice.values.terms import Bytes, Tagged


def pictures_differ(left: Tagged, right: Tagged, path: str) -> Difference | None:
    """What differs between two pictures of ``width``, ``height`` and RGBA ``pixels``."""
    sizes = [f"{picture.part('width')!r} × {picture.part('height')!r}" for picture in (left, right)]
    if sizes[0] != sizes[1]:
        return Difference(path, f"the size was {sizes[0]} pixels and is {sizes[1]}", {"size": tuple(sizes)})
    first, second = left.part("pixels"), right.part("pixels")
    if not isinstance(first, Bytes) or not isinstance(second, Bytes):
        return Difference(path, "one of them has no pixels")
    before, after = bytes(first.view()), bytes(second.view())
    if before == after:
        return None
    detail = pixel_figures(before, after)
    what = f"{detail['share']:.2%} of the pixels differ, by at most {detail['largest']} of 255"
    return Difference(path, what, detail)


def pixel_figures(before: bytes, after: bytes) -> dict[str, Any]:
    """Count and share of the differing pixels, and the largest step of a colour (0 to 255)."""
    count, largest = 0, 0
    for at in range(0, len(before), 4096):
        one, other = before[at : at + 4096], after[at : at + 4096]
        if one == other:
            continue
        steps = [abs(left - right) for left, right in zip(one, other, strict=True)]
        largest = max(largest, *steps)
        count += sum(any(steps[pixel : pixel + 4]) for pixel in range(0, len(steps), 4))
    return {"differing": count, "pixels": len(before) // 4, "share": 4 * count / len(before), "largest": largest}
