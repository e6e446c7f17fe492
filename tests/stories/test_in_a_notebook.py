"""The seed program in a notebook: cells, redefinition, out-of-order execution, with a real kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")


def run_cells(folder: Path, *cells: str, fails: bool = False) -> list[str]:
    """Execute cells in their order; what each printed, or the message of the error that the last one raised."""
    notebook: Any = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = nbclient.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}}, allow_errors=fails
    )
    client.execute()
    printed = []
    for cell in notebook.cells:
        texts = [output.get("text", "") or output.get("evalue", "") for output in cell.outputs]
        printed.append("".join(texts).strip())
    return printed


@pytest.mark.filterwarnings("ignore")  # the kernel's own
def test_cells_are_captured_as_they_stand_and_a_redefinition_counts(tmp_path: Path) -> None:
    printed = run_cells(
        tmp_path,
        "from dataclasses import dataclass\nfrom twice import Pipeline\nSCALE = 2",
        "def helper(x):\n    return x * SCALE",
        "@dataclass\nclass Point:\n    x: int\n    def scaled(self):\n        return helper(self.x)",
        "def load():\n    return Point(3)\n\ndef fit(load, plus=1):\n    return load.scaled() + plus",
        "p = Pipeline(steps=[load, fit], name='cells')\nr = p.run(); print(r.output, isinstance(r['load'], Point))",
        "def helper(x):\n    return x * SCALE + 100",
        "r = p.run(); print(r.output)",
        "SCALE = 3",
        "r = p.run(); print(r.output)",
        "r = p.run(); print([step.how for step in r.record.steps])",
        "p.version = 'v1'; p.save(); print(Pipeline.load('cells@v1').run() == r)",
    )
    assert printed[4] == "7 True"
    assert printed[6] == "107"
    assert printed[8] == "110"
    assert printed[9] == "['reused', 'reused']"
    assert printed[10] == "True"


@pytest.mark.filterwarnings("ignore")
def test_a_failing_step_shows_the_cell_s_line(tmp_path: Path) -> None:
    printed = run_cells(
        tmp_path,
        "from twice import Pipeline\ndef load():\n    return {}['missing']",
        "Pipeline(steps=[load]).run()",
        fails=True,
    )
    assert "step 'load' failed: KeyError: 'missing'" in printed[1]
    assert "return {}['missing']" in printed[1]


WORK = [
    "import importlib\nfrom pathlib import Path\nimport numpy as np\nimport tool\nfrom twice import Pipeline",
    "def step():\n    return tool.f()\n\ndef shown(step):\n    return str(np.array([step / 3]))",
    "p = Pipeline(steps=[step, shown], name='cells')\n"
    "def tell():\n    r = p.run(); print(r['step'], r.output, [one.how for one in r.record.steps])\n"
    "tell()",
]


@pytest.mark.filterwarnings("ignore")
def test_modules_loaded_again_settings_and_cells_out_of_order_count_and_a_restarted_kernel_reuses(
    tmp_path: Path,
) -> None:
    tool = tmp_path / "tool.py"
    tool.write_text("def f():\n    return 1\n")
    printed = run_cells(
        tmp_path,
        *WORK,
        "Path('tool.py').write_text('def f():\\n    return 2000\\n')\nimportlib.reload(tool)\ntell()",
        "%load_ext autoreload\n%autoreload 2\nPath('tool.py').write_text('def f():\\n    return 300000\\n')",
        "tell()",
        "np.set_printoptions(precision=2)\ntell()",
        "def step():\n    return later() + 1",  # what it calls is defined in a cell below
        "def later():\n    return 6",
        "p = Pipeline(steps=[step, shown], name='cells')\ntell()",
        "def step():\n    return tool.f()",  # the cell above, run once more
        "p = Pipeline(steps=[step, shown], name='cells')\ntell()",
    )
    assert printed[2] == "1 [0.33333333] ['ran', 'ran']"
    assert printed[3] == "2000 [666.66666667] ['ran', 'ran']"
    assert printed[5] == "300000 [100000.] ['ran', 'ran']"
    assert printed[6] == "300000 [100000.] ['ran', 'ran']"  # a setting counts for every step
    assert printed[9] == "7 [2.33] ['ran', 'ran']"
    assert printed[11] == "300000 [100000.] ['reused', 'reused']"
    # Another kernel, as after a restart: the same cells, and the module as it lies there by now.
    assert run_cells(tmp_path, *WORK[:2], "np.set_printoptions(precision=2)", WORK[2])[3].endswith(
        "['reused', 'reused']"
    )
