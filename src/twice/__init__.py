"""Twice: run it twice, get the same thing, or be told exactly why not.

The front door. Every name is brought in when it is first used, so that ``import twice`` stays light and a worker
process, which needs none of them, loads none of them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twice.define.step import step as step
    from twice.errors import TwiceError as TwiceError
    from twice.pipeline import Pipeline as Pipeline
    from twice.pipeline import Run as Run
    from twice.values.files import File as File
    from twice.values.files import Folder as Folder

__version__ = "0.1.0"

_HOMES = {
    "File": "twice.values.files",
    "Folder": "twice.values.files",
    "Pipeline": "twice.pipeline",
    "Run": "twice.pipeline",
    "TwiceError": "twice.errors",
    "step": "twice.define.step",
}

__all__ = ["File", "Folder", "Pipeline", "Run", "TwiceError", "__version__", "step"]


def __getattr__(name: str) -> object:
    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module 'twice' has no attribute {name!r}") from None
    value: object = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
