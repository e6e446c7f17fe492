"""What each of PyTorch's operations was given and gave, as digests: two such logs show where two runs part.

PyTorch's own ``DebugMode`` hears every operation, those of the backward pass too; its hooks write down here the digests
of the bytes (its own hash, a norm, is the same for numbers in another order) and the line of the user's code.

Runs in workers: standard library, and PyTorch where the step uses it.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
from collections.abc import Callable, Collection, Mapping
from types import FrameType
from typing import Any

CONDITION = "torch operators"
"""The condition that asks for it."""

MOST = 100_000
"""Operations that are written down at most."""

Operation = tuple[str, str, str, str, int]
"""Its name, what it was given, what it gave (digests), and the file and line of the user's code that led to it."""


def logged(
    function: Callable[..., Any], arguments: Mapping[str, Any], files: Collection[str]
) -> tuple[Any, list[Operation]]:
    """Call a function, and note the operations.

    Args:
        function: The step's.
        arguments: What it is given.
        files: The file names of the user's code.

    Returns:
        What it returned, and the operations in their order; none where this PyTorch has no ``DebugMode``.
    """
    try:
        torch: Any = importlib.import_module("torch")
        mode: Any = importlib.import_module("torch.utils._debug_mode").DebugMode
        hooks = mode.dispatch_hooks
    except (ImportError, AttributeError):
        return function(**arguments), []
    noted: list[Operation] = []
    given: list[str] = []

    def before(func: Any, types: Any, args: Any, kwargs: Any, call: Any) -> None:
        del func, types, call
        given.append(_digest(torch, (args, kwargs)))

    def after(func: Any, types: Any, args: Any, kwargs: Any, result: Any) -> None:
        del types, args, kwargs
        was_given = given.pop() if given else ""
        name = str(func)
        if (
            len(noted) < MOST and "empty" not in name and not name.startswith("profiler.")
        ):  # an empty one holds anything
            noted.append((name, was_given, _digest(torch, result), *_line(files)))

    with mode(record_output=False, record_profiler_context=False), hooks(log_hook=after, pre_log_hook=before):
        value = function(**arguments)
    return value, noted


def _digest(torch: Any, found: Any) -> str:
    """A digest of all tensors in something, and of the plain values beside them."""
    digest = hashlib.blake2b(digest_size=12)
    _feed(digest, torch, found)
    return digest.hexdigest()


def _feed(digest: Any, torch: Any, found: Any) -> None:
    if isinstance(found, torch.Tensor):
        digest.update(f"{found.dtype}{tuple(found.shape)}".encode())
        try:
            whole = found.detach().cpu().contiguous().flatten()
            digest.update(whole.view(torch.uint8).numpy().tobytes() if whole.numel() else b"")
        except Exception:  # a sparse or quantized one, or one without data
            digest.update(b"?")
    elif isinstance(found, tuple | list):
        for part in found:
            _feed(digest, torch, part)
    elif isinstance(found, dict):
        for name, part in found.items():
            digest.update(str(name).encode())
            _feed(digest, torch, part)
    elif found is None or isinstance(found, bool | int | float | str | complex):
        digest.update(repr(found).encode())


def _line(files: Collection[str]) -> tuple[str, int]:
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename not in files:
        frame = frame.f_back
    return (frame.f_code.co_filename, frame.f_lineno) if frame is not None else ("", 0)
