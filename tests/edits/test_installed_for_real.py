"""Packages that pip installs and upgrades: the version counts where the step reaches the package, and nowhere else."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from edits.further import ON_THE_PATH
from edits.test_reruns import DRIVER
from source.programs import Prober, write


def _wheel(folder: Path, name: str, version: str) -> Path:
    file = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(file, "w") as wheel:
        wheel.writestr(f"{name}.py", f"def f():\n    return {version!r}\n")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return file


@pytest.mark.skipif(importlib.util.find_spec("pip") is None, reason="there is no pip here")
def test_an_upgrade_counts_for_the_step_that_reaches_the_package(programs: Prober, tmp_path: Path) -> None:
    def install(*wheels: Path) -> None:
        quiet = ["--quiet", "--disable-pip-version-check", "--no-index", "--no-deps", "--upgrade", "--no-compile"]
        target = ["--target", str(tmp_path / "site-packages")]
        subprocess.run([sys.executable, "-m", "pip", "install", *quiet, *target, *map(str, wheels)], check=True)

    write(tmp_path, {"flow.py": ON_THE_PATH + "import reached, apart\ndef step():\n    return reached.f()\n" + DRIVER})
    install(_wheel(tmp_path, "reached", "1.0"), _wheel(tmp_path, "apart", "1.0"))
    assert programs.answer(tmp_path) == ["ran", "1.0"]
    install(_wheel(tmp_path, "apart", "2.0"))
    assert programs.answer(tmp_path) == ["reused", "1.0"]
    install(_wheel(tmp_path, "reached", "2.0"))
    assert programs.answer(tmp_path) == ["ran", "2.0"]
