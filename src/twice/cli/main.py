"""``twice`` on the command line: the group of commands, and how errors are told.

Every command's function returns its exit status. Nothing heavy is imported before a command needs it, so that help is
there at once.
"""

from __future__ import annotations

import sys

import click

import twice
from twice.cli.check import check
from twice.cli.diff import diff
from twice.cli.env import env
from twice.cli.explain import explain
from twice.cli.gc import gc
from twice.cli.log import log
from twice.cli.report import INTERRUPTED, USAGE, report, report_interrupt, report_usage, tell_warnings
from twice.cli.run import run
from twice.cli.show import show
from twice.cli.stress import stress
from twice.cli.verify import verify
from twice.errors import TwiceError


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  twice run flow.py --version v1.0     run a pipeline and keep it as v1.0
  twice verify v1.0                    run it again, and compare with the record
  twice diff v1.0 v1.1                 what changed between two versions
  twice explain latest                 why each step ran, or was reused

A version or run is NAMED by churn@v1.0, by v1.0 where only one pipeline has it, by a saved name, by the first digits
of a digest, or by latest and previous.""",
)
@click.version_option(twice.__version__, message="twice %(version)s")
@click.option(
    "--store",
    "store",
    metavar="PATH",
    help="The store's folder; by default .twice in the project, or where TWICE_STORE says.",
)
@click.pass_context
def cli(context: click.Context, store: str | None) -> None:
    """Run it twice. Get the same thing. Or be told exactly why not."""
    context.obj = store


for command in (run, log, show, diff, explain, verify, stress, env, check, gc):
    cli.add_command(command)


def main(arguments: list[str] | None = None) -> None:
    """Carry out a command line, and end the process with the command's status.

    Args:
        arguments: The words after ``twice``; by default those that the process was started with.
    """
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:  # a terminal that knows no "✓" gets a "?" and not an error
            reconfigure(errors="replace")
    tell_warnings()
    try:
        status = cli.main(arguments, prog_name="twice", standalone_mode=False)
    except click.exceptions.Abort:
        report_interrupt()
        status = INTERRUPTED
    except KeyboardInterrupt:
        report_interrupt()
        status = INTERRUPTED
    except click.ClickException as problem:
        report_usage(problem)
        status = USAGE
    except TwiceError as problem:
        status = report(problem)
    sys.exit(status)
