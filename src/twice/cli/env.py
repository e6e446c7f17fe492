"""``twice env``: what a version ran on; locked, rebuilt, exported, contained."""

from __future__ import annotations

import click

from twice.cli.common import json_option, project_here, put_out
from twice.cli.report import FAILED


@click.group(
    epilog="""\b
Examples:
  twice env show v1.0                   what it ran on
  twice env diff v1.0                   what differs between then and here
  twice env lock v1.0 --keep-wheels     so that it can be rebuilt with no network
  twice env build v1.0                  rebuild it
  twice verify v1.0 --env venv          run it there, and compare"""
)
def env() -> None:
    """What a version ran on: show it, lock it, rebuild it, put it into a container."""


@env.command(
    epilog="""\b
Examples:
  twice env show v1.0
  twice env show v1.0 --all --json"""
)
@click.argument("name")
@click.option("--all", "everything", is_flag=True, help="Also distributions that no step reaches.")
@json_option
@click.pass_context
def show(context: click.Context, name: str, everything: bool, as_json: bool) -> int:
    """Show what a version ran on, and whether that is locked."""
    from twice.present.environment_drawn import draw_environment

    view = project_here(context).environment(name)
    put_out(view, lambda: draw_environment(view, all_packages=everything), as_json=as_json)
    return 0


@env.command(
    epilog="""\b
Examples:
  twice env lock v1.0
  twice env lock v1.0 --keep-wheels

A run does not wait for this: names and versions are recorded with it, and the lock is made from these at any time
after. Ends with status 1 if something could not be locked; the rest is."""
)
@click.argument("name")
@click.option("--keep-wheels", is_flag=True, help="Keep the wheels in the store; also TWICE_KEEP_WHEELS=1.")
@json_option
@click.pass_context
def lock(context: click.Context, name: str, keep_wheels: bool, as_json: bool) -> int:
    """Lock what a version ran on: every distribution with hashes.

    What was installed from a folder, a repository or as editable is made into a wheel, which the store keeps.
    """
    from twice.present.environment_drawn import draw_lock

    view = project_here(context).lock(name, keep_wheels=keep_wheels)
    put_out(view, lambda: draw_lock(view), as_json=as_json)
    return FAILED if any(package.left_out for package in view.packages) else 0


@env.command(
    epilog="""\b
Examples:
  twice env build v1.0
  twice verify v1.0 --env venv          builds it too, if it is not there"""
)
@click.argument("name")
@json_option
@click.pass_context
def build(context: click.Context, name: str, as_json: bool) -> int:
    """Rebuild what a version ran on, as a virtual environment in the store.

    Every file is held against its hash. It is made once and entered at once from then on.
    """
    from twice.present.environment_drawn import draw_lock

    view = project_here(context).build(name)
    put_out(view, lambda: draw_lock(view), as_json=as_json)
    return 0


@env.command(
    epilog="""\b
Examples:
  twice env diff v1.0                   between then and here
  twice env diff v1.0 v1.1              between two versions"""
)
@click.argument("name")
@click.argument("other", required=False)
@json_option
@click.pass_context
def diff(context: click.Context, name: str, other: str | None, as_json: bool) -> int:
    """Show what differs between a version's environment and this one, or another version's.

    The distributions that its steps reach come first, then what can move numbers most.
    """
    from twice.present.environment_drawn import draw_drift

    view = project_here(context).environment_diff(name, other)
    put_out(view, lambda: draw_drift(view), as_json=as_json)
    return 0


@env.command(
    epilog="""\b
Examples:
  twice env image v1.0
  twice env image v1.0 --base python:3.11-slim-bookworm
  twice verify v1.0 --env container     builds it too, if it is not there"""
)
@click.argument("name")
@click.option("--base", metavar="IMAGE", help="Build upon this image; also TWICE_BASE_IMAGE. Default: Python's own.")
@json_option
@click.pass_context
def image(context: click.Context, name: str, base: str | None, as_json: bool) -> int:
    """Build a container image of what a version ran on, with Docker or Podman."""
    from twice.present.environment_drawn import draw_written

    view = project_here(context).image(name, base=base)
    put_out(view, lambda: draw_written(view), as_json=as_json)
    return 0


@env.command(
    epilog="""\b
Examples:
  twice env export v1.0 --to environment/"""
)
@click.argument("name")
@click.option("--to", "folder", required=True, type=click.Path(file_okay=False), metavar="FOLDER", help="A new folder.")
@click.option("--base", metavar="IMAGE", help="The image that the Dockerfile builds upon.")
@json_option
@click.pass_context
def export(context: click.Context, name: str, folder: str, base: str | None, as_json: bool) -> int:
    """Write a version's environment for people without Twice.

    A Dockerfile, pylock.toml (PEP 751), requirements.txt with hashes, a devcontainer, and the wheels that are kept.
    """
    from pathlib import Path

    from twice.present.environment_drawn import draw_written

    view = project_here(context).export_environment(name, Path(folder), base=base)
    put_out(view, lambda: draw_written(view), as_json=as_json)
    return 0
