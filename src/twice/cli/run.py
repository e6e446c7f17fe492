"""``twice run``."""

from __future__ import annotations

import ast
import contextlib
import sys

import click

from twice.cli.common import env_option, jobs_option, json_option, project_here, put_out


def _parameter(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[str, object]:
    """``fit.depth=3`` as a name and a value: a Python literal, or else text."""
    del context, option
    params: dict[str, object] = {}
    for value in values:
        name, equals, text = value.partition("=")
        name = name.strip()
        if not equals or not name:
            raise click.BadParameter(f"{value!r} is not of the form step.parameter=value, as in fit.depth=3.")
        if name in params:
            raise click.BadParameter(f"{name!r} is given twice.")
        try:
            params[name] = ast.literal_eval(text.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            params[name] = text
    return params


@click.command(
    epilog="""\b
Examples:
  twice run flow.py
  twice run flow.py --version v1.1 --param fit.depth=5 --seed 1
  twice run flow.py:training --jobs 4
  twice run package.module:pipeline --save before-the-holidays
  twice run v1.0 --env venv             a saved version, on what it was recorded on

Steps that nothing has changed for are taken from the store. With --version or --save the version is kept under that
name once it has run to its end."""
)
@click.argument("target")
@click.option("--version", "label", metavar="LABEL", help="Keep the version under this label, as v1.0.")
@click.option(
    "--param",
    "params",
    multiple=True,
    callback=_parameter,
    metavar="STEP.NAME=VALUE",
    help="Set a parameter to a Python literal, or to a text; may be given several times.",
)
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), metavar="N", help="The pipeline's seed.")
@click.option(
    "--compatible",
    multiple=True,
    metavar="STEP",
    help="Take what STEP gave before its code was edited: the edit changes nothing that matters. This is recorded.",
)
@env_option
@jobs_option
@click.option("--save", "name", metavar="NAME", help="Keep the version under this name as well.")
@click.option(
    "--keep-wheels",
    is_flag=True,
    help="Lock what it ran on, and keep the wheels in the store; TWICE_KEEP_WHEELS=1: those of every kept version.",
)
@json_option
@click.pass_context
def run(
    context: click.Context,
    target: str,
    label: str | None,
    params: dict[str, object],
    seed: int | None,
    compatible: tuple[str, ...],
    env: str,
    jobs: int,
    name: str | None,
    keep_wheels: bool,
    as_json: bool,
) -> int:
    """Run a pipeline, and print its output.

    TARGET is a file (flow.py), a pipeline in it (flow.py:pipeline), or one in a module (package.module:pipeline); with
    --env it is the NAME of a version.
    """
    from twice.cli.target import find
    from twice.errors import TwiceError
    from twice.present.layout import is_terminal, show
    from twice.present.run import draw_output, draw_summary
    from twice.present.views import RunReport
    from twice.project import Project

    if env != "here":
        unused: dict[str, object] = {"--version": label, "--seed": seed, "--keep-wheels": keep_wheels or None}
        unused |= {"--compatible": compatible or None}
        return _run_version(context, target, params, env, jobs, as_json, unused=unused)
    # Where standard output is for data only, what the user's file prints goes to standard error.
    with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
        found = find(target)
    pipeline = found.pipeline
    if label is not None:
        pipeline.version = label
    if seed is not None:
        pipeline.seed = seed
    project = pipeline.project
    if context.obj is not None:
        project = Project.around(project.folder, context.obj)
    project.tell(data_on_stdout=as_json)
    outcome, _ = project.run(pipeline, {**(found.params or {}), **params}, jobs=jobs, compatible=compatible)
    saved: list[str] = []
    problem = outcome.problem
    if problem is None and (label is not None or name is not None):
        try:
            saved = project.save(outcome.digest, pipeline=pipeline.name, label=label, name=name)
        except TwiceError as refused:
            problem = refused  # it ran, and its output is told before the error
    if problem is None:
        try:
            project.keep_wheels(outcome.digest, asked=keep_wheels, saved=bool(saved))
        except TwiceError as refused:
            problem = refused
    view = project.show_run(outcome.digest, outcome.record, pipeline.name)
    if as_json or view.status == "done":
        put_out(RunReport(run=view, saved=tuple(saved)), lambda: draw_output(view), as_json=as_json)
    if problem is not None:
        # The frames between here and the user's own code would only hide it.
        raise problem.with_traceback(None)
    if not project.quiet:
        show(draw_summary(view, saved, steps=not is_terminal(sys.stderr)), sys.stderr)
    return 0


def _run_version(
    context: click.Context,
    name: str,
    params: dict[str, object],
    env: str,
    jobs: int,
    as_json: bool,
    unused: dict[str, object],
) -> int:
    """Run a saved version in its own environment."""
    from pathlib import Path

    from twice.present.layout import is_terminal, show
    from twice.present.run import draw_output, draw_summary
    from twice.present.views import RunReport

    if Path(name.partition(":")[0]).exists():
        raise click.UsageError(f"--env {env} is for a version that was saved, and {name} is a file; a file runs here.")
    for option, given in unused.items():
        if given is not None:
            raise click.UsageError(f"{option} cannot be given with --env: a saved version has its own.")
    project = project_here(context)
    project.tell(data_on_stdout=as_json)
    outcome = project.rerun(project.run_of(name), params or None, label=name, jobs=jobs, env=env)
    view = project.show_run(outcome.digest, outcome.record, name)
    if as_json or view.status == "done":
        put_out(RunReport(run=view, saved=()), lambda: draw_output(view), as_json=as_json)
    if outcome.problem is not None:
        raise outcome.problem.with_traceback(None)
    if not project.quiet:
        show(draw_summary(view, [], steps=not is_terminal(sys.stderr)), sys.stderr)
    return 0
