"""For pytest: ``assert_reproducible`` in a test, and ``--twice-verify`` for versions that were saved.

pytest finds this by itself where Twice is installed. Nothing of Twice is imported before it is used.

    def test_the_pipeline_reproduces():
        assert_reproducible(pipeline)

    pytest --twice-verify              # verify every label of this project as well
    pytest --twice-verify=v1.0,v1.1    # only these
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from twice.compare.comparison import Comparison


class NotReproducible(AssertionError):  # noqa: N818 - what it says is not that Twice failed
    """A pipeline's outputs do not count as reproduced.

    Attributes:
        comparison: The verdict.
    """

    def __init__(self, comparison: Comparison) -> None:
        super().__init__(f"not reproducible\n{comparison}")
        self.comparison = comparison


def assert_reproducible(
    pipeline: Any, *, steps: Iterable[str] | None = None, jobs: int = 1, budget: float = 60.0
) -> Comparison:
    """Fail unless every step of a pipeline gives the same again.

    A pipeline that is being worked on is run first; of what it can take from the store it takes what is there, and
    each step is then run again from its recorded inputs. A version that was loaded is held against its record.

    Args:
        pipeline: A ``Pipeline``, what ``Pipeline.load`` gave, or a name such as ``v1.0``.
        steps: Only these steps.
        jobs: How many steps may run at the same time.
        budget: Seconds that may be spent on looking for the cause of a difference.

    Returns:
        The verdict.

    Raises:
        AssertionError: An output does not count as reproduced; its text is the verdict, with the cause if it is known.
    """
    __tracebackhide__ = True
    from twice.pipeline import LoadedPipeline, Pipeline

    if isinstance(pipeline, Pipeline):
        run = pipeline.run(jobs=jobs)
        pipeline = LoadedPipeline(run.project, run.version, run.digest, pipeline.version or run.version.short)
    elif isinstance(pipeline, str):
        pipeline = Pipeline.load(pipeline)
    comparison: Comparison = pipeline.verify(steps=steps, jobs=jobs, budget=budget)
    if not comparison.reproducible:
        raise NotReproducible(comparison)
    return comparison


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("twice", "reproducible pipelines")
    group.addoption(
        "--twice-verify",
        nargs="?",
        const="",
        default=None,
        metavar="NAMES",
        help="also verify saved versions, a test each: those of these names, separated by commas, or all labels",
    )
    group.addoption("--twice-budget", default="60", metavar="SECONDS", help="how long to look for a cause, by version")


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add a test for each version that is to be verified."""
    wanted = config.getoption("--twice-verify")
    if wanted is None:
        return
    names = [name.strip() for name in wanted.split(",") if name.strip()] or list(_labels(config.rootpath))
    items += [VersionItem.from_parent(session, name=f"twice verify {name}", version=name) for name in names]


def _labels(folder: Path) -> Iterator[str]:
    """The labels of a project's store."""
    from twice.project import Project

    project = Project.around(folder, create=False)
    if (project.place / "format").exists():
        for ref in project.store.refs():
            yield f"{ref.pipeline}@{ref.label}"


class VersionItem(pytest.Item):
    """A test that verifies one version.

    Attributes:
        version: Its name.
    """

    def __init__(self, *, version: str, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.version = version

    def runtest(self) -> None:
        """Verify it."""
        from twice.project import Project

        project = Project.around(self.config.rootpath, create=False)
        comparison = project.verify(self.version, budget=float(self.config.getoption("--twice-budget")))
        if comparison.verdict.verdict == "inconclusive":
            pytest.skip(f"no answer: {comparison.headline}")
        if not comparison.reproducible:
            raise NotReproducible(comparison)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The verdict, without a traceback through the house."""
        from twice.errors import TwiceError

        if isinstance(excinfo.value, NotReproducible | TwiceError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it is from: the project."""
        return self.config.rootpath, None, self.name
