"""``twice log``."""

from __future__ import annotations

import click

from twice.cli.common import json_option, project_here, put_out

_SHOWN = 20


@click.command(
    epilog="""\b
Examples:
  twice log                 all versions and their runs, newest first
  twice log churn           those of one pipeline
  twice log v1.0            those of one version"""
)
@click.argument("name", required=False)
@click.option("--all", "everything", is_flag=True, help=f"Also show what is older than the last {_SHOWN} versions.")
@json_option
@click.pass_context
def log(context: click.Context, name: str | None, everything: bool, as_json: bool) -> int:
    """List versions and their runs.

    NAME is a pipeline, or a version or run by any of its names.
    """
    from twice.present.log import draw_log

    found = project_here(context).log(name, limit=None if everything or as_json else _SHOWN)
    put_out(found, lambda: draw_log(found), as_json=as_json)
    return 0
