"""The log: versions with their runs."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from twice.present.layout import digest, indented, joined, table, text
from twice.present.marks import mark
from twice.present.verified import verified_line
from twice.present.views import Log, RunView, VersionRuns
from twice.present.words import ago, count, duration, moment, short

_PURPOSES = {"run": "", "rerun": "run again", "verify": "verification"}


def draw_log(log: Log, now: int | None = None) -> RenderableType:
    """Each version with its names, and its runs below it.

    Args:
        log: What to draw.
        now: In nanoseconds since 1970, for times such as "3 minutes ago".
    """
    if not log.versions:
        return text("nothing has run yet.")
    parts: list[RenderableType] = []
    for version in log.versions:
        parts += [Text("")] if parts else []
        parts += [title(version, now), indented(_runs(version.runs, now))]
    if log.older:
        parts += [Text(""), text(f"… and {count(log.older, 'older version')}; see them with --all", "dim")]
    return Group(*parts)


def title(version: VersionRuns, now: int | None = None) -> Text:
    """A version's names and digest in a line, and whether it was verified.

    Args:
        version: The version.
        now: In nanoseconds since 1970, for times such as "3 minutes ago".
    """
    if version.names:
        first, *others = version.names
        also = Text(f"also {', '.join(others)}", style="dim") if others else Text("")
    else:
        first, also = version.pipeline, Text("not saved", style="dim")
    return joined(
        text(first, "bold"),
        Text(f"version {short(version.version)}", style="cyan"),
        also,
        verified_line(version.verified, now),
    )


def fared(run: RunView) -> str:
    """How the steps of a run fared, in words: ``2 ran, 1 reused``."""
    hows = [(how, run.counted(how)) for how in ("ran", "reused", "failed", "skipped")]
    return ", ".join(f"{number} {how}" for how, number in hows if number)


def _runs(runs: tuple[RunView, ...], now: int | None) -> RenderableType:
    if not runs:
        return text("it has no run", "dim")
    made = table("fixed", "fixed", "fixed", "right", "fixed", "fixed", "left")
    for run in runs:
        made.add_row(
            mark(run.status),
            Text("run ", style="dim") + digest(run.run),
            text(ago(moment(run.started), now)),
            text(duration(run.seconds)),
            text(fared(run)),
            text(_PURPOSES.get(run.purpose, run.purpose) if run.status == "done" else run.status),
            text(run.host + _commit(run), "dim"),
        )
    return made


def _commit(run: RunView) -> str:
    return f" at {run.commit[:7]}{'' if run.clean else ' + changes'}" if run.commit else ""
