"""Arrow: tables, arrays, scalars, types and schemas, column by column, whatever the chunks and offsets in memory.

Buffers are kept as they are, so a large table comes back as a view of the mapped file.
"""

# ruff: noqa: ARG002, D102 - the methods and their arguments are described by Kind
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twice.values.kind import Aside, Buffer, Kind, Making, library
from twice.values.kinds.arrow_types import field_from, field_state, type_from, type_state

if TYPE_CHECKING:
    from twice.values.compare import Comparison
    from twice.values.differences import Difference
    from twice.values.terms import Tagged

_ROOTS = frozenset({"pyarrow"})


def _is(cls: type, *names: str) -> bool:
    return any(base.__module__ == "pyarrow.lib" and base.__qualname__ in names for base in cls.__mro__)


def _whole(value: Any) -> Any:
    """An array or chunked array as one array."""
    pa = library("pyarrow")

    if not isinstance(value, pa.ChunkedArray):
        return value
    if value.num_chunks == 1:
        return value.chunk(0)
    if library("pyarrow.types").is_dictionary(value.type):
        value = value.unify_dictionaries()
    whole = value.combine_chunks()
    return whole if isinstance(whole, pa.Array) else pa.concat_arrays(value.chunks)


def array_state(array: Any) -> dict[str, Any]:
    """An array without its offset, and with nothing under its nulls."""
    types = library("pyarrow.types")

    kind = array.type
    state: dict[str, Any] = {"type": type_state(kind), "length": len(array)}
    if types.is_null(kind):
        return state
    state["valid"] = _valid(array)
    if types.is_dictionary(kind):
        state["parts"] = (array_state(array.indices), array_state(array.dictionary))
    elif types.is_boolean(kind):
        np = library("numpy")
        filled = array.fill_null(False) if array.null_count else array
        state["data"] = Buffer(memoryview(filled.cast("uint8").to_numpy().astype(np.uint8)))
    elif types.is_string(kind) or types.is_binary(kind) or types.is_large_string(kind) or types.is_large_binary(kind):
        state["offsets"], state["data"] = _texts(array)
    elif types.is_primitive(kind) or types.is_decimal(kind) or types.is_fixed_size_binary(kind):
        state["data"] = Buffer(_fixed(array, kind.bit_width // 8))
    elif types.is_list(kind) or types.is_large_list(kind):
        lengths = library("pyarrow.compute").list_value_length(array).fill_null(0)
        state["offsets"] = Buffer(_counted(lengths.to_numpy(zero_copy_only=False), types.is_large_list(kind)))
        state["parts"] = (array_state(array.flatten()),)
    elif types.is_struct(kind):
        state["parts"] = tuple(array_state(part) for part in array.flatten())
    else:
        state["valid"] = None
        state["data"] = Buffer(_serialised(array))
    return state


def array_from(state: Any) -> Any:
    """The array of such a state. It uses the memory that it is given."""
    pa, types = library("pyarrow"), library("pyarrow.types")

    kind, length = type_from(state["type"]), state["length"]
    if types.is_null(kind):
        return pa.nulls(length)
    valid = None if state["valid"] is None else pa.py_buffer(state["valid"])
    if types.is_dictionary(kind):
        indices, values = (array_from(part) for part in state["parts"])
        return pa.DictionaryArray.from_arrays(indices, values, ordered=kind.ordered)
    if types.is_boolean(kind):
        np = library("numpy")
        bits = np.packbits(np.frombuffer(state["data"], np.uint8), bitorder="little").tobytes()
        return pa.Array.from_buffers(kind, length, [valid, pa.py_buffer(bits)])
    if "offsets" in state and "data" in state:
        return pa.Array.from_buffers(kind, length, [valid, *map(pa.py_buffer, (state["offsets"], state["data"]))])
    if "offsets" in state:
        children = [array_from(part) for part in state["parts"]]
        return pa.Array.from_buffers(kind, length, [valid, pa.py_buffer(state["offsets"])], children=children)
    if types.is_struct(kind):
        children = [array_from(part) for part in state["parts"]]
        return pa.Array.from_buffers(kind, length, [valid], children=children)
    if types.is_primitive(kind) or types.is_decimal(kind) or types.is_fixed_size_binary(kind):
        return pa.Array.from_buffers(kind, length, [valid, pa.py_buffer(state["data"])])
    table = library("pyarrow.ipc").open_stream(pa.py_buffer(state["data"])).read_all()
    return _whole(table.column(0))


def _valid(array: Any) -> Buffer | None:
    """Which items are there, a bit each, from the first bit on; None if all are."""
    if not array.null_count:
        return None
    np = library("numpy")
    there = np.asarray(array.is_valid().to_numpy(zero_copy_only=False), bool)
    return Buffer(np.packbits(there, bitorder="little").tobytes())


def _fixed(array: Any, width: int) -> memoryview:
    np = library("numpy")

    source = array.buffers()[1]
    if source is None or not len(array):
        return memoryview(b"")
    data = memoryview(source)[array.offset * width : (array.offset + len(array)) * width]
    if not array.null_count:
        return data
    rows = np.frombuffer(data, np.uint8).reshape(len(array), width).copy()
    rows[~np.asarray(array.is_valid().to_numpy(zero_copy_only=False), bool)] = 0
    return memoryview(rows.reshape(-1))


def _texts(array: Any) -> tuple[Buffer, Buffer]:
    np, types = library("numpy"), library("pyarrow.types")

    large = types.is_large_string(array.type) or types.is_large_binary(array.type)
    width = np.int64 if large else np.int32
    _, places, data = array.buffers()
    if places is None or not len(array):
        return Buffer(bytes(np.dtype(width).itemsize)), Buffer(b"")
    offsets = np.frombuffer(places, width)[array.offset : array.offset + len(array) + 1]
    if array.null_count:
        lengths = np.diff(offsets)
        missing = ~np.asarray(array.is_valid().to_numpy(zero_copy_only=False), bool)
        if lengths[missing].any():  # something lies under a null
            filled = array.fill_null("" if "string" in str(array.type) else b"")
            return _texts(library("pyarrow").concat_arrays([filled]))
    first, last = int(offsets[0]), int(offsets[-1])
    held = memoryview(b"") if data is None else memoryview(data)[first:last]
    return Buffer(memoryview(offsets - first if first else offsets).cast("B")), Buffer(held)


def _counted(lengths: Any, large: bool) -> memoryview:
    np = library("numpy")

    offsets = np.zeros(len(lengths) + 1, np.int64 if large else np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return memoryview(offsets).cast("B")


def _serialised(array: Any) -> memoryview:
    """Arrow's own stream, for types that are met so seldom that they are not taken apart here."""
    pa, ipc = library("pyarrow"), library("pyarrow.ipc")

    table = pa.table({"": pa.concat_arrays([array])})
    sink = pa.BufferOutputStream()
    with ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return memoryview(sink.getvalue())


class ArrowArrayKind(Kind):
    """An array or a chunked array; how it is chunked is kept aside."""

    name = "pyarrow.Array"
    roots = _ROOTS
    identity = False

    def recognises(self, cls: type) -> bool:
        return _is(cls, "Array", "ChunkedArray")

    def take_apart(self, value: Any) -> object:
        chunked = value.num_chunks if type(value).__qualname__ == "ChunkedArray" else None
        return {**array_state(_whole(value)), "chunked": chunked is not None}

    def put_together(self, state: Any, making: Making) -> object:
        array = array_from(state)
        return library("pyarrow").chunked_array([array], type=array.type) if state["chunked"] else array

    def preview(self, value: Any) -> str:
        return f"Arrow array {value.type} of {len(value)}"

    def compare(self, left: Tagged, right: Tagged, comparison: Comparison, path: str) -> Difference | None:
        from twice.values.kinds.arrow_compare import columns_differ

        return columns_differ(left.state, right.state, comparison, path)


class ArrowTableKind(Kind):
    """A table or a record batch. What pandas noted of itself in the metadata is kept aside."""

    name = "pyarrow.Table"
    roots = _ROOTS
    identity = False

    def recognises(self, cls: type) -> bool:
        return _is(cls, "Table", "RecordBatch")

    def take_apart(self, value: Any) -> object:
        metadata = dict(value.schema.metadata or {})
        noted = {key: metadata.pop(key) for key in (b"pandas",) if key in metadata}
        return {
            "form": type(value).__qualname__,
            "rows": value.num_rows,
            "fields": tuple(field_state(field) for field in value.schema),
            "columns": tuple(array_state(_whole(column)) for column in value.columns),
            "metadata": metadata,
            "noted": Aside(noted or None),
        }

    def put_together(self, state: Any, making: Making) -> object:
        pa = library("pyarrow")

        metadata = {**state["metadata"], **(state["noted"] or {})}
        schema = pa.schema([field_from(field) for field in state["fields"]], metadata=metadata or None)
        columns = [array_from(column) for column in state["columns"]]
        form = pa.RecordBatch if state["form"] == "RecordBatch" else pa.Table
        return form.from_arrays(columns, schema=schema)

    def preview(self, value: Any) -> str:
        return f"Arrow table {value.num_rows} × {value.num_columns}"

    def compare(self, left: Tagged, right: Tagged, comparison: Comparison, path: str) -> Difference | None:
        from twice.values.kinds.arrow_compare import arrow_tables_differ

        return arrow_tables_differ(left, right, comparison, path)


class ArrowScalarKind(Kind):
    """A scalar: an array of one."""

    name = "pyarrow.Scalar"
    roots = _ROOTS
    identity = False

    def recognises(self, cls: type) -> bool:
        return _is(cls, "Scalar")

    def take_apart(self, value: Any) -> object:
        pa = library("pyarrow")

        return {"array": pa.array([value.as_py()], type=value.type)}

    def put_together(self, state: Any, making: Making) -> object:
        return state["array"][0]

    def preview(self, value: Any) -> str:
        return f"Arrow {value.type}"


class ArrowTypeKind(Kind):
    """A type, a field or a schema."""

    name = "pyarrow.type"
    roots = _ROOTS
    identity = False

    def recognises(self, cls: type) -> bool:
        return _is(cls, "DataType", "Field", "Schema")

    def take_apart(self, value: Any) -> object:
        pa = library("pyarrow")

        if isinstance(value, pa.Schema):
            return {"schema": tuple(field_state(field) for field in value), "metadata": dict(value.metadata or {})}
        return {"field": field_state(value)} if isinstance(value, pa.Field) else {"type": type_state(value)}

    def put_together(self, state: Any, making: Making) -> object:
        pa = library("pyarrow")

        if "schema" in state:
            return pa.schema([field_from(field) for field in state["schema"]], metadata=state["metadata"] or None)
        return field_from(state["field"]) if "field" in state else type_from(state["type"])


KINDS: tuple[Kind, ...] = (ArrowArrayKind(), ArrowTableKind(), ArrowScalarKind(), ArrowTypeKind())
