"""Matplotlib: a figure means the pixels that it shows; the drawing itself is kept aside."""

# ruff: noqa: ARG002, D102 - the methods and their arguments are described by Kind
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from twice.errors import ValueNotStorable
from twice.values.kind import Aside, Buffer, Kind, Made, Making, Stages, library
from twice.values.kinds.objects import LibraryObjectKind, own_methods, reduced

if TYPE_CHECKING:
    from twice.values.compare import Comparison
    from twice.values.differences import Difference
    from twice.values.terms import Tagged

_ROOTS = frozenset({"matplotlib", "mpl_toolkits"})
_COMPANIONS = frozenset({"numpy", "contourpy", "kiwisolver"})


def _rendered(figure: Any) -> Any:
    """The figure's pixels, (height, width, 4) of ``uint8``; the figure keeps the canvas that it had."""
    canvas = figure.canvas
    try:
        agg = library("matplotlib.backends.backend_agg").FigureCanvasAgg(figure)
        agg.draw()
        return agg.buffer_rgba()
    finally:
        figure.set_canvas(canvas)


def _picture(pixels: memoryview, width: int, height: int) -> bytes:
    """The pixels as a PNG file, for showing."""
    import struct
    import zlib

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    flat = pixels.cast("B")
    rows = b"".join(b"\0" + bytes(flat[row * width * 4 : (row + 1) * width * 4]) for row in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 6)) + chunk(b"IEND", b"")


class FigureKind(Kind):
    """A figure: size and pixels; aside, the drawing and a PNG of it."""

    name = "matplotlib.Figure"
    roots = _ROOTS
    staged = True

    def recognises(self, cls: type) -> bool:
        return cls.__module__ == "matplotlib.figure" and cls.__qualname__ == "Figure"

    def take_apart(self, value: Any) -> object:
        buffer = _rendered(value)
        height, width = buffer.shape[:2]
        pixels = buffer.cast("B")
        reduction = reduced(value)
        if reduction.get("class") is not type(value):
            raise ValueNotStorable("this figure is not an ordinary one", hint="return what was drawn instead")
        return {
            "width": width, "height": height, "pixels": Buffer(pixels),
            "state": Aside(_without_window(reduction["state"])),
            "picture": Aside(_picture(pixels, width, height)),
        }  # fmt: skip

    def stages(self, state: Mapping[str, Any], making: Making) -> Stages:
        cls = library("matplotlib.figure").Figure
        result = cls.__new__(cls)
        yield Made(result)
        inner = yield state["state"]
        result.__setstate__(inner)
        return result

    def preview(self, value: Any) -> str:
        width, height = value.get_size_inches() * value.dpi
        return f"Figure {round(width)} × {round(height)}"

    def compare(self, left: Tagged, right: Tagged, comparison: Comparison, path: str) -> Difference | None:
        from twice.values.kinds.pictures import pictures_differ

        return pictures_differ(left, right, path)


def _without_window(state: Any) -> Any:
    """A figure's state without the wish to be shown in a window when it comes back."""
    return {name: item for name, item in state.items() if name != "_restore_to_pylab"}


class AxesKind(Kind):
    """Axes of a figure: the figure, and which of its axes. That two are one the figure says, which is kept as one."""

    name = "matplotlib.Axes"
    roots = _ROOTS
    identity = False  # else the drawing that is kept aside, which holds them too, would hold them again unmade
    content_only = True

    def recognises(self, cls: type) -> bool:
        inside = any(
            base.__module__ == "matplotlib.axes._base" and base.__qualname__ == "_AxesBase" for base in cls.__mro__
        )
        return inside and own_methods(cls, ("__new__",), _ROOTS)

    def take_apart(self, value: Any) -> object:
        figure = value.get_figure(root=True) if hasattr(value, "get_figure") else value.figure
        if figure is None or value not in figure.axes:
            raise ValueNotStorable("these axes belong to no figure", hint="return the figure")
        return {"figure": figure, "number": figure.axes.index(value)}

    def put_together(self, state: Any, making: Making) -> object:
        return state["figure"].axes[state["number"]]

    def preview(self, value: Any) -> str:
        return "Axes"


class PartKind(LibraryObjectKind):
    """A part of a drawing, by its own reduction."""


KINDS: tuple[Kind, ...] = (
    FigureKind(),
    AxesKind(),
    PartKind("matplotlib.object", _ROOTS, _COMPANIONS),
)
