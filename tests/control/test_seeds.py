from __future__ import annotations

import importlib.abc
import importlib.machinery
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy
import numpy.random
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twice.control.seeds import derive, plant, plant_on_import

SEEDS = st.integers(0, 2**64 - 1)


def in_fresh_process(script: str, folder: Path | None = None) -> Any:
    answer = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], cwd=folder, capture_output=True, text=True, check=True
    )
    return json.loads(answer.stdout)


def test_a_seed_is_derived_the_same_for_ever() -> None:
    assert derive(0, "fit") == 10633984211441685176
    assert derive(2**64 - 1, "größe") == 680598879640703124
    assert derive(0, "") != derive(0, "fit")


@given(SEEDS, SEEDS, st.text(), st.text())
def test_other_seeds_and_other_steps_start_elsewhere(one: int, two: int, step: str, other: str) -> None:
    assert 0 <= derive(one, step) < 2**64
    assert (derive(one, step) == derive(two, other)) == ((one, step) == (two, other))


@given(SEEDS)
def test_planting_decides_what_comes(seed: int) -> None:
    state, legacy = random.getstate(), numpy.random.get_state()
    try:
        assert plant(seed)[:2] == ("random", "numpy.random")
        first = random.random(), numpy.random.rand()
        plant(seed)
        assert (random.random(), numpy.random.rand()) == first
        plant(seed ^ (1 << 63))  # the upper half counts as well
        assert random.random() != first[0]
        assert numpy.random.rand() != first[1]
    finally:
        random.setstate(state)
        numpy.random.set_state(legacy)


def test_planting_imports_nothing() -> None:
    script = """
import json, sys
from twice.control.seeds import plant, plant_on_import
before = set(sys.modules)
planted = plant(1)
plant_on_import(1)
print(json.dumps([planted, sorted(set(sys.modules) - before), [m for m in sys.modules if m.startswith("twice.")]]))
"""
    planted, imported, own = in_fresh_process(script)
    assert planted == ["random"]
    assert imported == []
    assert own == ["twice.control", "twice.control.seeds"]


LATE = """
import json, sys
from twice.control.seeds import plant, plant_on_import
assert "numpy" not in sys.modules
plant({seed})
{hook}
import numpy
{between}
print(json.dumps([numpy.random.rand(), float(numpy.random.standard_normal())]))
"""


def late(seed: int, hook: str = "plant_on_import({seed})", between: str = "") -> Any:
    return in_fresh_process(LATE.format(seed=seed, hook=hook.format(seed=seed), between=between))


def test_numpy_is_seeded_when_a_step_imports_it_late() -> None:
    assert late(7) == late(7)
    assert late(7) != late(8)
    assert late(7, hook="") != late(7, hook="")


def test_late_and_early_seeding_give_the_same_numbers() -> None:
    early = in_fresh_process(LATE.format(seed=7, hook="import numpy.random; plant(7)", between=""))
    assert late(7) == early


def test_what_a_step_seeds_itself_is_not_seeded_again() -> None:
    chosen = "numpy.random.seed(3); import sklearn.utils, numpy.random"
    assert late(7, between=chosen) == late(8, between=chosen)


def test_the_hook_can_be_taken_back_and_leaves_the_loader_as_it_was() -> None:
    script = """
import json, sys
from twice.control.seeds import plant_on_import
before = list(sys.meta_path)
undo = plant_on_import(7)
import numpy.random
loader = numpy.random.__loader__
undo(); undo()
print(json.dumps([sys.meta_path == before, type(loader).__name__, "exec_module" in vars(loader)]))
"""
    assert in_fresh_process(script) == [True, "SourceFileLoader", False]


def test_taken_back_in_time_it_seeds_nothing() -> None:
    assert late(7, hook="plant_on_import({seed})()") != late(7, hook="plant_on_import({seed})()")


LIBRARIES = {
    "torch.py": "said = []\ndef manual_seed(seed): said.append(seed)\n",
    "polars/__init__.py": "said = []\ndef set_random_seed(seed): said.append(seed)\n",
    "tensorflow/__init__.py": "from . import random\n",
    "tensorflow/random.py": "said = []\ndef set_seed(seed): said.append(seed)\n",
    "cupy.py": "class cuda:\n    @staticmethod\n    def is_available(): return False\n"
    "class random:\n    @staticmethod\n    def seed(seed): raise RuntimeError('no device')\n",
    "paddle.py": "",
}


@pytest.fixture
def libraries(tmp_path: Path) -> Path:
    """Small stand-ins for libraries that are too large to install here, with the one function that matters."""
    for name, text in LIBRARIES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize("when", ["early", "late"])
def test_other_libraries_are_seeded_in_their_own_way(libraries: Path, when: str) -> None:
    imports = "import torch, polars, tensorflow, cupy, paddle"
    planting = "from twice.control.seeds import plant, plant_on_import"
    order = [imports, "plant(2**40 + 5)"] if when == "early" else ["plant_on_import(2**40 + 5)", imports]
    tell = "import json; print(json.dumps([torch.said, polars.said, tensorflow.random.said]))"
    assert in_fresh_process("\n".join([planting, *order, tell]), libraries) == [[2**40 + 5], [2**40 + 5], [5]]


def test_a_module_of_ones_own_with_a_known_name_is_left_alone(libraries: Path) -> None:
    (libraries / "torch.py").write_text("manual_seed = 'not a function'\n")
    script = "import json, torch; from twice.control.seeds import plant; print(json.dumps(plant(1)))"
    assert in_fresh_process(script, libraries) == ["random"]


def test_a_library_that_fails_to_load_fails_as_it_would(libraries: Path) -> None:
    (libraries / "torch.py").write_text("raise ImportError('broken')\n")
    script = """
import json
from twice.control.seeds import plant_on_import
plant_on_import(1)
said = []
for name in ("torch", "torch", "cupy.nothing", "jax"):
    try:
        __import__(name)
    except ImportError as problem:
        said.append(str(problem))
print(json.dumps(said))
"""
    assert in_fresh_process(script, libraries) == [
        "broken",
        "broken",
        "No module named 'cupy.nothing'; 'cupy' is not a package",
        "No module named 'jax'",
    ]


def test_a_loader_that_takes_no_attributes_still_loads() -> None:
    class Rigid(importlib.abc.Loader):
        __slots__ = ()

        def exec_module(self, module: Any) -> None:
            module.loaded = True

    class Finder(importlib.abc.MetaPathFinder):
        def find_spec(self, fullname: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
            return importlib.machinery.ModuleSpec(fullname, Rigid()) if fullname == "paddle" else None

    finder = Finder()
    sys.meta_path.insert(0, finder)
    undo = plant_on_import(1)
    try:
        module: Any = importlib.import_module("paddle")
        assert module.loaded
    finally:
        undo()
        sys.meta_path.remove(finder)
        sys.modules.pop("paddle", None)
