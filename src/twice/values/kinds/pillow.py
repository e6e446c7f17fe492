"""Pillow: pictures, by their mode, size and pixels."""

# ruff: noqa: ARG002, D102 - the methods and their arguments are described by Kind
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twice.values.kind import Buffer, Kind, Making, library

if TYPE_CHECKING:
    from twice.values.compare import Comparison
    from twice.values.differences import Difference
    from twice.values.terms import Tagged


class ImageKind(Kind):
    """An image of any mode; one that was opened from a file comes back without the file, and without its format.

    What is in ``info`` and is plain (such as the resolution) is kept aside: it does not belong to the picture.
    """

    name = "PIL.Image"
    roots = frozenset({"PIL"})

    def recognises(self, cls: type) -> bool:
        return any(base.__module__ == "PIL.Image" and base.__qualname__ == "Image" for base in cls.__mro__)

    def take_apart(self, value: Any) -> object:
        from twice.values.kind import Aside

        palette = value.getpalette("RGBA") if value.mode in ("P", "PA") else None
        plain = {key: item for key, item in value.info.items() if type(item) in (str, int, float, bytes, tuple)}
        return {
            "mode": value.mode,
            "width": value.width,
            "height": value.height,
            "palette": None if palette is None else bytes(palette),
            "pixels": Buffer(value.tobytes()),
            "info": Aside(plain or None),
        }

    def put_together(self, state: Any, making: Making) -> object:
        pillow = library("PIL.Image")

        size = (state["width"], state["height"])
        image = pillow.frombytes(state["mode"], size, bytes(state["pixels"]))
        if state["palette"] is not None:
            image.putpalette(state["palette"], "RGBA")
        image.info.update(state["info"] or {})
        return image

    def preview(self, value: Any) -> str:
        return f"image {value.mode} {value.width} × {value.height}"

    def compare(self, left: Tagged, right: Tagged, comparison: Comparison, path: str) -> Difference | None:
        from twice.values.differences import Difference
        from twice.values.kinds.pictures import pictures_differ

        if left.part("mode") != right.part("mode"):
            modes = (str(left.part("mode")), str(right.part("mode")))
            return Difference(path, f"the mode was {modes[0]} and is {modes[1]}", {"mode": modes})
        bands = {"L": 1, "P": 1, "LA": 2, "RGB": 3, "YCbCr": 3, "HSV": 3, "LAB": 3, "RGBA": 4, "RGBX": 4, "CMYK": 4}
        count = bands.get(str(left.part("mode")))
        if count is None:  # bits, or numbers of more than a byte
            return comparison.states(left, right, path)
        if left.part("palette") != right.part("palette"):
            return Difference(path, "the colours of the palette differ")
        return pictures_differ(left, right, path, count)


KINDS: tuple[Kind, ...] = (ImageKind(),)
