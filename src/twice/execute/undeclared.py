"""What a strict step was refused, made into an error that says what to declare."""

from __future__ import annotations

import linecache
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from twice.control.bounds import Bounds, Refusal, Refusals
from twice.errors import Undeclared
from twice.execute.plan import Ground
from twice.execute.worker import REFUSED

_SHOWN = 5
_VERBS = {"read": "reading", "list": "listing", "write": "writing", "start": "starting"}
_FRAMES = re.compile(r'^  File "(.+)", line (\d+), in (.+)$', re.MULTILINE).findall
_SAYS_REFUSED = re.compile("permission|read-?only|not permitted|access denied|unable to open", re.IGNORECASE).search


def undeclared(
    step: str, bounds: Bounds, spool: Path, error: Mapping[str, str] | None, ground: Ground
) -> Undeclared | None:
    """The error for what a step was refused; None if nothing was that matters.

    A step that goes on after a refusal fails, too: it did not do what it would have done otherwise. Only a file that
    native code wanted to write and then was content to read, as databases do, is no matter.

    Args:
        step: Its name.
        bounds: What it might touch.
        spool: Its folder.
        error: What it raised, if it did.
        ground: Where it ran.
    """
    summary = error["summary"] if error else ""
    found = [
        refusal
        for refusal in Refusals(spool / REFUSED).merged()
        if not (refusal.native and refusal.what == "write" and os.path.realpath(refusal.path) in bounds.files)
    ]
    if error is not None:
        found = [_with_line(refusal, error["traceback"], bounds) for refusal in found]
    if found:
        traceback = "\n".join(filter(None, ("".join(map(_place, found)), error["traceback"] if error else "")))
        told = "; ".join(_told(refusal, ground) for refusal in found[:_SHOWN])
        more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        return Undeclared(
            step,
            f"strict=True refused what it does not declare: {told}{more}",
            traceback,
            paths=tuple(refusal.path for refusal in found),
            hint=_hint(found, ground),
        )
    if error is not None and _SAYS_REFUSED(summary):
        return Undeclared(
            step,
            summary,
            error["traceback"],
            paths=(),
            hint="it is strict: it may read the environment, its own code and what inputs=[…] declares, and write "
            "below tempfile.gettempdir(); whatever else it asked for was refused",
        )
    return None


def _with_line(refusal: Refusal, traceback: str, bounds: Bounds) -> Refusal:
    """With the line of user code that the failure went through last, if no other is known."""
    places = [place for place in _FRAMES(traceback) if os.path.realpath(place[0]) in bounds.files]
    if refusal.line or not places:
        return refusal
    file, line, function = places[-1]
    return replace(refusal, file=file, line=int(line), function=function, native=False)


def _told(refusal: Refusal, ground: Ground) -> str:
    # Python finds out about native code when it is back from it, or from the failure that came of it.
    near = "at or before " if refusal.native else ""
    where = f" ({near}{_shown(refusal.file, ground)}:{refusal.line})" if refusal.line else ""
    shown = _shown(refusal.path, ground)
    return f"{_VERBS[refusal.what]} {'this folder' if shown == '.' else shown}{where}"


def _place(refusal: Refusal) -> str:
    """A line of the user's code, as a traceback shows it."""
    if not refusal.line:
        return ""
    text = linecache.getline(refusal.file, refusal.line).strip()
    return f'  File "{refusal.file}", line {refusal.line}, in {refusal.function}\n' + (f"    {text}\n" if text else "")


def _hint(found: Iterable[Refusal], ground: Ground) -> str:
    paths = {what: sorted({one.path for one in found if one.what == what}) for what in _VERBS}
    inputs = [_shown(path, ground) for path in (*paths["read"], *paths["start"])]
    inputs += [f"{_shown(path, ground)}/*".removeprefix("./") for path in paths["list"]]
    hints = []
    if inputs:
        shown = ", ".join(f'"{path}"' for path in inputs[:_SHOWN])
        hints.append(f"declare what it reads: @step(inputs=[{shown}]), or Pipeline(..., inputs=[{shown}])")
    if paths["write"]:
        hints.append(
            "let it write below tempfile.gettempdir(), and return twice.File(path) or twice.Folder(path): the store "
            "keeps what is returned"
        )
    return "; ".join(hints)


def _shown(path: str, ground: Ground) -> str:
    """A path as one would declare it: seen from the working directory or the project, where it lies there."""
    for base in (ground.cwd, ground.roots["project"]):
        if base in (Path(path), *Path(path).parents):
            return Path(path).relative_to(base).as_posix()
    return path
