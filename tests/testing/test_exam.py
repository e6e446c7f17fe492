from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twice.testing.kinds import Exam
from values import samples

EXAMPLE = Path(__file__).parents[2] / "examples" / "a_kind_of_your_own"


def test_a_strangers_kind_is_found_by_its_entry_point_and_sits_the_exam(tmp_path: Path) -> None:
    # What an installer leaves behind: the package on the path, and beside it what it announces.
    noted = tmp_path / "money-1.0.dist-info"
    noted.mkdir()
    (noted / "METADATA").write_text("Metadata-Version: 2.1\nName: money\nVersion: 1.0\n")
    (noted / "entry_points.txt").write_text("[twice.kinds]\nmoney = money.kind:MoneyKind\n")
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(EXAMPLE)]
    installed = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(EXAMPLE)])}
    done = subprocess.run([*run, str(EXAMPLE)], env=installed, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout
    # Without its kind such a value is one that calls code when it comes back, and the exam says so.
    alone = {**os.environ, "PYTHONPATH": str(EXAMPLE)}
    done = subprocess.run([*run, str(EXAMPLE)], env=alone, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1
    assert "calls code that the value names" in done.stdout


def array() -> Any:
    return np.arange(6.0)


def array_of_integers() -> Any:
    return np.arange(6)


def array_of_rows() -> Any:
    return np.arange(6.0).reshape(2, 3)


def texts() -> Any:
    return {"apple", "pear", "fig"}


def frozen_texts() -> Any:
    return frozenset({"apple", "pear", "fig"})


def plain() -> Any:
    return samples.Record("a", [1])


def test_our_own_kinds_sit_it() -> None:
    Exam(
        array, array_of_integers, array_of_rows, texts, frozen_texts, plain,
        equal=lambda back, value: np.array_equal(back, value) if isinstance(value, np.ndarray) else back == value,
    ).sit()  # fmt: skip


class _Counting:
    made = 0


def another_each_time() -> Any:
    _Counting.made += 1
    return [_Counting.made]


def one() -> Any:
    return 1


def one_again() -> Any:
    return 1


def forgetful() -> Any:
    return samples.Forgetful(3)


def process() -> Any:
    return os.getpid()


def runs_code() -> Any:
    return samples.WithState(1)


@pytest.mark.parametrize(
    ("exam", "why"),
    [
        (Exam(another_each_time), "made again"),
        (Exam(one, one_again), "have one fingerprint"),
        (Exam(forgetful), "came back as"),
        (Exam(process), "in a process with"),
        (Exam(runs_code, equal=lambda back, value: True), "calls code"),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)  # fmt: skip
def test_who_does_not_keep_the_laws_fails_and_is_told_why(exam: Exam, why: str) -> None:
    with pytest.raises(AssertionError, match=why):
        exam.sit()
