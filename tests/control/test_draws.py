from __future__ import annotations

import random
import textwrap
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from twice.control.draws import Draws


@pytest.fixture(autouse=True)
def _generators_as_they_were() -> Iterator[None]:
    mine, numpys = random.getstate(), np.random.get_state()
    yield
    random.setstate(mine)
    np.random.set_state(numpys)


def _drawn(tmp_path: Path, text: str) -> list[tuple[str, int]]:
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(text))
    random.seed(0)
    np.random.seed(0)
    looks = Draws({str(path)})
    code = compile(path.read_text(), str(path), "exec")
    looks.start()
    exec(code, {})
    return [(which, line) for what, which, _, line in looks.stop() if what == "global generator"]


def test_a_line_counts_that_draws_by_itself_or_in_a_library_or_in_a_function_of_its_own(tmp_path: Path) -> None:
    found = _drawn(
        tmp_path,
        """\
        import random, numpy as np
        from sklearn.model_selection import train_test_split
        own = np.random.RandomState(1).rand(3)
        split = train_test_split(list(range(9)))
        def helper():
            return random.random()
        total = sum(helper() for _ in range(2)) + np.random.rand()
        """,
    )
    assert found == [("numpy.random", 4), ("random", 6), ("numpy.random", 7)]


def test_a_generator_that_the_code_seeds_is_left_alone_from_there_on(tmp_path: Path) -> None:
    found = _drawn(
        tmp_path,
        """\
        import random, numpy as np
        before = np.random.rand(2)
        np.random.seed(7)
        after = np.random.rand(2), random.random()
        """,
    )
    assert found == [("numpy.random", 2), ("random", 4)]
