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
  twice check --verdicts    also judge every verification again from its evidence

Ends with status 0 if the store is whole, and with 1 if it is damaged or a verdict does not follow."""
)
@click.option("--quick", is_flag=True, help="Do not read the bytes of objects, only look whether they are there.")
@click.option("--repair", is_flag=True, help="Make again what is damaged or missing; taken if it is the same bytes.")
@click.option("--verdicts", is_flag=True, help="Also judge every verification again from its evidence; nothing is run.")
@json_option
@click.pass_context
def check(context: click.Context, quick: bool, repair: bool, verdicts: bool, as_json: bool) -> int:
    """Check that the store is whole.

    Everything that is referred to has to be there, and to be what its name says. With --verdicts, what verifications
    said has to follow from the outputs and the experiments that they left in the store; no project is needed for that.
    """
    from twice.present.check import draw_check

    found = project_here(context).check(deep=not quick, repair=repair, verdicts=verdicts)
    put_out(found, lambda: draw_check(found), as_json=as_json)
    return 0 if found.whole else FAILED
