"""``twice verify``."""

from __future__ import annotations

import click

from twice.cli.common import env_option, jobs_option, json_option, project_here, put_out, seconds, writable, write
from twice.cli.report import FAILED, INCONCLUSIVE, INTERRUPTED, report, report_interrupt


@click.command(
    epilog="""\b
Examples:
  twice verify v1.0
  twice verify v1.0 --step fit --step score
  twice verify v1.0 --level quick
  twice verify v1.0 --env venv
  twice verify latest --jobs 4 --json
  twice verify v1.0 --html verdict.html --junit verdict.xml

Ends with status 0 if it is reproducible, 1 if an output differs or a step fails, 2 if the call was wrong, and 3 if
there is no answer."""
)
@click.argument("name")
@click.option("--step", "steps", multiple=True, metavar="S", help="Only this step; may be given several times.")
@click.option(
    "--level",
    type=click.Choice(["quick", "full", "paranoid"]),
    default="full",
    help="quick: the steps whose packages are others here, or a third of all; full: all; paranoid: all, three times.",
)
@click.option(
    "--budget",
    default="10m",
    metavar="TIME",
    help="How long to look for the cause of a difference, as 90s, 10m or 2h; 0 for not at all. [default: 10m]",
)
@click.option("--html", metavar="FILE", help="Also write the verdict as a page that needs nothing but itself.")
@click.option("--junit", metavar="FILE", help="Also write the verdict as JUnit's XML, a test for each step.")
@env_option
@jobs_option
@json_option
@click.pass_context
def verify(
    context: click.Context,
    name: str,
    steps: tuple[str, ...],
    level: str,
    budget: str,
    html: str | None,
    junit: str | None,
    env: str,
    jobs: int,
    as_json: bool,
) -> int:
    """Run a version again, and compare.

    Every step runs from its recorded inputs, with the recorded code, and is judged alone: one difference does not
    cascade. Where an output does not count as reproduced, the cause is looked for by experiment: the step is run again
    unchanged, and then with one thing at a time held still or set as recorded. What was learnt is kept when it is
    interrupted, and gone on from the next time.
    """
    from twice.errors import InputChanged
    from twice.present.reports import verdict_view
    from twice.present.verdict import draw_verdict

    project = project_here(context)
    project.tell(data_on_stdout=True)
    files = {file: writable(file) for file in (html, junit) if file is not None}
    try:
        comparison = project.verify(
            name, steps=list(steps) or None, jobs=jobs, env=env, budget=seconds(budget), level=level
        )
    except InputChanged as problem:
        report(problem)
        return INCONCLUSIVE
    verdict = comparison.verdict
    view = verdict_view(comparison, name)
    if junit is not None:
        from twice.present.junit import junit as as_junit

        write(files[junit], as_junit(view))
    if html is not None:
        write(files[html], project.page(comparison, name).encode())
    put_out(view, lambda: draw_verdict(verdict, reproducible=comparison.reproducible, name=name), as_json=as_json)
    if comparison.interrupted:
        report_interrupt()
        return INTERRUPTED
    return 0 if comparison.reproducible else INCONCLUSIVE if verdict.verdict == "inconclusive" else FAILED
