from __future__ import annotations

from collections.abc import Iterator

import pytest

from source.programs import Prober, prober


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prober]:
    with prober(tmp_path_factory.mktemp("programs")) as made:
        yield made
