"""``twice diff``."""

from __future__ import annotations

import click

from twice.cli.common import json_option, project_here, put_out
from twice.cli.report import FAILED


@click.command(
    epilog="""\b
Examples:
  twice diff v1.0 v1.1
  twice diff previous latest

Ends with status 0 if nothing differs, and with 1 if something does."""
)
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@json_option
@click.pass_context
def diff(context: click.Context, before: str, after: str, as_json: bool) -> int:
    """Show what differs between two versions.

    Code, with the text that changed and the way by which a step reaches it; parameters, seed and settings; input files;
    the environment; and the outputs of their runs.
    """
    from twice.present.difference import draw_difference

    found = project_here(context).diff(before, after)
    put_out(found, lambda: draw_difference(found), as_json=as_json)
    return 0 if found.same else FAILED
