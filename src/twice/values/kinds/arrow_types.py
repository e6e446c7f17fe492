"""Arrow's types and schemas in plain words, so that equal types are written the same by every version of pyarrow."""

from __future__ import annotations

from typing import Any

from twice.values.kind import library


def type_state(kind: Any) -> Any:
    """A type: its name where that says it all, else its parts, else Arrow's own serialisation."""
    pa = library("pyarrow")
    types = library("pyarrow.types")

    text = str(kind)
    try:
        if pa.type_for_alias(text) == kind:
            return text
    except ValueError:
        pass
    if types.is_timestamp(kind):
        return ("timestamp", kind.unit, kind.tz)
    if types.is_dictionary(kind):
        return ("dictionary", type_state(kind.index_type), type_state(kind.value_type), bool(kind.ordered))
    if types.is_list(kind) or types.is_large_list(kind):
        return ("list" if types.is_list(kind) else "large_list", field_state(kind.value_field))
    if types.is_fixed_size_list(kind):
        return ("fixed_size_list", field_state(kind.value_field), kind.list_size)
    if types.is_struct(kind):
        return ("struct", tuple(field_state(kind.field(place)) for place in range(kind.num_fields)))
    if types.is_fixed_size_binary(kind):
        return ("fixed_size_binary", kind.byte_width)
    if types.is_decimal(kind):
        return (text.partition("(")[0], kind.precision, kind.scale)
    return ("other", pa.schema([pa.field("", kind)]).serialize().to_pybytes())


def type_from(state: Any) -> Any:
    """The type of such a state."""
    pa = library("pyarrow")

    if isinstance(state, str):
        return pa.type_for_alias(state)
    what, *rest = state
    if what == "timestamp":
        return pa.timestamp(*rest)
    if what == "dictionary":
        return pa.dictionary(type_from(rest[0]), type_from(rest[1]), rest[2])
    if what in ("list", "large_list"):
        return {"list": pa.list_, "large_list": pa.large_list}[what](field_from(rest[0]))
    if what == "fixed_size_list":
        return pa.list_(field_from(rest[0]), rest[1])
    if what == "struct":
        return pa.struct([field_from(field) for field in rest[0]])
    if what == "fixed_size_binary":
        return pa.binary(rest[0])
    if what in ("decimal32", "decimal64", "decimal128", "decimal256"):
        return getattr(pa, what)(*rest)
    return library("pyarrow.ipc").read_schema(pa.py_buffer(rest[0])).field(0).type


def field_state(field: Any) -> Any:
    """A field: name, type, whether it may be null, and its metadata."""
    metadata = dict(field.metadata) if field.metadata else None
    return (field.name, type_state(field.type), bool(field.nullable), metadata)


def field_from(state: Any) -> Any:
    """The field of such a state."""
    name, kind, nullable, metadata = state
    return library("pyarrow").field(name, type_from(kind), nullable, metadata)
