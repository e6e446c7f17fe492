"""What ``from twice import Pipeline`` brings in a worker that has not what running a pipeline needs.

Local modules make pipelines where they are imported, and a step may need something else of theirs. Making one works;
running one is nothing that a step does.
"""

from __future__ import annotations

from typing import Any, NoReturn

from twice.define.pipeline import Drawing
from twice.errors import DefinitionError


def _refuse(*_: object, **__: object) -> NoReturn:
    raise DefinitionError(
        "a pipeline cannot be run, saved or loaded by the process of a step.",
        hint='put the call below `if __name__ == "__main__":`, or into a function',
    )


class Pipeline(Drawing):
    """A drawing that cannot be carried out here."""

    def __init__(self, steps: Any, *, name: str | None = None, store: object = None, **options: Any) -> None:
        del store
        super().__init__(steps, name=name or "unnamed", **options)

    run = save = load = staticmethod(_refuse)


class Run:
    """Only a name, for annotations."""
