"""A view, or a record, as JSON."""

from __future__ import annotations

import json

import msgspec


def to_json(view: object) -> str:
    """One JSON object, indented, with the view's attributes as its keys.

    Args:
        view: A dataclass of ``present.views``, or a record.
    """
    plain = msgspec.to_builtins(view, enc_hook=_text, str_keys=True)
    return json.dumps(plain, indent=2, ensure_ascii=False)


def _text(value: object) -> str:
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"a view cannot hold a {type(value).__name__}")
