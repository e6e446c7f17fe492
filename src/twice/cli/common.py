"""What commands have in common: the store that is meant, and how data comes out."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from rich.console import RenderableType

    from twice.project import Project

C = TypeVar("C", bound=Callable[..., object])


def json_option(function: C) -> C:
    """The option ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print the same as one JSON object.")(function)


def jobs_option(function: C) -> C:
    """The option ``--jobs``."""
    return click.option(
        "-j", "--jobs", type=click.IntRange(min=1), default=1, metavar="N", help="Run up to N steps at the same time."
    )(function)


def env_option(function: C) -> C:
    """The option ``--env``."""
    return click.option(
        "--env",
        "env",
        type=click.Choice(["here", "venv", "container"]),
        default="here",
        help="Where: here, or in the version's own environment, rebuilt as a venv or in a container.",
    )(function)


def seconds(text: str) -> float:
    """A length of time as people type it: ``90``, ``90s``, ``10m``, ``2h``.

    Raises:
        click.BadParameter: It is none.
    """
    units = {"s": 1, "m": 60, "h": 3600}
    number, unit = (text[:-1], text[-1:]) if text[-1:] in units else (text, "s")
    try:
        found = float(number) * units[unit]
    except ValueError:
        found = -1.0
    if not 0 <= found < float("inf"):
        raise click.BadParameter(f"{text!r} is no length of time, as 90s, 10m or 2h.", param_hint="--budget")
    return found


def project_here(context: click.Context) -> Project:
    """The project of the working directory; its store must exist.

    Raises:
        NotFound: There is no store.
    """
    from twice.errors import NotFound
    from twice.project import Project

    project = Project.around(Path.cwd(), context.obj, create=False)
    try:
        project.store  # noqa: B018 - opened here, so that a missing store is told in the words of the command line
    except NotFound as problem:
        hint = (
            "run a pipeline first (twice run flow.py), go to the project's folder, or say where: twice --store PATH …"
        )
        raise NotFound(problem.message, hint=hint) from None
    return project


def writable(file: str) -> Path:
    """Where a report is to be written, with the folders that it needs; told before anything runs, not after.

    Raises:
        click.UsageError: Nothing can be written there.
    """
    place = Path(file)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_dir():
            raise IsADirectoryError(f"{file} is a folder")
        if not os.access(place if place.exists() else place.parent, os.W_OK):
            raise PermissionError("it may not be written")
    except OSError as problem:
        raise click.UsageError(f"the report {file} cannot be written: {problem}.") from None
    return place


def write(place: Path, data: bytes) -> None:
    """Write a report, whole or not at all."""
    beside = place.with_name(f".{place.name}.{os.getpid()}")
    beside.write_bytes(data)
    beside.replace(place)


def put_out(view: object, draw: Callable[[], RenderableType], *, as_json: bool) -> None:
    """Print data on standard output: as a drawing, or as JSON.

    Args:
        view: The data.
        draw: Draws it.
        as_json: Print JSON.
    """
    if as_json:
        from twice.present.data import to_json

        click.echo(to_json(view))
    else:
        from twice.present.layout import show

        show(draw(), sys.stdout)
