from __future__ import annotations

import getpass
import os
import subprocess
import sys
from pathlib import Path

import pytest

from twice.environment.drift import drift, sentence
from twice.environment.record import environment, host
from twice.records.canonical import decode, digest, encode
from twice.records.environment import Environment, NumericLibrary

TELL = """
from twice.environment.record import environment
from twice.records.canonical import digest
print(digest(environment()))
"""


def test_an_environment_is_a_record() -> None:
    here = environment()
    assert decode(encode(here), Environment) == here
    assert "numpy" in {distribution.name for distribution in here.distributions}


def test_it_is_the_same_in_every_process_and_every_folder(tmp_path: Path) -> None:
    answers = [
        subprocess.run(
            [sys.executable, "-P", "-c", TELL], cwd=folder, capture_output=True, text=True, check=True
        ).stdout
        for folder in (tmp_path, Path.cwd())
    ]
    assert answers[0] == answers[1]


def test_it_holds_no_host_no_user_and_no_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XLA_FLAGS", "--xla_dump_to=/home/somebody")
    text = encode(environment()).decode()
    assert str(Path.cwd()) not in text
    assert str(Path.home()) + os.sep not in text
    assert sys.prefix not in text
    if len(host()) > 3:
        assert f'"{host()}"' not in text
    assert f'"{getpass.getuser()}"' not in text


def test_what_a_worker_told_of_its_libraries_is_taken() -> None:
    told = (NumericLibrary(name="openblas", version="0.3.31", kernel="Haswell", threads=2),)
    assert environment(told).numeric == told
    assert environment(()).numeric == ()


def test_here_does_not_differ_from_here() -> None:
    assert drift(environment(), environment()) == []
    assert sentence(drift(environment(), environment(()))) == "no difference"
    assert digest(environment(())) == digest(environment(()))


def test_the_host_has_a_name() -> None:
    assert host()
