"""Names that people say: of pipelines and of versions."""

from __future__ import annotations

import re
from pathlib import PurePath
from types import FrameType

from twice.errors import DefinitionError

UNNAMED = "pipeline"
"""What a pipeline is called that is made where no file is: in a notebook, or at a prompt."""

_RESERVED = ("latest", "previous")
# Control characters, and halves of surrogate pairs, which no file system and no JSON can hold.
_UNSPEAKABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def checked_name(name: object, *, of: str) -> str:
    """The name, if a pipeline or a version can have it.

    Args:
        name: What the author gave.
        of: What it shall name, in words: ``pipeline`` or ``version``.

    Raises:
        DefinitionError: It is no text, is empty, or cannot be told apart from other ways to name a version.
    """
    if not isinstance(name, str):
        raise DefinitionError(f"the name of a {of} is text, and {name!r} is a {type(name).__name__}.", hint=f'"{name}"')
    if not name.strip():
        raise DefinitionError(f"the name of a {of} is empty.", hint='"v1.0"' if of == "version" else '"churn"')
    if name in _RESERVED:
        raise DefinitionError(
            f"no {of} can be named {name!r}: 'latest' and 'previous' always mean the last two that were saved.",
            hint='"v1.0"' if of == "version" else '"churn"',
        )
    reason = ""
    if "@" in name:
        reason = "'@' stands between a pipeline and its version, as in churn@v1.0"
    elif "/" in name or "\\" in name:
        reason = "slashes stand in paths"
    elif _UNSPEAKABLE.search(name):
        reason = "it holds a character that cannot be typed or written"
    elif name != name.strip():
        reason = "white space at its ends would not be seen"
    elif not name.strip("."):
        reason = "dots alone mean a folder"
    elif name.startswith("-"):
        reason = "on a command line it would be read as an option"
    if reason:
        raise DefinitionError(f"{name!r} cannot name a {of}: {reason}.", hint=f"try {_tamed(name)!r}")
    return name


def default_name(frame: FrameType) -> str:
    """What a pipeline is called if its author does not say: like the file or module that it is made in.

    Args:
        frame: Where the pipeline is made.

    Returns:
        The script's stem, or the last part of the module's name; ``pipeline`` in a notebook and at a prompt.
    """
    module = frame.f_globals.get("__name__")
    file = frame.f_globals.get("__file__")
    spec_name = getattr(frame.f_globals.get("__spec__"), "name", None)
    if module in ("__main__", "__mp_main__") and isinstance(spec_name, str):
        module = spec_name  # python -m package.flow
    parts = [part for part in str(module or "").split(".") if part not in ("__main__", "__mp_main__", "__init__", "")]
    if parts:
        candidate = parts[-1]
    elif isinstance(file, str) and not file.startswith("<"):
        path = PurePath(file)
        # A folder or an archive that is run as a whole: python flow/
        candidate = path.parent.name if path.stem == "__main__" else path.stem
    else:
        candidate = UNNAMED
    return _tamed(candidate)


def _tamed(name: str) -> str:
    """The name that is most like this one and can be had."""
    tamed = re.sub(r"^[\s.-]+|[\s.-]+$", "", _UNSPEAKABLE.sub("-", re.sub(r"[@/\\]", "-", name)))
    return UNNAMED if not tamed or tamed in _RESERVED else tamed
