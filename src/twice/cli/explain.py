"""``twice explain``."""

from __future__ import annotations

import click

from twice.cli.common import json_option, project_here, put_out


@click.command(
    epilog="""\b
Examples:
  twice explain latest          why each step of the last run ran, or was reused
  twice explain v1.1 fit        one step: the code, parameters and inputs that changed
  twice diff v1.0 v1.1          everything that differs between two versions"""
)
@click.argument("name")
@click.argument("step", required=False)
@json_option
@click.pass_context
def explain(context: click.Context, name: str, step: str | None, as_json: bool) -> int:
    """Say why steps ran, or were reused.

    A step that ran is held against the earlier run that was most like it; for one that was reused, it is told what was
    checked.
    """
    from twice.present.explanation import draw_explanation

    found = project_here(context).explain(name, step)
    put_out(found, lambda: draw_explanation(found), as_json=as_json)
    return 0
