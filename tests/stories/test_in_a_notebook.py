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
