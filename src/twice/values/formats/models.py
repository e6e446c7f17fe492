"""Files of models: safetensors, PyTorch's zip files, CatBoost, ONNX, skops. Nothing in them is called."""

# ruff: noqa: ARG001 - readers and sniffs of all formats are called alike
from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

from twice.values.formats.reading import Reading
from twice.values.kind import library

_SAFE = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1", "U64": "<u8",
    "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1", "C64": "<c8",
}  # fmt: skip


def safetensors(name: str, data: memoryview, reading: Reading) -> Any:
    """The tensors by name, and the metadata by key."""
    size = int.from_bytes(data[:8], "little")
    header = json.loads(bytes(data[8 : 8 + size]))
    metadata = header.pop("__metadata__", {})
    start = 8 + size
    tensors = {
        tensor: tensor_of(found["dtype"], tuple(found["shape"]), data[start + begin : start + end])
        for tensor, found in sorted(header.items())
        for begin, end in [found["data_offsets"]]
    }
    return {"tensors": tensors, "metadata": {key: metadata[key] for key in sorted(metadata)}}


def tensor_of(dtype: str, shape: tuple[int, ...], data: memoryview) -> Any:
    """A tensor as an array; of a type that NumPy has not, its bits and the name of the type."""
    np = library("numpy")

    if dtype in _SAFE:
        return np.frombuffer(data, _SAFE[dtype]).reshape(shape)
    if dtype == "BF16":
        wide = np.frombuffer(data, "<u2").astype("<u4") << 16
        return {"bfloat16": wide.view("<f4").reshape(shape)}
    return {dtype: bytes(data), "shape": shape}


def torch_members(found: dict[str, bytes], reading: Reading) -> Any:
    """What ``torch.save`` wrote: its pickle taken apart, with the storages in their places.

    The folder in the file is named after the file, and a serial number is noted; neither is content.
    """
    from twice.values.formats.pickles import Machine

    np = library("numpy")
    top = next(path for path in found if PurePosixPath(path).name == "data.pkl").removesuffix("data.pkl")

    def storage(id_: Any) -> Any:
        kind, key = str(id_[1].get("global", id_[1]) if isinstance(id_[1], dict) else id_[1]), str(id_[2])
        data = found[f"{top}data/{key}"]
        dtype = _STORAGES.get(kind.rpartition(".")[2])
        return {"storage": kind, "data": np.frombuffer(data, dtype) if dtype else data}

    import io

    return Machine(io.BytesIO(found[f"{top}data.pkl"]), reading, storage).all()


_STORAGES = {
    "DoubleStorage": "<f8", "FloatStorage": "<f4", "HalfStorage": "<f2", "LongStorage": "<i8", "IntStorage": "<i4",
    "ShortStorage": "<i2", "CharStorage": "|i1", "ByteStorage": "|u1", "BoolStorage": "|b1",
}  # fmt: skip


def skops_members(found: dict[str, bytes], reading: Reading) -> Any:
    """What ``skops`` wrote: its schema, with addresses numbered in the order in which they are met."""
    from twice.values.formats import content

    schema = json.loads(found["schema.json"])
    numbers: dict[Any, int] = {}

    def walked(part: Any) -> Any:
        if isinstance(part, dict):
            made = {}
            for key in sorted(part):
                if key == "__id__":
                    made[key] = numbers.setdefault(part[key], len(numbers))
                elif key == "file" and isinstance(part[key], str) and part[key] in found:
                    made[key] = content(part[key], memoryview(found[part[key]]), reading)
                else:
                    made[key] = walked(part[key])
            return made
        return [walked(item) for item in part] if isinstance(part, list) else part

    return walked(schema)


_GUID = re.compile(rb"[0-9a-f]{1,8}(?:-[0-9a-f]{1,8}){3}")
_FINISHED = re.compile(rb"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def without_noise(model: bytes) -> bytes:
    """A CatBoost model in its own format, as far as possible without its random name and its time."""
    return _FINISHED.sub(b"", _GUID.sub(b"", model))


def catboost(name: str, data: memoryview, reading: Reading) -> Any:
    """A CatBoost model without the name that it gives itself and the time when it was finished."""
    try:
        cat = library("catboost")
    except ImportError:
        return without_noise(bytes(data))
    from twice.values.formats.tables import json_text

    with tempfile.TemporaryDirectory(prefix="twice-") as folder:
        file = Path(folder) / "model.json"
        cat.CatBoost().load_model(blob=bytes(data)).save_model(str(file), format="json")
        return json_text("model.json", memoryview(file.read_bytes()), reading)


def onnx(name: str, data: memoryview, reading: Reading) -> Any:
    """An ONNX model: its initial values by name, its graph as text, its metadata by key."""
    library("onnx")
    helper, protobuf = library("onnx.numpy_helper"), library("onnx.onnx_ml_pb2")

    model = protobuf.ModelProto()
    model.ParseFromString(bytes(data))
    metadata = {entry.key: entry.value for entry in sorted(model.metadata_props, key=lambda entry: entry.key)}
    external = protobuf.TensorProto.EXTERNAL
    initial = {
        tensor.name: "in another file" if tensor.data_location == external else helper.to_array(tensor)
        for tensor in sorted(model.graph.initializer, key=lambda tensor: tensor.name)
    }
    del model.metadata_props[:]
    del model.graph.initializer[:]
    return {"graph": str(model), "initial values": initial, "metadata": metadata}
