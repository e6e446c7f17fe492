"""``twice explain``."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from twice.cli.common import json_option, project_here, put_out

if TYPE_CHECKING:
    from twice.present.findings import Explanation
    from twice.project import Project


@click.command(
    epilog="""\b
Examples:
  twice explain                  why each step of the last run ran, or was reused
  twice explain fit              one step of the last run: the code, parameters, files and inputs that changed
  twice explain fit v1.1         the same in another version or run
  twice explain fit v1.0 v1.1    why fit differs between two: what its key was made of, then and now
  twice explain fit flow.py      what a run of flow.py would do with fit now; nothing is run
  twice diff v1.0 v1.1           everything that differs between two versions"""
)
@click.argument("words", nargs=-1, metavar="[STEP] [NAME [NAME]]")
@click.option("--against", metavar="NAME", help="Hold it against this version or run.")
@json_option
@click.pass_context
def explain(context: click.Context, words: tuple[str, ...], against: str | None, as_json: bool) -> int:
    """Say why steps ran, or were reused.

    A step that ran is held against the earlier run that was most like it, or against the one that is named, and what
    changed is shown; for one that was reused, it is told what was checked, and what nobody could check. A NAME is a
    version, a run, or a file with a pipeline: that is looked at as it is now, its file is imported and nothing is run.
    """
    from twice.present.explanation import draw_explanation

    found = _found(context, words, against, as_json=as_json)
    put_out(found, lambda: draw_explanation(found), as_json=as_json)
    return 0


def _found(context: click.Context, words: tuple[str, ...], against: str | None, *, as_json: bool) -> Explanation:
    targets = [word for word in words if _is_target(word)]
    rest = [word for word in words if word not in targets]
    if targets:
        if len(targets) > 1 or len(rest) > 1 or against is not None:
            raise click.UsageError("a file is explained as it is now, against the run that was most like it: name one.")
        return _now(context, targets[0], rest[0] if rest else None, as_json=as_json)
    project = project_here(context)
    step, names = _step_and_names(project, rest)
    if against is not None:
        names = [against, *names] if names else [against, "latest"]
    if len(names) > 2:
        raise click.UsageError(f"at most two versions or runs can be held against each other, not {', '.join(names)}.")
    return project.explain(names[-1] if names else "latest", step, names[0] if len(names) == 2 else None)


def _is_target(word: str) -> bool:
    file, colon, name = word.partition(":")
    return file.endswith(".py") or Path(file).is_file() or bool(colon and name.isidentifier() and "." in file)


def _now(context: click.Context, target: str, step: str | None, *, as_json: bool) -> Explanation:
    from twice.cli.target import find
    from twice.project import Project

    # Where standard output is for data only, what the user's file prints goes to standard error.
    with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
        found = find(target)
    project = found.pipeline.project
    if context.obj is not None:
        project = Project.around(project.folder, context.obj)
    return project.explain_now(found.pipeline, found.params, target, step)


def _step_and_names(project: Project, words: list[str]) -> tuple[str | None, list[str]]:
    """Which word is the step: the one that a step of the named run, or of the last one, is called.

    Raises:
        NotFound: A word is neither a step nor a version nor a run.
    """
    from twice.errors import NotFound

    for index, word in enumerate(words):
        names = [*words[:index], *words[index + 1 :]]
        with contextlib.suppress(NotFound):
            if not names and (run := project.last_run_with(word)):
                return word, [run]
            if names and word in project.steps_of(names[-1]):
                return word, names
    unknown = [word for word in words if not _is_name(project, word)]
    if not unknown:
        return None, words
    if len(unknown) > 1:
        project.resolve(unknown[-1])  # which says what names there are
    return unknown[0], [word for word in words if word not in unknown]


def _is_name(project: Project, word: str) -> bool:
    from twice.errors import NotFound

    try:
        project.resolve(word)
    except NotFound:
        return False
    return True
