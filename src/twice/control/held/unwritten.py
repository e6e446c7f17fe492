"""Arrays that begin as zeros: ``numpy.empty`` gives memory as somebody else left it, and what is not written stays so.

What lies there depends on all that was allocated before. A step whose output holds some of it disagrees with itself.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Collection
from typing import Any

from twice.control.held.everywhere import replace
from twice.control.seeds import once_loaded

LIMITS = "memory that native code asks for by itself and does not write to"


def hold(setting: str, files: Collection[str]) -> None:
    """Let ``numpy.empty`` and ``numpy.empty_like`` fill what they give with zeros.

    Args:
        setting: Not needed.
        files: Not needed.
    """
    del setting, files
    once_loaded("numpy", _filled)


def _filled(numpy: Any) -> None:
    for name in ("empty", "empty_like"):
        original = getattr(numpy, name)
        replace(original, _zeros(original))


def _zeros(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def asked(*arguments: Any, **keywords: Any) -> Any:
        made = original(*arguments, **keywords)
        if not made.dtype.hasobject:
            with contextlib.suppress(Exception):  # it need not be NumPy's own array
                made.fill(0)
        return made

    return asked
