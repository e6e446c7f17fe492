"""``twice gc``."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import click

from twice.cli.common import json_option, project_here, put_out

if TYPE_CHECKING:
    from twice.present.findings import GcView

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400, "y": 365 * 86_400}


class Age(click.ParamType):  # type: ignore[type-arg]
    """A length of time such as ``30d``."""

    name = "age"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """In seconds."""
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhdwy])", str(value))
        if found is None:
            self.fail(f"{value!r} is not a length of time; write it as 12h, 30d, 4w or 1y", param, ctx)
        return float(found[1]) * _UNITS[found[2]]


@click.command(
    epilog="""\b
Examples:
  twice gc --dry-run                     say what would be freed, and change nothing
  twice gc                               keep the last 10 runs of each pipeline, and a month
  twice gc --keep-runs 3                 keep the last 3 runs of each pipeline, however old
  twice gc --older-than 90d              keep what is younger, and the last run of each pipeline
  twice gc --aside, twice gc --undo      move aside only, and back

What labels and saved names lead to always stays, and so does what a pipeline at work relies on."""
)
@click.option("--dry-run", is_flag=True, help="Only say what would be freed.")
@click.option("--keep-runs", type=click.IntRange(min=0), metavar="N", help="Keep the last N runs of each pipeline.")
@click.option("--older-than", type=Age(), metavar="AGE", help="Keep runs that are younger than this, such as 30d.")
@click.option("--aside", is_flag=True, help="Move aside what can go, and do not delete it yet.")
@click.option("--undo", is_flag=True, help="Bring back what was moved aside.")
@json_option
@click.pass_context
def gc(
    context: click.Context,
    dry_run: bool,
    keep_runs: int | None,
    older_than: float | None,
    aside: bool,
    undo: bool,
    as_json: bool,
) -> int:
    """Free what no label, no saved name and no recent run needs.

    It is moved aside first and deleted then; until the deleting begins it can be undone.
    """
    if undo and (dry_run or aside or keep_runs is not None or older_than is not None):
        raise click.UsageError("--undo stands alone")
    if aside and dry_run:
        raise click.UsageError("--aside and --dry-run exclude each other")
    from twice.present.gc import draw_gc

    project = project_here(context)
    if undo:
        back = project.gc_undo(_progress)
        click.echo(f'{{"back": {back}}}' if as_json else f"{back} things were brought back")
        return 0
    found = project.gc(
        keep_runs=keep_runs,
        older_than=older_than,
        dry=dry_run,
        keep_aside=aside,
        progress=_progress,
        beforehand=_say_beforehand,
    )
    put_out(found, lambda: draw_gc(found), as_json=as_json)
    return 0


def _say_beforehand(found: GcView) -> None:
    """Say what will be freed, while it can still be brought back."""
    if found.counts:
        from twice.present.gc import in_words

        click.echo(f"will be freed: {in_words(found)}", err=True)


def _progress(what: str, done: int, of: int) -> None:
    """A line on a terminal that writes over itself."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{what}: {done:,} of {of:,}\r", err=True, nl=False)
