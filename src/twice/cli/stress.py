"""``twice stress``."""

from __future__ import annotations

import click

from twice.cli.common import jobs_option, json_option, project_here, put_out, seconds, writable, write
from twice.cli.report import INTERRUPTED, report_interrupt


@click.command(
    epilog="""\b
Examples:
  twice stress v1.0
  twice stress v1.0 --step fit --budget 5m --json
  twice stress v1.0 --factor threads --factor hash-seed
  twice stress v1.0 --html stress.html"""
)
@click.argument("name")
@click.option("--step", "steps", multiple=True, metavar="S", help="Only this step; may be given several times.")
@click.option(
    "--factor",
    "factors",
    multiple=True,
    metavar="F",
    help="Vary only this factor, as threads or clock; may be given several times.",
)
@click.option("--budget", default="10m", metavar="TIME", help="How long it may take. [default: 10m]")
@click.option("--html", metavar="FILE", help="Also write the matrix as a page that needs nothing but itself.")
@jobs_option
@json_option
@click.pass_context
def stress(
    context: click.Context,
    name: str,
    steps: tuple[str, ...],
    factors: tuple[str, ...],
    budget: str,
    html: str | None,
    jobs: int,
    as_json: bool,
) -> int:
    """Vary one thing at a time, and see which step minds.

    Each step runs from its recorded inputs with another hash seed, thread count, time zone, locale, moment, folder,
    order of listings, home, umask, host name, variables, processor's code path and seed. What changes the output is run
    again before it is said. The seed is a measurement, not a fault. What was learnt is kept when it is interrupted, and
    gone on from the next time.
    """
    from twice.present.stress import draw_stress

    project = project_here(context)
    project.tell(data_on_stdout=True)
    file = writable(html) if html is not None else None
    view = project.stress(
        name, steps=list(steps) or None, factors=list(factors) or None, jobs=jobs, budget=seconds(budget)
    )
    if file is not None:
        from twice.present.page_stress import stress_page

        write(file, stress_page(view).encode())
    put_out(view, lambda: draw_stress(view), as_json=as_json)
    if view.interrupted:
        report_interrupt()
        return INTERRUPTED
    return 0
