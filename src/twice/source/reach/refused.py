"""What cannot be saved, in words: what it is, and what to do about it."""

from __future__ import annotations

import functools
import re
import threading
from types import FunctionType, MethodType

from twice.errors import CaptureError, ValueNotStorable

_MAKE_INSIDE = "make it inside the step, or pass what it is made from as a parameter"
_CONNECT = "keep the address or the path that it leads to, and connect inside the step"
_LOCK = (
    "make it inside the function that uses it, or keep it in a module of its own that the step imports: "
    "importing that makes the lock again"
)
_MAGIC = "a magic or a `!command` needs the notebook around it: in a step, use subprocess.run or plain Python"
_KINDS: tuple[tuple[str, str, str], ...] = (
    (r"socket\.socket|ssl\.SSLSocket", "an open socket", _CONNECT),
    (r"_thread\.(lock|RLock)|multiprocessing\..*(Lock|Semaphore|Event|Condition)", "a lock", _LOCK),
    (r"sqlite3\.\w+|.*\.?\w*(Connection|Cursor|Engine)", "a database connection", _CONNECT),
    (r".*\.?\w*(Session|Client|Channel)", "a connection", _CONNECT),
    (
        r"builtins\.(generator|coroutine|async_generator)",
        "a generator, which can be gone through only once and only here",
        "keep a list of what it yields, or call the function that makes it inside the step",
    ),
    (r"_io\.\w+|tempfile\.\w+", "an open file", "keep its path, and open it inside the step"),
    (r"(IPython|ipykernel)\..*", "part of the notebook", _MAGIC),
)


def refused(step: str, place: str, value: object, problem: ValueNotStorable) -> CaptureError:
    """The error about a value that a step reaches and that cannot be saved.

    Args:
        step: The step's name.
        place: What the value is to the user: a variable, a default, and where it is used.
        value: The value.
        problem: What is in the way, told of a value called ``it``.
    """
    told = re.match(r"(?s)it(?P<path>.*?): an? (?P<type>[\w.<>]+) cannot be stored", problem.message)
    if told is None:
        return CaptureError(
            f"step {step!r} reaches {place}, which cannot be saved: {problem.message.removeprefix('it: ')}",
            hint=_instead_of(value),
        )
    path, type_ = told["path"], told["type"]
    words, hint = next(((words, hint) for kind, words, hint in _KINDS if re.fullmatch(kind, type_)), ("", _MAKE_INSIDE))
    before, thread, _ = path.partition("._started.")
    if thread or isinstance(value, threading.Thread):
        path, type_, words, hint = before, "threading.Thread", "a thread", "start it inside the step"
    if isinstance(_named(value), str):
        hint = _instead_of(value)
    what = f"{words} ({type_})" if words else f"of the type {type_}, which cannot be written down"
    return CaptureError(
        f"step {step!r} reaches {place}, which cannot be saved: {_subject(value, path)} is {what}.", hint=hint
    )


def callable_place(function: object) -> str:
    """What a step that is no plain function holds, in words."""
    inner = function.func if isinstance(function, functools.partial) else function
    inner = getattr(inner, "__func__", None) or (inner if isinstance(inner, FunctionType) else type(inner).__call__)
    code = getattr(inner, "__code__", None)
    where = f" ({code.co_filename.rpartition('/')[2]}:{code.co_firstlineno})" if code is not None else ""
    if isinstance(function, functools.partial):
        return f"the arguments of its partial{where}"
    if isinstance(function, MethodType):
        return f"the object whose method it is{where}"
    return f"the object that it is{where}"


def _subject(value: object, path: str) -> str:
    if isinstance(value, functools.partial):
        by_place = re.match(r"\[1\]\[(\d+)\](.*)", path)
        by_name = re.match(r"\[2\]\['(\w+)'\](.*)", path)
        if by_place:
            return f"argument {int(by_place[1]) + 1}{by_place[2]}"
        if by_name:
            return f"argument {by_name[1]!r}{by_name[2]}"
    if isinstance(value, MethodType):
        return f"self{path}"
    return f"it{path}" if path else "it"


def _named(value: object) -> str | None:
    """The name of IPython's own function that magics and commands become."""
    name = getattr(value, "__qualname__", "")
    return name if isinstance(name, str) and "get_ipython" in name else None


def _instead_of(value: object) -> str:
    in_notebook = type(value).__module__.partition(".")[0] in ("IPython", "ipykernel") or _named(value)
    return _MAGIC if in_notebook else _MAKE_INSIDE
