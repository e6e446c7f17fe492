"""``twice check``."""

from __future__ import annotations

import click

from twice.cli.common import json_option, project_here, put_out
from twice.cli.report import FAILED


@click.command(
    epilog="""\b
Examples:
  twice check               read every byte of the store
  twice check --quick       only look whether everything is there
  twice check --repair      run the steps again whose outputs are damaged, and read inputs again

Ends with status 0 if the store is whole, and with 1 if it is damaged."""
)
@click.option("--quick", is_flag=True, help="Do not read the bytes of objects, only look whether they are there.")
@click.option("--repair", is_flag=True, help="Make again what is damaged or missing; taken if it is the same bytes.")
@json_option
@click.pass_context
def check(context: click.Context, quick: bool, repair: bool, as_json: bool) -> int:
    """Check that the store is whole.

    Everything that is referred to has to be there, and to be what its name says.
    """
    from twice.present.check import draw_check

    found = project_here(context).check(deep=not quick, repair=repair)
    put_out(found, lambda: draw_check(found), as_json=as_json)
    return 0 if found.whole else FAILED
