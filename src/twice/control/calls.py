"""What a line that is at work asks for, read in its source: native code in between has no frames that would tell.

Runs in workers: standard library only.
"""

from __future__ import annotations

import ast
import linecache
from itertools import islice
from types import FrameType
from typing import Any

_SEEDED_LATE = "RandomState"
_DRAWS = frozenset({"random", "secrets"})
_ALWAYS_NUMBERS = frozenset({"int", "abs", "hash", "len", "crc32", "integers", "randint"})
_UNKNOWN = object()


def is_seeded_after_all(frame: FrameType | None) -> bool:
    """Whether entropy is drawn by ``RandomState(seed)``, which makes itself a generator of entropy and then seeds it.

    Args:
        frame: Who asks for entropy.
    """
    while frame is not None and frame.f_globals.get("__name__") in _DRAWS:
        frame = frame.f_back
    if frame is None or _SEEDED_LATE not in (*frame.f_code.co_names, *frame.f_code.co_freevars):
        return False
    call = _call_at_work(frame)
    if call is None or ast.unparse(call.func).rpartition(".")[2] != _SEEDED_LATE:
        return False
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return bool(given) and not _may_be_none(given[0], frame)


def _call_at_work(frame: FrameType) -> ast.Call | None:
    """The call that a frame is in, from its source."""
    position = next(islice(frame.f_code.co_positions(), frame.f_lasti // 2, None), None)
    if position is None or None in position:
        return None
    first, last, start, end = (number or 0 for number in position)
    file = frame.f_code.co_filename
    lines = [linecache.getline(file, line, frame.f_globals).encode() for line in range(first, last + 1)]
    if not lines:
        return None
    lines[-1] = lines[-1][:end]
    lines[0] = lines[0][start:]
    try:
        found = ast.parse(b"".join(lines).decode().strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return None
    return found if isinstance(found, ast.Call) else None


def _may_be_none(given: ast.expr, frame: FrameType) -> bool:
    if isinstance(given, ast.BinOp | ast.UnaryOp):
        return False
    if isinstance(given, ast.Call):
        return ast.unparse(given.func).rpartition(".")[2] not in _ALWAYS_NUMBERS
    value = _value(given, frame)
    return value is None or value is _UNKNOWN


def _value(given: ast.expr, frame: FrameType) -> Any:
    """What an expression stands for, if that can be told without carrying out anything."""
    match given:
        case ast.Constant():
            return given.value
        case ast.Name():
            return frame.f_locals.get(given.id, frame.f_globals.get(given.id, _UNKNOWN))
        case ast.Attribute():
            return getattr(_value(given.value, frame), "__dict__", {}).get(given.attr, _UNKNOWN)
        case ast.Subscript(value=of, slice=ast.Constant(value=key)):
            held = _value(of, frame)
            return held.get(key, _UNKNOWN) if type(held) is dict else _UNKNOWN
    return _UNKNOWN
