"""``twice diff``."""

from __future__ import annotations

import click

from twice.cli.common import json_option, project_here, put_out, seconds, writable, write
from twice.cli.report import FAILED


@click.command(
    epilog="""\b
Examples:
  twice diff v1.0 v1.1
  twice diff previous latest
  twice diff v1.0 v1.1 --why --html why.html

Ends with status 0 if nothing differs, and with 1 if something does."""
)
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option("--why", is_flag=True, help="Find out by experiment which of the changes made the outputs differ.")
@click.option("--budget", default="10m", metavar="TIME", help="How long --why may take. [default: 10m]")
@click.option("--html", metavar="FILE", help="Also write it as a page that needs nothing but itself.")
@json_option
@click.pass_context
def diff(
    context: click.Context, before: str, after: str, why: bool, budget: str, html: str | None, as_json: bool
) -> int:
    """Show what differs between two versions.

    Code, with the text that changed and the way by which a step reaches it; parameters, seed and settings; input files;
    the environment; and the outputs of their runs.

    With --why, the changes are made one at a time: the first version is run with one function, constant, parameter,
    file or package of the second, and the second without it. Where an output is a number, or a dict of numbers, each
    number's difference is divided among the changes.
    """
    from twice.present.difference import draw_difference

    project = project_here(context)
    project.tell(data_on_stdout=True)
    file = writable(html) if html is not None else None
    found = project.diff(before, after, why=why, budget=seconds(budget))
    if file is not None:
        from twice.present.page_difference import difference_page

        write(file, difference_page(found).encode())
    put_out(found, lambda: draw_difference(found), as_json=as_json)
    return 0 if found.same else FAILED
