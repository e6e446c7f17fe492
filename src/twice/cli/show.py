"""``twice show``."""

from __future__ import annotations

import click

from twice.cli.common import json_option, project_here, put_out


@click.command(
    epilog="""\b
Examples:
  twice show v1.0           a version: its steps, parameters, files, environment, and the code it reaches
  twice show latest         the last run
  twice show v1.0 fit       one step, with all that is recorded of it"""
)
@click.argument("name")
@click.argument("step", required=False)
@json_option
@click.pass_context
def show(context: click.Context, name: str, step: str | None, as_json: bool) -> int:
    """Show a version or run, or one STEP.

    Nothing that is stored is executed by looking at it.
    """
    from twice.present.step import draw_step
    from twice.present.version import draw_version

    project = project_here(context)
    if step is not None:
        detail = project.show_step(name, step)
        put_out(detail, lambda: draw_step(detail), as_json=as_json)
    else:
        version = project.show(name)
        put_out(version, lambda: draw_version(version), as_json=as_json)
    return 0
