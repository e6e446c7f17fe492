"""ONNX: models and their parts, as the protocol buffers that they are."""

# ruff: noqa: ARG002, D102 - the methods and their arguments are described by Kind
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twice.values.kind import Buffer, Kind, Making, library

if TYPE_CHECKING:
    from twice.values.compare import Comparison
    from twice.values.differences import Difference
    from twice.values.terms import Tagged


class ProtoKind(Kind):
    """A ``ModelProto``, ``GraphProto``, ``TensorProto`` …: its bytes, with maps in the order of their keys."""

    name = "onnx.proto"
    roots = frozenset({"onnx"})

    def recognises(self, cls: type) -> bool:
        return cls.__module__.startswith("onnx.") and hasattr(cls, "SerializeToString") and hasattr(cls, "DESCRIPTOR")

    def take_apart(self, value: Any) -> object:
        return {"class": type(value).__qualname__, "data": Buffer(value.SerializeToString(deterministic=True))}

    def put_together(self, state: Any, making: Making) -> object:
        cls = getattr(library("onnx.onnx_ml_pb2"), state["class"])
        made = cls()
        made.ParseFromString(bytes(state["data"]))
        return made

    def preview(self, value: Any) -> str:
        graph = getattr(value, "graph", None)
        return f"{type(value).__name__} of {len(graph.node)} nodes" if graph is not None else type(value).__name__

    def compare(self, left: Tagged, right: Tagged, comparison: Comparison, path: str) -> Difference | None:
        from twice.values.contents import contents_differ
        from twice.values.terms import Bytes

        if left.part("class") != "ModelProto" or left.part("class") != right.part("class"):
            return comparison.states(left, right, path)
        sides = []
        for side in (left, right):
            data = side.part("data")
            sides.append(("model.onnx", data.view() if isinstance(data, Bytes) else memoryview(b"")))
        return contents_differ(sides[0], sides[1], comparison, path)


KINDS: tuple[Kind, ...] = (ProtoKind(),)
