"""A project of one's own that pip installs editable, with a compiled extension: its Python and its C count."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from source.programs import write

PROJECT = {
    "pyproject.toml": """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "own-thing"
version = "0.1"
[tool.setuptools]
packages = ["own"]
ext-modules = [{name = "own.fast", sources = ["own/fast.c"]}]
""",
    "own/__init__.py": "",
    "own/slow.py": "from own import fast\ndef twice(x):\n    return fast.scaled(x) * 2\ndef unused():\n    return 1\n",
    "own/fast.c": """\
#include <Python.h>
static PyObject *scaled(PyObject *self, PyObject *x) { return PyLong_FromLong(PyLong_AsLong(x) * 10); }
static PyMethodDef methods[] = {{"scaled", scaled, METH_O, ""}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef fast = {PyModuleDef_HEAD_INIT, "fast", "", -1, methods};
PyMODINIT_FUNC PyInit_fast(void) { return PyModule_Create(&fast); }
""",
}
FLOW = """\
import json
from own import slow

def step():
    return slow.twice(3)

if __name__ == "__main__":
    from twice import Pipeline
    run = Pipeline(steps=[step], name="flow").run()
    print(json.dumps([run.record.steps[0].how, run.output]))
"""


def _misses() -> str:
    """What building an extension needs and is not here; empty if all is."""
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        return "Python.h"
    compiler = shutil.which(sysconfig.get_config_var("CC").split()[0])
    modules = [name for name in ("pip", "setuptools") if importlib.util.find_spec(name) is None]
    return ", ".join(modules) if compiler else "a C compiler"


@pytest.mark.skipif(bool(_misses()), reason=f"there is no {_misses()} here")
def test_an_editable_install_counts_by_its_python_and_by_what_was_built_of_its_c(
    tmp_path: Path,
) -> None:
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    ours = tmp_path / "venv" / "lib" / version / "site-packages" / "ours.pth"  # pip, setuptools, and Twice
    ours.write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    project, work = tmp_path / "project", tmp_path / "work"
    write(project, PROJECT)
    write(work, {"flow.py": FLOW})

    def answer() -> object:
        done = subprocess.run([python, "flow.py"], cwd=work, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def edit(file: str, old: str, new: str) -> None:
        text = (project / file).read_text()
        assert text.count(old) == 1
        (project / file).write_text(text.replace(old, new))

    quiet = ["--quiet", "--disable-pip-version-check", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([python, "-m", "pip", "install", *quiet, "--editable", project], check=True, cwd=tmp_path)
    assert answer() == ["ran", 60]
    assert answer() == ["reused", 60]
    edit("own/slow.py", "return 1", "return 2")
    assert answer() == ["reused", 60]
    edit("own/slow.py", "* 2", "* 3")
    assert answer() == ["ran", 90]
    edit("own/fast.c", "* 10", "* 100")
    assert answer() == ["reused", 90]  # nobody has built it
    build = [str(python), "-c", "import setuptools; setuptools.setup()", "--quiet", "build_ext", "--inplace"]
    subprocess.run(build, check=True, cwd=project, stdout=subprocess.DEVNULL)
    assert answer() == ["ran", 900]
    assert answer() == ["reused", 900]
